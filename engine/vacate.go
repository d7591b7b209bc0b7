package engine

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/repack"
)

// A node that goes to save money is emptied before its claim is deleted. As long as the
// claim is there nothing is lost: if pods that were evicted find no place after all, or
// others come for which a node would have to be bought, the node is kept, which costs
// nothing, and what was to be saved is not spent on another. The nodes of an action that
// buys something go together when all of them are empty, or stay together.
//
// That a node is being emptied can be lost: then it is made sure anew that its pods have
// room elsewhere.

// vacating is a node that is being emptied, or kept after all.
type vacating struct {
	left  int             // pods that have to leave it
	gone  map[heir]bool   // who has been evicted
	since cluster.Instant // when that was last another number
	// kept says why it is to take pods again, "" if it is not.
	kept string
}

func newVacating() *vacating { return &vacating{left: math.MaxInt, gone: map[heir]bool{}} }

// vacateWithin is how long a node is kept waiting for the next of its pods to leave, while
// nothing but a budget for evictions keeps it from that.
const vacateWithin = 10 * cluster.Minute

// vacates tells whether the node of a claim is emptied before the claim is deleted.
func (e *Engine) vacates(c *cluster.Claim) bool {
	return unhurried(c) && !c.Deleting() && e.opts.Policy.Disrupt == nil
}

const (
	// comingWithin is how long nodes that are to be emptied hold up others while what
	// replaces them comes, stillWithin how long while none of their pods leaves.
	comingWithin = 3 * cluster.Minute
	stillWithin  = 2 * cluster.Minute
)

// settled is until when nodes that are to save money keep others from being chosen: room
// that the pods of both could have found would be counted on twice, and who comes first is
// up to the scheduler. Those that make no progress keep nobody. Nodes that take pods again
// seem to have room for which those come that were evicted, and nodes that were bought in vain
// have room until a budget lets them go.
func (e *Engine) settled() cluster.Instant {
	until := cluster.Instant(0)
	if t := &e.disruptor.turns; len(t.landing) > 0 {
		until = t.until
	}
	for _, since := range e.disruptor.vain {
		until = max(until, min(e.now.Add(e.opts.scaled(e.opts.PassEvery)), since.Add(e.opts.scaled(stillWithin))))
	}
	for _, c := range e.onTheWay() {
		x, marking := e.disruptor.vacating[c.Name], e.disruptor.actions[c.Name] != nil
		switch {
		case e.takesAgain(c):
			until = max(until, e.now.Add(e.opts.scaled(e.opts.PassEvery)))
		case !marking && (!unhurried(c) || c.Deleting()):
		case x != nil && x.left < math.MaxInt:
			until = max(until, x.since.Add(e.opts.scaled(stillWithin)))
		default:
			since := c.Condition(cluster.DisruptionReason).Since
			if since == 0 || marking {
				since = e.now
			}
			until = max(until, since.Add(e.opts.scaled(comingWithin)))
		}
	}
	return until
}

// fellows are the claims that go together with a marked one, or stay: those that the same
// nodes were bought for, itself included, without those that somebody has deleted.
func (e *Engine) fellows(c *cluster.Claim) []*cluster.Claim {
	by := c.Annotations[doomReplacedBy]
	if by == "" || !unhurried(c) {
		return []*cluster.Claim{c}
	}
	var out []*cluster.Claim
	for name := range e.disruptor.waitFor[listed(by)[0]] {
		if x := e.claims[name]; x != nil && !x.Deleting() && unhurried(x) && x.Annotations[doomReplacedBy] == by {
			out = append(out, x)
		}
	}
	slices.SortFunc(out, func(a, b *cluster.Claim) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// beginVacating begins to empty the node of a claim.
func (e *Engine) beginVacating(c *cluster.Claim) {
	e.takesTurns(c)
	e.disruptor.vacating[c.Name] = newVacating()
	e.agenda.by(job{jobClaim, c.Name}, e.now)
}

// vacate evicts the pods of a node whose turn it is. When none is left, and those that were
// evicted have found their nodes, the claim is deleted.
func (e *Engine) vacate(c *cluster.Claim, x *vacating) cluster.Instant {
	if x.kept != "" {
		e.takeBack(c, x.kept)
		return cluster.Never
	}
	pods := slices.DeleteFunc(slices.Clone(e.podsOn[c.NodeName]), (*cluster.Pod).Daemon)
	group, left, again := e.drainGroup(pods)
	if left != x.left {
		x.left, x.since = left, e.now
	}
	if left == 0 {
		return min(again, e.vacated(c))
	}
	group, next := e.turn(c, group)
	again = min(again, next)
	if x.kept != "" {
		return e.now
	}
	for _, p := range group {
		switch {
		case p.Deleting():
			x.since = max(x.since, p.DeleteAt)
			continue
		case p.Protected(e.now):
			e.keep(c, "pod "+p.ID()+" carries "+repack.Protection(p)+" now")
			return e.now
		}
		e.issue(EvictPod{Namespace: p.Namespace, Name: p.Name, UID: p.UID})
	}
	if len(group) == 0 {
		x.since = e.now // it is the turn of others
	}
	patience := x.since.Add(e.opts.scaled(vacateWithin))
	if e.now >= patience {
		e.keep(c, "pod "+group[0].ID()+" could not be evicted")
		return e.now
	}
	return min(again, patience)
}

// vacated deletes claims whose nodes are empty, when all that go together are and those who
// were evicted have had the time to find their nodes.
func (e *Engine) vacated(c *cluster.Claim) cluster.Instant {
	if until := e.landedAll(); e.now < until {
		return until
	}
	if e.disruptor.vacating[c.Name].kept != "" {
		return e.now
	}
	if e.evictedBefore() && e.now < e.disruptor.vacating[c.Name].since.Add(e.opts.scaled(vacateWithin)) {
		return e.now.Add(e.opts.scaled(e.opts.PassEvery))
	}
	if e.headroomHolds(e.disruptor.vacating[c.Name].since) {
		return max(e.headroomDue(), e.now.Add(e.opts.scaled(headroomEvery)))
	}
	together := e.fellows(c)
	for _, f := range together {
		if x := e.disruptor.vacating[f.Name]; x == nil || x.left > 0 {
			return cluster.Never // the last of them comes here
		}
	}
	left := slices.DeleteFunc(together, e.deletionExpected)
	switch now, soon := e.mayDeleteAll(left); {
	case !soon:
		e.keep(c, overBudget)
		return e.now
	case !now:
		return e.now.Add(e.opts.scaled(budgetAgain))
	}
	for _, f := range left {
		if now, _ := e.mayDelete(f, cluster.ReasonUnderutilized); !now {
			return e.now.Add(e.opts.scaled(budgetAgain))
		}
		e.giveBack(f)
	}
	return cluster.Never
}

// evictedBefore tells whether pods wait and may be some of those that an engine before this one
// has evicted: what these find is known when a plan has been made.
func (e *Engine) evictedBefore() bool { return e.provision.planned.IsZero() && e.unanswered() > 0 }

// keep ends the emptying of a claim's node and of those that go with it.
func (e *Engine) keep(c *cluster.Claim, why string) {
	for _, f := range e.fellows(c) {
		if e.deletionExpected(f) {
			continue
		}
		x := e.disruptor.vacating[f.Name]
		if x == nil {
			x = newVacating()
			e.disruptor.vacating[f.Name] = x
		}
		x.kept = why
		e.agenda.by(job{jobClaim, f.Name}, e.now)
	}
	e.footing.ground = nil
}

// keepFor keeps the nodes from which pods were evicted that find no place elsewhere.
func (e *Engine) keepFor(pods []*cluster.Pod) {
	for _, c := range e.emptying() {
		for _, p := range pods {
			if !e.takesAgain(c) && e.disruptor.vacating[c.Name].gone[heirOf(p)] {
				e.keep(c, "pod "+p.ID()+" has found no place elsewhere")
			}
		}
	}
	e.regrets(pods)
	for _, p := range pods {
		delete(e.disruptor.turns.landing, heirOf(p))
		e.withdraw(p.ID()) // its place is on one of those now
	}
	e.agenda.by(job{jobProvision, ""}, e.now)
}

// takesAgain tells whether a node that was about to go will take pods again.
func (e *Engine) takesAgain(c *cluster.Claim) bool {
	if c == nil || c.Deleting() {
		return false
	}
	x := e.disruptor.vacating[c.Name]
	return x != nil && x.kept != ""
}

// stayed forgets that the node of a claim was about to go, when those of its pods have left
// that were evicted: until then it has more room than it seems. It returns when to look again.
func (e *Engine) stayed(c *cluster.Claim, n *cluster.Node) cluster.Instant {
	again := cluster.Never
	if e.disruptor.vacating[c.Name] == nil {
		return again
	}
	for _, p := range e.podsOn[n.Name] {
		if e.leaves(p) {
			again = min(again, e.overdue(p))
		}
	}
	if again == cluster.Never {
		delete(e.disruptor.vacating, c.Name)
	}
	return again
}

// leaves tells whether a pod will have left its node soon: one that takes long to end, or
// does not end in its time, has its room for now.
func (e *Engine) leaves(p *cluster.Pod) bool {
	return p.Deleting() && p.Drains() && !p.Daemon() && e.now.Add(stillWithin) >= p.DeleteAt && e.now < e.overdue(p)
}

// retained puts into a snapshot's input nodes that were about to go and take pods again, as
// they will be then.
func (e *Engine) retained(in *cluster.Input) {
	stay := map[string]bool{}
	for name := range e.disruptor.vacating {
		c := e.claims[name]
		if !e.takesAgain(c) {
			continue
		}
		stay[c.NodeName] = true
		delete(in.Emptied, c.NodeName)
		for i, n := range in.Nodes {
			if n.Name == c.NodeName {
				in.Nodes[i] = opened(n)
			}
		}
	}
	if len(stay) > 0 {
		in.Pods = slices.DeleteFunc(in.Pods, func(p *cluster.Pod) bool { return stay[p.Node] && e.leaves(p) })
	}
}

// yieldsMost bounds how many plans are made to find out which nodes pods would rather have.
const yieldsMost = 8

// yields looks whether pods for which a plan buys nodes would rather have those that are
// being emptied to save money: that is so if as much as is saved by giving them back would
// be spent again. It returns the plan that counts. snapshot is what that is made of, and why
// is said of nodes that are kept.
func (e *Engine) yields(bought *plan.Plan, snapshot func() *cluster.Snapshot, why string) *plan.Plan {
	open := e.emptying()
	if len(bought.Creates) == 0 || len(open) == 0 {
		return bought
	}
	tries := [][]*cluster.Claim{open}
	for _, c := range open {
		fellows := slices.DeleteFunc(e.fellows(c), func(f *cluster.Claim) bool { return !slices.Contains(open, f) })
		if fellows[0] == c && len(fellows) < len(open) {
			tries = append(tries, fellows)
		}
	}
	for _, claims := range tries[:min(len(tries), yieldsMost)] {
		if better := e.yieldsWith(claims, bought, snapshot, why); better != nil {
			return better
		}
	}
	return bought
}

// emptying are the claims whose nodes are being emptied, by name.
func (e *Engine) emptying() []*cluster.Claim {
	var out []*cluster.Claim
	for _, name := range slices.Sorted(maps.Keys(e.disruptor.vacating)) {
		if c := e.claims[name]; c != nil && !e.takesAgain(c) && e.vacates(c) && !e.deletionExpected(c) {
			out = append(out, c)
		}
	}
	return out
}

// onTheWay are the claims that are about to go to save money, that may be, or that were until
// a short time ago, in no order and some of them more than once.
func (e *Engine) onTheWay() []*cluster.Claim {
	e.takeCensus()
	out := slices.Collect(maps.Values(e.census.saving))
	for name := range e.disruptor.vacating {
		if c := e.claims[name]; c != nil {
			out = append(out, c)
		}
	}
	for name := range e.disruptor.actions {
		if c := e.claims[name]; c != nil {
			out = append(out, c)
		}
	}
	return out
}

// yieldsWith is what would be done for pods that wait if the nodes of claims took pods
// again, and keeps those that are needed for it; nil if that is no better than what would
// be bought.
func (e *Engine) yieldsWith(claims []*cluster.Claim, bought *plan.Plan, snapshot func() *cluster.Snapshot, why string) *plan.Plan {
	hold := func(why string) {
		for _, c := range claims {
			e.disruptor.vacating[c.Name].kept = why
		}
		e.footing.ground = nil
	}
	hold(why)
	other := e.plan(snapshot(), e.opts.Solve)
	hold("")
	used := map[string]bool{} // by name of the claim
	for _, x := range other.Placements {
		used[e.hostOf(x.Host)] = true
	}
	keeps, saved := e.savedBy(claims, used)
	if len(keeps) == 0 { // those that wait have the places of pods that stay then
		for _, c := range claims {
			used[c.Name] = len(e.occupants(c.NodeName)) > 0
		}
		keeps, saved = e.savedBy(claims, used)
	}
	if len(keeps) == 0 || len(other.Unplaced) > len(bought.Unplaced) || bought.Objective()-other.Objective() < saved {
		return nil
	}
	for _, c := range claims {
		if keeps[c.Name] && !used[c.Name] {
			e.partWith(c)
		}
	}
	for _, c := range claims {
		if keeps[c.Name] {
			e.keep(c, why)
		}
	}
	for _, x := range other.Placements {
		if keeps[e.hostOf(x.Host)] {
			e.regrets(x.Pods)
		}
	}
	return other
}

// partWith gives a node back that has been emptied, as far as budgets allow, though others that
// were to go with it stay: nobody needs it.
func (e *Engine) partWith(c *cluster.Claim) {
	if n := e.nodeOfClaim(c); n == nil || !e.isEmpty(c, n) {
		return
	}
	if now, _ := e.mayDelete(c, cluster.ReasonUnderutilized); now {
		e.giveBack(c)
	}
}

// savedBy returns the claims that stay if those stay that are used, and what would have
// been saved, per hour, if they went. Those that are empty by now go anyway, and what was
// bought to replace them stays if somebody is there.
func (e *Engine) savedBy(open []*cluster.Claim, used map[string]bool) (keeps map[string]bool, saved cluster.Money) {
	keeps = map[string]bool{}
	bought := map[string]bool{}
	for _, c := range open {
		if !used[c.Name] || keeps[c.Name] {
			continue
		}
		for _, f := range e.fellows(c) {
			keeps[f.Name] = true
			if used[f.Name] || len(e.occupants(f.NodeName)) > 0 {
				saved += e.costOf(f)
			}
		}
		m, _ := doom(c)
		for _, name := range m.replacedBy {
			r := e.claims[name]
			if r == nil || bought[name] {
				continue
			}
			bought[name] = true
			if n := e.nodeOfClaim(r); e.meantFor(r, n) == 0 && (n == nil || len(e.occupants(n.Name)) == 0) {
				saved -= e.costOf(r)
			}
		}
	}
	return keeps, saved
}

// costOf is what a claim's node costs per hour, with the charge for a node.
func (e *Engine) costOf(c *cluster.Claim) cluster.Money {
	price, _, _ := cluster.Price(e.resolved[c.Class].Types, c.Offering())
	return price + e.opts.Solve.NodeCharge
}

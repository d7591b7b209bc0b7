package engine

import (
	"maps"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/repack"
)

// Between the decision that nodes are to go and the moment at which what replaces them is
// ready, minutes pass. So right before anything is done to a pod it is made sure that what
// was true then is true still: that there is room for the pods, that nobody forbids it, and
// that the budgets of the pools allow it.

// doRelease deletes the claims whose pods have room elsewhere, if they still have, or begins
// to empty their nodes.
func (e *Engine) doRelease() cluster.Instant {
	var ripe []*cluster.Claim
	for name := range e.disruptor.ripe {
		c := e.claims[name]
		if c == nil {
			continue
		}
		for _, f := range e.fellows(c) {
			e.disruptor.ripe[f.Name] = true
		}
	}
	for name := range e.disruptor.ripe {
		c := e.claims[name]
		if c == nil || c.Deleting() || e.busy(claimKey(name)) {
			continue
		}
		if m, doomed := doom(c); doomed && e.mayGo(c, m) && e.disruptor.vacating[name] == nil {
			ripe = append(ripe, c)
		}
	}
	if e.othersJoin(ripe) && e.disruptor.joins(e.now) {
		return e.now.Add(cluster.Second)
	}
	e.disruptor.joining = 0
	clear(e.disruptor.ripe)
	if len(ripe) == 0 {
		return cluster.Never
	}
	slices.SortFunc(ripe, func(a, b *cluster.Claim) int { return strings.Compare(a.Name, b.Name) })
	held := together(ripe, e.validate(ripe))
	again := cluster.Never
	for i, c := range ripe {
		switch fellows := e.fellows(c); {
		case held[i] != "":
			e.takeBack(c, held[i])
		case fellows[0] == c: // once for all of them
			again = min(again, e.letGo(fellows, ripe))
		}
	}
	return again
}

// joinWithin bounds how long nodes that could be emptied wait for others that were chosen with
// them: whose pods come first can be told when it is known whose there are.
const joinWithin = 5 * cluster.Second

// joins tells whether it is still waited for others that could join.
func (d *disruptor) joins(now cluster.Instant) bool {
	if d.joining == 0 {
		d.joining = now
	}
	return now < d.joining.Add(joinWithin)
}

// othersJoin tells whether other nodes could be emptied beside ripe ones as soon as their marks or
// taints are there.
func (e *Engine) othersJoin(ripe []*cluster.Claim) bool {
	if len(ripe) == 0 || slices.ContainsFunc(ripe, func(c *cluster.Claim) bool { return !e.vacates(c) }) {
		return false
	}
	for _, x := range e.disruptor.actions {
		if len(x.creates) == 0 {
			return true
		}
	}
	e.takeCensus()
	for name, c := range e.census.saving {
		m, _ := doom(c)
		n := e.nodeOfClaim(c)
		if e.disruptor.vacating[name] == nil && n != nil && !slices.Contains(n.Taints, cluster.DisruptedTaint) && e.mayGo(c, m) {
			return true
		}
	}
	return false
}

// letGo deletes claims that go together, or begins to empty their nodes, if all of them are
// ripe and the budgets of their pools still allow it. It returns when to look again.
func (e *Engine) letGo(claims, ripe []*cluster.Claim) cluster.Instant {
	for _, c := range claims {
		if !slices.Contains(ripe, c) {
			return cluster.Never // it will bring the others along
		}
	}
	why, wait := e.overBudget(claims)
	for _, c := range claims {
		switch {
		case why != "":
			e.takeBack(c, why)
		case wait:
			e.disruptor.ripe[c.Name] = true
		case e.vacates(c):
			e.beginVacating(c)
		default:
			e.giveBack(c)
		}
	}
	if wait {
		return e.now.Add(e.opts.scaled(budgetAgain))
	}
	return cluster.Never
}

// budgetAgain is how soon it is looked at again whether a budget allows what has been
// decided.
const budgetAgain = 5 * cluster.Second

// together holds all of an action that is to save money if one of its claims is held: what
// was bought for all of them is worth its price only if all go.
func together(claims []*cluster.Claim, held []string) []string {
	first := map[string]string{} // what holds an action, by what was bought for it
	for i, c := range claims {
		if by := c.Annotations[doomReplacedBy]; by != "" && unhurried(c) && held[i] != "" && first[by] == "" {
			first[by] = held[i]
		}
	}
	for i, c := range claims {
		if why := first[c.Annotations[doomReplacedBy]]; why != "" && held[i] == "" {
			held[i] = why
		}
	}
	return held
}

func (e *Engine) giveBack(c *cluster.Claim) {
	if e.issue(DeleteClaim{Name: c.Name, UID: c.UID}) {
		e.nameEvicted(c, true)
		m, _ := doom(c)
		e.takesTurns(c)
		bought := e.bought(c, c.Offering())
		e.note(Note{About: aboutClaim(c), Reason: string(m.reason), Pool: c.Pool, Bought: bought, Message: "Given back: " + c.NodeName + bought.priced()})
	}
}

// validate says of each claim why it should not go after all, "" if it should: right
// before its pods are evicted. Those that could not go where they were meant to are meant for
// where there is room.
func (e *Engine) validate(claims []*cluster.Claim) []string {
	out := make([]string, len(claims))
	host := map[string]int{}
	for i, c := range claims {
		m, _ := doom(c)
		if forced(m.reason) || m.reason == cluster.ReasonDrifted && (e.goesFirst(c) || c.TerminationGracePeriod != cluster.Forever) {
			continue // it goes whatever its pods say
		}
		host[c.NodeName] = i
		for _, p := range e.podsOn[c.NodeName] {
			if p.Protected(e.now) {
				out[i] = "pod " + p.ID() + " carries " + repack.Protection(p) + " now"
			}
		}
	}
	if e.opts.Policy.Disrupt != nil {
		return out // whether there is room is its own business
	}
	opt := e.opts.Solve
	opt.Steps, opt.Unproven = -1, true
	at := e.staged(nil, nil)
	e.doubtPlaces(at, host)
	p := e.plan(at.snapshot(), opt)
	blame := func(pods []*cluster.Pod) {
		for _, pod := range pods {
			if i, ok := host[pod.Node]; ok && out[i] == "" {
				out[i] = "pod " + pod.ID() + " has no room elsewhere any more"
			}
		}
	}
	for i := range p.Creates {
		blame(p.Creates[i].Pods)
	}
	for i := range p.Unplaced {
		blame(p.Unplaced[i].Pods)
	}
	for _, x := range p.Placements {
		for _, pod := range x.Pods {
			if _, leaves := host[pod.Node]; leaves {
				e.meant([]*cluster.Pod{pod}, x.Host)
			}
		}
	}
	return out
}

// doubtPlaces takes away the promises of pods that are about to leave nodes and could not go
// where they are meant to by now, because of where others are: that there is room for them
// says nothing then.
func (e *Engine) doubtPlaces(at stage, nodes map[string]int) {
	open := at
	open.promised = maps.Clone(at.promised)
	doubted := map[string]string{} // UID by ID
	for node := range nodes {
		for _, p := range e.podsOn[node] {
			if p.DependsOnOthers() && open.promised[p.UID] != "" {
				doubted[p.ID()] = p.UID
				delete(open.promised, p.UID)
			}
		}
	}
	if len(doubted) == 0 {
		return
	}
	s := open.snapshot()
	for id := range cannotCome(s, partiesOf(seatsOf(s, func(p *cluster.Pod) string { return e.disruptor.moved.to[p.UID] }))) {
		if uid := doubted[id]; uid != "" {
			delete(at.promised, uid)
		}
	}
}

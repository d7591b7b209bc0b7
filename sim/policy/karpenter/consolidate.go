package karpenter

import (
	"cmp"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// Method is a way to find nodes that may go.
type Method string

// The methods, in the order in which they are tried.
const (
	Emptiness  Method = "empty"
	Drift      Method = "drift"
	MultiNode  Method = "multi"
	SingleNode Method = "single"
)

// methods are all of them in order.
var methods = []Method{Emptiness, Drift, MultiNode, SingleNode}

// Command is what one method has found: one action.
type Command struct {
	Method Method
	Action plan.Action
	// offerings of the replacement of a consolidation, and the candidates.
	candidates []*candidate
}

// outcome is what becomes of the pods of some candidates when these go.
type outcome struct {
	*trial
	pods   map[*cluster.Pod]bool // of the candidates
	stuck  bool                  // one of them has no place to go, or only on a node that is not ready yet
	prices cluster.Money         // of the candidates
}

// simulate looks at what would become of the pods of some candidates. Consolidation does
// not count on nodes where pods come and go.
func (p *pass) simulate(list []*candidate, consolidation bool) *outcome {
	o := &outcome{trial: p.base.fork(), pods: map[*cluster.Pod]bool{}}
	if !consolidation {
		o.quiet = make([]bool, len(o.quiet))
	}
	queue := slices.Clone(p.pending)
	for _, x := range list {
		o.gone[x.host] = true
		o.prices += x.price
		o.refund(x.host, x.node)
		for _, i := range x.pods {
			if p.stays[i.pod] {
				continue
			}
			o.pods[i.pod] = true
			queue = append(queue, i)
			o.lift(&o.board.classes[i.class], x.host)
		}
	}
	for _, i := range o.run(queue) {
		o.stuck = o.stuck || o.pods[i.pod]
	}
	for h, placed := range o.placed {
		if o.board.snap.Hosts[h].InFlight {
			o.stuck = o.stuck || slices.ContainsFunc(placed, func(i item) bool { return o.pods[i.pod] })
		}
	}
	return o
}

// consolidate returns what can be done about some candidates: nothing bought, or one
// node that is cheaper than they are together.
func (p *pass) consolidate(m Method, list []*candidate) *Command {
	o := p.simulate(list, true)
	if o.stuck || len(o.claims) > 1 {
		return nil
	}
	if len(o.claims) == 0 {
		return p.command(m, list, o)
	}
	n := o.claims[0]
	spot := !slices.ContainsFunc(list, func(x *candidate) bool { return x.claim.Offering().CapacityType != cluster.Spot })
	if spot && slices.ContainsFunc(n.offerings, o.isSpot) {
		if !p.opt.SpotToSpot {
			return nil
		}
		n.offerings = slices.DeleteFunc(n.offerings, func(i int32) bool { return !o.isSpot(i) })
	}
	if !o.cheaper(n, o.prices) {
		return nil
	}
	if spot && len(list) == 1 && o.isSpot(n.offerings[0]) {
		names := o.types(n)
		if len(names) < spotToSpotTypes {
			return nil
		}
		o.keepTypes(n, names[:max(spotToSpotTypes, o.fewest(n))])
	}
	// What is cheaper as spot may not be as on-demand: then it is better left alone.
	if slices.ContainsFunc(n.offerings, o.isSpot) {
		n.offerings = slices.DeleteFunc(n.offerings, func(i int32) bool { return !o.isSpot(i) })
	}
	return p.command(m, list, o)
}

func (t *trial) isSpot(offering int32) bool {
	return t.board.snap.Offerings[offering].ID.CapacityType == cluster.Spot
}

// cheaper leaves a claim the instance types that cost less than a price wherever they
// are bought, as spot if that is possible, and tells whether enough are left.
func (t *trial) cheaper(n *claim, than cluster.Money) bool {
	worst := map[string][2]cluster.Money{} // on-demand, spot
	for _, i := range n.offerings {
		x := &t.board.snap.Offerings[i]
		w := worst[x.ID.InstanceType]
		at := 0
		if t.isSpot(i) {
			at = 1
		}
		w[at] = max(w[at], x.Price)
		worst[x.ID.InstanceType] = w
	}
	n.offerings = slices.DeleteFunc(slices.Clone(n.offerings), func(i int32) bool {
		w := worst[t.board.snap.Offerings[i].ID.InstanceType]
		return cmp.Or(w[1], w[0]) >= than
	})
	return len(n.offerings) > 0 && t.board.various(n.pool, n.offerings)
}

// types are the instance types of a claim, the cheapest first.
func (t *trial) types(n *claim) []string {
	var out []string
	for _, i := range n.offerings {
		if name := t.board.snap.Offerings[i].ID.InstanceType; !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

func (t *trial) keepTypes(n *claim, names []string) {
	n.offerings = slices.DeleteFunc(n.offerings, func(i int32) bool {
		return !slices.Contains(names, t.board.snap.Offerings[i].ID.InstanceType)
	})
}

// fewest is how many of a claim's instance types, the cheapest first, keep to the
// pool's minValues.
func (t *trial) fewest(n *claim) int {
	names := t.types(n)
	for k := range names {
		some := slices.DeleteFunc(slices.Clone(n.offerings), func(i int32) bool {
			return !slices.Contains(names[:k+1], t.board.snap.Offerings[i].ID.InstanceType)
		})
		if t.board.various(n.pool, some) {
			return k + 1
		}
	}
	return len(names)
}

// command writes an outcome down.
func (p *pass) command(m Method, list []*candidate, o *outcome) *Command {
	c := &Command{Method: m, candidates: list, Action: plan.Action{Why: cluster.ReasonUnderutilized, Saving: o.prices}}
	if m == Drift {
		c.Action.Why = cluster.ReasonDrifted
	}
	for _, x := range list {
		c.Action.Hosts = append(c.Action.Hosts, x.node.Name)
		c.Action.Evicted += len(x.pods)
		c.Action.Disruption += x.burden
	}
	slices.Sort(c.Action.Hosts)
	for _, n := range o.claims {
		create := o.create(n)
		c.Action.Creates = append(c.Action.Creates, create)
		c.Action.Saving -= create.Price
	}
	c.Action.Moves = o.placements(func(i item) bool { return o.pods[i.pod] })
	return c
}

// multi looks for the longest run of candidates, in order, that one node at the most can
// replace: by halves, as if what does for some did for fewer. looks is how many trials
// there may be.
func (p *pass) multi(looks int) (found *Command, looked int) {
	list := p.choose(p.underutilized)
	byValue(list)
	list = p.affordable(list, cluster.ReasonUnderutilized)
	if len(list) < 2 {
		return nil, 0
	}
	low, high := 1, min(len(list)-1, mostAtOnce)
	for low <= high && looked < looks {
		middle := (low + high) / 2
		looked++
		if c := p.together(list[:middle+1]); c != nil {
			found, low = c, middle+1
		} else {
			high = middle - 1
		}
	}
	return found, looked
}

// together consolidates several candidates, unless they would be replaced by what one
// of them is.
func (p *pass) together(list []*candidate) *Command {
	c := p.consolidate(MultiNode, list)
	if c == nil {
		return nil
	}
	if len(c.Action.Creates) > 0 && !c.unlike(p.base.board) {
		return nil
	}
	if !p.approves(c) {
		return nil
	}
	return c
}

// unlike leaves the replacement of several nodes only what is cheaper than the cheapest
// of them whose type it could have: else that one could just stay. It tells whether
// enough is left.
func (c *Command) unlike(b *board) bool {
	s := b.snap
	have := map[string]cluster.Money{}
	for _, x := range c.candidates {
		name := x.claim.Offering().InstanceType
		if most, known := have[name]; !known || x.price < most {
			have[name] = x.price
		}
	}
	create := &c.Action.Creates[0]
	price, index, pool := map[cluster.OfferingID]cluster.Money{}, map[cluster.OfferingID]int32{}, 0
	for i := range s.Offerings {
		if o := &s.Offerings[i]; s.Pools[o.Pool].Name == create.Pool {
			price[o.ID], index[o.ID], pool = o.Price, int32(i), o.Pool
		}
	}
	bound, worst := cluster.Money(-1), map[string]cluster.Money{}
	for _, id := range create.Offerings {
		if most, known := have[id.InstanceType]; known && (bound < 0 || most < bound) {
			bound = most
		}
		worst[id.InstanceType] = max(worst[id.InstanceType], price[id])
	}
	if bound < 0 {
		return true
	}
	create.Offerings = slices.DeleteFunc(create.Offerings, func(id cluster.OfferingID) bool { return worst[id.InstanceType] >= bound })
	left := make([]int32, len(create.Offerings))
	for i, id := range create.Offerings {
		left[i] = index[id]
	}
	if len(left) == 0 || !b.various(pool, left) {
		return false
	}
	c.Action.Saving += create.Price - price[create.Offerings[0]]
	create.Price = price[create.Offerings[0]]
	return true
}

// single looks for the first candidate that can go or be replaced by a cheaper one.
func (p *pass) single(looks int) (found *Command, looked int) {
	list := p.choose(p.underutilized)
	byValue(list)
	allowed := p.allowed(cluster.ReasonUnderutilized)
	for _, x := range interleave(list) {
		if looked == looks {
			return nil, looked
		}
		if allowed[x.pool.Name] == 0 || !p.mightPass(x) {
			continue
		}
		looked++
		if c := p.consolidate(SingleNode, []*candidate{x}); c != nil && p.approves(c) {
			return c, looked
		}
	}
	return nil, looked
}

// interleave takes the candidates of the pools by turns.
func interleave(list []*candidate) []*candidate {
	by := map[string][]*candidate{}
	for _, x := range list {
		by[x.pool.Name] = append(by[x.pool.Name], x)
	}
	out := make([]*candidate, 0, len(list))
	names := poolNames(list)
	for i := 0; len(out) < len(list); i++ {
		for _, name := range names {
			if i < len(by[name]) {
				out = append(out, by[name][i])
			}
		}
	}
	return out
}

// underutilized tells whether consolidation may look at a candidate.
func (p *pass) underutilized(x *candidate) bool {
	return x.ripe && !x.guarded && x.price > 0 && x.burden > onePod && x.pool.Policy != cluster.WhenEmpty
}

// vacant tells whether emptiness may look at a candidate.
func (p *pass) vacant(x *candidate) bool { return x.ripe && !x.guarded && x.burden <= onePod }

// empty finds all candidates that hold nothing anybody would miss.
func (p *pass) empty() *Command {
	list := p.choose(p.vacant)
	byValue(list)
	list = p.affordable(list, cluster.ReasonEmpty)
	if len(list) == 0 {
		return nil
	}
	c := &Command{Method: Emptiness, candidates: list, Action: plan.Action{Why: cluster.ReasonEmpty}}
	for _, x := range list {
		c.Action.Hosts = append(c.Action.Hosts, x.node.Name)
		c.Action.Saving += x.price
		c.Action.Disruption += x.burden
	}
	slices.Sort(c.Action.Hosts)
	return c
}

// drift finds the node that has drifted for longest and whose pods have places to go;
// empty ones first.
func (p *pass) drift() (found *Command, looked int) {
	list := p.choose(func(x *candidate) bool {
		return x.claim.Is(cluster.Drifted) && (!x.guarded || x.claim.TerminationGracePeriod != cluster.Forever)
	})
	slices.SortStableFunc(list, func(a, b *candidate) int {
		full := func(x *candidate) int { return min(len(x.pods), 1) }
		return cmp.Or(cmp.Compare(full(a), full(b)), cmp.Compare(a.claim.Condition(cluster.Drifted).Since, b.claim.Condition(cluster.Drifted).Since))
	})
	allowed := p.allowed(cluster.ReasonDrifted)
	for _, x := range list {
		if allowed[x.pool.Name] == 0 {
			continue
		}
		looked++
		one := []*candidate{x}
		if o := p.simulate(one, false); !o.stuck {
			return p.command(Drift, one, o), looked
		}
	}
	return nil, looked
}

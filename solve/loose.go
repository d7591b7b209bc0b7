package solve

import (
	"cmp"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/fit"
	"github.com/ullage-sh/ullage/pack"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/topology"
)

// tuckIn tries what packing has left over once more, pod by pod and exactly as the
// scheduler would: packing holds constraints between pods more strictly than it
// must, so that they hold in whatever order pods are placed. Who comes last, here,
// may stand where the others would not have allowed it to come first.
func (a *answer) tuckIn() {
	// Who has to leave makes room, and not for its like only.
	room := (!a.complete() || a.split.Uncertain) && a.evict()
	for range rehearsals {
		before := len(a.nodes)
		a.tuckAll(room)
		if len(a.nodes) == before || !a.rehearse() {
			return
		}
		room = true
	}
}

// rehearsals bounds how often pods are tried again that nodes bought for others have
// driven out.
const rehearsals = 4

// tuckAll tries all that is left over; without room made, only those whose places
// depend on other pods.
func (a *answer) tuckAll(room bool) {
	var classes []int32
	for c, n := range a.left {
		if n > 0 && a.profile[c] >= 0 && (room || a.bound(&a.snap.Classes[c])) {
			classes = append(classes, int32(c))
		}
	}
	if len(classes) == 0 {
		return
	}
	slices.SortStableFunc(classes, func(x, y int32) int {
		return -cmp.Compare(a.snap.Classes[x].Priority, a.snap.Classes[y].Priority)
	})
	w := a.view()
	for again := true; again; {
		again = false // a pod that has found a place may be what another wants near
		for _, c := range classes {
			for a.left[c] > 0 && a.tuck(w, c) {
				a.left[c]--
				again = true
			}
		}
	}
}

// lateOnes finds the pods of the plan that came last: of each place, the last of
// their class.
func (a *answer) lateOnes(p *plan.Plan) []*cluster.Pod {
	if len(a.late) == 0 {
		return nil
	}
	class := map[*cluster.Pod]int32{}
	for i := range a.snap.Classes {
		for _, pod := range a.snap.Classes[i].Pods {
			class[pod] = int32(i)
		}
	}
	there := map[latePod][]*cluster.Pod{}
	note := func(at int, pods []*cluster.Pod) {
		for _, pod := range pods {
			k := latePod{class[pod], int32(at)}
			there[k] = append(there[k], pod)
		}
	}
	hosts := map[string]int{}
	for i := range a.snap.Hosts {
		hosts[a.snap.Hosts[i].Name] = i
	}
	for _, x := range p.Placements {
		note(hosts[x.Host], x.Pods)
	}
	for i := range p.Creates {
		note(a.nodes[i].at, p.Creates[i].Pods)
	}
	out := make([]*cluster.Pod, len(a.late))
	for i := len(a.late) - 1; i >= 0; i-- { // the last of a place's pods came last
		pods := there[a.late[i]]
		out[i] = pods[len(pods)-1]
		there[a.late[i]] = pods[:len(pods)-1]
	}
	return out
}

// complete tells whether every pod has a place that other pods have a say about.
func (a *answer) complete() bool {
	for c, n := range a.left {
		if n > 0 && a.profile[c] >= 0 && a.bound(&a.snap.Classes[c]) {
			return false
		}
	}
	return true
}

// evict takes pods away again whose constraints hold only if those that are left
// over had a place as well, until all that are left stand. Who wants to be near
// pods of which some are left over may have followed those: it is tried anew. It
// tells whether there were any.
func (a *answer) evict() (some bool) {
	astray := func(c int, _ *fit.View, _ int) bool { return a.astray(&a.snap.Classes[c]) }
	falls := func(_ int, v *fit.View, at int) bool { return v.Stands(at) != 0 }
	for more := true; more; {
		more = a.remove(astray)
		more = a.remove(falls) || more
		some = some || more
	}
	return some
}

// remove takes away the pods of which which is true, one by one, then the nodes
// that this has emptied, and tells whether there were any.
func (a *answer) remove(which func(class int, v *fit.View, at int) bool) bool {
	w, some := a.view(), false
	for c := range a.snap.Classes {
		if a.profile[c] < 0 || !a.bound(&a.snap.Classes[c]) {
			continue
		}
		view := w.View(c)
		for at := 0; at < w.Nodes(); at++ {
			for view.Holds(at) && which(c, view, at) {
				a.takeBack(at, int32(c))
				w.Remove(c, at)
				view = w.View(c)
				some = true
			}
		}
	}
	if some {
		a.dropEmpty()
	}
	return some
}

// astray tells whether a class wants to be near pods that may not be there.
func (a *answer) astray(c *cluster.Class) bool {
	if c.Affinity < 0 {
		return false
	}
	for i := range a.snap.Classes {
		if a.left[i] > 0 && a.snap.Classes[i].In(c.Affinity) {
			return true
		}
	}
	return false
}

// takeBack removes one pod of a class from a host or node.
func (a *answer) takeBack(at int, class int32) {
	list := a.partsAt(at)
	i := slices.IndexFunc(*list, func(p topology.Part) bool { return p.Class == class })
	if (*list)[i].Pods--; (*list)[i].Pods == 0 {
		*list = slices.Delete(*list, i, i+1)
	}
	a.left[class]++
}

// partsAt are the pods on a host or, after them, on a node that is bought.
func (a *answer) partsAt(at int) *[]topology.Part {
	if at < len(a.hosted) {
		return &a.hosted[at]
	}
	return &a.nodes[at-len(a.hosted)].parts
}

// dropEmpty leaves out nodes from which all pods have been taken again. The world
// is made anew: an empty node is a domain that a spread would count.
func (a *answer) dropEmpty() {
	a.nodes = slices.DeleteFunc(a.nodes, func(n node) bool {
		if len(n.parts) > 0 {
			return false
		}
		for _, u := range a.quotas.uses(n.offering) {
			a.room[u.Quota] += u.Amount
		}
		return true
	})
	a.world, a.shrunk = nil, true
}

// bound tells whether other pods have a say in where those of a class can go.
// Where they have none, packing's refusal is the last word.
func (a *answer) bound(c *cluster.Class) bool {
	d := c.Demand
	hard := slices.ContainsFunc(d.Spreads, func(s cluster.TopologySpread) bool { return !s.Soft })
	return hard || len(c.Groups) > 0 || len(d.PodAffinity) > 0 || len(d.PodAntiAffinity) > 0 || len(d.Ports) > 0 || len(c.Volumes) > 0 || len(c.Claims) > 0
}

// view returns the world with all that has a place.
func (a *answer) view() *fit.World {
	if a.world != nil {
		return a.world
	}
	w := fit.New(a.snap)
	a.world = w
	for h, parts := range a.hosted {
		for _, p := range parts {
			w.Place(int(p.Class), h, p.Pods)
		}
	}
	for i := range a.nodes {
		at := w.Buy(int(a.nodes[i].offering))
		a.nodes[i].at = at
		for _, p := range a.nodes[i].parts {
			w.Place(int(p.Class), at, p.Pods)
		}
	}
	return w
}

// tuck finds a place for one pod of a class, and tells whether there was one.
func (a *answer) tuck(w *fit.World, class int32) bool {
	view := w.View(int(class))
	for i := range w.Nodes() {
		if view.Node(i) != 0 {
			continue
		}
		if h := len(a.snap.Hosts); i < h {
			a.hosted[i] = merged(append(a.hosted[i], topology.Part{Class: class, Pods: 1}))
		} else if !a.join(&a.nodes[i-h], class) {
			continue
		}
		w.Place(int(class), i, 1)
		a.late = append(a.late, latePod{class, int32(i)})
		return true
	}
	best := int32(-1)
	for o := range a.profiles[a.profile[class]].offerings.All {
		if a.better(int32(o), best) && a.mayBuy(int32(o), class) && view.Offering(o) == 0 {
			best = int32(o)
		}
	}
	if best < 0 {
		return false
	}
	for _, u := range a.quotas.uses(best) {
		a.room[u.Quota] -= u.Amount
	}
	n := node{offering: best, parts: []topology.Part{{Class: class, Pods: 1}}}
	a.rerank(&n)
	at := w.Buy(int(best))
	n.at = at
	a.nodes = append(a.nodes, n)
	w.Place(int(class), at, 1)
	a.late = append(a.late, latePod{class, int32(at)})
	return true
}

// better tells whether an offering comes before another: by weight of the pool,
// then price. −1 is worse than all.
func (a *answer) better(o, than int32) bool {
	if than < 0 {
		return true
	}
	x, y := &a.snap.Offerings[o], &a.snap.Offerings[than]
	return cmp.Or(cmp.Compare(a.pools[x.Pool].tier, a.pools[y.Pool].tier), cmp.Compare(x.Price, y.Price), cmp.Compare(o, than)) < 0
}

// mayBuy tells whether the pool's limits and minValues leave a node for one pod of
// a class.
func (a *answer) mayBuy(o, class int32) bool {
	offering := &a.snap.Offerings[o]
	pool := int32(offering.Pool)
	if !affordable(a.room, a.quotas.uses(o)) {
		return false
	}
	n := node{offering: o, parts: []topology.Part{{Class: class, Pods: 1}}}
	return len(a.pools[pool].keys) == 0 || a.varied(pool, a.usable(&n), a.load(n.parts))
}

// join puts one more pod on a node that is to be bought, if its pool's minValues
// allow that, and tells whether it did.
func (a *answer) join(n *node, class int32) bool {
	with := *n
	with.parts = merged(append(slices.Clone(n.parts), topology.Part{Class: class, Pods: 1}))
	pool := int32(a.snap.Offerings[n.offering].Pool)
	if len(a.pools[pool].keys) > 0 && !a.varied(pool, a.usable(&with), a.load(with.parts)) {
		return false
	}
	a.rerank(&with)
	*n = with
	return true
}

// rerank finds anew what else could be bought for a node: offerings that are in
// the same domains as the chosen one, as far as constraints name any.
func (a *answer) rerank(n *node) {
	chosen := &a.snap.Offerings[n.offering]
	pool := int32(chosen.Pool)
	var options []int32
	for o := range a.alternatives(pool, a.usable(n), a.load(n.parts)) {
		if a.snap.Pools[pool].Shape == cluster.Free && a.snap.Offerings[o].Price >= chosen.Price && len(options) < a.opt.MaxAlternatives &&
			affordable(a.room, a.quotas.uses(o)) || o == n.offering {
			options = append(options, o)
		}
	}
	n.ranked = a.rank(options, n.offering)
}

// usable are the offerings that admit all pods of a node and are in the domains
// that it was chosen for.
func (a *answer) usable(n *node) pack.Set {
	set := pack.FullSet(len(a.snap.Offerings))
	keys := map[string]bool{}
	for _, p := range n.parts {
		set.And(a.profiles[a.profile[p.Class]].offerings)
		d := a.snap.Classes[p.Class].Demand
		for _, s := range d.Spreads {
			keys[s.Key] = keys[s.Key] || !s.Soft
		}
		for _, terms := range [][]cluster.PodAffinityTerm{d.PodAffinity, d.PodAntiAffinity} {
			for _, t := range terms {
				keys[t.Key] = true
			}
		}
	}
	// Whoever counts these pods counts them in the domains of the chosen offering.
	for _, key := range []string{cluster.LabelZone, cluster.LabelCapacityType} {
		keys[key] = true
	}
	for key, named := range keys {
		if !named {
			continue
		}
		r := cluster.Requirement{Key: key, Operator: cluster.DoesNotExist}
		if v, ok := a.snap.Offerings[n.offering].Label(key); ok {
			r = cluster.Requirement{Key: key, Operator: cluster.In, Values: []string{v}}
		}
		set.And(a.offerings.matching(r))
	}
	return set
}

// load is what the pods of a node ask for, in dims.
func (a *answer) load(parts []topology.Part) []int64 {
	sum := make([]int64, len(a.dims))
	for _, p := range parts {
		for i, d := range a.dims {
			sum[i] += int64(p.Pods) * a.snap.Classes[p.Class].Requests[d]
		}
	}
	return sum
}

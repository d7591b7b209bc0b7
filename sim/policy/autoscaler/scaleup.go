package autoscaler

import (
	"cmp"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/fit"
	"github.com/ullage-sh/ullage/plan"
)

const (
	// mostNodes is what one group grows by at the most (--max-nodes-per-scaleup).
	mostNodes = 1000
	// mostRounds is how many groups may grow one after the other in one plan. What is left
	// then is planned for when the nodes of this one are on their way.
	mostRounds = 12
)

// Provision is Cluster Autoscaler's answer to a snapshot. It proves no bound.
func Provision(s *cluster.Snapshot) *plan.Plan {
	u := &scaleUp{snap: s, world: fit.New(s), class: map[*cluster.Pod]int{}, left: make([][]*cluster.Pod, len(s.Classes)), used: make([]cluster.Resources, len(s.Pools)),
		out: &plan.Plan{Revision: s.Revision}}
	for c := range s.Classes {
		u.left[c] = slices.Clone(s.Classes[c].Pods)
		for _, p := range u.left[c] {
			u.class[p] = c
		}
	}
	for i := range s.Pools {
		u.used[i] = s.Pools[i].Used
	}
	u.fill()
	groups := Groups(s)
	for range mostRounds {
		if !u.grow(groups) {
			break
		}
	}
	return u.finish()
}

// scaleUp is a plan in the making.
type scaleUp struct {
	snap  *cluster.Snapshot
	world *fit.World
	class map[*cluster.Pod]int
	left  [][]*cluster.Pod // of each class, those without a place
	used  []cluster.Resources
	out   *plan.Plan
}

// fill puts pods onto hosts that have room, the first by name.
func (u *scaleUp) fill() {
	for c := range u.left {
		v, host := u.world.View(c), 0
		placed := map[int][]*cluster.Pod{}
		for len(u.left[c]) > 0 && host < len(u.snap.Hosts) {
			if v.Node(host) != 0 {
				host++
				continue
			}
			u.world.Place(c, host, 1)
			placed[host] = append(placed[host], u.left[c][0])
			u.left[c] = u.left[c][1:]
			if !u.snap.Classes[c].Plain {
				host = 0 // spreads open others again
			}
		}
		for h := range u.snap.Hosts {
			if pods := placed[h]; len(pods) > 0 {
				u.out.Placements = append(u.out.Placements, plan.Placement{Host: u.snap.Hosts[h].Name, Pods: pods})
			}
		}
	}
	slices.SortStableFunc(u.out.Placements, func(a, b plan.Placement) int { return cmp.Compare(a.Host, b.Host) })
}

// option is how a group would grow.
type option struct {
	group Group
	nodes [][]*cluster.Pod
	// waste is what would be left free, as a part of one in cpu and in memory, added up.
	waste float64
	spot  bool
}

// grow makes one group larger, and tells whether it did.
func (u *scaleUp) grow(groups []Group) bool {
	rest := u.world.Settle(nil, func(class int) []*cluster.Pod { return u.left[class] })
	if len(rest.Classes) == 0 {
		return false
	}
	var best *option
	for _, g := range groups {
		if x := u.estimate(rest, g); x != nil && (best == nil || x.better(best)) {
			best = x
		}
	}
	if best == nil {
		return false
	}
	o := &u.snap.Offerings[best.group]
	for _, pods := range best.nodes {
		at := u.world.Buy(int(best.group))
		for _, p := range pods {
			c := u.class[p]
			u.world.Place(c, at, 1)
			u.left[c] = slices.DeleteFunc(u.left[c], func(q *cluster.Pod) bool { return p == q })
		}
		u.used[o.Pool] = u.used[o.Pool].Plus(o.Type.Capacity).Plus(cluster.Resources{{Name: cluster.NodesLimit, Value: 1}})
		u.out.Creates = append(u.out.Creates, u.create(o, pods))
		u.out.CreateCost += o.Price
	}
	return true
}

// better tells whether an option is chosen before another: spot, then what wastes least.
func (x *option) better(y *option) bool {
	if x.spot != y.spot {
		return x.spot
	}
	return x.waste < y.waste
}

// estimate packs what is left onto nodes of a group: those pods first that need most of
// a node, each on the first that takes it.
func (u *scaleUp) estimate(rest *cluster.Snapshot, g Group) *option {
	o := &rest.Offerings[g]
	most := u.room(o)
	order := make([]int, len(rest.Classes))
	for i := range order {
		order[i] = i
	}
	size := func(c int) float64 {
		part := 0.0
		for _, i := range []int{0, 1} {
			if o.Allocatable[i] > 0 {
				part += float64(rest.Classes[c].Requests[i]) / float64(o.Allocatable[i])
			}
		}
		return part
	}
	slices.SortStableFunc(order, func(a, b int) int { return -cmp.Compare(size(a), size(b)) })
	w := fit.New(rest)
	first := w.Nodes()
	x := &option{group: g, spot: o.ID.CapacityType == cluster.Spot}
	for _, c := range order {
		v, at := w.View(c), first
		for _, p := range rest.Classes[c].Pods {
			if !rest.Classes[c].Plain {
				at = first
			}
			for at < w.Nodes() && v.Node(at) != 0 {
				at++
			}
			if at == w.Nodes() {
				if len(x.nodes) >= min(most, mostNodes) || v.Offering(int(g)) != 0 {
					break
				}
				w.Buy(int(g))
				x.nodes = append(x.nodes, nil)
			}
			w.Place(c, at, 1)
			x.nodes[at-first] = append(x.nodes[at-first], p)
		}
	}
	if len(x.nodes) == 0 {
		return nil
	}
	for _, i := range []int{0, 1} { // cpu, memory
		free, all := int64(0), int64(0)
		for n := range x.nodes {
			free += w.Room(first + n)[i]
			all += o.Allocatable[i]
		}
		x.waste += float64(free) / float64(max(all, 1))
	}
	return x
}

// room is how many nodes more the limits of a pool allow of an offering.
func (u *scaleUp) room(o *cluster.PoolOffering) int {
	most := int64(mostNodes)
	for _, limit := range u.snap.Pools[o.Pool].Limits {
		each := o.Type.Capacity.Get(limit.Name)
		if limit.Name == cluster.NodesLimit {
			each = 1
		}
		if each > 0 {
			most = min(most, max(limit.Value-u.used[o.Pool].Get(limit.Name), 0)/each)
		}
	}
	return int(most)
}

// create is one node of a group.
func (u *scaleUp) create(o *cluster.PoolOffering, pods []*cluster.Pod) plan.Create {
	out := plan.Create{Pool: u.snap.Pools[o.Pool].Name, Offerings: []cluster.OfferingID{o.ID}, Price: o.Price, Imputed: o.Imputed, Pods: slices.Clone(pods)}
	cluster.SortPods(out.Pods)
	asks := map[string]int64{}
	for i, name := range u.snap.Resources {
		sum := o.Allocatable[i] - o.Free[i]
		for _, p := range pods {
			sum += u.snap.Classes[u.class[p]].Requests[i]
		}
		if sum > 0 {
			asks[name] = sum
		}
	}
	out.Requests = cluster.NewResources(asks)
	return out
}

// finish writes down what fits nowhere, and what all costs.
func (u *scaleUp) finish() *plan.Plan {
	for c, pods := range u.left {
		if len(pods) > 0 {
			u.out.Unplaced = append(u.out.Unplaced, plan.Unplaced{Pods: pods, Reasons: u.reasons(c)})
		}
	}
	u.out.Cost = u.out.CreateCost
	for i := range u.snap.Hosts {
		if u.snap.Hosts[i].Pool >= 0 {
			u.out.Cost += u.snap.Hosts[i].Price
		}
	}
	return u.out
}

// reasons counts what rules out hosts and groups for a class; groups that would do are
// as large as they may be, or are planned for next.
func (u *scaleUp) reasons(class int) []plan.Reason {
	by := map[plan.Constraint]plan.Reason{}
	v := u.world.View(class)
	for h := range u.snap.Hosts {
		r := by[v.Node(h)]
		r.Hosts++
		by[v.Node(h)] = r
	}
	for _, g := range Groups(u.snap) {
		c := v.Offering(int(g))
		if c == 0 {
			c = plan.PoolLimit
		}
		r := by[c]
		r.Offerings++
		by[c] = r
	}
	out := make([]plan.Reason, 0, len(by))
	for c, r := range by {
		if r.Constraint = c; c != 0 {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b plan.Reason) int {
		return cmp.Or(-cmp.Compare(a.Hosts+a.Offerings, b.Hosts+b.Offerings), cmp.Compare(a.Constraint, b.Constraint))
	})
	return out
}

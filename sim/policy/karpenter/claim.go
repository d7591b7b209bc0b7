package karpenter

import (
	"cmp"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// claim is a node that will be bought. What it will be is open: each pod that is added
// leaves those offerings that hold it too.
type claim struct {
	pool      int
	number    int32   // its domain of host names, counted after the hosts
	offerings []int32 // of the snapshot, by price
	requests  cluster.Vector
	ports     []cluster.HostPort
	items     []item
	// most is what the largest offerings leave free; who does not fit there fits nowhere.
	most cluster.Vector
	// full are plain classes that did not fit.
	full map[int32]bool
}

// addToClaim tries the claims that are to be made, those with the fewest pods first.
func (t *trial) addToClaim(x item, c *class, v *variant) bool {
	slices.SortStableFunc(t.claims, func(a, b *claim) int { return cmp.Compare(len(a.items), len(b.items)) })
	for _, n := range t.claims {
		if v.plain && n.full[x.class] {
			continue
		}
		if left := t.narrow(n, c, v); left != nil {
			t.join(n, x, c, left)
			return true
		}
		if v.plain && len(c.variants) == 1 {
			n.full[x.class] = true
		}
	}
	return false
}

// addToNew makes a claim of the first pool that can have the pod.
func (t *trial) addToNew(x item, c *class, v *variant) bool {
	for _, pool := range t.board.pools {
		n := t.open(pool)
		if n == nil {
			continue
		}
		left := t.narrow(n, c, v)
		if left == nil {
			continue
		}
		for i, y := range t.board.tallies {
			if y.hosts {
				t.counts[i] = append(t.counts[i], 0)
			}
		}
		t.claims = append(t.claims, n)
		t.join(n, x, c, left)
		t.spend(n)
		return true
	}
	return false
}

// open is a claim of a pool that could be anything its limits allow, nil if they allow
// nothing.
func (t *trial) open(pool int) *claim {
	b := t.board
	n := &claim{pool: pool, number: int32(len(b.snap.Hosts) + len(t.claims)), requests: make(cluster.Vector, len(b.snap.Resources)), full: map[int32]bool{}}
	span, q := b.spans[pool], &t.quotas[pool]
	for i := span[0]; i < span[1]; i++ {
		if q.none || q.holds(b.snap.Offerings[i].Type.Capacity) {
			n.offerings = append(n.offerings, i)
		}
	}
	if len(n.offerings) == 0 {
		return nil
	}
	n.most = b.most(n.offerings)
	return n
}

// holds tells whether a node of such a capacity is within the quota.
func (q *quota) holds(capacity cluster.Resources) bool {
	for _, a := range q.left {
		want := capacity.Get(a.Name)
		if a.Name == cluster.NodesLimit {
			want = 1
		}
		if want > a.Value {
			return false
		}
	}
	return true
}

// spend takes off the quota what the largest node would take that the claim may become.
func (t *trial) spend(n *claim) {
	q := &t.quotas[n.pool]
	for i := range q.left {
		a := &q.left[i]
		most := int64(0)
		for _, o := range n.offerings {
			most = max(most, t.board.snap.Offerings[o].Type.Capacity.Get(a.Name))
		}
		if a.Name == cluster.NodesLimit {
			most = 1
		}
		a.Value -= most
	}
}

// most is the most that any of some offerings leaves free of each resource.
func (b *board) most(offerings []int32) cluster.Vector {
	out := make(cluster.Vector, len(b.snap.Resources))
	for _, o := range offerings {
		for i, v := range b.snap.Offerings[o].Free {
			out[i] = max(out[i], v)
		}
	}
	return out
}

// narrow returns the offerings that a claim is left with if a pod of a class is added,
// nil if it cannot be.
func (t *trial) narrow(n *claim, c *class, v *variant) []int32 {
	total := slices.Clone(n.requests)
	total.Add(c.Requests)
	if !c.Requests.Fits(n.most) || !total.Fits(n.most) || conflict(c.Demand.Ports, n.ports) {
		return nil
	}
	var left []int32
	for _, o := range n.offerings {
		if t.board.admittedNew(c, v, o) {
			left = append(left, o)
		}
	}
	for i := range v.constraints {
		if left = t.confine(n, &v.constraints[i], left); len(left) == 0 {
			return nil
		}
	}
	s := t.board.snap
	left = slices.DeleteFunc(left, func(o int32) bool {
		return !total.Fits(s.Offerings[o].Free) || len(c.Demand.Ports) > 0 && conflict(c.Demand.Ports, s.Offerings[o].Ports)
	})
	if len(left) == 0 || !t.board.various(n.pool, left) {
		return nil
	}
	return left
}

// confine leaves the offerings in whose domain a constraint lets the pod; of the domains
// that a spread allows, those in the one with the fewest pods.
func (t *trial) confine(n *claim, x *constraint, left []int32) []int32 {
	y := t.board.tallies[x.tally]
	if y.hosts {
		if t.allowsNew(x, n.number) {
			return left
		}
		return nil
	}
	domain := func(o int32) int32 {
		v, ok := t.board.snap.Offerings[o].Label(y.key)
		if !ok {
			return -1
		}
		if id, known := y.ids[v]; known {
			return id
		}
		return -1
	}
	allowed := map[int32]bool{}
	for _, o := range left {
		d := domain(o)
		if _, seen := allowed[d]; !seen {
			allowed[d] = t.allows(x, d)
		}
	}
	if x.rule == spreads || x.rule == near && !t.anywhere(x) {
		keepOne(allowed, t.counts[x.tally])
	}
	return slices.DeleteFunc(left, func(o int32) bool { return !allowed[domain(o)] })
}

// keepOne leaves of the allowed domains the one with the fewest pods, the first by name.
func keepOne(allowed map[int32]bool, counts []int32) {
	best := int32(-1)
	for d, ok := range allowed {
		if ok && (best < 0 || counts[d] < counts[best] || counts[d] == counts[best] && d < best) {
			best = d
		}
	}
	for d := range allowed {
		allowed[d] = d == best && best >= 0
	}
}

// allowsNew is allows for a domain of host names that may not have been counted yet.
func (t *trial) allowsNew(x *constraint, domain int32) bool {
	if int(domain) < len(t.counts[x.tally]) {
		return t.allows(x, domain)
	}
	switch x.rule {
	case spreads:
		return x.itself <= x.skew
	case near:
		return x.itself == 1 && !t.anywhere(x)
	}
	return true
}

// various tells whether offerings keep to the minValues of a pool.
func (b *board) various(pool int, left []int32) bool {
	for i := range b.snap.Pools[pool].Requirements {
		r := &b.snap.Pools[pool].Requirements[i]
		if r.MinValues == 0 {
			continue
		}
		seen := map[string]bool{}
		for _, o := range left {
			if v, ok := b.snap.Offerings[o].Label(r.Key); ok {
				seen[v] = true
			}
		}
		if len(seen) < r.MinValues {
			return false
		}
	}
	return true
}

// join adds a pod to a claim.
func (t *trial) join(n *claim, x item, c *class, left []int32) {
	n.offerings = left
	n.requests.Add(c.Requests)
	n.ports = append(n.ports, c.Demand.Ports...)
	n.items = append(n.items, x)
	n.most = t.board.most(left)
	for _, i := range c.counted {
		t.countNew(n, i, t.board.tallies[i].rule == apart)
	}
	for _, i := range c.repels {
		t.countNew(n, i, true)
	}
}

// countNew counts a pod in the domain of a claim. As long as that is open it counts in
// all that are possible, or in none.
func (t *trial) countNew(n *claim, tally int32, all bool) {
	y := t.board.tallies[tally]
	if y.hosts {
		t.counts[tally][n.number]++
		return
	}
	if y.owner != nil && !y.owner.Selects(t.board.snap.Offerings[n.offerings[0]].Label) {
		return
	}
	seen := map[int32]bool{}
	for _, o := range n.offerings {
		if v, ok := t.board.snap.Offerings[o].Label(y.key); ok {
			if id, known := y.ids[v]; known {
				seen[id] = true
			}
		}
	}
	if len(seen) > 1 && !all {
		return
	}
	for d := range seen {
		t.counts[tally][d]++
	}
}

// create is a claim as a plan has it.
func (t *trial) create(n *claim) plan.Create {
	s := t.board.snap
	offerings := t.board.ranked(n.offerings)
	first := &s.Offerings[offerings[0]]
	out := plan.Create{Pool: s.Pools[n.pool].Name, Price: first.Price, Imputed: first.Imputed}
	asks := map[string]int64{}
	for i, name := range s.Resources {
		if v := n.requests[i] + first.Allocatable[i] - first.Free[i]; v > 0 {
			asks[name] = v
		}
	}
	out.Requests = cluster.NewResources(asks)
	for _, o := range offerings {
		out.Offerings = append(out.Offerings, s.Offerings[o].ID)
	}
	for _, x := range n.items {
		out.Pods = append(out.Pods, x.pod)
	}
	cluster.SortPods(out.Pods)
	return out
}

// ranked are offerings in the order in which the cloud is asked for them: those of the
// cheapest instance types, as many as a launch may name; spot before on-demand.
func (b *board) ranked(offerings []int32) []int32 {
	types := map[string]bool{}
	var out []int32
	for _, o := range offerings { // by price
		name := b.snap.Offerings[o].ID.InstanceType
		if !types[name] && len(types) == b.opt.maxTypes() {
			continue
		}
		types[name] = true
		out = append(out, o)
	}
	slices.SortStableFunc(out, func(x, y int32) int {
		return cmp.Compare(preference(b.snap.Offerings[x].ID.CapacityType), preference(b.snap.Offerings[y].ID.CapacityType))
	})
	return out
}

// preference ranks capacity types as a launch does.
func preference(capacityType string) int {
	switch capacityType {
	case "reserved":
		return 0
	case cluster.Spot:
		return 1
	}
	return 2
}

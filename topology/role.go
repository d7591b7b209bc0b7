package topology

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/pack"
)

// role is the part of a class in the constraints over one topology.
type role struct {
	spreads []*spread
	// apart are the groups that its own anti-affinity names, near tells that its
	// affinity does.
	apart []int32
	near  bool
	// balance are the groups it belongs to that some class spreads, flees those that
	// some class or pod is apart from, counted all that anything here counts.
	balance, flees, counted []int32
	softs                   []soft
}

// spread is a hard spread of a class over the topology.
type spread struct {
	*counter
	c    *cluster.TopologySpread
	self int32 // 1 if the class's pods are counted
}

// dealing is the state of dealing out over one topology.
type dealing struct {
	*assigner
	*domains
	spread, apart, near []bool // of each group: constraints over the topology name it
	// there are the pods of groups on hosts, dealt those that have been dealt out, by
	// group and domain. shut are the domains in which somebody is apart from a group.
	there, dealt [][]int32
	shut         [][]bool
	counters     map[counterKey]*counter
	byGroup      [][]*counter
	parts        []part
	loose        []portion // dealt out to no single domain
	roles        []*role   // of each class, nil while nobody has asked
	load         []int32   // pods dealt out, by domain
}

// part is a portion that is bound to one domain.
type part struct {
	portion
	*role
	domain int32
}

func newDealing(a *assigner, d *domains) *dealing {
	groups := len(a.snap.Groups)
	x := &dealing{
		assigner: a, domains: d, spread: make([]bool, groups), apart: make([]bool, groups), near: make([]bool, groups),
		there: make([][]int32, groups), dealt: make([][]int32, groups), shut: make([][]bool, groups), roles: make([]*role, len(a.snap.Classes)),
		load: make([]int32, d.n), counters: map[counterKey]*counter{}, byGroup: make([][]*counter, groups),
	}
	for _, i := range a.special {
		c := &a.snap.Classes[i]
		for j := range c.Demand.Spreads {
			if s := &c.Demand.Spreads[j]; s.Key == d.key && s.Counts() {
				x.spread[c.Spreads[j]] = true
			}
		}
		for j := range c.Demand.PodAntiAffinity {
			if c.Demand.PodAntiAffinity[j].Key == d.key {
				x.apart[c.AntiAffinity[j]] = true
			}
		}
		if nearIn(c, d.key) {
			x.near[c.Affinity] = true
		}
	}
	for _, r := range a.snap.Repulsions {
		if r.Key != d.key {
			continue
		}
		x.apart[r.Group] = true
		for _, h := range r.Hosts {
			if at := d.hosts[h]; at >= 0 {
				x.shutFor(r.Group)[at] = true
			}
		}
	}
	return x
}

// rows returns the row of a group, all zero at first.
func (x *dealing) row(m [][]int32, group int32) []int32 {
	r := m[group]
	if r == nil {
		r = make([]int32, x.n)
		m[group] = r
	}
	return r
}

func (x *dealing) shutFor(group int32) []bool {
	s := x.shut[group]
	if s == nil {
		s = make([]bool, x.n)
		x.shut[group] = s
	}
	return s
}

// onHosts returns the pods of a group on hosts, by domain.
func (x *dealing) onHosts(group int32) []int32 {
	if r := x.there[group]; r != nil {
		return r
	}
	r := x.row(x.there, group)
	for _, c := range x.snap.Groups[group].Hosts {
		if at := x.hosts[c.Host]; at >= 0 {
			r[at] += c.Pods
		}
	}
	return r
}

// roleOf returns the part of a class here, nil if it has none.
func (x *dealing) roleOf(class int32) *role {
	switch r := x.roles[class]; r {
	case nil:
	case &noRole:
		return nil
	default:
		return r
	}
	c := &x.snap.Classes[class]
	if c.Plain {
		return nil
	}
	r := role{near: nearIn(c, x.key)}
	for j := range c.Demand.Spreads {
		if s := &c.Demand.Spreads[j]; s.Key == x.key && s.Counts() {
			r.spreads = append(r.spreads, x.spreadOf(class, j))
		}
	}
	for j := range c.Demand.PodAntiAffinity {
		if c.Demand.PodAntiAffinity[j].Key == x.key {
			r.apart = append(r.apart, c.AntiAffinity[j])
		}
	}
	for _, g := range c.Groups {
		if x.spread[g] {
			r.balance = append(r.balance, g)
		}
		if x.apart[g] {
			r.flees = append(r.flees, g)
		}
		if x.spread[g] || x.apart[g] || x.near[g] {
			r.counted = append(r.counted, g)
		}
	}
	r.softs = x.softsOf(class, x.key)
	if len(r.spreads)+len(r.apart)+len(r.flees)+len(r.counted)+len(r.softs) == 0 && !r.near {
		x.roles[class] = &noRole
		return nil
	}
	r.countSofts(c)
	some := r // of its own, as most classes often have none
	x.roles[class] = &some
	return &some
}

// noRole stands for that of a class that has no part.
var noRole role

// countSofts counts the pods in the groups that they have preferences about.
func (r *role) countSofts(c *cluster.Class) {
	for _, s := range r.softs {
		if c.In(s.group) && !slices.Contains(r.counted, s.group) {
			r.counted = append(r.counted, s.group)
		}
	}
}

// spreadOf returns the j-th spread of a class with what it counts on hosts.
func (x *dealing) spreadOf(class int32, j int) *spread {
	c := &x.snap.Classes[class]
	s := &spread{counter: x.counterOf(class, j), c: &c.Demand.Spreads[j]}
	if c.In(s.group) {
		s.self = 1
	}
	return s
}

func meets(a, b pack.Set) bool {
	for i := range a {
		if a[i]&b[i] != 0 {
			return true
		}
	}
	return false
}

// width is the number of domains that places are in.
func (x *dealing) width(places int32) int {
	n := 0
	for at := range int32(x.n) {
		if !x.list[x.in(places, x.domains, at)].empty() {
			n++
		}
	}
	return n
}

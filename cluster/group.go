package cluster

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
)

// Group is a set of pods that a constraint counts: those that all selectors match.
type Group struct {
	Selectors []*PodSelector
	// Leaving: pods that are being deleted count too. They do for affinity, not for
	// spread.
	Leaving bool
	// Hosts are the numbers of its pods on hosts, by host; none is 0.
	Hosts []Count
}

// Count is a number of pods on a host.
type Count struct{ Host, Pods int32 }

// Repulsion is required anti-affinity of pods on hosts: in the domains that the
// label Key makes of these hosts, no pod of the group may be added.
type Repulsion struct {
	Key   string
	Group int32
	Hosts []int32 // ascending
}

// grouper finds the groups of a snapshot and who is in them.
type grouper struct {
	*builder
	index map[string]int32
	// in caches the groups that an identity belongs to, byNamespace those that an
	// identity of that namespace may belong to.
	in          map[*Identity]membership
	members     map[string]int32 // numbers of lists of groups
	byNamespace map[string][]int32
	namespaces  map[string]Labels
	// counted are the groups below this index: those that waiting pods count. The
	// others only repel.
	counted   int32
	repulsion map[repelled]int // into out.Repulsions
}

type repelled struct {
	key   string
	group int32
}

func newGrouper(b *builder) *grouper {
	g := &grouper{builder: b, index: map[string]int32{}, repulsion: map[repelled]int{}, namespaces: map[string]Labels{}}
	for _, n := range b.in.Namespaces {
		g.namespaces[n.Name] = n.Labels
	}
	return g
}

// id returns the number of the group that these selectors make.
func (g *grouper) id(leaving bool, selectors ...*PodSelector) int32 {
	var b strings.Builder
	b.WriteString(strconv.FormatBool(leaving))
	for _, s := range selectors {
		s.key(&b)
	}
	id, ok := g.index[b.String()]
	if !ok {
		id = int32(len(g.out.Groups))
		g.index[b.String()] = id
		g.out.Groups = append(g.out.Groups, Group{Selectors: selectors, Leaving: leaving})
	}
	return id
}

// refer finds the groups that a class's constraints speak of.
func (g *grouper) refer(c *Class) {
	d := c.Demand
	c.Affinity = -1
	for i := range d.Spreads {
		c.Spreads = append(c.Spreads, g.id(false, &d.Spreads[i].Pods))
	}
	if len(d.PodAffinity) > 0 {
		all := make([]*PodSelector, len(d.PodAffinity))
		for i := range d.PodAffinity {
			all[i] = d.PodAffinity[i].Pods.own()
		}
		c.Affinity = g.id(true, all...)
	}
	for i := range d.PodAntiAffinity {
		c.AntiAffinity = append(c.AntiAffinity, g.id(true, d.PodAntiAffinity[i].Pods.own()))
		c.Repels = append(c.Repels, g.id(true, &d.PodAntiAffinity[i].Pods))
	}
	for _, p := range d.Preferences {
		at := int32(-1)
		if p.Near != nil {
			at = g.id(true, p.Near.Pods.own())
		}
		c.Preferences = append(c.Preferences, at)
	}
}

// repels notes the anti-affinity of the pods on hosts.
func (g *grouper) repels() {
	g.counted = int32(len(g.out.Groups))
	g.eachOnHost(func(host int32, p *Pod) {
		for i := range p.Demand.PodAntiAffinity {
			t := &p.Demand.PodAntiAffinity[i]
			r := repelled{t.Key, g.id(true, &t.Pods)}
			at, ok := g.repulsion[r]
			if !ok {
				at = len(g.out.Repulsions)
				g.repulsion[r] = at
				g.out.Repulsions = append(g.out.Repulsions, Repulsion{Key: t.Key, Group: r.group})
			}
			x := &g.out.Repulsions[at]
			if n := len(x.Hosts); n == 0 || x.Hosts[n-1] != host {
				x.Hosts = append(x.Hosts, host)
			}
		}
	})
}

// eachOnHost calls f with the pods that will still be on their host when the plan
// has been carried out, host by host.
func (g *grouper) eachOnHost(f func(host int32, p *Pod)) {
	for h := range g.out.Hosts {
		host := &g.out.Hosts[h]
		for _, p := range host.Pods {
			if !g.leaves[p] {
				f(int32(h), p)
			}
		}
		for _, p := range host.Promised {
			f(int32(h), p)
		}
	}
}

// membership is the groups that pods belong to, ascending, and the number of that
// list.
type membership struct {
	list []int32
	id   int32
}

// of returns the groups that pods of an identity belong to.
func (g *grouper) of(id *Identity) membership {
	if id == nil {
		id = &noIdentity
	}
	if groups, ok := g.in[id]; ok {
		return groups
	}
	if g.in == nil {
		g.in, g.byNamespace, g.members = map[*Identity]membership{}, map[string][]int32{}, map[string]int32{}
	}
	possible, ok := g.byNamespace[id.Namespace]
	if !ok {
		for i := range g.out.Groups {
			if !slices.ContainsFunc(g.out.Groups[i].Selectors, func(s *PodSelector) bool { return !s.Covers(id.Namespace, g.namespaces) }) {
				possible = append(possible, int32(i))
			}
		}
		g.byNamespace[id.Namespace] = possible
	}
	var groups []int32
	for _, i := range possible {
		if !slices.ContainsFunc(g.out.Groups[i].Selectors, func(s *PodSelector) bool { return !s.Matches(id, g.namespaces) }) {
			groups = append(groups, i)
		}
	}
	m := membership{groups, g.number(groups)}
	g.in[id] = m
	return m
}

// number returns the number of a list of groups.
func (g *grouper) number(groups []int32) int32 {
	key := make([]byte, 0, 4*len(groups))
	for _, x := range groups {
		key = binary.LittleEndian.AppendUint32(key, uint32(x))
	}
	n, ok := g.members[string(key)]
	if !ok {
		n = int32(len(g.members))
		g.members[string(key)] = n
	}
	return n
}

var noIdentity Identity

// count counts the pods on hosts by group.
func (g *grouper) count() {
	if g.counted == 0 {
		return
	}
	g.eachOnHost(func(host int32, p *Pod) {
		for _, i := range g.of(p.Identity).list {
			x := &g.out.Groups[i]
			if i >= g.counted {
				break
			}
			if p.Deleting() && !x.Leaving {
				continue
			}
			if n := len(x.Hosts); n == 0 || x.Hosts[n-1].Host != host {
				x.Hosts = append(x.Hosts, Count{Host: host})
			}
			x.Hosts[len(x.Hosts)-1].Pods++
		}
	})
}

// dropIdle leaves out the repulsions that touch nothing that waits.
func (g *grouper) dropIdle() {
	waiting := make([]bool, len(g.out.Groups))
	for i := range g.out.Classes {
		for _, group := range g.out.Classes[i].Groups {
			waiting[group] = true
		}
	}
	g.out.Repulsions = slices.DeleteFunc(g.out.Repulsions, func(r Repulsion) bool { return !waiting[r.Group] })
	slices.SortFunc(g.out.Repulsions, func(x, y Repulsion) int {
		return cmp.Or(strings.Compare(x.Key, y.Key), cmp.Compare(x.Group, y.Group))
	})
}

package karpenter

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// board is a snapshot as Karpenter's scheduler sees it: what stays the same whatever is
// tried.
type board struct {
	snap    *cluster.Snapshot
	opt     Options
	classes []class
	tallies []*tally
	index   map[tallyKey]int32
	values  map[string][]string // of labels on nodes that could be bought
	order   []int32             // hosts, in the order in which they are tried
	pools   []int               // that may be bought from, in the order in which they are tried
	leaving map[string]bool     // nodes that go whatever is decided, by name
	spans   [][2]int32          // of Snapshot.Offerings, by pool
}

// class is a class of pods with its constraints, as they are before and after each
// preference is given up.
type class struct {
	*cluster.Class
	variants []variant
	counted  []int32 // tallies that count its pods
	repels   []int32 // tallies of what its pods keep away
	repelled []constraint
}

// variant is what a class asks for at one stage of giving up preferences.
type variant struct {
	terms       []cluster.Term // of node affinity, required and preferred
	constraints []constraint
	plain       bool   // room and selection alone decide
	admits      []int8 // of each host: 0 not known yet, 1 yes, −1 no
	sells       []int8 // of each offering
}

func newBoard(s *cluster.Snapshot, o Options) *board {
	b := &board{snap: s, opt: o, index: map[tallyKey]int32{}, values: map[string][]string{}}
	b.classes = make([]class, len(s.Classes))
	for i := range s.Classes {
		b.classes[i].Class = &s.Classes[i]
		b.classes[i].variants = b.variants(&s.Classes[i])
	}
	b.repulsions()
	for i := range b.classes {
		c := &b.classes[i]
		for j := range c.Demand.PodAntiAffinity {
			c.repels = append(c.repels, b.tallyOf(tallyKey{key: c.Demand.PodAntiAffinity[j].Key, group: c.Repels[j], rule: apart, repel: true}))
		}
	}
	for i := range b.classes {
		b.link(&b.classes[i])
	}
	for h := range s.Hosts {
		if s.Hosts[h].Closed == "" {
			b.order = append(b.order, int32(h))
		}
	}
	slices.SortStableFunc(b.order, func(x, y int32) int {
		a, b := &s.Hosts[x], &s.Hosts[y]
		if a.InFlight != b.InFlight {
			if b.InFlight {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	b.spans = make([][2]int32, len(s.Pools))
	for i := range s.Offerings {
		r := &b.spans[s.Offerings[i].Pool]
		if r[1] == 0 {
			r[0] = int32(i)
		}
		r[1] = int32(i) + 1
	}
	for i := range s.Pools {
		if p := &s.Pools[i]; p.Closed() == "" && p.Shape == cluster.Free && b.spans[i][1] > 0 {
			b.pools = append(b.pools, i)
		}
	}
	slices.SortFunc(b.pools, func(x, y int) int { // of equal weight, the last by name
		return cmp.Or(-cmp.Compare(s.Pools[x].Weight, s.Pools[y].Weight), -strings.Compare(s.Pools[x].Name, s.Pools[y].Name))
	})
	return b
}

// link finds the tallies that pods of a class change, and those that keep it away.
func (b *board) link(c *class) {
	for k, i := range b.index {
		switch t := b.tallies[i]; {
		case !c.In(t.group):
		case k.repel:
			c.repelled = append(c.repelled, constraint{tally: i, rule: apart})
		default:
			c.counted = append(c.counted, i)
		}
	}
	slices.Sort(c.counted)
	slices.SortFunc(c.repelled, func(x, y constraint) int { return cmp.Compare(x.tally, y.tally) })
	for i := range c.variants {
		v := &c.variants[i]
		v.constraints = append(v.constraints, c.repelled...)
		v.plain = len(v.constraints) == 0
	}
}

// variants are the stages of a class: each gives up one thing more, in Karpenter's order:
// the first of several required terms of node affinity, preferred pod affinity,
// preferred anti-affinity, preferred nodes (the heaviest first), soft spreads.
func (b *board) variants(c *cluster.Class) []variant {
	if len(c.Refused) > 0 || len(c.Claims) > 0 || c.Demand.Affinity != nil && len(c.Demand.Affinity) == 0 {
		return nil
	}
	w := wishes{terms: c.Demand.Affinity}
	if !b.opt.IgnorePreferences {
		w.add(c)
	}
	out := []variant{b.variant(c, &w)}
	for w.relax() {
		out = append(out, b.variant(c, &w))
	}
	return out
}

// wishes are the constraints of a class that can be given up.
type wishes struct {
	terms             []cluster.Term
	near, apart, node []int // indexes into Preferences, the heaviest first
	soft              []int // indexes into Spreads
}

func (w *wishes) add(c *cluster.Class) {
	for i := range c.Demand.Preferences {
		switch p := &c.Demand.Preferences[i]; {
		case p.Near == nil:
			w.node = append(w.node, i)
		case p.Apart:
			w.apart = append(w.apart, i)
		default:
			w.near = append(w.near, i)
		}
	}
	for _, list := range [][]int{w.near, w.apart, w.node} {
		slices.SortStableFunc(list, func(x, y int) int {
			return -cmp.Compare(c.Demand.Preferences[x].Weight, c.Demand.Preferences[y].Weight)
		})
	}
	for i := range c.Demand.Spreads {
		if c.Demand.Spreads[i].Soft {
			w.soft = append(w.soft, i)
		}
	}
}

// relax gives up one of them, and tells whether there was one.
func (w *wishes) relax() bool {
	if len(w.terms) > 1 {
		w.terms = w.terms[1:]
		return true
	}
	for _, list := range []*[]int{&w.near, &w.apart, &w.node, &w.soft} {
		if len(*list) > 0 {
			*list = (*list)[1:]
			return true
		}
	}
	return false
}

// variant is a class with the wishes that are left.
func (b *board) variant(c *cluster.Class, w *wishes) variant {
	v := variant{admits: make([]int8, len(b.snap.Hosts)), sells: make([]int8, len(b.snap.Offerings))}
	strict := []cluster.Term{c.Demand.Selector}
	if len(w.terms) > 0 {
		strict = append(strict, w.terms[0])
	}
	v.terms = strict
	for i := range c.Volumes {
		if a := c.Volumes[i].Affinity; len(a) > 0 {
			v.terms = append(v.terms, a[0])
		}
	}
	if len(w.node) > 0 {
		v.terms = append(slices.Clip(v.terms), c.Demand.Preferences[w.node[0]].Node)
	}
	for i := range c.Demand.Spreads {
		s := &c.Demand.Spreads[i]
		if s.Soft && !slices.Contains(w.soft, i) {
			continue
		}
		k := tallyKey{key: s.Key, group: c.Spreads[i], rule: spreads}
		if s.HonorAffinity && (len(c.Demand.Selector) > 0 || c.Demand.Affinity != nil) {
			k.owner = c.Demand
		}
		v.constraints = append(v.constraints, b.constraint(c, k, strict, s.MaxSkew, s.MinDomains))
	}
	for i := range c.Demand.PodAffinity {
		v.constraints = append(v.constraints, b.constraint(c, tallyKey{key: c.Demand.PodAffinity[i].Key, group: c.Affinity, rule: near}, strict, 0, 0))
	}
	for _, i := range w.near {
		v.constraints = append(v.constraints, b.constraint(c, tallyKey{key: c.Demand.Preferences[i].Near.Key, group: c.Preferences[i], rule: near}, strict, 0, 0))
	}
	for i := range c.Demand.PodAntiAffinity {
		v.constraints = append(v.constraints, b.constraint(c, tallyKey{key: c.Demand.PodAntiAffinity[i].Key, group: c.AntiAffinity[i], rule: apart}, strict, 0, 0))
	}
	for _, i := range w.apart {
		v.constraints = append(v.constraints, b.constraint(c, tallyKey{key: c.Demand.Preferences[i].Near.Key, group: c.Preferences[i], rule: apart}, strict, 0, 0))
	}
	return v
}

func (b *board) constraint(c *cluster.Class, k tallyKey, strict []cluster.Term, skew, domains int32) constraint {
	x := constraint{tally: b.tallyOf(k), rule: k.rule, skew: skew, domains: domains}
	if c.In(k.group) {
		x.itself = 1
	}
	t := b.tallies[x.tally]
	if t.hosts {
		return x
	}
	for _, term := range strict {
		for i := range term {
			if r := &term[i]; r.Key == t.key {
				x.open = make([]bool, len(t.names))
				for d, v := range t.names {
					x.open[d] = termAllows(strict, t.key, v)
				}
				return x
			}
		}
	}
	return x
}

// termAllows tells whether all requirements on a label allow a value.
func termAllows(terms []cluster.Term, key, value string) bool {
	for _, term := range terms {
		for i := range term {
			if term[i].Key == key && !term[i].Matches(value, true) {
				return false
			}
		}
	}
	return true
}

// admitted tells whether a host is one that a variant selects and whose taints its class
// tolerates.
func (b *board) admitted(c *class, v *variant, host int32) bool {
	if v.admits[host] == 0 {
		h := &b.snap.Hosts[host]
		v.admits[host] = verdict(v.selects(c, h.Label, h.Taints))
	}
	return v.admits[host] > 0
}

// admittedNew tells the same of an offering.
func (b *board) admittedNew(c *class, v *variant, offering int32) bool {
	if v.sells[offering] == 0 {
		o := &b.snap.Offerings[offering]
		v.sells[offering] = verdict(v.selects(c, o.Label, b.snap.Pools[o.Pool].Taints))
	}
	return v.sells[offering] > 0
}

func (v *variant) selects(c *class, label cluster.Lookup, taints []cluster.Taint) bool {
	if _, bad := cluster.Untolerated(taints, c.Demand.Tolerations); bad {
		return false
	}
	return !slices.ContainsFunc(v.terms, func(t cluster.Term) bool { return !t.Matches(label) })
}

func verdict(yes bool) int8 {
	if yes {
		return 1
	}
	return -1
}

package schedule

import (
	"strconv"

	"github.com/ullage-sh/ullage/cluster"
)

// domains is what one label makes of the nodes.
type domains struct {
	key string
	ids map[string]int32
	by  []int32 // by slot, −1 without the label
	// slots has for each domain a bit for each slot that is in it; nil where there are more
	// domains than it pays for.
	slots [][]uint64
}

// fewDomains is how many domains a label may have so that whole domains are passed over.
const fewDomains = 8

func (c *Cache) domains(key string) *domains {
	if d := c.keys[key]; d != nil {
		return d
	}
	d := &domains{key: key, ids: map[string]int32{}}
	c.keys[key] = d
	for _, n := range c.nodes {
		if n != nil {
			d.set(n)
		}
	}
	return d
}

func (d *domains) set(n *node) {
	for len(d.by) <= n.slot {
		d.by = append(d.by, -1)
	}
	if was := int(d.by[n.slot]); was >= 0 && was < len(d.slots) {
		d.slots[was][n.slot/64] &^= 1 << (n.slot % 64)
	}
	d.by[n.slot] = -1
	if n.rec == nil {
		return
	}
	value, ok := d.value(n.rec)
	if !ok {
		return
	}
	id, known := d.ids[value]
	if !known {
		id = int32(len(d.ids))
		d.ids[value] = id
	}
	d.by[n.slot] = id
	d.mark(id, n.slot)
}

// value is what a node has of the label.
func (d *domains) value(rec *cluster.Node) (string, bool) {
	if d.key == cluster.FieldName {
		return rec.Name, true
	}
	return rec.Labels.Get(d.key)
}

// of is the domain of a node with that record, −1 without the label, −2 if it would be the
// first there.
func (d *domains) of(rec *cluster.Node) int32 {
	value, ok := d.value(rec)
	if !ok {
		return -1
	}
	if id, known := d.ids[value]; known {
		return id
	}
	return -2
}

// mark notes that a slot is in a domain.
func (d *domains) mark(id int32, slot int) {
	if len(d.ids) > fewDomains {
		d.slots = nil
		return
	}
	for int(id) >= len(d.slots) {
		d.slots = append(d.slots, nil)
	}
	for len(d.slots[id]) <= slot/64 {
		d.slots[id] = append(d.slots[id], 0)
	}
	d.slots[id][slot/64] |= 1 << (slot % 64)
}

func (d *domains) at(slot int) int32 {
	if slot >= len(d.by) {
		return -1
	}
	return d.by[slot]
}

// group is a set of pods that constraints count: those that all selectors match.
type group struct {
	selectors []*cluster.PodSelector
	sole      *cluster.Identity // instead of selectors: the pods of one identity
	leaving   bool              // pods that are being deleted count too
	tallies   []*tally
	spreads   []*spread
	crowds    []*crowd // that belong to it
}

func (g *group) has(id *cluster.Identity) bool {
	if g.sole != nil {
		return g.sole == id
	}
	if id == nil {
		id = &nobody
	}
	for _, s := range g.selectors {
		if !s.Matches(id, nil) {
			return false
		}
	}
	return true
}

var nobody cluster.Identity

// tally counts pods of a group, or those that reach out, by domain.
type tally struct {
	*domains
	count []int32
	total int32
}

func (t *tally) add(slot int, by int32) {
	d := t.at(slot)
	if d < 0 {
		return
	}
	for int(d) >= len(t.count) {
		t.count = append(t.count, 0)
	}
	t.count[d] += by
	t.total += by
}

func (t *tally) pods(slot int) (n int32, known bool) {
	d := t.at(slot)
	switch {
	case d < 0:
		return 0, false
	case int(d) >= len(t.count):
		return 0, true
	}
	return t.count[d], true
}

// reach is a term of pods with some demand that concerns other pods: required
// anti-affinity keeps them away (weight 0), preferences and required affinity pull
// or push them.
type reach struct {
	demand   *cluster.Demand
	selector *cluster.PodSelector
	weight   int64
	tally    *tally
}

// group returns the group of pods that all selectors match, and counts what is there
// when it is new.
func (c *Cache) group(leaving bool, sole *cluster.Identity, selectors ...*cluster.PodSelector) *group {
	key := strconv.FormatBool(leaving)
	if sole != nil {
		key += "=" + sole.Key
	}
	for _, s := range selectors {
		key += selectorKey(s)
	}
	if g := c.groups[key]; g != nil {
		return g
	}
	g := &group{selectors: selectors, sole: sole, leaving: leaving}
	c.groups[key] = g
	if sole != nil {
		c.soles[sole] = append(c.soles[sole], g)
	} else {
		c.selectors.add(selectors[0], g)
	}
	c.join(g)
	return g
}

// selectorKey tells selectors apart, by way of the key of a demand that has nothing
// else.
func selectorKey(s *cluster.PodSelector) string {
	d := cluster.Demand{PodAffinity: []cluster.PodAffinityTerm{{Pods: *s}}}
	d.SetKey()
	return d.Key
}

// tally returns the count of a group by the domains of a label.
func (c *Cache) tally(g *group, key string) *tally {
	for _, t := range g.tallies {
		if t.key == key {
			return t
		}
	}
	t := &tally{domains: c.domains(key)}
	g.tallies = append(g.tallies, t)
	for _, w := range g.crowds {
		for _, r := range w.pods {
			if r.node.rec != nil && (g.leaving || !r.leaving) {
				t.add(r.node.slot, 1)
			}
		}
	}
	return t
}

// reachesOf returns the terms of pods with a demand that concern others.
func (c *Cache) reachesOf(d *cluster.Demand) []*reach {
	list, known := c.reaches[d]
	if known {
		return list
	}
	add := func(t *cluster.PodAffinityTerm, weight int64) {
		list = append(list, &reach{demand: d, selector: &t.Pods, weight: weight, tally: &tally{domains: c.domains(t.Key)}})
	}
	for i := range d.PodAntiAffinity {
		add(&d.PodAntiAffinity[i], 0)
	}
	for i := range d.PodAffinity {
		add(&d.PodAffinity[i], hardAffinityWeight)
	}
	for i := range d.Preferences {
		if p := &d.Preferences[i]; p.Near != nil && p.Apart {
			add(p.Near, -int64(p.Weight))
		} else if p.Near != nil {
			add(p.Near, int64(p.Weight))
		}
	}
	c.reaches[d] = list
	for _, r := range list {
		c.terms.add(r.selector, r)
		for _, k := range c.classByPair.mayBeMeant(r.selector) {
			k.feel(r)
		}
	}
	return list
}

// hardAffinityWeight is what required affinity of a pod that is there counts as a
// preference of one that comes (the default of hardPodAffinityWeight).
const hardAffinityWeight = 1

// count adds (1) or takes away (−1) a pod in all counts, if its node is there.
func (c *Cache) count(r *resident, by int32) {
	if r.node.rec == nil {
		return
	}
	slot := r.node.slot
	for _, g := range r.crowd.groups {
		if r.leaving && !g.leaving {
			continue
		}
		for _, t := range g.tallies {
			t.add(slot, by)
		}
		for _, s := range g.spreads {
			s.add(slot, by)
		}
	}
	for _, x := range c.reachesOf(r.class.demand) {
		x.tally.add(slot, by)
	}
}

// uncountAll takes a node and its pods out of all counts before the node changes.
func (c *Cache) uncountAll(n *node) {
	if n.rec == nil {
		return
	}
	for r := range n.pods {
		c.count(r, -1)
	}
	for _, s := range c.scopes {
		s.forget(n.slot)
	}
}

// countAll puts a node and its pods back.
func (c *Cache) countAll(n *node) {
	for _, s := range c.scopes {
		s.look(n)
	}
	for r := range n.pods {
		c.count(r, 1)
	}
}

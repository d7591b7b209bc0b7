package schedule

import (
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// scope is the nodes that a spread looks at. Most spreads look at the same: a node that
// changes is held against each scope once, and not against each spread.
type scope struct {
	by       *domains
	required []*domains // labels that a node has to have beside that
	// selects and tolerates have what a node has to match and tolerated taints; nil if the
	// spread does not honour them.
	selects, tolerates *cluster.Demand
	looks              []bool    // by slot: the node is looked at
	nodes              []int32   // how many nodes each domain has
	known              int32     // domains that have nodes
	hard               []*spread // that are in the scope, and filter
}

// scope returns the scope of a spread of a class, which has others of its kind beside it.
func (c *Cache) scope(k *class, x *cluster.TopologySpread, beside []cluster.TopologySpread) *scope {
	s := &scope{by: c.domains(x.Key)}
	var key strings.Builder
	key.WriteString(x.Key)
	for i := range beside {
		if y := &beside[i]; !k.eitherKeys && y.Soft == x.Soft && y.Key != x.Key {
			key.WriteString("\x00" + y.Key)
			s.required = append(s.required, c.domains(y.Key))
		}
	}
	if x.HonorAffinity && (len(k.demand.Selector) > 0 || k.demand.Affinity != nil) {
		s.selects = k.demand
		d := cluster.Demand{Selector: k.demand.Selector, Affinity: k.demand.Affinity}
		d.SetKey()
		key.WriteString("\x00selects " + d.Key)
	}
	if x.HonorTaints {
		s.tolerates = k.demand
		d := cluster.Demand{Tolerations: k.demand.Tolerations}
		d.SetKey()
		key.WriteString("\x00tolerates " + d.Key)
	}
	if have := c.scopes[key.String()]; have != nil {
		return have
	}
	c.scopes[key.String()] = s
	for _, n := range c.nodes {
		if n != nil && n.rec != nil {
			s.look(n)
		}
	}
	return s
}

// has tells whether a node is one of those that are looked at.
func (s *scope) has(n *node) bool {
	if s.by.at(n.slot) < 0 {
		return false
	}
	for _, d := range s.required {
		if d.at(n.slot) < 0 {
			return false
		}
	}
	if s.selects != nil && !s.selects.Selects(n.label) {
		return false
	}
	if s.tolerates != nil {
		if _, bad := cluster.Untolerated(n.taint, s.tolerates.Tolerations); bad {
			return false
		}
	}
	return true
}

func (s *scope) looksAt(slot int) bool { return slot < len(s.looks) && s.looks[slot] }

// look makes a node, whose pods do not count yet, one that is looked at, if it is.
func (s *scope) look(n *node) {
	for len(s.looks) <= n.slot {
		s.looks = append(s.looks, false)
	}
	s.looks[n.slot] = s.has(n)
	if !s.looks[n.slot] {
		return
	}
	d := s.by.at(n.slot)
	for int(d) >= len(s.nodes) {
		s.nodes = append(s.nodes, 0)
	}
	if s.nodes[d]++; s.nodes[d] == 1 {
		s.known++
		for _, x := range s.hard {
			x.level(x.inDomain(d), 1)
		}
	}
}

// forget makes a node, without pods by now, one that is not looked at.
func (s *scope) forget(slot int) {
	if !s.looksAt(slot) {
		return
	}
	s.looks[slot] = false
	d := s.by.at(slot)
	if s.nodes[d]--; s.nodes[d] == 0 {
		s.known--
		for _, x := range s.hard {
			x.level(x.inDomain(d), -1)
		}
	}
}

// relook holds a node that has changed against a scope, where its domains are as before.
func (c *Cache) relook(s *scope, n *node) {
	is := s.has(n)
	if is == s.looksAt(n.slot) {
		return
	}
	if is {
		s.look(n)
		c.countIn(s, n, 1)
		return
	}
	c.countIn(s, n, -1)
	s.forget(n.slot)
}

// countIn adds or takes away the pods of a node in the spreads of a scope.
func (c *Cache) countIn(s *scope, n *node, by int32) {
	for r := range n.pods {
		for _, g := range r.crowd.groups {
			if r.leaving && !g.leaving {
				continue
			}
			for _, x := range g.spreads {
				if x.scope == s {
					x.add(n.slot, by)
				}
			}
		}
	}
}

// crowd is the pods of one identity that are on nodes, and the groups that they belong to.
type crowd struct {
	identity *cluster.Identity
	pods     []*resident
	groups   []*group
}

// crowd returns the pods of an identity.
func (c *Cache) crowd(id *cluster.Identity) *crowd {
	w := c.crowds[id]
	if w == nil {
		w = &crowd{identity: id}
		c.crowds[id] = w
		c.crowdsByPair.add(w.labels(), w)
		for _, g := range c.soles[id] {
			w.join(g)
		}
		c.selectors.mayMean(w.labels(), w.join)
	}
	return w
}

// join makes a group one of those that pods that are there belong to.
func (c *Cache) join(g *group) {
	if g.sole != nil {
		if w := c.crowds[g.sole]; w != nil {
			w.join(g)
		}
		return
	}
	for _, w := range c.crowdsByPair.mayBeMeant(g.selectors[0]) {
		w.join(g)
	}
}

// join makes the pods belong to a group, if they do.
func (w *crowd) join(g *group) {
	if g.has(w.identity) {
		w.groups = append(w.groups, g)
		g.crowds = append(g.crowds, w)
	}
}

// labels is the identity by which selectors judge the pods.
func (w *crowd) labels() *cluster.Identity {
	if w.identity == nil {
		return &nobody
	}
	return w.identity
}

func (w *crowd) add(r *resident) {
	r.crowd, r.rank = w, len(w.pods)
	w.pods = append(w.pods, r)
}

func (w *crowd) remove(r *resident) {
	last := len(w.pods) - 1
	w.pods[r.rank] = w.pods[last]
	w.pods[r.rank].rank = r.rank
	w.pods[last] = nil
	w.pods = w.pods[:last]
}

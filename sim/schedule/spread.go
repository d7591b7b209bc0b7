package schedule

import "github.com/ullage-sh/ullage/cluster"

// spread is a topology spread constraint of a class with its counts: of the group's
// pods in each domain of the nodes that the class may look at.
type spread struct {
	tally
	c      *cluster.TopologySpread
	class  *class
	itself int32   // 1 if a pod of the class is one of those counted
	nodes  []int32 // how many nodes each domain has
	looks  []bool  // by slot: the node is looked at
	levels []int32 // how many domains have each number of pods
	known  int32   // domains
}

// addSpreads makes the constraints of a class count. Those that are hard filter, the
// others score.
func (c *Cache) addSpreads(k *class) {
	spreads := k.demand.Spreads
	k.eitherKeys = false
	if len(spreads) == 0 && k.owned {
		spreads, k.eitherKeys = systemSpreads, true
	}
	for i := range spreads {
		x := &spreads[i]
		var g *group
		switch {
		case k.eitherKeys:
			g = c.group(false, k.identity)
		case x.Pods.Labels != nil && len(x.Pods.Labels) == 0:
			g = c.group(false, &none) // the scheduler counts none for a selector that is empty
		default:
			g = c.group(false, nil, &x.Pods)
		}
		s := &spread{tally: tally{domains: c.domains(x.Key)}, c: x, class: k}
		if g.has(k.identity) || len(x.Pods.Labels) == 0 && x.Pods.Labels != nil && x.Pods.Matches(k.identity, nil) {
			s.itself = 1
		}
		if x.Soft {
			k.soft = append(k.soft, s)
		} else {
			k.hard = append(k.hard, s)
		}
		g.spreads = append(g.spreads, s)
	}
	for _, list := range [][]*spread{k.hard, k.soft} {
		for _, s := range list {
			c.fill(s)
		}
	}
}

// none is an identity that no pod has.
var none = cluster.Identity{Key: "none"}

// systemSpreads are what the scheduler adds to pods of a controller that say nothing
// themselves (defaultingType System).
var systemSpreads = []cluster.TopologySpread{
	{Key: cluster.LabelHostname, MaxSkew: 3, Soft: true, HonorAffinity: true},
	{Key: cluster.LabelZone, MaxSkew: 5, Soft: true, HonorAffinity: true},
}

// fill counts what is there when the constraint is new.
func (c *Cache) fill(s *spread) {
	var g *group
	for _, x := range c.order {
		for _, y := range x.spreads {
			if y == s {
				g = x
			}
		}
	}
	for _, n := range c.nodes {
		if n == nil || n.rec == nil {
			continue
		}
		s.look(n)
		for r := range n.pods {
			if g.has(r.identity) && !r.leaving {
				s.add(n.slot, 1)
			}
		}
	}
}

// look makes a node one that is looked at, if it is.
func (s *spread) look(n *node) {
	for len(s.looks) <= n.slot {
		s.looks = append(s.looks, false)
	}
	s.looks[n.slot] = s.counts(n)
	if !s.looks[n.slot] {
		return
	}
	d := s.at(n.slot)
	for int(d) >= len(s.nodes) {
		s.nodes = append(s.nodes, 0)
	}
	if s.nodes[d]++; s.nodes[d] == 1 {
		s.known++
		s.level(s.inDomain(d), 1)
	}
}

// forget makes a node, without pods by now, one that is not looked at.
func (s *spread) forget(slot int) {
	if slot >= len(s.looks) || !s.looks[slot] {
		return
	}
	s.looks[slot] = false
	d := s.at(slot)
	if s.nodes[d]--; s.nodes[d] == 0 {
		s.known--
		s.level(s.inDomain(d), -1)
	}
}

// counts tells whether a node is one of those that the constraint looks at.
func (s *spread) counts(n *node) bool {
	k := s.class
	if !k.eitherKeys {
		list := k.hard
		if s.c.Soft {
			list = k.soft
		}
		for _, other := range list {
			if other.at(n.slot) < 0 {
				return false
			}
		}
	}
	if s.at(n.slot) < 0 || s.c.HonorAffinity && !k.demand.Selects(n.label) {
		return false
	}
	if s.c.HonorTaints {
		if _, bad := cluster.Untolerated(n.taint, k.demand.Tolerations); bad {
			return false
		}
	}
	return true
}

func (s *spread) inDomain(d int32) int32 {
	if int(d) >= len(s.count) {
		return 0
	}
	return s.count[d]
}

func (s *spread) level(pods, by int32) {
	for int(pods) >= len(s.levels) {
		s.levels = append(s.levels, 0)
	}
	s.levels[pods] += by
}

// add counts a pod that comes to (1) or leaves (−1) a node.
func (s *spread) add(slot int, by int32) {
	if slot >= len(s.looks) || !s.looks[slot] {
		return
	}
	d := s.at(slot)
	s.level(s.inDomain(d), -1)
	s.tally.add(slot, by)
	s.level(s.count[d], 1)
}

// least is the smallest number of pods in a domain.
func (s *spread) least() int32 {
	if s.known == 0 || s.known < s.c.MinDomains {
		return 0
	}
	for pods, n := range s.levels {
		if n > 0 {
			return int32(pods)
		}
	}
	return 0
}

// fits tells whether one more pod of the class may go to a node.
func (s *spread) fits(slot int, least int32) bool {
	d := s.at(slot)
	return d >= 0 && s.inDomain(d)+s.itself-least <= s.c.MaxSkew
}

// full adds the slots of domains, where there are few, that hold as many pods of the class
// as they may.
func (s *spread) full(least int32, to [][]uint64) [][]uint64 {
	for d, slots := range s.slots {
		if s.inDomain(int32(d))+s.itself-least > s.c.MaxSkew {
			to = append(to, slots)
		}
	}
	return to
}

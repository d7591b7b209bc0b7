package schedule

import "github.com/ullage-sh/ullage/cluster"

// spread is a topology spread constraint of a class with its counts: of the group's
// pods in each domain of the nodes that the class may look at.
type spread struct {
	tally
	*scope
	c      *cluster.TopologySpread
	itself int32   // 1 if a pod of the class is one of those counted
	levels []int32 // how many domains have each number of pods; of those that filter
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
		s := &spread{tally: tally{domains: c.domains(x.Key)}, scope: c.scope(k, x, spreads), c: x}
		if g.has(k.identity) || len(x.Pods.Labels) == 0 && x.Pods.Labels != nil && x.Pods.Matches(k.identity, nil) {
			s.itself = 1
		}
		if x.Soft {
			k.soft = append(k.soft, s)
		} else {
			k.hard = append(k.hard, s)
			s.hard = append(s.hard, s)
			s.level(0, s.known)
		}
		g.spreads = append(g.spreads, s)
		s.fill(g)
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

// fill counts what is there of a group when the constraint is new.
func (s *spread) fill(g *group) {
	for _, w := range g.crowds {
		for _, r := range w.pods {
			if r.node.rec != nil && !r.leaving {
				s.add(r.node.slot, 1)
			}
		}
	}
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
	if !s.looksAt(slot) {
		return
	}
	if s.c.Soft {
		s.tally.add(slot, by)
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

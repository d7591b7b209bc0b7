package check

// order looks for an order in which the scheduler lets the pods of the plan onto
// their nodes, and counts those that are left over. It tries to let them in as soon
// as they are let, and if that fails, evenly.
func (s *state) order(r *Report) {
	r.Stuck = s.arrive(s.eagerly)
	if r.Stuck > 0 {
		r.Stuck = min(r.Stuck, s.arrive(s.evenly))
	}
}

// arrive takes the pods of the plan out and lets them come back, those that the
// plan says are late after all others and in its order. It returns how many do not
// get in, and leaves all in place.
func (s *state) arrive(all func([]*pod) []*pod) (stuck int) {
	late := map[string]*pod{}
	for _, id := range s.world.late {
		late[id] = nil
	}
	var queue []*pod
	for _, p := range s.world.pods {
		if !p.planned {
			continue
		}
		s.put(p, -1)
		if _, is := late[p.id]; is {
			late[p.id] = p
		} else {
			queue = append(queue, p)
		}
	}
	queue = all(queue)
	for _, id := range s.world.late {
		if p := late[id]; p != nil {
			queue = append(queue, s.admit([]*pod{p}, 1, s.lets)...)
		}
	}
	for _, p := range queue {
		s.put(p, +1)
	}
	return len(queue)
}

// eagerly lets in whoever is let, until nobody is.
func (s *state) eagerly(queue []*pod) []*pod {
	for {
		left := s.admit(queue, len(queue), s.lets)
		if len(left) == len(queue) {
			return left
		}
		queue = left
	}
}

// evenly lets in pods that keep what they count for spread evenly, as if each had
// the constraints that it counts for; a few of the others whenever there are none.
// Constraints over single nodes are left out: most pods that count for one are
// crowded on a few nodes in the end.
func (s *state) evenly(queue []*pod) []*pod {
	even := func(p *pod) bool {
		for _, g := range s.says[p].inGroups {
			if len(g.count) < len(g.eligible) && !g.admits(p) {
				return false
			}
		}
		return s.lets(p)
	}
	const few = 64 // one in so many of those that wait
	for {
		left := s.admit(queue, len(queue), even)
		if len(left) == len(queue) {
			left = s.admit(queue, 1+len(queue)/few, s.lets)
		}
		if len(left) == len(queue) {
			return left
		}
		queue = left
	}
}

func (s *state) lets(p *pod) bool { return len(s.refused(p)) == 0 }

// admit lets in pods that may, each in its turn and at most so many, and returns
// the others.
func (s *state) admit(queue []*pod, most int, may func(*pod) bool) (left []*pod) {
	for _, p := range queue {
		if most > 0 && may(p) {
			s.put(p, +1)
			most--
		} else {
			left = append(left, p)
		}
	}
	return left
}

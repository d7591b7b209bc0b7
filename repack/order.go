package repack

import (
	"cmp"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/fit"
	"github.com/ullage-sh/ullage/plan"
)

// Pods that depend on each other may be fine where a plan puts them and yet not get there:
// while some have moved and others have not, a spread may be uneven, or a zone have no place
// for one more. And as long as one of them waits, a budget for evictions may hold the rest.
// So where nodes are bought for such pods, the way is gone step by step.

// inOrder tells whether the pods of hosts that what was bought replaces find places one
// after the other, while those that come later are still where they were.
func (p *pass) inOrder(hosts []int, bought *plan.Plan) bool {
	if s := p.stepsOf(hosts, bought); s != nil {
		return s.gone(nil)
	}
	return true
}

// inAnyOrder is inOrder with chance in who comes first of those whose turn it is, and in where
// the scheduler puts them, times as often as usual: what is so in any order is so in order. Where
// the way cannot be gone step by step, it is false.
func (p *pass) inAnyOrder(hosts []int, bought *plan.Plan, times int) bool {
	s := p.stepsOf(hosts, bought)
	if s == nil || !s.gone(nil) {
		return false
	}
	dice := dice(hosts[0])
	for range times*rehearsalsFor(len(p.byRoom)) - 1 {
		if !s.gone(&dice) {
			return false
		}
	}
	return true
}

// steps is the way of pods from hosts that go to where a plan wants them.
type steps struct {
	*pass
	world *fit.World
	class map[int]int        // what classes are called there
	node  func(host int) int // and hosts
	there []int              // nodes that take any pods, those with most cpu free first
	lines map[int]*lineup    // those that may take some of each class
	// places are the new node of each pod for which one is bought, by class.
	places map[int][]int
	pods   []*cluster.Pod
	turn   func(*cluster.Pod) int
}

// stepsOf is the way of the pods of hosts that what was bought replaces; nil if nothing was, if
// it does not matter where others of them are, or if it cannot be found out step by step.
func (p *pass) stepsOf(hosts []int, bought *plan.Plan) *steps {
	moving := p.podsOf(hosts)
	if len(bought.Creates) == 0 || !stepwise(moving) {
		return nil
	}
	s := &steps{pass: p, lines: map[int]*lineup{}, places: map[int][]int{}}
	s.world, s.class, s.node = p.aheadOf(hosts, moving)
	most := p.withMost(p.leastOf(moving), hosts)
	slices.SortStableFunc(most, func(a, b int32) int { return falseFirst(p.shunned[a], p.shunned[b]) })
	for _, h := range most {
		s.there = append(s.there, s.node(int(h)))
	}
	s.lineUp()
	fresh := map[*cluster.Pod]bool{} // for which a node is bought
	for i := range bought.Creates {
		at := s.world.Buy(p.offering(&bought.Creates[i]))
		for _, pod := range bought.Creates[i].Pods {
			fresh[pod] = true
			c := s.class[p.class[pod]]
			s.places[c] = append(s.places[c], at)
		}
	}
	for _, h := range hosts {
		for _, x := range p.hosts[h].parts {
			s.pods = append(s.pods, x.pods...)
		}
	}
	s.turn = func(pod *cluster.Pod) int {
		if fresh[pod] {
			return LateTurn(pod)
		}
		return Turn(pod)
	}
	return s
}

// lineUp finds the nodes that may take some of each class, while all pods are where they were.
func (s *steps) lineUp() {
	for c, x := range s.class {
		l := lineUp(s.world, s.world.View(x), s.there, s.snap.Classes[c].Requests)
		s.lines[x] = &l
	}
}

// gone tells whether all pods find places, and puts them back where they were. Each goes where
// most is free and to its new node only if it has to; with dice it is any of the roomiest.
func (s *steps) gone(dice *dice) bool {
	type at struct{ class, node int }
	var placed []at
	left := map[int][]int{} // places, by class
	for c, nodes := range s.places {
		left[c] = slices.Clone(nodes)
	}
	pods := slices.Clone(s.pods)
	if dice != nil {
		shuffle(dice, pods)
	}
	slices.SortStableFunc(pods, func(a, b *cluster.Pod) int { return cmp.Compare(s.turn(b), s.turn(a)) })
	place := func(pod *cluster.Pod) bool {
		c := s.class[s.pass.class[pod]]
		v := s.world.View(c)
		to := s.roomiestOf(c, v, dice)
		if to < 0 {
			i := slices.IndexFunc(left[c], v.Takes)
			if i < 0 {
				return false
			}
			to = left[c][i]
			left[c] = slices.Delete(left[c], i, i+1)
		}
		s.world.Place(c, to, 1)
		placed = append(placed, at{c, to})
		return true
	}
	var off []at
	all := s.walk(pods, s.turn, place, func(pod *cluster.Pod) {
		x := at{s.class[s.pass.class[pod]], s.node(s.index[pod.Node])}
		s.world.Remove(x.class, x.node)
		off = append(off, x)
	})
	for _, x := range placed {
		s.world.Remove(x.class, x.node)
	}
	for _, x := range off {
		s.world.Place(x.class, x.node, 1)
	}
	return all
}

// roomiestOf is the first of the nodes there that takes a pod of a class, or with dice any of
// the first few; −1 if none does.
func (s *steps) roomiestOf(class int, v *fit.View, dice *dice) int {
	l, many := s.lines[class], 1
	if dice != nil {
		many = roomiest
	}
	l.regroup(v, s.there)
	few := l.first(v, s.there, many)
	switch {
	case len(few) == 0:
		return -1
	case dice == nil:
		return s.there[few[0]]
	}
	return s.there[few[dice.roll(len(few))]]
}

// walk takes pods off one after the other, in turns, and places each as soon as there is a
// place for it. As long as some wait, budgets for evictions allow that many less. It tells
// whether all find one.
func (p *pass) walk(pods []*cluster.Pod, turn func(*cluster.Pod) int, place func(*cluster.Pod) bool, takeOff func(*cluster.Pod)) bool {
	var waiting []*cluster.Pod
	for len(pods) > 0 {
		next := slices.IndexFunc(pods, func(pod *cluster.Pod) bool {
			return turn(pod) == turn(pods[0]) && p.evictable(pod, waiting)
		})
		if next < 0 {
			return false
		}
		pod := pods[next]
		pods = slices.Delete(pods, next, next+1)
		takeOff(pod)
		waiting = slices.DeleteFunc(append(waiting, pod), place)
	}
	for n := len(waiting) + 1; len(waiting) > 0 && len(waiting) < n; {
		n = len(waiting)
		waiting = slices.DeleteFunc(waiting, place)
	}
	return len(waiting) == 0
}

// evictable tells whether budgets allow to evict a pod while others wait for places.
func (p *pass) evictable(pod *cluster.Pod, waiting []*cluster.Pod) bool {
	for _, b := range p.guards.Covering(pod) {
		left := b.Allowed
		for _, w := range waiting {
			if b.Covers(w) {
				left--
			}
		}
		if left <= 0 {
			return false
		}
	}
	return true
}

// stepwise tells whether it matters to some of these pods where others of them are, and it
// is possible to find out step by step.
func stepwise(pods map[int][]*cluster.Pod) bool {
	depend := false
	for _, same := range pods {
		if len(same) == 0 {
			continue
		}
		depend = depend || same[0].DependsOnOthers()
		if len(same[0].Demand.Volumes) > 0 || len(same[0].Claims) > 0 {
			return false
		}
	}
	return depend
}

// aheadOf is the world as it will be, with pods still where they are that are to leave hosts,
// and what their classes are called there. As far as that is possible the others are those that
// have room for some, and node says what a host is called.
func (p *pass) aheadOf(hosts []int, moving map[int][]*cluster.Pod) (w *fit.World, class map[int]int, node func(host int) int) {
	open := p.withRoom(p.leastOf(moving), hosts)
	for _, h := range hosts {
		open = append(open, int32(h))
	}
	slices.Sort(open)
	waiting := func(c int) []*cluster.Pod { return moving[c] }
	// What they keep away from themselves they take along.
	putBack := p.takeAllOff(hosts)
	s, ok := p.world.Among(open, nil, waiting)
	if !ok {
		s = p.world.Settle(p.gone, waiting)
	}
	putBack()
	at := make(map[string]int, len(s.Hosts))
	for i := range s.Hosts {
		at[s.Hosts[i].Name] = i
	}
	w, class = fit.New(s), p.called(moving)
	node = func(host int) int { return at[p.snap.Hosts[host].Name] }
	for _, h := range hosts {
		for _, x := range p.hosts[h].parts {
			w.Place(class[x.class], node(h), int32(len(x.pods)))
		}
	}
	return w, class, node
}

// takeAllOff takes the pods of hosts off the world. The result puts them back.
func (p *pass) takeAllOff(hosts []int) (putBack func()) {
	for _, h := range hosts {
		p.takeOff(h)
	}
	return func() {
		for _, h := range slices.Backward(hosts) {
			p.putBack(h)
		}
	}
}

// called numbers the classes of pods as a world does in which only these are left.
func (p *pass) called(moving map[int][]*cluster.Pod) map[int]int {
	class := map[int]int{}
	for c := range p.snap.Classes {
		if len(moving[c]) > 0 {
			class[c] = len(class)
		}
	}
	return class
}

// falseFirst orders what is so behind what is not.
func falseFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

package repack

import (
	"cmp"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/fit"
	"github.com/ullage-sh/ullage/plan"
)

// Room that is kept free for pods to come is a pod here (a chunk of a CapacityBuffer), and
// nothing to the scheduler. Pods that move take it wherever they find it. So in rehearsals
// they go where they would if there were no chunks, and then these must have room in what is
// left.

// chunk is a pod that stands for such room, and the host that it is on by now.
type chunk struct {
	pod  *cluster.Pod
	host int
}

// clear takes the chunks off the world, but for those on hosts that are not in it and those
// that are out of it themselves. The result is how to put each back where it was.
func (p *pass) clear(out []*cluster.Pod) []move {
	var off []move
	for _, c := range p.spare {
		if !p.hosts[c.host].lifted && !p.gone[c.host] && !slices.Contains(out, c.pod) {
			p.unplace(p.class[c.pod], c.host, 1)
			off = append(off, move{p.class[c.pod], c.host, 1})
		}
	}
	return off
}

// refit tells whether chunks find room beside the pods that have moved: each where it was,
// or elsewhere; those among pods anywhere. The world is left as it was.
func (p *pass) refit(off []move, pods []*cluster.Pod) bool {
	moves := make([]move, 0, len(off))
	defer func() { p.undo(moves) }()
	put := func(class, host int) {
		p.place(class, host, 1)
		moves = append(moves, move{class, host, 1})
	}
	var homeless []int // by class
	for _, m := range off {
		if p.world.View(m.class).Takes(m.to) {
			put(m.class, m.to)
		} else {
			homeless = append(homeless, m.class)
		}
	}
	for _, pod := range pods {
		homeless = append(homeless, p.class[pod])
	}
	for _, class := range homeless {
		to := p.tightest(class)
		if to < 0 {
			return false
		}
		put(class, to)
	}
	return true
}

// leavesRoom tells whether there is room for all chunks when the pods of hosts are where they
// will go that what was bought replaces: wherever most is free, and only those that find no
// room there to the new nodes, since these are reserved. It is tried times as often as usual.
func (p *pass) leavesRoom(hosts []int, bought *plan.Plan, times int) bool {
	if len(p.spare) == 0 || len(bought.Creates) == 0 {
		return true
	}
	moving := p.podsOf(hosts)
	off := slices.DeleteFunc(slices.Clone(p.spare), func(c chunk) bool { return p.gone[c.host] || slices.Contains(hosts, c.host) })
	for _, c := range off {
		moving[p.class[c.pod]] = append(moving[p.class[c.pod]], c.pod)
	}
	w, class := p.emptied(hosts, off, moving)
	size := map[int]cluster.Vector{} // what each host offers
	var open, reserved []int
	for _, x := range p.byRoom {
		if h := int(x.host); !slices.Contains(hosts, h) {
			size[h] = p.snap.Hosts[h].Allocatable
			open = append(open, h)
		}
	}
	slices.Sort(open)
	late := map[*cluster.Pod]bool{}
	for i := range bought.Creates {
		o := p.offering(&bought.Creates[i])
		h := w.Buy(o)
		size[h] = p.snap.Offerings[o].Allocatable
		reserved = append(reserved, h)
		for _, pod := range bought.Creates[i].Pods {
			late[pod] = true
		}
	}
	var pods, chunks []*cluster.Pod
	for _, h := range hosts {
		for _, x := range p.hosts[h].parts {
			mine, spare := parted(x.pods)
			pods, chunks = append(pods, mine...), append(chunks, spare...)
		}
	}
	for _, c := range off {
		chunks = append(chunks, c.pod)
	}
	turn := func(pod *cluster.Pod) int {
		if late[pod] {
			return LateTurn(pod)
		}
		return Turn(pod)
	}
	slices.SortStableFunc(pods, func(a, b *cluster.Pod) int { return cmp.Compare(turn(b), turn(a)) })
	t := trial{p, w, class, size, open, reserved, dice(hosts[0])}
	for i := range times * rehearsalsFor(len(size)) {
		if !t.once(pods, chunks, i > 0) {
			return false
		}
	}
	return true
}

// emptied is the world without the pods of hosts and some chunks, and what the classes of those
// are called there.
func (p *pass) emptied(hosts []int, off []chunk, moving map[int][]*cluster.Pod) (w *fit.World, class map[int]int) {
	defer p.takeAllOff(hosts)()
	for _, c := range off {
		p.world.Remove(p.class[c.pod], c.host)
		defer p.world.Place(p.class[c.pod], c.host, 1)
	}
	s := p.world.Settle(p.gone, func(c int) []*cluster.Pod { return moving[c] })
	return fit.New(s), p.called(moving)
}

// trial is a world to try something in.
type trial struct {
	*pass
	world *fit.World
	class map[int]int            // what classes are called there
	size  map[int]cluster.Vector // of hosts
	// open are the hosts that take all pods, reserved those that take who has no room there.
	open, reserved []int
	dice           dice
}

// once puts pods where most is free, or on any of the roomiest hosts, and chunks where least
// is. It tells whether all have a place, and takes them away again.
func (t *trial) once(pods, chunks []*cluster.Pod, anywhere bool) bool {
	type at struct{ class, host int }
	var placed []at
	defer func() {
		for _, x := range slices.Backward(placed) {
			t.world.Remove(x.class, x.host)
		}
	}()
	for i, pod := range slices.Concat(pods, chunks) {
		c := t.class[t.pass.class[pod]]
		chunk := i >= len(pods)
		found := t.roomy(c, t.open)
		if chunk || len(found) == 0 {
			found = slices.Concat(found, t.roomy(c, t.reserved))
		}
		if len(found) == 0 {
			return false
		}
		to := found[0]
		if chunk {
			to = slices.MinFunc(found, func(a, b choice) int { return cmp.Compare(a.free, b.free) })
		} else if anywhere {
			to = found[t.dice.roll(min(len(found), roomiest))]
		}
		t.world.Place(c, int(to.host), 1)
		placed = append(placed, at{c, int(to.host)})
	}
	return true
}

// roomy returns those of hosts that take one more pod of a class, the roomiest first.
func (t *trial) roomy(class int, hosts []int) []choice {
	v := t.world.View(class)
	var found []choice
	for _, h := range hosts {
		if !v.Takes(h) {
			continue
		}
		x := choice{host: int32(h)}
		for d := range 2 { // cpu and memory, as the scheduler scores
			x.free += float64(t.world.Room(h)[d]) / float64(max(t.size[h][d], 1))
		}
		found = append(found, x)
	}
	slices.SortStableFunc(found, func(a, b choice) int { return -cmp.Compare(a.free, b.free) })
	return found
}

// follow notes where chunks are that an action moves. Those that something is bought for are
// nobody's any more: their nodes are reserved.
func (p *pass) follow(a *plan.Action) {
	for _, m := range a.Moves {
		for _, pod := range m.Pods {
			if i := slices.IndexFunc(p.spare, func(c chunk) bool { return c.pod == pod }); i >= 0 {
				p.spare[i].host = p.index[m.Host]
			}
		}
	}
}

// parted returns pods, and chunks among them.
func parted(all []*cluster.Pod) (pods, chunks []*cluster.Pod) {
	for _, pod := range all {
		if pod.Virtual() {
			chunks = append(chunks, pod)
		} else {
			pods = append(pods, pod)
		}
	}
	return pods, chunks
}

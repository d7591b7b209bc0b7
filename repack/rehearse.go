package repack

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// Whoever evicts pods does not decide where they go: each is made anew when its controller
// gets to it, and the scheduler puts it where most is free, which is the opposite of what
// has been planned. What can be decided is who comes first. So pods are evicted in turns,
// and what has been planned is rehearsed in that order.

// Turn says whose turn it is to be evicted among pods that go to save money: of those with
// the highest first, and of the next when these have found their nodes. Who may go to few
// nodes comes before who needs only room, and who needs much before who needs half of that.
func Turn(p *cluster.Pod) int {
	// A core is worth about as much as four GiB.
	size := uint64(p.Demand.Requests.Get(cluster.CPU)) + uint64(p.Demand.Requests.Get(cluster.Memory))>>22
	turn := bits.Len64(size)
	if p.DependsOnOthers() || len(p.Demand.Selector)+len(p.Demand.Affinity) > 0 {
		turn += bits.UintSize
	}
	return turn
}

// LateTurn is that of a pod for which something was bought: after all others, who have the
// room that is left.
func LateTurn(p *cluster.Pod) int { return Turn(p) - 1<<16 }

// rehearsals is how often the pods of a node are tried at the least: where those go that
// are alike in who comes first, and what else the scheduler looks at beside room, is left
// to chance in all but the first. Where there are few hosts to choose from each choice
// matters more, and they are tried up to ten times as often.
const rehearsals = 3

// often is how many times as often they are tried before something begins, if it matters to some
// of them where others are, or if there are chunks: then one who takes the only place in a zone,
// or the room of a chunk, keeps those out who may go nowhere else.
const often = 8

// rehearsalsFor is how often they are tried among so many hosts.
func rehearsalsFor(hosts int) int {
	return min(max(rehearsals, 600/max(hosts, 1)), 10*rehearsals)
}

// roomiest is how many hosts the scheduler is taken to choose from for a pod, those with
// the most cpu free.
const roomiest = 10

// rehearsed tells whether the pods of a host that has been lifted find room when their
// turns come, if each goes where there is most.
func (p *pass) rehearsed(h int, planned []move) bool {
	p.undo(planned)
	defer p.redo(planned)
	var pods []*cluster.Pod
	for _, x := range p.hosts[h].parts {
		pods = append(pods, x.pods...)
	}
	return p.rehearse(h, pods, pods, often)
}

// certain tells whether those pods of hosts that a plan moves to others find room there.
// The new nodes are no question: they are reserved, their pods come last, and whatever
// finds room elsewhere is not missed on them. If ordered is true they also get there one after
// the other ([pass.inOrder]); else that is not known. It is tried times as often as usual.
func (p *pass) certain(hosts []int, bought *plan.Plan, times int) (certain, ordered bool) {
	if len(bought.Placements) == 0 {
		return true, false
	}
	var pods []*cluster.Pod
	for _, m := range bought.Placements {
		pods = append(pods, m.Pods...)
	}
	// Where some of those that depend on each other go while others are still where they
	// were, is no rehearsal of the end: the way there is gone step by step.
	if len(bought.Creates) > 0 && slices.ContainsFunc(pods, (*cluster.Pod).DependsOnOthers) {
		all := p.inAnyOrder(hosts, bought, times)
		return all, all
	}
	was := p.lift(hosts)
	defer p.setDown(hosts, was)
	return p.rehearse(hosts[0], pods, pods, times), false
}

// rehearseAll leaves only as many actions as can be begun together: of those that may be at
// once, the first whose pods find room if all of them are on their way. Where pods of one
// go, those of another may have been meant to.
func (p *pass) rehearseAll() {
	begun := p.atOnce()
	if len(begun) < 2 {
		return
	}
	var moves []move
	var upTo []int // of the pods, how many are those of each action and the ones before it
	var pods []*cluster.Pod
	for _, i := range begun {
		for _, m := range p.actions[i].Moves {
			to := p.index[m.Host]
			for _, pod := range m.Pods {
				moves = append(moves, move{p.class[pod], to, 1})
			}
			pods = append(pods, m.Pods...)
		}
		upTo = append(upTo, len(pods))
	}
	p.undo(moves)
	n := len(begun)
	for n > 1 && !p.rehearse(n, slices.Clone(pods[:upTo[n-1]]), pods, often) {
		n /= 2
	}
	p.redo(moves)
	for _, i := range begun[n:] {
		for _, name := range p.actions[i].Hosts {
			h := p.index[name]
			p.gone[h], p.hosts[h].verdict = false, plan.Verdict{Kept: plan.KeptFragile}
		}
	}
	dropped := begun[n:]
	kept := p.actions[:0:0]
	for i := range p.actions {
		if !slices.Contains(dropped, i) {
			kept = append(kept, p.actions[i])
		}
	}
	p.actions = kept
}

// atOnce are the actions that may be begun together, as far as is known.
func (p *pass) atOnce() []int {
	if len(p.in.AtOnce) == 0 {
		return nil
	}
	var out []int
	used := map[string]int{}
	for i := range p.actions {
		if len(p.actions[i].Moves) == 0 {
			continue
		}
		fits := true
		of := map[string]int{}
		for _, name := range p.actions[i].Hosts {
			pool := p.snap.Pools[p.snap.Hosts[p.index[name]].Pool].Name
			of[pool]++
			most, bounded := p.in.AtOnce[pool]
			fits = fits && (!bounded || used[pool]+of[pool] <= most)
		}
		if !fits {
			continue
		}
		for pool, n := range of {
			used[pool] += n
		}
		out = append(out, i)
	}
	return out
}

// rehearse tells whether pods find room, and chunks in what they leave; out are those of
// them, and of others, that have been taken out of the world. Chance depends on nothing but
// a number. Where some depend on others, or there are chunks, it is tried times as often as
// usual.
func (p *pass) rehearse(number int, all, out []*cluster.Pod, times int) bool {
	dice := dice(number)
	pods, chunks := parted(all)
	off := p.clear(out)
	defer p.redo(off)
	tries := rehearsalsFor(len(p.byRoom))
	if len(off)+len(chunks) > 0 || slices.ContainsFunc(pods, (*cluster.Pod).DependsOnOthers) {
		tries *= times
	}
	for i := range tries {
		if i > 0 {
			shuffle(&dice, pods)
		}
		slices.SortStableFunc(pods, func(a, b *cluster.Pod) int { return cmp.Compare(Turn(b), Turn(a)) })
		if !p.rehearseOnce(pods, i > 0, &dice, func() bool { return p.refit(off, chunks) }) {
			return false
		}
	}
	return true
}

func (p *pass) rehearseOnce(pods []*cluster.Pod, anywhere bool, d *dice, then func() bool) bool {
	moves := make([]move, 0, len(pods))
	defer func() { p.undo(moves) }()
	for _, pod := range pods {
		class := p.class[pod]
		few := p.roomy(class)
		if len(few) == 0 {
			return false
		}
		to := few[0]
		if anywhere {
			to = few[d.roll(len(few))]
		}
		p.place(class, int(to.host), 1)
		moves = append(moves, move{class, int(to.host), 1})
	}
	return then()
}

// dice are chance that is the same every time.
type dice uint64

// roll returns a number below n.
func (d *dice) roll(n int) int {
	*d = *d*6364136223846793005 + 1442695040888963407
	return int(uint64(*d) >> 33 % uint64(n))
}

// shuffle puts all into any order.
func shuffle[T any](d *dice, all []T) {
	for i := len(all) - 1; i > 0; i-- {
		j := d.roll(i + 1)
		all[i], all[j] = all[j], all[i]
	}
}

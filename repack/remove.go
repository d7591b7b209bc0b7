package repack

import (
	"cmp"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// removeAll gives back the nodes whose pods have room on others, those first that give
// most for the pods that have to move. Room only gets less on the way: whatever found
// none stays.
func (p *pass) removeAll() {
	for _, h := range p.candidates(byMerit) {
		if !p.filled[h] {
			p.remove(h)
		}
	}
}

// byMerit puts first what costs most for the pods that would have to move.
func byMerit(a, b *host) int {
	return -cmp.Compare(float64(a.price)*float64(b.burden()), float64(b.price)*float64(a.burden()))
}

// burden is what it amounts to that a node goes, its pods included.
func (h *host) burden() int64 { return h.disruption + onePod }

// remove gives a node back if its pods have room elsewhere.
func (p *pass) remove(h int) {
	x := &p.hosts[h]
	if x.price < x.least {
		x.verdict = plan.Verdict{Kept: plan.KeptThreshold, Saving: x.price, Least: x.least}
		return
	}
	if v, held := p.refused([]int{h}, x.price); held {
		x.verdict = v
		return
	}
	p.leaveOrder(h)
	p.takeOff(h)
	was := p.world.Vacate(h)
	moves, stuck := p.findRoom(h)
	switch {
	case stuck != nil:
		x.verdict = plan.Verdict{Kept: plan.KeptNeeded, Detail: stuck.ID()}
	case !p.stand(moves) || !p.rehearsed(h, moves):
		x.verdict = plan.Verdict{Kept: plan.KeptFragile}
	default:
		p.giveBack([]int{h}, moves, x.price)
		return
	}
	p.undo(moves)
	p.world.Occupy(h, was)
	p.putBack(h)
	p.joinOrder(h)
}

// findRoom puts the pods of a host that has been taken off on others, as tightly as it
// can. It returns the first pod for which there is no room, if any.
func (p *pass) findRoom(h int) (moves []move, stuck *cluster.Pod) {
	for _, x := range p.hosts[h].parts {
		v := p.world.View(x.class)
		cpu := p.snap.Classes[x.class].Requests[0]
		for i := range x.pods {
			to := p.tightest(v, cpu)
			if to < 0 {
				return moves, x.pods[i]
			}
			p.place(x.class, to, 1)
			if n := len(moves); n > 0 && moves[n-1].class == x.class && moves[n-1].to == to {
				moves[n-1].pods++
			} else {
				moves = append(moves, move{x.class, to, 1})
			}
		}
	}
	return moves, nil
}

// stand tells whether all that has moved could come again to where it is, with all others
// where they are: who came first does not matter then.
func (p *pass) stand(moves []move) bool {
	return !slices.ContainsFunc(moves, func(m move) bool { return p.world.View(m.class).Stands(m.to) != 0 })
}

func (p *pass) undo(moves []move) {
	for i := len(moves) - 1; i >= 0; i-- {
		p.unplace(moves[i].class, moves[i].to, moves[i].pods)
	}
}

func (p *pass) redo(moves []move) {
	for _, m := range moves {
		p.place(m.class, m.to, m.pods)
	}
}

// rehearsals is in how many orders the pods of a node are tried: the scheduler does not
// know where they are meant to go.
const rehearsals = 3

// roomiest is how many hosts the scheduler is taken to choose from for a pod, those with
// the most cpu free.
const roomiest = 10

// rehearsed tells whether the pods of a host that has been taken off find room in any
// order, if each goes where there is most: as the scheduler does it, and the opposite of
// what has been planned.
func (p *pass) rehearsed(h int, planned []move) bool {
	p.undo(planned)
	defer p.redo(planned)
	var pods []int
	for _, x := range p.hosts[h].parts {
		for range x.pods {
			pods = append(pods, x.class)
		}
	}
	random := uint64(h)
	for range rehearsals {
		for i := len(pods) - 1; i > 0; i-- { // the order depends on nothing but the host
			random = random*6364136223846793005 + 1442695040888963407
			j := int(random >> 33 % uint64(i+1))
			pods[i], pods[j] = pods[j], pods[i]
		}
		var moves []move
		for _, class := range pods {
			to := p.airiest(class)
			if to < 0 {
				break
			}
			p.place(class, to, 1)
			moves = append(moves, move{class, to, 1})
		}
		p.undo(moves)
		if len(moves) < len(pods) {
			return false
		}
	}
	return true
}

// airiest returns the host of which the largest part would be free with one more pod of
// a class, −1 if there is none.
func (p *pass) airiest(class int) int {
	v := p.world.View(class)
	wants := p.snap.Classes[class].Requests
	best, free, found := -1, 0.0, 0
	for _, h := range slices.Backward(p.byRoom) {
		if v.Node(int(h)) != 0 {
			continue
		}
		room, all := p.world.Room(int(h)), p.snap.Hosts[h].Allocatable
		part := 0.0
		for d := range 2 { // cpu and memory, as the scheduler scores
			part += float64(room[d]-wants[d]) / float64(max(all[d], 1))
		}
		if best < 0 || part > free {
			best, free = int(h), part
		}
		if found++; found == roomiest {
			break
		}
	}
	return best
}

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
	if x.price < p.least([]int{h}, 0) {
		x.verdict = p.tooLittle([]int{h}, x.price, 0)
		return
	}
	if v, held := p.refused([]int{h}, x.price); held {
		x.verdict = v
		return
	}
	was := p.lift([]int{h})
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
	p.setDown([]int{h}, was)
}

// findRoom puts the pods of a host that has been taken off on others, as tightly as it
// can. It returns the first pod for which there is no room, if any.
func (p *pass) findRoom(h int) (moves []move, stuck *cluster.Pod) {
	for _, x := range p.hosts[h].parts {
		for i := range x.pods {
			to := p.tightest(x.class)
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

package pack

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// Where little changes, a good part of all problems have been packed before: the same few
// nodes are looked at again, and nothing has come to where their items could go. Of the others
// most leave the same for new nodes as before: little of it finds room on hosts, and what is
// sold is the same.

// known is what was found out in packings before. It is looked up by digests of all that it
// depends on, and must not be written to.
type known struct {
	packings  recent[*Packing]
	purchases recent[*purchases]
	worths    recent[[]int64]
	text      []byte
}

// mostKnown is how many answers are kept of each half.
const mostKnown = 2_000

// digest stands for a question: two that are not the same have two.
type digest [sha256.Size]byte

// recent is answers by question. When the newer half is full the older one is forgotten at once.
type recent[T any] struct{ now, before map[digest]T }

func (r *recent[T]) get(d digest) (answer T, ok bool) {
	if answer, ok = r.now[d]; ok {
		return answer, true
	}
	if answer, ok = r.before[d]; ok {
		r.put(d, answer)
	}
	return answer, ok
}

func (r *recent[T]) put(d digest, answer T) {
	if r.now == nil || len(r.now) >= mostKnown {
		r.now, r.before = map[digest]T{}, r.now
	}
	r.now[d] = answer
}

// knowing is what is known from packings before; nil where nothing is to be looked up: a proof
// is about one problem, and problems that ask for variety are rare.
func (p *Problem) knowing(opt Options) *known {
	if opt.Memory == nil || !opt.Unproven || slices.ContainsFunc(p.Shapes, func(s Shape) bool { return s.Variety != nil }) {
		return nil
	}
	return &opt.Memory.known
}

// market is the digest of what can be had, of the sizes of what is wanted, and of the steps that may
// be spent.
func (k *known) market(p *Problem, opt Options) digest {
	w := writer{k.text[:0]}
	w.numbers(int64(opt.Steps))
	w.market(p)
	return k.sum(w)
}

// problem is the digest of a problem with such a market and how it is to be packed.
func (k *known) problem(p *Problem, opt Options, market digest) digest {
	w := writer{append(k.text[:0], market[:]...)}
	w.numbers(bit(opt.Hosts), int64(len(p.Admits)), int64(len(p.Hosts)))
	for i := range p.Items {
		w.numbers(int64(p.Items[i].Count), int64(p.Items[i].Profile))
	}
	for _, s := range p.Admits {
		w.set(s)
	}
	for i := range p.Hosts {
		h := &p.Hosts[i]
		w.amounts(h.Room)
		w.numbers(int64(h.Kind), int64(len(h.Holds)))
		for _, x := range h.Holds {
			w.numbers(int64(x.Rule), bit(x.Holder), int64(x.Members))
		}
	}
	for i := range p.Shapes {
		w.numbers(int64(p.Shapes[i].Kind))
	}
	return k.sum(w)
}

// left is the digest of what is left to be bought of a problem with such a market. Hosts are no
// part of it, nor is how profiles are numbered, in which hosts have a say.
func (k *known) left(s *state, market digest) digest {
	w := writer{append(k.text[:0], market[:]...)}
	w.numbers(int64(len(s.shapes)), int64(len(s.shapeKinds.list)))
	for i := range s.items {
		w.numbers(int64(s.items[i].source), int64(s.items[i].count), int64(s.left[i]))
	}
	for i := range s.shapes {
		w.numbers(int64(s.shapes[i].source), int64(s.shapes[i].kind))
	}
	for i := range s.shapeKinds.list {
		w.set(s.shapeKinds.list[i].items)
	}
	return k.sum(w)
}

// sum is the digest of what has been written.
func (k *known) sum(w writer) digest {
	k.text = w.text
	return sha256.Sum256(w.text)
}

// writer writes numbers so that no two lists of lists of them read alike.
type writer struct{ text []byte }

// market writes what the digest of a market is about.
func (w *writer) market(p *Problem) {
	w.numbers(p.NodeCharge, int64(len(p.Items)), int64(len(p.Shapes)), int64(len(p.Rules)))
	w.list(p.Room)
	w.list(p.Quotas)
	for i := range p.Items {
		w.amounts(p.Items[i].Size)
	}
	for i := range p.Shapes {
		s := &p.Shapes[i]
		w.amounts(s.Room)
		w.numbers(s.Price, int64(s.Tier), int64(len(s.Uses)))
		for _, u := range s.Uses {
			w.numbers(int64(u.Quota), u.Amount)
		}
	}
	for i := range p.Rules {
		w.set(p.Rules[i].Holders)
		w.set(p.Rules[i].Members)
		w.numbers(int64(p.Rules[i].Cap))
	}
}

func (w *writer) numbers(all ...int64) {
	for _, v := range all {
		w.text = binary.AppendVarint(w.text, v)
	}
}

func (w *writer) list(all []int64) {
	w.numbers(int64(len(all)))
	w.numbers(all...)
}

func (w *writer) amounts(all []Amount) {
	w.numbers(int64(len(all)))
	for _, a := range all {
		w.numbers(int64(a.Dim), a.Value)
	}
}

func (w *writer) set(s Set) {
	w.numbers(int64(len(s)))
	for _, v := range s {
		w.numbers(int64(v))
	}
}

func bit(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

package pack

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// Where little changes, a good part of all problems have been packed before: the same few
// nodes are looked at again, and nothing has come to where their items could go.

// mostKnown is how many packings are kept of each half.
const mostKnown = 2_000

// digest stands for a problem and how it is to be packed: two that are not the same have two.
type digest [sha256.Size]byte

// known is packings by problem. When the newer half is full the older one is forgotten at once.
type known struct {
	now, before map[digest]*Packing
	text        []byte
}

// get returns what a problem was packed as, nil if that is not known.
func (k *known) get(d digest) *Packing {
	if p := k.now[d]; p != nil {
		return p
	}
	p := k.before[d]
	if p != nil {
		k.put(d, p)
	}
	return p
}

func (k *known) put(d digest, p *Packing) {
	if k.now == nil || len(k.now) >= mostKnown {
		k.now, k.before = map[digest]*Packing{}, k.now
	}
	k.now[d] = p
}

// digest is that of a problem; false for one that asks for variety, which is not kept.
func (k *known) digest(p *Problem, opt Options) (digest, bool) {
	if slices.ContainsFunc(p.Shapes, func(s Shape) bool { return s.Variety != nil }) {
		return digest{}, false
	}
	w := writer{k.text[:0]}
	w.numbers(int64(opt.Steps), bit(opt.Hosts), p.NodeCharge)
	w.list(p.Room)
	w.list(p.Quotas)
	w.numbers(int64(len(p.Items)), int64(len(p.Admits)), int64(len(p.Hosts)), int64(len(p.Shapes)), int64(len(p.Rules)))
	for i := range p.Items {
		x := &p.Items[i]
		w.amounts(x.Size)
		w.numbers(int64(x.Count), int64(x.Profile))
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
		s := &p.Shapes[i]
		w.amounts(s.Room)
		w.numbers(s.Price, int64(s.Kind), int64(s.Tier), int64(len(s.Uses)))
		for _, u := range s.Uses {
			w.numbers(int64(u.Quota), u.Amount)
		}
	}
	for i := range p.Rules {
		w.set(p.Rules[i].Holders)
		w.set(p.Rules[i].Members)
		w.numbers(int64(p.Rules[i].Cap))
	}
	k.text = w.text
	return sha256.Sum256(w.text), true
}

// writer writes numbers so that no two lists of lists of them read alike.
type writer struct{ text []byte }

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

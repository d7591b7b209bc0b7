package sim

import "github.com/ullage-sh/ullage/cluster"

// agenda is what will happen, in order: by time, then in the order in which it was
// entered.
type agenda struct {
	heap []entry
	seq  uint64
}

type entry struct {
	at  cluster.Instant
	seq uint64
	do  func()
}

func (e *entry) before(f *entry) bool { return e.at < f.at || e.at == f.at && e.seq < f.seq }

// fan is how many children a place in the heap has: four make it flatter, and they
// lie side by side in memory.
const fan = 4

func (a *agenda) at(t cluster.Instant, do func()) {
	a.seq++
	a.heap = append(a.heap, entry{t, a.seq, do})
	i := len(a.heap) - 1
	e := a.heap[i]
	for i > 0 {
		up := (i - 1) / fan
		if !e.before(&a.heap[up]) {
			break
		}
		a.heap[i] = a.heap[up]
		i = up
	}
	a.heap[i] = e
}

// next is when the first entry is due, Never if there is none.
func (a *agenda) next() cluster.Instant {
	if len(a.heap) == 0 {
		return cluster.Never
	}
	return a.heap[0].at
}

// take removes the first entry.
func (a *agenda) take() entry {
	first := a.heap[0]
	last := len(a.heap) - 1
	e := a.heap[last]
	a.heap[last] = entry{}
	a.heap = a.heap[:last]
	if last == 0 {
		return first
	}
	i := 0
	for {
		child := i*fan + 1
		if child >= last {
			break
		}
		least := child
		for c := child + 1; c < min(child+fan, last); c++ {
			if a.heap[c].before(&a.heap[least]) {
				least = c
			}
		}
		if !a.heap[least].before(&e) {
			break
		}
		a.heap[i] = a.heap[least]
		i = least
	}
	a.heap[i] = e
	return first
}

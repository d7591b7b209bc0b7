package schedule

import (
	"cmp"
	"slices"
)

// lines are the active pods: those of the highest priority first, and of these who came
// first. Nobody comes before one who is there of the same priority, so that there is nothing
// to sort.
type lines struct {
	all  []*line // the highest priority first
	pods int
}

// line is the active pods of one priority, in the order in which they came.
type line struct {
	priority int32
	pods     []*Waiting // nil for one who has left from the middle
	first    int        // none before are there
	gone     int        // how many have been dropped from the beginning of pods
}

// add puts a pod at the end of its line.
func (x *lines) add(w *Waiting) {
	at, ok := slices.BinarySearchFunc(x.all, w.Pod.Priority, func(l *line, priority int32) int { return cmp.Compare(priority, l.priority) })
	if !ok {
		x.all = slices.Insert(x.all, at, &line{priority: w.Pod.Priority})
	}
	l := x.all[at]
	w.line, w.index = l, l.gone+len(l.pods)
	l.pods = append(l.pods, w)
	x.pods++
}

// remove takes a pod out of its line.
func (x *lines) remove(w *Waiting) {
	l := w.line
	l.pods[w.index-l.gone] = nil
	w.line = nil
	x.pods--
	for l.first < len(l.pods) && l.pods[l.first] == nil {
		l.first++
	}
	if l.first*2 >= len(l.pods) {
		l.gone += l.first
		l.pods = slices.Delete(l.pods, 0, l.first)
		l.first = 0
	}
}

// next takes out the pod whose turn it is; there is one.
func (x *lines) next() *Waiting {
	for _, l := range x.all {
		if len(l.pods) > l.first {
			w := l.pods[l.first]
			x.remove(w)
			return w
		}
	}
	return nil
}

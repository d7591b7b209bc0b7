package engine

import "github.com/ullage-sh/ullage/cluster"

// A pass that finds nothing will hardly find something ten seconds later, and in a large
// cluster something changes all the time. So the longer passes have begun nothing, the
// longer it is until the next: twice as long each time. A node that has become empty, or
// many pods that have gone, end the wait.

// pursuit is what is remembered of passes that began nothing. It can be lost.
type pursuit struct {
	last cluster.Instant
	vain int // passes in a row
	gone int // pods that have left their nodes since the last
}

const (
	// vainMost bounds how long it becomes until the next pass, unless Options.PassEvery is
	// longer anyway.
	vainMost = 5 * cluster.Minute
	// manyGone is which part of the pods on nodes that may go ends the wait when they have
	// left.
	manyGone = 20
)

// searchDue is when nodes are looked at again that may be given back to save money.
func (e *Engine) searchDue(s *survey) cluster.Instant {
	x := &e.disruptor.search
	if x.gone*manyGone >= s.pods {
		x.vain = 0
	}
	if x.vain == 0 || s.empty > 0 {
		return e.now
	}
	wait := e.opts.PassEvery << min(x.vain, 10)
	return x.last.Add(e.opts.scaled(max(min(wait, vainMost), e.opts.PassEvery)))
}

// searched notes that they have been looked at, and whether anything has begun.
func (e *Engine) searched(begun bool) {
	x := &e.disruptor.search
	x.last, x.gone = e.now, 0
	if x.vain++; begun {
		x.vain = 0
	}
}

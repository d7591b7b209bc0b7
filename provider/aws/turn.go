package aws

import (
	"context"
	"sync"
)

// turns lets those who do the same thing do it one after the other. Its zero value is
// ready.
type turns struct {
	mu    sync.Mutex
	lines map[string]*queue
}

// queue is those who do one thing or wait for their turn.
type queue struct {
	turn   chan struct{} // holds one while somebody has it
	length int
}

// take waits for one's turn at something, or until ctx ends and then returns its error.
// done ends the turn.
func (t *turns) take(ctx context.Context, what string) (done func(), err error) {
	t.mu.Lock()
	if t.lines == nil {
		t.lines = map[string]*queue{}
	}
	q := t.lines[what]
	if q == nil {
		q = &queue{turn: make(chan struct{}, 1)}
		t.lines[what] = q
	}
	q.length++
	t.mu.Unlock()
	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if q.length--; q.length == 0 {
			delete(t.lines, what)
		}
	}
	select {
	case q.turn <- struct{}{}:
		return func() { <-q.turn; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}

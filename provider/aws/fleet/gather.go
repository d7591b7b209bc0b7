package fleet

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// gatherer makes one call of questions about ids that are asked while another call is
// under way. A question that is alone is asked at once; nobody waits for company.
type gatherer[V any] struct {
	// call answers for many ids; what it leaves out is the zero V.
	call func(context.Context, []string) (map[string]V, error)

	mu   sync.Mutex
	busy bool
	next *round[V]
}

// round is the questions of one call.
type round[V any] struct {
	ids     map[string]bool
	waiting int // askers
	ctx     context.Context
	cancel  context.CancelFunc

	done chan struct{} // closed when what follows is there
	out  map[string]V
	err  error
}

// ask returns answers for at least the ids, or the error of ctx. The call goes on for
// those that still wait for it.
func (g *gatherer[V]) ask(ctx context.Context, ids ...string) (map[string]V, error) {
	r := g.join(ctx, ids)
	select {
	case <-r.done:
		return r.out, r.err
	case <-ctx.Done():
		g.mu.Lock()
		defer g.mu.Unlock()
		if r.waiting--; r.waiting == 0 {
			r.cancel()
		}
		return nil, ctx.Err()
	}
}

func (g *gatherer[V]) join(ctx context.Context, ids []string) *round[V] {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.next == nil || g.next.ctx.Err() != nil {
		r := &round[V]{ids: map[string]bool{}, done: make(chan struct{})}
		// The call is not the asker's alone: it ends when nobody waits any more.
		r.ctx, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
		g.next = r
	}
	r := g.next
	r.waiting++
	for _, id := range ids {
		r.ids[id] = true
	}
	if !g.busy {
		g.busy = true
		go g.run()
	}
	return r
}

// run makes calls while there are questions.
func (g *gatherer[V]) run() {
	for {
		g.mu.Lock()
		r := g.next
		g.next = nil
		g.busy = r != nil
		g.mu.Unlock()
		if r == nil {
			return
		}
		r.out, r.err = g.call(r.ctx, slices.Sorted(maps.Keys(r.ids)))
		r.cancel()
		close(r.done)
	}
}

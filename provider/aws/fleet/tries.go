package fleet

import (
	"maps"
	"sync"

	"github.com/ullage-sh/ullage/cluster"
)

// tries remembers which calls for a part have been answered and are not to be made again.
// A process that does not know it begins with the first and finds out.
type tries struct {
	mu sync.Mutex
	by map[attempt]next
}

type attempt struct {
	token string
	part  int
}

type next struct {
	pass int
	last cluster.Instant
}

// forgotten is how long after its last call a part counts as given up.
const forgotten = cluster.Hour

// of is the next pass of a part.
func (t *tries) of(o *Order, part int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.by[attempt{o.Token, part}].pass
}

// any tells whether a call of an order has been answered and is not made again.
func (t *tries) any(token string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for a := range t.by {
		if a.token == token {
			return true
		}
	}
	return false
}

// spent notes that a call has had its answer.
func (t *tries) spent(o *Order, s Step, now cluster.Instant) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.by == nil {
		t.by = map[attempt]next{}
	}
	maps.DeleteFunc(t.by, func(_ attempt, n next) bool { return now.Sub(n.last) > forgotten })
	t.by[attempt{o.Token, s.Part}] = next{s.Pass + 1, now}
}

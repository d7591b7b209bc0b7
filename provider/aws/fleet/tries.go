package fleet

import (
	"maps"
	"sync"

	"github.com/ullage-sh/ullage/cluster"
)

// tries counts how often parts of launches came to nothing for a reason that passes. A
// process that does not know it begins at none and finds out.
type tries struct {
	mu sync.Mutex
	by map[attempt]count
}

type attempt struct {
	token string
	part  int
}

type count struct {
	n    int
	last cluster.Instant
}

// forgotten is how long after its last try a part counts as given up.
const forgotten = cluster.Hour

// of is how often a part has come to nothing.
func (t *tries) of(o *Order, part int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.by[attempt{o.Token, part}].n
}

// failed notes that it has once more.
func (t *tries) failed(o *Order, part int, now cluster.Instant) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.by == nil {
		t.by = map[attempt]count{}
	}
	maps.DeleteFunc(t.by, func(_ attempt, c count) bool { return now.Sub(c.last) > forgotten })
	a := attempt{o.Token, part}
	t.by[a] = count{t.by[a].n + 1, now}
}

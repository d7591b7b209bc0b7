package fleet

import (
	"sync"

	"github.com/ullage-sh/ullage/cluster"
)

// ShortFor is how long an offering counts as sold out after a launch found it so.
const ShortFor = 3 * cluster.Minute

// Shortages are the offerings that launches found sold out. They may be forgotten: the
// next launch finds out. Methods may be called concurrently; the zero value is empty.
type Shortages struct {
	mu    sync.Mutex
	until map[cluster.OfferingID]cluster.Instant
}

// Note takes down that offerings were sold out, and for how long to believe it.
func (s *Shortages) Note(now cluster.Instant, stay cluster.Duration, ids ...cluster.OfferingID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.until == nil {
		s.until = map[cluster.OfferingID]cluster.Instant{}
	}
	for id, until := range s.until {
		if until <= now {
			delete(s.until, id)
		}
	}
	for _, id := range ids {
		s.until[id] = now.Add(stay)
	}
}

// Short tells whether an offering is believed to be sold out.
func (s *Shortages) Short(now cluster.Instant, id cluster.OfferingID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return now < s.until[id]
}

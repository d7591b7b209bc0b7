package awssim

import (
	"context"

	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
)

// Run lets time pass in the world until ctx ends. Requests do that too, each up to its
// instant: Run is for where something must have happened when nobody has asked, such as
// the launches of a group whose machines others look at. It is for clocks that pass by
// themselves.
func (s *Server) Run(ctx context.Context) error {
	for {
		var next cluster.Instant
		s.Do(func(w *world.World) { next = w.Next() })
		// What a request sets going may be due before next: hence no longer than lookEvery.
		wait := max(min(next.Sub(s.cfg.Now()), lookEvery), cluster.Millisecond)
		if err := s.cfg.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

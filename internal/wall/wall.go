// Package wall is the clock on the wall: time as it passes outside, in the form in which
// clouds and simulations are told of it. Only wiring imports it.
package wall

import (
	"context"
	"time"

	"github.com/ullage-sh/ullage/cluster"
)

// Now is the real time.
func Now() cluster.Instant { return cluster.Instant(time.Now().UnixNano()) }

// Sleep waits for a span, or until ctx ends, and returns its error then.
func Sleep(ctx context.Context, d cluster.Duration) error {
	t := time.NewTimer(time.Duration(d))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

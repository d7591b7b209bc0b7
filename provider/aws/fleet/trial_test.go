package fleet

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// TestTrials: of those that launch with a profile one goes first. The others wait until it
// has found out, and are told: to go ahead, what it was refused for, or nothing, when the
// next of them goes first.
func TestTrials(t *testing.T) {
	refusal := []string{"InvalidParameterValue: no such profile"}
	for _, tt := range []struct {
		what    string
		end     func(*trials, *trial)
		refused []string
		firsts  int32 // how many went first, the one before them included
	}{
		{"known", func(ts *trials, x *trial) { ts.end(x, nil) }, nil, 1},
		{"refused", func(ts *trials, x *trial) { ts.end(x, refusal) }, refusal, 1},
		{"given up", func(ts *trials, x *trial) { ts.leave(x) }, nil, 4},
	} {
		synctest.Test(t, func(t *testing.T) {
			var ts trials
			ctx := context.Background()
			first, _, err := ts.join(ctx, "node")
			if first == nil || err != nil {
				t.Fatalf("%s: the first one is not to try: %v", tt.what, err)
			}
			if mine, _, err := ts.join(ctx, "other"); mine == nil || err != nil {
				t.Errorf("%s: another profile waits for this one: %v", tt.what, err)
			}
			if mine, _, err := ts.join(ctx, ""); mine != nil || err != nil {
				t.Errorf("%s: without a profile there is something to try: %v", tt.what, err)
			}
			var firsts, back atomic.Int32
			firsts.Store(1)
			for range 3 {
				go func() {
					mine, said, err := ts.join(ctx, "node")
					if err != nil || !slices.Equal(said, tt.refused) {
						t.Errorf("%s: one that waited was told %q, %v; want %q", tt.what, said, err, tt.refused)
					}
					if mine != nil {
						firsts.Add(1)
						tt.end(&ts, mine)
					}
					back.Add(1)
				}()
			}
			hurried, leave := context.WithCancel(ctx)
			go func() {
				if _, _, err := ts.join(hurried, "node"); !errors.Is(err, context.Canceled) {
					t.Errorf("%s: one that waits no more: %v", tt.what, err)
				}
			}()
			synctest.Wait()
			leave()
			synctest.Wait()
			if n := back.Load(); n != 0 {
				t.Errorf("%s: %d did not wait", tt.what, n)
			}
			tt.end(&ts, first)
			synctest.Wait()
			if n, done := firsts.Load(), back.Load(); n != tt.firsts || done != 3 {
				t.Errorf("%s: %d went first, %d are done; want %d and 3", tt.what, n, done, tt.firsts)
			}
			// Once EC2 knows it nobody waits any more; when it has forgotten it somebody tries.
			for _, forgotten := range []bool{false, true} {
				if forgotten {
					ts.forget("node")
				}
				mine, _, err := ts.join(ctx, "node")
				if want := forgotten || tt.what != "known"; (mine != nil) != want || err != nil {
					t.Errorf("%s, forgotten %t: is to try %t, %v; want %t", tt.what, forgotten, mine != nil, err, want)
				}
				ts.leave(mine)
			}
		})
	}
}

package engine_test

import (
	"fmt"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
)

// TestReservationSurvivesCrashes drops the operator before or after random effects while
// reserved nodes come up: in the end all pods run, nothing is reserved or left behind,
// and what one engine has planned the next one carries out.
func TestReservationSurvivesCrashes(t *testing.T) {
	crashes, purchases := 0, 0
	for seed := range uint64(15) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t, 100+seed)
			w.slow = 5 * cluster.Millisecond
			w.run(5 * cluster.Second)
			w.mixed(20)
			w.run(cluster.Second) // bought, and the tolerations written
			w.crash = func() bool { return w.rng.IntN(6) == 0 }
			w.run(3 * cluster.Minute)
			w.crash = nil
			w.run(5 * cluster.Minute)
			w.settled(40)
			purchases += w.purchases
			crashes += w.crashes

			// The same with crashes in the middle of the purchase.
			w.mixed(0)
			w.run(10 * cluster.Minute)
			w.crash = func() bool { return w.rng.IntN(20) == 0 }
			w.mixed(20)
			w.run(3 * cluster.Minute)
			w.crash = nil
			w.run(5 * cluster.Minute)
			w.settled(40)
			for _, p := range w.pods {
				if len(p.Reserved) > 16 {
					t.Errorf("pod %s has %d tolerations", p.ID(), len(p.Reserved))
				}
			}
			w.mixed(0)
			w.run(10 * cluster.Minute)
			w.settled(0)
			if w.alive() != 0 || len(w.claims) != 0 {
				t.Errorf("left behind: %d instances, %d claims", w.alive(), len(w.claims))
			}
			crashes += w.crashes
		})
	}
	if purchases != 15 {
		t.Errorf("nodes were bought %d times in 15 runs whose tolerations had been written before the first crash", purchases)
	}
	if crashes < 150 {
		t.Errorf("only %d crashes in all: the test does not test much", crashes)
	}
}

// TestReservationWhateverHappens does things at random while reserved nodes come up: pods
// of several kinds come and go, types are sold out, the scheduler stalls, tolerations are
// refused, the operator crashes. When it is over, all pods run, nothing is reserved or
// left over; and at no time has anybody more tolerations than a pod may have.
func TestReservationWhateverHappens(t *testing.T) {
	crashes, let := 0, 0
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t, 1000+seed)
			w.run(5 * cluster.Second)
			want := map[string]int{}
			for range 25 {
				switch w.rng.IntN(9) {
				case 0, 1, 2, 3:
					kind := []string{"web", "cpus", "memory", "small"}[w.rng.IntN(4)]
					want[kind] = w.rng.IntN(25)
					w.scaleOf(kind, want[kind])
				case 4:
					typ := w.types[w.rng.IntN(len(w.types))]
					for _, o := range typ.Offerings {
						w.short[cluster.OfferingID{InstanceType: typ.Name, Zone: o.Zone, CapacityType: o.CapacityType}] = w.rng.IntN(2) == 0
					}
				case 5:
					w.stalled = !w.stalled
				case 6:
					w.rigid = w.rng.IntN(3) == 0
				case 7:
					w.crash = func() bool { return w.rng.IntN(15) == 0 }
				case 8:
					w.crash = nil
				}
				w.run(cluster.Duration(w.rng.Int64N(int64(20 * cluster.Second))))
				for _, p := range w.pods {
					if len(p.Reserved) > 16 {
						t.Errorf("pod %s has %d tolerations", p.ID(), len(p.Reserved))
					}
				}
			}
			w.crash, w.stalled, w.rigid = nil, false, false
			clear(w.short)
			w.run(30 * cluster.Minute)
			all := 0
			for kind, n := range want {
				w.scaleOf(kind, n) // drained pods are replaced, not counted
				all += n
			}
			w.run(10 * cluster.Minute)
			for range 60 { // what goes to save money may have begun a moment ago
				if w.underway() > 0 {
					w.run(cluster.Minute)
				}
			}
			w.settled(all)
			crashes, let = crashes+w.crashes, let+w.let
		})
	}
	if crashes < 40 || let < 130 {
		t.Errorf("%d crashes and %d tolerations in all: the test does not test much", crashes, let)
	}
}

// TestReservationIsNotRemembered: the engine is thrown away before every step.
func TestReservationIsNotRemembered(t *testing.T) {
	w := newWorld(t, 47)
	w.opts.BatchIdle = 0 // a window is memory
	w.forget = true
	w.slow = 2 * cluster.Second
	w.restart()
	w.run(5 * cluster.Second)
	for _, n := range []int{10, 30, 5, 0} {
		w.mixed(n)
		w.run(4 * cluster.Minute)
		w.settled(2 * n)
	}
	if w.alive() != 0 || w.let == 0 {
		t.Errorf("%d instances left; %d tolerations were written", w.alive(), w.let)
	}
}

// TestReservationTurnedOff: nodes that were reserved before are opened.
func TestReservationTurnedOff(t *testing.T) {
	w := newWorld(t, 48)
	w.stalled = true
	w.run(5 * cluster.Second)
	w.mixed(20)
	for range 100 {
		if len(w.reserved()) > 0 {
			break
		}
		w.run(cluster.Second)
	}
	if len(w.reserved()) == 0 {
		t.Fatal("nothing was reserved")
	}
	w.opts.ReserveNodes = false
	w.restart()
	w.run(2 * cluster.Second)
	if nodes := w.reserved(); len(nodes) > 0 {
		t.Errorf("still reserved: %v", nodes)
	}
}

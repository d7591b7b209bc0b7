package engine_test

import (
	"reflect"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// TestInputIsWhatSnapshotIsMadeOf while claims are being written, nodes boot and
// pods leave.
func TestInputIsWhatSnapshotIsMadeOf(t *testing.T) {
	w := newWorld(t, 31)
	w.run(5 * cluster.Second)
	creating, booting, running := 0, 0, 0
	for _, n := range []int{60, 10} {
		w.scale(n)
		for end := w.now.Add(3 * cluster.Minute); w.now < end; {
			w.kubernetes()
			w.deliver()
			in := w.eng.Input()
			if got, want := cluster.NewSnapshot(in), w.eng.Snapshot(); !reflect.DeepEqual(got, want) {
				t.Fatalf("%s: Input gives %+v, Snapshot is %+v", w.now.RFC3339(), got, want)
			}
			if len(in.Pods) != len(w.pods) && len(w.queue) == 0 {
				t.Fatalf("%s: %d pods, want %d", w.now.RFC3339(), len(in.Pods), len(w.pods))
			}
			for _, c := range in.Claims {
				switch {
				case c.UID == "":
					creating++
				case c.NodeName == "":
					booting++
				default:
					running++
				}
			}
			w.carryOut()
			if !w.advance(end) {
				break
			}
		}
	}
	if creating == 0 || booting == 0 || running == 0 {
		t.Errorf("seen: %d claims under way, %d without a node, %d with one; want some of each", creating, booting, running)
	}
}

// TestInputKnowsTheLastPodEvent although it is written every ten seconds only.
func TestInputKnowsTheLastPodEvent(t *testing.T) {
	w := newWorld(t, 32)
	w.pool.ConsolidateAfter = cluster.Hour
	w.tell(engine.PoolChanged{Name: w.pool.Name, Pool: w.pool}, 0)
	w.scale(3)
	w.run(10 * cluster.Minute)
	w.scale(1)
	w.run(10 * cluster.Minute)
	w.scale(0) // the event is younger than any that was written
	fresh := 0
	for end := w.now.Add(5 * cluster.Second); w.now < end; {
		w.kubernetes()
		w.deliver()
		for _, c := range w.eng.Input().Claims {
			have := w.claims[c.Name]
			if have != nil && c.LastPodEvent < have.LastPodEvent && len(w.queue) == 0 {
				t.Fatalf("%s: last pod event %s, but %s was written", c.Name, c.LastPodEvent.RFC3339(), have.LastPodEvent.RFC3339())
			}
			if have != nil && c.LastPodEvent > have.LastPodEvent {
				fresh++
			}
		}
		w.carryOut()
		if !w.advance(end) {
			break
		}
	}
	if fresh == 0 {
		t.Error("no claim ever showed a pod event before it was written")
	}
}

// TestNotesCarryPrices: what is launched and given back adds up to what the cloud
// charges.
func TestNotesCarryPrices(t *testing.T) {
	w := newWorld(t, 33)
	w.run(5 * cluster.Second)
	w.scale(40)
	w.run(10 * cluster.Minute)
	var charged cluster.Money
	for _, c := range w.claims {
		price, _, ok := cluster.Price(w.types, cluster.OfferingID{
			InstanceType: c.Labels[cluster.LabelInstanceType], Zone: c.Labels[cluster.LabelZone], CapacityType: c.Labels[cluster.LabelCapacityType],
		})
		if !ok {
			t.Fatalf("claim %s is labelled as something that is not sold: %v", c.Name, c.Labels)
		}
		charged += price
	}
	w.scale(0)
	w.run(30 * cluster.Minute)
	for _, reason := range []string{"Created", "Launched", "Empty", "Terminated"} {
		if got := w.bought[reason]; got != charged || got == 0 {
			t.Errorf("%s: notes add up to %s per hour, want %s", reason, got, charged)
		}
	}
}

package engine

import (
	"slices"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
)

// evicted is the engine of [places] after the pod on "old" has been evicted and has ended, with
// nobody made for it yet. The node "on-two" has so many cores.
func evicted(t *testing.T, cores int64) (e *Engine, gone, waits *cluster.Pod) {
	t.Helper()
	e, gone, waits = places(t)
	e.opts.Kinds = []string{"/"} // that of no class
	going := *gone
	going.DeleteAt = 5
	has := cluster.NewResources(map[string]int64{cluster.CPU: cores * 1000, cluster.Pods: 10})
	e.Step(2, []Event{
		NodeChanged{"on-two", &cluster.Node{Name: "on-two", UID: "on-two", ProviderID: "i-two", Ready: true, Allocatable: has, Capacity: has}},
		PodChanged{going.ID(), &going}, PodChanged{going.ID(), nil},
	})
	return e, gone, waits
}

// TestTheAbsentHaveTheirPlaces: while nobody has been made for a pod that was evicted, plans for
// others leave it its place; those for its like may have it, and if it has gone nothing is
// bought in its stead.
func TestTheAbsentHaveTheirPlaces(t *testing.T) {
	for _, x := range []struct {
		name    string
		cores   int64
		planned bool // a plan is made for one like it
		kept    int
	}{{"others are planned for", 1, false, 1}, {"its like is", 1, true, 0}, {"there is no room any more", 0, false, 0}} {
		t.Run(x.name, func(t *testing.T) {
			e, gone, waits := evicted(t, x.cores)
			if x.planned {
				e.withdraw(waits.ID())
			}
			s := e.withAbsent(values(e.unbound), e.answered.promised, e.disruptor.moved.to)
			at := slices.IndexFunc(s.Hosts, func(h cluster.Host) bool { return h.Name == "on-two" })
			if at < 0 {
				t.Fatalf("node on-two is not in %v", s.Hosts)
			}
			if n := len(s.Hosts[at].Promised); n != x.kept {
				t.Errorf("the place of %s is kept for %d, want %d", gone.Name, n, x.kept)
			}
			for _, c := range s.Classes {
				for _, p := range c.Pods {
					if p.UID != waits.UID {
						t.Errorf("something may be bought for %s, who is not there", p.UID)
					}
				}
			}
		})
	}
}

// TestPlansExchangePlaces: a pod that could not have its place and is found another's leaves
// that one its own.
func TestPlansExchangePlaces(t *testing.T) {
	e, _, waits := evicted(t, 1)
	k := heirOf(waits)
	if left := e.disruptor.heirs[k]; !slices.Equal(left, []string{"two"}) {
		t.Fatalf("%v is left for who is to come, want two", left)
	}
	e.giveUp(waits.ID())
	e.answerAll([]*cluster.Pod{waits}, "on-two")
	if left := e.disruptor.heirs[k]; !slices.Equal(left, []string{"one"}) {
		t.Errorf("%v is left for who is to come, want the place that could not be had", left)
	}
}

// TestWhoGoesElsewhereNeedsNoPlace: a pod that comes for one that was evicted and finds a node
// at once leaves the place that was kept for it.
func TestWhoGoesElsewhereNeedsNoPlace(t *testing.T) {
	e, gone, _ := evicted(t, 1)
	next := *gone
	next.UID, next.Name, next.Node, next.DeleteAt = "next", "next", "elsewhere", 0
	e.Step(3, []Event{PodChanged{next.ID(), &next}})
	if left := e.disruptor.heirs[heirOf(gone)]; len(left) > 0 {
		t.Errorf("%v is kept for who is there already", left)
	}
}

// TestPlacesOfThoseWhoDoNotCome: when nobody is to come any more from what a node replaces, the
// places of those who never came are free, though others wait for other nodes.
func TestPlacesOfThoseWhoDoNotCome(t *testing.T) {
	for _, x := range []struct {
		name string
		goes func(e *Engine)
		kept int
	}{
		{"it is on its way out", func(*Engine) {}, 1},
		{"it has gone", func(e *Engine) { e.Step(3, []Event{ClaimChanged{"old", nil}, ClaimChanged{"spent", nil}}) }, 0},
		{"it waits without end", func(e *Engine) { e.endlessly["old"], e.endlessly["spent"] = true, true }, 0},
	} {
		t.Run(x.name, func(t *testing.T) {
			e, _, _ := evicted(t, 1)
			other := *e.claims["old"]
			other.Name, other.UID, other.ProviderID, other.NodeName = "other", "other", "i-other", "on-other"
			other.Annotations = map[string]string{doomReason: string(cluster.ReasonUnderutilized), doomReplacedBy: "three"}
			e.Step(2, []Event{ClaimChanged{"other", &other}})
			x.goes(e)
			if pods, _ := e.absent(); len(pods) != x.kept {
				t.Errorf("places are kept for %d, want %d", len(pods), x.kept)
			}
		})
	}
}

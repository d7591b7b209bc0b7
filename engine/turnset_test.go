package engine

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
)

// TestTurnsWaitForSets: the pods of a StatefulSet come one after the other, each when the one
// before is ready. Until the last of them has found its node nobody is evicted whose turn comes
// later: those are quicker, and would take the room. Nor is anybody waited for who cannot come:
// of a set that has been deleted, or made smaller, none does.
func TestTurnsWaitForSets(t *testing.T) {
	const ready = 30 * cluster.Second // longer than others are waited for
	for _, x := range []struct {
		name  string
		come  int // of the two that were evicted, the first of them at once
		ready bool
		goes  cluster.Duration
	}{
		{"both come", 2, true, ready},
		{"one comes", 1, true, ready + landsWithin},
		{"one comes and is never ready", 1, false, landsWithin + orderlyWithin},
		{"none comes", 0, false, landsWithin},
	} {
		t.Run(x.name, func(t *testing.T) {
			e, small, set := twoTurns(t)
			began := e.now
			happens := func(at cluster.Instant, p *cluster.Pod) {
				if now, _ := e.turn(e.claims["old"], []*cluster.Pod{small}); len(now) > 0 {
					t.Fatalf("it is the turn of others %s after the eviction", e.now.Sub(began))
				}
				next := *p
				e.Step(at, []Event{PodChanged{p.ID(), &next}})
			}
			for i, p := range set[:x.come] {
				p.Node, p.Phase = "on-one", cluster.Running
				happens(began.Add(cluster.Duration(i)*ready), p)
				if p.Ready = x.ready && i == 0; p.Ready {
					e.now = began.Add(ready - 1)
					happens(began.Add(ready), p)
				}
			}
			for end := began.Add(cluster.Hour); e.now < end; {
				now, again := e.turn(e.claims["old"], []*cluster.Pod{small})
				if len(now) > 0 {
					break
				}
				e.now = again
			}
			if took := e.now.Sub(began); took != x.goes {
				t.Errorf("it is the turn of others after %s, want %s", took, x.goes)
			}
		})
	}
}

// twoTurns is an engine in which the two pods of a StatefulSet on a node that is emptied have
// been evicted and are gone, and a small one is left whose turn comes later. set are those that
// come for them.
func twoTurns(t *testing.T) (e *Engine, small *cluster.Pod, set []*cluster.Pod) {
	t.Helper()
	e, _, _ = places(t)
	e.opts.Kinds = []string{"/"} // that of no class
	asks := func(name string, millicores int64) *cluster.Demand {
		return &cluster.Demand{Key: name, Requests: cluster.NewResources(map[string]int64{cluster.CPU: millicores, cluster.Pods: 1})}
	}
	pod := func(kind, name string, d *cluster.Demand) *cluster.Pod {
		return &cluster.Pod{UID: name, Namespace: "default", Name: name, Demand: d, Owner: cluster.Owner{Kind: kind, Name: d.Key, UID: d.Key}, Node: "on-old", Phase: cluster.Running}
	}
	large := asks("set", 4000)
	small = pod("ReplicaSet", "small", asks("small", 50))
	events := []Event{PodChanged{small.ID(), small}, PodChanged{"default/there", nil}, PodChanged{"default/waits", nil}}
	var gone []Event
	for _, name := range []string{"set-0", "set-1"} {
		p := pod("StatefulSet", name, large)
		going := *p
		going.DeleteAt = 1
		events = append(events, PodChanged{p.ID(), p})
		gone = append(gone, PodChanged{p.ID(), &going}, PodChanged{p.ID(), nil})
		next := *p
		next.UID, next.Node, next.Phase = name+"-next", "", cluster.Pending
		set = append(set, &next)
	}
	e.Step(2, events)
	clear(e.disruptor.turns.landing) // nobody comes for those of [places]
	e.Step(3, gone)
	return e, small, set
}

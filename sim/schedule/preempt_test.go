package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim/schedule"
)

// TestPreempt: pods leave the node on which that is the least harm, as few as will do, and
// nobody who is not more important gets into their room.
func TestPreempt(t *testing.T) {
	core := func(n int64) *cluster.Demand {
		return &cluster.Demand{Key: fmt.Sprint(n), Requests: cluster.NewResources(map[string]int64{cluster.CPU: n * 1000})}
	}
	for _, x := range []struct {
		name    string
		pods    map[string]int32 // node and number → priority, a core each
		breaks  string           // a pod whose budget would be broken
		node    string
		victims string
	}{
		{"the lower priority", map[string]int32{"a1": 5, "a2": 5, "b1": 1, "b2": 5}, "", "b", "[b2 b1]"},
		{"no more than needed", map[string]int32{"a1": 2, "b1": 2, "b2": 2}, "", "a", "[a1]"},
		{"rather two of less", map[string]int32{"a1": 5, "b1": 1, "b2": 1}, "", "b", "[b1 b2]"},
		{"no budget broken", map[string]int32{"a1": 1, "b1": 2, "b2": 2}, "a1", "b", "[b1 b2]"},
		{"nobody more important", map[string]int32{"a1": 10, "a2": 10, "b1": 10, "b2": 10}, "", "", "[]"},
	} {
		t.Run(x.name, func(t *testing.T) {
			c := schedule.NewCache(rand.New(rand.NewPCG(1, 1)))
			for _, name := range []string{"a", "b"} {
				c.SetNode(node(name, 2))
			}
			for _, name := range []string{"a1", "a2", "b1", "b2"} {
				if priority, there := x.pods[name]; there {
					p := waiting(name, priority, core(1))
					p.Node = name[:1]
					c.SetPod(p)
				}
			}
			urgent := waiting("urgent", 10, core(2))
			if c.Place(urgent) != "" {
				t.Fatal("it fits though nobody goes")
			}
			name, victims := c.Preempt(urgent, func(string, []string) map[string]bool { return map[string]bool{x.breaks: true} })
			if name != x.node || fmt.Sprint(victims) != x.victims {
				t.Errorf("node %q, victims %v; want %q, %s", name, victims, x.node, x.victims)
			}
			if name == "" {
				return
			}
			c.Nominate(urgent, name)
			for _, uid := range victims {
				c.RemovePod(uid)
			}
			if got := c.Place(waiting("like", 10, core(2))); got != "" {
				t.Errorf("a pod no more important took the room on %s", got)
			}
			if c.PlaceOn(waiting("daemon", 9, core(1)), name) {
				t.Error("the pod of a DaemonSet that is less important took some of the room")
			}
			if got := c.Place(urgent); got != name || c.Nominated("urgent") != "" {
				t.Errorf("it went to %q, nominated for %q", got, c.Nominated("urgent"))
			}
		})
	}
}

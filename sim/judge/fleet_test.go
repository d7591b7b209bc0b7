package judge

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/sim/store"
)

// TestFleetIsKept: what is kept of claims and nodes is what looking at all of them shows,
// whatever becomes of them and in whichever order.
func TestFleetIsKept(t *testing.T) {
	seen := map[bool]int{}
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		s := store.New()
		now := func() cluster.Instant { return 1 }
		j := New(s, Clock{Now: now, Operator: now, Seen: now, QuietSince: now, At: func(cluster.Instant, func()) {}}, engine.DefaultOptions(), func(Violation) {})
		s.Claims.Watch(j.ClaimChanged)
		s.Nodes.Watch(j.NodeChanged)
		for range 400 {
			name := fmt.Sprint(rng.IntN(8))
			switch claim, node := s.Claims.Get(name), s.Nodes.Get(name); rng.IntN(6) {
			case 0:
				if claim == nil {
					_, _ = s.Claims.Create(name, &cluster.Claim{Name: name, Pool: fmt.Sprint("pool", rng.IntN(2)), ExpireAfter: cluster.Forever})
				} else {
					s.Claims.Remove(claim)
				}
			case 1:
				if node == nil {
					_, _ = s.Nodes.Create(name, &cluster.Node{Name: name})
				} else {
					s.Nodes.Remove(node)
				}
			case 2:
				if node != nil {
					n := *node.Now
					n.Ready = !n.Ready
					s.Nodes.Set(node, &n)
				}
			default:
				if claim == nil {
					continue
				}
				c := *claim.Now
				c.NodeName = fmt.Sprint(rng.IntN(8))
				c.Conditions = []cluster.Condition{{Type: cluster.Initialized, Status: []string{"True", "True", "Unknown"}[rng.IntN(3)]}}
				c.Annotations = []map[string]string{nil, {doomReason: "Underutilized"}}[rng.IntN(2)]
				s.Claims.Set(claim, &c)
			}
			for _, pool := range []string{"pool0", "pool1"} {
				there, down := 0, 0
				for o := range s.Claims.Each {
					if c := o.Now; c.Pool == pool && c.Is(cluster.Initialized) {
						there++
						n := s.Nodes.Get(c.NodeName)
						is := c.Annotations[doomReason] != "" || n == nil || !n.Now.Ready
						if is != j.fleet.down[pool][o] {
							t.Fatalf("seed %d: claim %s is down: %v, kept as %v", seed, c.Name, is, !is)
						}
						seen[is]++
						if is {
							down++
						}
					}
				}
				if j.fleet.there[pool] != there || len(j.fleet.down[pool]) != down {
					t.Fatalf("seed %d: %s has %d claims, %d of them down; kept are %d and %d", seed, pool, there, down, j.fleet.there[pool], len(j.fleet.down[pool]))
				}
			}
		}
	}
	if seen[true] < 100 || seen[false] < 100 {
		t.Errorf("it has been tried on %v claims: too few to tell", seen)
	}
}

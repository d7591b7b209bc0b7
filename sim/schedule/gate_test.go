package schedule

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
)

// TestGatesAskNobodyTwice: a pod may go to just the nodes that let it in when each is asked,
// however they are reserved, opened and taken away, before and after searches.
func TestGatesAskNobodyTwice(t *testing.T) {
	demand := &cluster.Demand{Requests: cluster.NewResources(map[string]int64{cluster.CPU: 1})}
	demand.SetKey()
	anybody := &cluster.Demand{Requests: demand.Requests, Tolerations: []cluster.Toleration{{Operator: cluster.Exists}}}
	anybody.SetKey()
	reached := 0
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		c := NewCache(rng)
		for step := range 300 {
			name := fmt.Sprint("n", rng.IntN(150))
			n := &cluster.Node{Name: name, Ready: true, Allocatable: cluster.NewResources(map[string]int64{cluster.CPU: 1000, cluster.Pods: 10})}
			switch rng.IntN(4) {
			case 0:
				c.RemoveNode(name)
			case 1:
				c.SetNode(n)
			default:
				n.Taints = []cluster.Taint{cluster.ReservedTaint(fmt.Sprint(rng.IntN(20)))}
				c.SetNode(n)
			}
			p := &cluster.Pod{Namespace: "ns", Name: "p", UID: fmt.Sprint(step), Demand: demand}
			if rng.IntN(5) == 0 {
				p.Demand = anybody
			}
			for range rng.IntN(3) {
				p.Reserved = append(p.Reserved, cluster.ReservedTaint(fmt.Sprint(rng.IntN(20))).Value)
			}
			var want []string
			k := c.classOf(p)
			for _, n := range c.nodes {
				if n != nil && n.rec != nil && n.lets(k, p) {
					want = append(want, n.name)
				}
			}
			got := c.Feasible(p)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Fatalf("seed %d, step %d: pod with %v goes to %v, want %v", seed, step, p.Reserved, got, want)
			}
			if reached += len(p.Reserved); len(want) > 0 && c.choose(k, p) == nil {
				t.Fatalf("seed %d, step %d: no node is chosen of %v", seed, step, want)
			}
		}
	}
	if reached == 0 {
		t.Error("no pod was let onto a reserved node: the test tests nothing")
	}
}

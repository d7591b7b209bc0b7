package schedule

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
)

// TestFullDomainsArePassedOver: a search finds just the nodes of which each, asked by itself,
// takes the pod, however pods and nodes come, go and change their zones; whether there are few
// zones or many.
func TestFullDomainsArePassedOver(t *testing.T) {
	passed := 0
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		c := NewCache(rng)
		zones := []int{3, 2 * fewDomains}[seed%2]
		kinds := make([]*cluster.Pod, 3)
		for i := range kinds {
			app := cluster.Labels{"app": fmt.Sprint(i)}
			d := &cluster.Demand{
				Requests: cluster.NewResources(map[string]int64{cluster.CPU: 1, cluster.Pods: 1}),
				Spreads: []cluster.TopologySpread{{Key: cluster.LabelZone, MaxSkew: 1 + int32(i), HonorAffinity: true,
					Pods: cluster.PodSelector{Namespaces: []string{"ns"}, Labels: cluster.Term{{Key: "app", Operator: cluster.In, Values: []string{app["app"]}}}}}},
			}
			d.SetKey()
			kinds[i] = &cluster.Pod{Namespace: "ns", Demand: d, Identity: &cluster.Identity{Key: app["app"], Namespace: "ns", Labels: app}}
		}
		var there []string
		for step := range 400 {
			name := fmt.Sprint("n", rng.IntN(40))
			switch x := rng.IntN(10); {
			case x == 0:
				c.RemoveNode(name)
			case x < 3:
				n := &cluster.Node{Name: name, Ready: true, Labels: cluster.Labels{}, Allocatable: cluster.NewResources(map[string]int64{cluster.CPU: 1000, cluster.Pods: 10})}
				if zone := rng.IntN(zones + 1); zone < zones {
					n.Labels[cluster.LabelZone] = fmt.Sprint(zone)
				}
				c.SetNode(n)
			case x < 5 && len(there) > 0:
				i := rng.IntN(len(there))
				c.RemovePod(there[i])
				there = slices.Delete(there, i, i+1)
			}
			p := *kinds[rng.IntN(len(kinds))]
			p.UID = fmt.Sprint(step)
			want := c.Feasible(&p)
			c.found = c.found[:0]
			if c.Place(&p) != "" {
				there = append(there, p.UID)
			}
			var got []string
			for _, s := range c.found {
				got = append(got, c.nodes[s].name)
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Fatalf("seed %d, step %d: the search finds %v, want %v", seed, step, got, want)
			}
			passed += len(c.full)
		}
	}
	if passed == 0 {
		t.Error("no domain was ever full")
	}
}

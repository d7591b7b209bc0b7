package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim/schedule"
)

// BenchmarkPlace is a pod that comes and one that goes in a cluster that is nearly full:
// 10,000 nodes of 8 cores, 300 kinds of pods, half of them spread over zones, all of them
// softly as the scheduler's defaults have it.
//
//	go test ./sim/schedule -run '^$' -bench Place
func BenchmarkPlace(b *testing.B) {
	for _, nodes := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprint(nodes), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 1))
			c := schedule.NewCache(rng)
			for i := range nodes {
				name := fmt.Sprintf("node-%d", i)
				c.SetNode(&cluster.Node{Name: name, Ready: true,
					Labels:      cluster.Labels{cluster.LabelHostname: name, cluster.LabelZone: string(rune('a' + i%3))},
					Allocatable: cluster.NewResources(map[string]int64{cluster.CPU: 8000, cluster.Memory: 32 << 30, cluster.Pods: 110})})
			}
			kinds := pods(300)
			var there []*cluster.Pod
			next := 0
			add := func() bool {
				p := *kinds[rng.IntN(len(kinds))]
				next++
				p.UID = fmt.Sprintf("u%d", next)
				if c.Place(&p) == "" {
					return false
				}
				there = append(there, &p)
				return true
			}
			for refused := 0; refused < 50; {
				if !add() {
					refused++
				}
			}
			b.ResetTimer()
			for range b.N {
				i := rng.IntN(len(there))
				c.RemovePod(there[i].UID)
				there[i] = there[len(there)-1]
				there = there[:len(there)-1]
				add()
			}
		})
	}
}

// pods are one pod of each of n kinds.
func pods(n int) []*cluster.Pod {
	var demands cluster.Demands
	var identities cluster.Identities
	out := make([]*cluster.Pod, n)
	for i := range out {
		app := fmt.Sprintf("app-%d", i)
		d := cluster.Demand{Requests: cluster.NewResources(map[string]int64{cluster.CPU: int64(100 + 50*(i%10)), cluster.Memory: int64(1+i%7) << 28, cluster.Pods: 1})}
		if i%2 == 0 {
			d.Spreads = []cluster.TopologySpread{{Key: cluster.LabelZone, MaxSkew: 1, HonorAffinity: true,
				Pods: cluster.PodSelector{Namespaces: []string{"default"}, Labels: cluster.Term{{Key: "app", Operator: cluster.In, Values: []string{app}}}}}}
		}
		out[i] = &cluster.Pod{Namespace: "default", Name: app, Demand: demands.Intern(d), Identity: identities.Intern("default", cluster.Labels{"app": app}), Owner: cluster.Owner{Kind: "ReplicaSet", Name: app}}
	}
	return out
}

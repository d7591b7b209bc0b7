package cluster_test

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
)

// TestPodsThatStay: a pod that stays on a host that is on its way out does not wait for another
// place, and constraints count it where it is.
func TestPodsThatStay(t *testing.T) {
	var identities cluster.Identities
	web := identities.Intern("default", cluster.Labels{"app": "web"})
	demand := &cluster.Demand{Requests: cluster.NewResources(map[string]int64{cluster.CPU: 500, cluster.Pods: 1}),
		Spreads: []cluster.TopologySpread{{Key: cluster.LabelZone, MaxSkew: 1, Pods: cluster.PodSelector{
			Namespaces: []string{"default"}, Labels: cluster.Term{{Key: "app", Operator: cluster.In, Values: []string{"web"}}}}}}}
	demand.SetKey()
	pod := func(name, node string) *cluster.Pod {
		p := &cluster.Pod{UID: name, Namespace: "default", Name: name, Node: node, Demand: demand, Identity: web,
			Owner: cluster.Owner{Kind: "ReplicaSet", Name: "web", UID: "web"}}
		if node == "" {
			p.UnschedulableSince = 1
		}
		return p
	}
	room := cluster.NewResources(map[string]int64{cluster.CPU: 4000, cluster.Pods: 10})
	in := cluster.Input{
		Nodes:   []*cluster.Node{{Name: "going", UID: "n", Ready: true, Labels: cluster.Labels{cluster.LabelZone: "a"}, Capacity: room, Allocatable: room}},
		Pods:    []*cluster.Pod{pod("goes", "going"), pod("stays", "going"), pod("waits", "")},
		Emptied: map[string]bool{"going": true},
	}
	for _, x := range []struct {
		name           string
		staying        map[string]bool
		waiting, count int
	}{{"nobody", nil, 3, 0}, {"one", map[string]bool{"stays": true}, 2, 1}} {
		t.Run(x.name, func(t *testing.T) {
			in.Staying = x.staying
			s := cluster.NewSnapshot(in)
			waiting, count := 0, 0
			for i := range s.Classes {
				waiting += len(s.Classes[i].Pods)
			}
			for _, c := range s.Groups[0].Hosts {
				count += int(c.Pods)
			}
			if waiting != x.waiting || count != x.count {
				t.Errorf("%d pods wait and %d count, want %d and %d", waiting, count, x.waiting, x.count)
			}
		})
	}
}

// TestPodsThatAreWaitedFor: a pod that nobody may evict needs no other place while its node
// waits for it without end; it does if it can go, or will have to.
func TestPodsThatAreWaitedFor(t *testing.T) {
	demand := &cluster.Demand{Requests: cluster.NewResources(map[string]int64{cluster.CPU: 500, cluster.Pods: 1})}
	demand.SetKey()
	room := cluster.NewResources(map[string]int64{cluster.CPU: 4000, cluster.Pods: 10})
	for _, x := range []struct {
		name    string
		change  func(*cluster.Claim, *cluster.Pod)
		waiting int
	}{
		{"without end", func(*cluster.Claim, *cluster.Pod) {}, 0},
		{"it may be evicted", func(_ *cluster.Claim, p *cluster.Pod) { p.ProtectedUntil = 0 }, 1},
		{"it may be later", func(_ *cluster.Claim, p *cluster.Pod) { p.ProtectedUntil = 10 }, 1},
		{"its node may stay", func(c *cluster.Claim, _ *cluster.Pod) { c.DeletingAt = 0 }, 1},
		{"its grace ends", func(c *cluster.Claim, _ *cluster.Pod) { c.TerminationGracePeriod = cluster.Minute }, 1},
		{"its instance ends", func(c *cluster.Claim, _ *cluster.Pod) { c.Annotations = map[string]string{cluster.EndsAt: "soon"} }, 1},
	} {
		t.Run(x.name, func(t *testing.T) {
			c := &cluster.Claim{Name: "claim", UID: "c", ProviderID: "i-1", NodeName: "going", DeletingAt: 5, TerminationGracePeriod: cluster.Forever}
			p := &cluster.Pod{UID: "db", Namespace: "default", Name: "db", Node: "going", Demand: demand, ProtectedUntil: cluster.Never,
				Owner: cluster.Owner{Kind: "StatefulSet", Name: "db", UID: "db"}}
			x.change(c, p)
			s := cluster.NewSnapshot(cluster.Input{
				Nodes:  []*cluster.Node{{Name: "going", UID: "n", ProviderID: "i-1", Ready: true, Capacity: room, Allocatable: room}},
				Claims: []*cluster.Claim{c}, Pods: []*cluster.Pod{p}, Emptied: map[string]bool{"going": true},
			})
			if len(s.Classes) != x.waiting {
				t.Errorf("%d kinds of pods wait for a place, want %d", len(s.Classes), x.waiting)
			}
		})
	}
}

package solve_test

import (
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/solve"
)

// TestAttachmentsAreNotRequested: what a node has to attach limits how many pods it gets,
// but is nothing that the node will ever say it has: a claim that asked for it would wait
// for that for ever.
func TestAttachmentsAreNotRequested(t *testing.T) {
	const limit = cluster.AttachLimit + "disk"
	pool := &cluster.Pool{Name: "general", Class: cluster.ClassRef{Group: "g", Kind: "K", Name: "default"}, Limits: nil}
	room := cluster.NewResources(map[string]int64{cluster.CPU: 8000, cluster.Memory: 32 << 30, cluster.Pods: 50})
	in := cluster.Input{
		Pools: []*cluster.Pool{pool},
		Types: map[cluster.ClassRef][]cluster.InstanceType{pool.Class: {{
			Name: "large", Capacity: room, Allocatable: room, AttachLimits: cluster.NewResources(map[string]int64{limit: 3}),
			Offerings: []cluster.Offering{{Zone: "a", CapacityType: cluster.OnDemand, Price: 100_000, Available: true}},
		}}},
		Storage: cluster.Storage{StorageClasses: []*cluster.StorageClass{{Name: "wait", Provisioner: "disk", WaitForConsumer: true}}},
	}
	for i := range 7 {
		name := string(rune('a' + i))
		in.PersistentVolumeClaims = append(in.PersistentVolumeClaims, &cluster.PersistentVolumeClaim{Namespace: "ns", Name: name, StorageClass: "wait", Size: 1})
		d := &cluster.Demand{Requests: cluster.NewResources(map[string]int64{cluster.CPU: 100, cluster.Pods: 1}), Volumes: []cluster.VolumeUse{{Claim: name}}}
		d.SetKey()
		in.Pods = append(in.Pods, &cluster.Pod{UID: name, Namespace: "ns", Name: name, Demand: d, UnschedulableSince: 1})
	}
	p := solve.Solve(cluster.NewSnapshot(in), solve.Options{})
	if len(p.Creates) != 3 || len(p.Unplaced) > 0 {
		t.Fatalf("%d nodes for seven volumes at three a node, want 3; not placed: %v", len(p.Creates), p.Unplaced)
	}
	for _, c := range p.Creates {
		for _, r := range c.Requests {
			if strings.HasPrefix(r.Name, cluster.AttachLimit) {
				t.Errorf("a node is asked for %s=%d", r.Name, r.Value)
			}
		}
		if c.Requests.Get(cluster.CPU) != int64(100*len(c.Pods)) {
			t.Errorf("requests %v for %d pods of 100m", c.Requests, len(c.Pods))
		}
	}
}

package kube

import (
	"encoding/json"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/ullage-sh/ullage/cluster"
)

// TestZeroOthers: what a pool no longer has reads as nothing after a merge patch, which
// takes no key away. Else its status would differ from what is there for ever.
func TestZeroOthers(t *testing.T) {
	before := corev1.ResourceList{"cpu": quantity(cluster.Amount{Name: cluster.CPU, Value: 4000}), "memory": quantity(cluster.Amount{Name: cluster.Memory, Value: 1 << 30}), "nodes": quantity(cluster.Amount{Name: "nodes", Value: 2})}
	want := cluster.NewResources(map[string]int64{"nodes": 1})
	list := resourceList(want)
	zeroOthers(list, []corev1.ResourceName{"cpu", "memory", "nodes"})
	patch, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(patch, &before); err != nil { // into a map: as a merge patch does
		t.Fatal(err)
	}
	if got := resources(before); len(got) != 1 || got.Get("nodes") != 1 {
		t.Errorf("after the patch the pool has %v, want one node", got)
	}
}

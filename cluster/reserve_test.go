package cluster_test

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/cluster/clustertest"
)

// TestReservedHosts can be planned for, as long as it is their own claim that they are
// reserved by.
func TestReservedHosts(t *testing.T) {
	in, err := clustertest.Parse(`
		type large cpu=2 mem=8Gi pods=29 price.on-demand=0.10
		pool default
		node mine type=large pool=default
		node other type=large pool=default
		node unmanaged type=large
		pods web 1 cpu=500m`)
	if err != nil {
		t.Fatal(err)
	}
	own := cluster.Taint{Key: "x", Effect: cluster.NoSchedule}
	for _, n := range in.Nodes {
		n.Taints = []cluster.Taint{cluster.ReservedTaint("claim-mine"), own}
	}
	for _, h := range cluster.NewSnapshot(in).Hosts {
		want := 2
		if h.Name == "mine" {
			want = 1
		}
		if len(h.Taints) != want || h.Taints[want-1] != own {
			t.Errorf("%s: taints %v", h.Name, h.Taints)
		}
	}
	for _, n := range in.Nodes {
		if len(n.Taints) != 2 {
			t.Errorf("the record of %s was changed: %v", n.Name, n.Taints)
		}
	}
}

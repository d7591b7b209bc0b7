package repack_test

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster/clustertest"
	"github.com/ullage-sh/ullage/repack"
)

// TestPodsThatAreWaitedFor: a pod that nobody may evict stays on a node that is deleted, and who
// wants to be apart from it has no place beside it. One that may be evicted will be gone.
func TestPodsThatAreWaitedFor(t *testing.T) {
	for label, moves := range map[string]bool{"do-not-disrupt": false, "ready": true} {
		records, err := clustertest.Parse(`
			type std cpu=4 mem=16Gi pods=29 price.on-demand=0.30 zones=a,b
			pool default
			node going type=std pool=default zone=a deleting
			node n1 type=std pool=default zone=a
			node n2 type=std pool=default zone=b
			pods db 1 cpu=500m mem=1Gi node=going ` + label + `
			pods apart 1 cpu=500m mem=1Gi apart=zone;app=db node=n2
			pods stays 1 cpu=500m mem=1Gi node=n1 do-not-disrupt`)
		if err != nil {
			t.Fatal(err)
		}
		in := repack.Input{Input: records, Now: clustertest.Born}
		if r := repack.Repack(in, repack.Options{}); (len(r.Actions) > 0) != moves {
			t.Errorf("%s: n2 is given back: %t, want %t\n%s", label, len(r.Actions) > 0, moves, r.Text())
		}
	}
}

// TestPortsInEachOthersWay: two pods of a kind that were put on one node past the scheduler,
// with the same port, move one after the other.
func TestPortsInEachOthersWay(t *testing.T) {
	records, err := clustertest.Parse(`
		type dear cpu=4 mem=16Gi pods=29 price.on-demand=0.90
		type new cpu=8 mem=32Gi pods=29 price.on-demand=0.30
		pool default
		node n1 type=dear pool=default
		node n2 type=dear pool=default
		pods a 2 cpu=500m mem=1Gi port=80 node=n1
		pods b 1 cpu=500m mem=1Gi spread=zone node=n1
		pods c 1 cpu=3900m mem=1Gi node=n2`)
	if err != nil {
		t.Fatal(err)
	}
	in := repack.Input{Input: records, Now: clustertest.Born}
	r := repack.Repack(in, repack.Options{})
	if err := check(in, r); err != nil || len(r.Actions) != 1 || len(r.Actions[0].Creates) != 2 {
		t.Errorf("want two new nodes for both: %v\n%s", err, r.Text())
	}
}

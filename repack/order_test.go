package repack_test

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster/clustertest"
	"github.com/ullage-sh/ullage/repack"
)

// TestApartByZone: pods of which each zone takes one can be replaced in their zones: who has
// left keeps nobody away any more, himself least of all.
func TestApartByZone(t *testing.T) {
	records, err := clustertest.Parse(`
		type dear cpu=4 mem=16Gi pods=29 price.on-demand=0.90 zones=a,b
		type fair cpu=4 mem=16Gi pods=29 price.on-demand=0.30 zones=a,b
		pool default
		node n1 type=dear pool=default zone=a
		node n2 type=dear pool=default zone=b
		pods one 1 cpu=2500m mem=1Gi label.app=db apart=zone node=n1
		pods other 1 cpu=2500m mem=1Gi label.app=db apart=zone node=n2`)
	if err != nil {
		t.Fatal(err)
	}
	in := repack.Input{Input: records, Now: clustertest.Born}
	r := repack.Repack(in, repack.Options{})
	if err := check(in, r); err != nil || r.Objective() != r.Bound {
		t.Errorf("want both replaced by fair ones: %v\n%s", err, r.Text())
	}
}

// TestMoveBesideANewNode: where a node is bought for some pods, others that a spread counts may
// go to nodes that have room, if they find it in whatever order they come.
func TestMoveBesideANewNode(t *testing.T) {
	for _, x := range []struct {
		name, rooms string
		goes        bool
	}{
		{"room for both", "node n2 cpu=2 mem=8Gi pods=29 zone=a", true},
		{"the first takes the room of the second", "node n2 cpu=900m mem=8Gi pods=29 zone=a\nnode n3 cpu=500m mem=8Gi pods=29 zone=a", false},
	} {
		records, err := clustertest.Parse(`
			type dear cpu=8 mem=32Gi pods=29 price.on-demand=0.50 zones=a
			type small cpu=3 mem=12Gi pods=29 price.on-demand=0.30 zones=a
			pool default
			node n1 type=dear pool=default zone=a
			pods large 1 cpu=3 mem=1Gi node=n1
			pods even 1 cpu=500m mem=1Gi spread=zone node=n1
			pods other 1 cpu=900m mem=1Gi node=n1
			` + x.rooms)
		if err != nil {
			t.Fatal(err)
		}
		in := repack.Input{Input: records, Now: clustertest.Born}
		r := repack.Repack(in, repack.Options{})
		if goes := len(r.Actions) == 1 && len(r.Actions[0].Creates) == 1 && len(r.Actions[0].Moves) > 0; goes != x.goes {
			t.Errorf("%s: n1 is replaced by one small node: %v, want %v\n%s", x.name, goes, x.goes, r.Text())
		}
		if err := check(in, r); err != nil {
			t.Errorf("%s: %v", x.name, err)
		}
	}
}

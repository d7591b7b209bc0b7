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

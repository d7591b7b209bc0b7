package repack_test

import (
	"slices"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/cluster/clustertest"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/repack"
)

// lookAt makes a pass over a cluster in which nothing has changed for a day, and of which four
// nodes may go at a time.
func lookAt(t *testing.T, text string, opt repack.Options) *plan.Repacking {
	t.Helper()
	records, err := clustertest.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	quiet := map[string]cluster.Duration{}
	for _, n := range records.Nodes {
		quiet[n.Name] = 24 * cluster.Hour
	}
	return repack.Repack(repack.Input{Input: records, Now: clustertest.Born, Quiet: quiet, AtOnce: map[string]int{"default": 4}}, opt)
}

// TestYield: what saves little of what the pods are worth that move is not done, though it is
// more than has to be saved of what the node costs; what saves more is.
func TestYield(t *testing.T) {
	for _, x := range []struct {
		price string
		yield int64
		goes  bool
	}{{price: "0.1015"}, {price: "0.1015", yield: -1, goes: true}, {price: "0.11", goes: true}, {price: "0.11", yield: 200_000}} {
		r := lookAt(t, `
			type large cpu=4 mem=16Gi pods=29 price.on-demand=`+x.price+`
			type small cpu=2 mem=8Gi pods=29 price.on-demand=0.10
			pool default
			node n1 type=large pool=default
			pods a 2 cpu=950m mem=1Gi node=n1`, repack.Options{LeastYield: x.yield})
		if goes := len(r.Actions) == 1; goes != x.goes {
			t.Errorf("large costs %s, yield %d: it goes: %v, want %v\n%s", x.price, x.yield, goes, x.goes, r.Text())
		}
	}
}

// TestFewest: nodes that add next to nothing to what the others of an action save are left out.
func TestFewest(t *testing.T) {
	r := lookAt(t, `
		type dear cpu=2 mem=8Gi pods=29 price.on-demand=0.30
		type fair cpu=2 mem=8Gi pods=29 price.on-demand=0.101
		type small cpu=2 mem=8Gi pods=29 price.on-demand=0.10
		pool default
		node n1 type=dear pool=default
		node n2 type=dear pool=default
		node n3 type=fair pool=default
		node n4 type=fair pool=default
		pods a 2 cpu=950m mem=1Gi node=n1
		pods b 2 cpu=950m mem=1Gi node=n2
		pods c 1 cpu=1100m mem=1Gi node=n3
		pods d 1 cpu=1100m mem=1Gi node=n4`, repack.Options{})
	var gone []string
	for i := range r.Actions {
		gone = append(gone, r.Actions[i].Hosts...)
	}
	if slices.Sort(gone); !slices.Equal(gone, []string{"n1", "n2"}) {
		t.Errorf("%v are given back, want only n1 and n2, which are dear:\n%s", gone, r.Text())
	}
}

package repack_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/cluster/clustertest"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/repack"
)

// TestCheckCatches each kind of mistake.
func TestCheckCatches(t *testing.T) {
	records, err := clustertest.Parse(`
		type large cpu=2 mem=8Gi pods=29 price.on-demand=0.10
		type huge cpu=16 mem=64Gi pods=110 price.on-demand=0.90
		pool default
		node n1 type=large pool=default
		node n2 type=large pool=default
		node n3 type=huge pool=default
		node n4 type=large pool=default
		pods a 1 cpu=500m mem=1Gi node=n1
		pods b 2 cpu=500m mem=1Gi node=n2
		pods c 2 cpu=1900m mem=1Gi node=n3
		pods d 1 cpu=100m mem=1Gi node=n4 do-not-disrupt
		pods e 1 cpu=1800m mem=1Gi node=n4`)
	if err != nil {
		t.Fatal(err)
	}
	in := repack.Input{Input: records, Now: clustertest.Born}
	for _, x := range []struct {
		want  string
		spoil func(*plan.Repacking)
	}{
		{"gets lost", func(r *plan.Repacking) { r.Actions[0].Moves = nil }},
		{"pods move,", func(r *plan.Repacking) {
			r.Actions[0].Moves = append(r.Actions[0].Moves, plan.Placement{Host: "n2", Pods: r.Actions[1].Creates[0].Pods})
		}},
		{"cannot go to n4: resources", func(r *plan.Repacking) { r.Actions[0].Moves[0].Host = "n4" }},
		{"cannot go to n1", func(r *plan.Repacking) { r.Actions[0].Moves[0].Host = "n1" }},
		{"carries do-not-disrupt", func(r *plan.Repacking) { r.Actions[0].Hosts = append(r.Actions[0].Hosts, "n4") }},
		{"saves nothing", func(r *plan.Repacking) {
			a := &r.Actions[1]
			a.Saving = 0
			a.Creates = append(slices.Clone(a.Creates), a.Creates...)
			for i := range a.Creates {
				a.Creates[i].Offerings = slices.Clone(a.Creates[i].Offerings)
				a.Creates[i].Offerings[0].InstanceType = "huge"
			}
		}},
		{"its verdict is", func(r *plan.Repacking) { r.Verdicts[len(r.Verdicts)-1].Kept = 0 }},
		{"the bound", func(r *plan.Repacking) { r.Bound = r.Objective() + 1 }},
	} {
		r := repack.Repack(in, repack.Options{})
		if len(r.Actions) != 2 || len(r.Actions[1].Creates) == 0 {
			t.Fatalf("the test needs a removal and a replacement:\n%s", r.Text())
		}
		if err := check(in, r); err != nil {
			t.Fatalf("wrong before it is broken: %v\n%s", err, r.Text())
		}
		x.spoil(r)
		if err := check(in, r); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("want %q, got %v", x.want, err)
		}
	}
}

package view_test

import (
	"testing"

	"github.com/ullage-sh/ullage/view"
)

// TestScore: two nodes at half their capacity cost twice what one would.
func TestScore(t *testing.T) {
	in := parse(t, `
type m.large cpu=2 mem=8Gi pods=29 price.on-demand=0.1 zones=a
pool default
node own cpu=2 mem=8Gi pods=29
node n1 type=m.large pool=default
node n2 type=m.large pool=default
pods here 2 cpu=1 node=own
pods web 1 cpu=1 node=n1
pods db 1 cpu=1 node=n2
pods net 2 cpu=100m node=n2 daemon=net
`)
	s := view.NewScore(in)
	if s.Nodes != 2 || s.Price.String() != "$0.2000" {
		t.Errorf("%d nodes for %s, want 2 for $0.2000", s.Nodes, s.Price)
	}
	if s.Bound != 100_000 || s.Gap() != 1 {
		t.Errorf("bound %s and gap %v, want $0.1000 and 1", s.Bound, s.Gap())
	}
	if in.Pods[2].Node == "" || len(in.Nodes) != 3 {
		t.Error("the input was changed")
	}
	in.Pods = in.Pods[:2]
	if s = view.NewScore(in); s.Bound != 0 || s.Gap() != 0 {
		t.Errorf("nothing has to be bought, but the bound is %s", s.Bound)
	}
}

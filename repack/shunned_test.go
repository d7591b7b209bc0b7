package repack_test

import (
	"testing"

	"github.com/ullage-sh/ullage/repack"
)

// TestShunned: pods are planned to nodes that a former pass has found to be worth giving back
// only if there is no room on others, though they are fuller; and that they are marked is no
// constraint.
func TestShunned(t *testing.T) {
	for _, x := range []struct{ name, rooms, to string }{
		{"the tighter one is to go", "node n2 cpu=2 mem=8Gi pods=29 taint=ullage.sh/disruption-candidate:PreferNoSchedule\nnode n3 cpu=4 mem=8Gi pods=29", "n3"},
		{"none is to go", "node n2 cpu=2 mem=8Gi pods=29\nnode n3 cpu=4 mem=8Gi pods=29", "n2"},
		{"there is no other", "node n2 cpu=2 mem=8Gi pods=29 taint=ullage.sh/disruption-candidate:PreferNoSchedule", "n2"},
	} {
		r := lookAt(t, `
			type large cpu=4 mem=16Gi pods=29 price.on-demand=0.2
			pool default
			node n1 type=large pool=default
			pods a 1 cpu=1 mem=1Gi node=n1
			`+x.rooms, repack.Options{})
		if len(r.Actions) != 1 || len(r.Actions[0].Moves) != 1 || r.Actions[0].Moves[0].Host != x.to {
			t.Errorf("%s: want the pod moved to %s\n%s", x.name, x.to, r.Text())
		}
	}
}

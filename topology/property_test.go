package topology_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/pack"
	"github.com/ullage-sh/ullage/topology"
)

// draw draws a cluster whose pods have constraints between each other.
func draw(t *rapid.T) string {
	n := func(what string, low, high int) int { return rapid.IntRange(low, high).Draw(t, what) }
	word := func(what string, words ...string) string { return rapid.SampledFrom(words).Draw(t, what) }
	var b strings.Builder
	fmt.Fprintf(&b, "type m cpu=8 mem=32Gi pods=16 price.on-demand=0.19 price.spot=0.08 zones=%s\npool default\n", word("zones", "a", "a,b", "a,b,c"))
	apps := n("apps", 1, 3)
	app := func(what string) string { return string(rune('u' + n(what, 0, apps-1))) }
	constraint := func() string {
		of := word("of", "", ";app="+app("other"))
		switch n("constraint", 0, 7) {
		case 0, 1, 2:
			return fmt.Sprintf(" spread=%s;skew=%d%s%s", word("key", "zone", "host", "capacity-type"), n("skew", 1, 2), of, word("policy", "", ";ignore-affinity", ";domains=3"))
		case 3, 4:
			return " apart=" + word("key", "zone", "host") + of
		case 5:
			return " near=" + word("key", "zone", "host") + of
		case 6:
			return " port=" + word("port", "80", "80/TCP@10.0.0.1")
		}
		return " selector=" + word("selector", "zone=a", "zone=b", "capacity-type=spot")
	}
	for i := range n("nodes", 0, 3) {
		fmt.Fprintf(&b, "node n%d type=m pool=default zone=%s\n", i, word("node zone", "a", "b"))
		for j := range n("bound", 0, 2) {
			fmt.Fprintf(&b, "pods bound%d%d 1 cpu=1 label.app=%s node=n%d%s\n", i, j, app("app"), i, constraint())
		}
	}
	for i := range n("classes", 1, 4) {
		fmt.Fprintf(&b, "pods w%d %d cpu=%d00m label.app=%s%s", i, n("pods", 1, 6), n("cpu", 1, 30), app("app"), constraint())
		if n("second", 0, 2) == 0 {
			b.WriteString(constraint())
		}
		b.WriteString("\n")
	}
	return b.String()
}

// TestAnyPacking: however items are packed, as long as places, dimensions and rules
// are kept, all constraints hold with all pods in place, and there is an order in
// which these can come. A longer run:
//
//	go test ./topology -run TestAnyPacking -rapid.checks=100000
func TestAnyPacking(t *testing.T) {
	sure, all := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		script := draw(t)
		snap := parse(t, script)
		s := split(snap, 0)
		if all++; certain(snap, s) {
			sure++
		}
		for seed := range uint64(5) {
			if err := fill(snap, s, seed); err != nil {
				t.Fatalf("%v\n%s\n%s", err, script, text(snap, s))
			}
		}
	})
	t.Logf("%d of %d splits are certain", sure, all)
	if all >= 100 && sure < all/4 {
		t.Errorf("only %d of %d splits promise anything", sure, all)
	}
}

// TestAnyPackingCatches: mistakes in splits that the property must notice.
func TestAnyPackingCatches(t *testing.T) {
	for _, m := range []struct {
		mistake string
		spoil   func(*cluster.Snapshot, *topology.Split)
	}{
		{"places are those of another domain", func(_ *cluster.Snapshot, s *topology.Split) {
			for i := range s.Items {
				s.Items[i].Places = s.Items[len(s.Items)-1].Places
			}
		}},
		{"dimensions have room for one more", func(_ *cluster.Snapshot, s *topology.Split) {
			for i := range s.Dims {
				s.Dims[i].Room++
			}
		}},
		{"rules allow one more", func(_ *cluster.Snapshot, s *topology.Split) {
			for i := range s.Rules {
				s.Rules[i].Cap++
			}
		}},
		{"rules have no holders", func(_ *cluster.Snapshot, s *topology.Split) {
			for i := range s.Rules {
				clear(s.Rules[i].Holders)
			}
		}},
		{"pods on hosts are not counted", func(_ *cluster.Snapshot, s *topology.Split) {
			for i := range s.Dims {
				s.Dims[i].There = nil
			}
		}},
		{"hosts take everything", func(snap *cluster.Snapshot, s *topology.Split) {
			for i := range s.Places {
				s.Places[i].Hosts = pack.NewSet(len(snap.Hosts))
				for h := range snap.Hosts {
					s.Places[i].Hosts.Add(h)
				}
			}
		}},
	} {
		noticed := func(script string) bool {
			snap := parse(t, script)
			s := split(snap, 0)
			m.spoil(snap, s)
			for seed := range uint64(5) {
				if fill(snap, s, seed) != nil {
					return true
				}
			}
			return false
		}
		found := false
		for seed := 0; seed < 3000 && !found; seed++ {
			found = noticed(rapid.Custom(draw).Example(seed))
		}
		if !found {
			t.Errorf("%s: not noticed in 3000 clusters", m.mistake)
		}
	}
}

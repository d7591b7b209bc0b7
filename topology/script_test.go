package topology_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/topology"
)

// TestScripts runs testdata/*.txt: clusters in the language of package clustertest,
// and what their pods become for packing.
//
//	split [preferences-millis=N]
//	    writes each lot of items: units × pods, the hosts and offerings that they are
//	    bound to, and what they take of dimensions (room in brackets) and rules; then
//	    the pods that are left out, and whether it is certain that all constraints
//	    hold.
//
// Every split is also packed at random, and checked ([fill]). go test ./topology -run
// Scripts -rewrite writes what comes out into the files.
func TestScripts(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no scripts in testdata: %v", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
				if d.Cmd != "split" {
					t.Fatalf("%s: unknown directive %q", d.Pos, d.Cmd)
				}
				millis := int64(0)
				if d.HasArg("preferences-millis") {
					d.ScanArgs(t, "preferences-millis", &millis)
				}
				snap := parse(t, d.Input)
				s := split(snap, cluster.Money(millis)*cluster.USD/1000)
				for seed := range uint64(20) {
					if err := fill(snap, s, seed); err != nil {
						t.Errorf("%s: packed with seed %d: %v", d.Pos, seed, err)
					}
				}
				return text(snap, s)
			})
		})
	}
}

// text is a split for people, by class and then place.
func text(snap *cluster.Snapshot, s *topology.Split) string {
	var lines []string
	left := make([]int32, len(snap.Classes))
	for i := range snap.Classes {
		left[i] = int32(len(snap.Classes[i].Pods))
	}
	for i := range s.Items {
		x := &s.Items[i]
		for _, lot := range x.Lots {
			var parts []string
			for _, p := range lot.Parts {
				parts = append(parts, fmt.Sprintf("%d %s", p.Pods, nameOf(snap, p.Class)))
				left[p.Class] -= p.Pods * lot.Units
			}
			lines = append(lines, fmt.Sprintf("%d × %s: %s%s\n", lot.Units, strings.Join(parts, " + "), where(snap, &s.Places[x.Places]), limits(s, i)))
		}
	}
	slices.Sort(lines)
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l)
	}
	for c, n := range left {
		if n > 0 {
			fmt.Fprintf(&b, "left out %d %s\n", n, nameOf(snap, int32(c)))
		}
	}
	if s.Uncertain {
		b.WriteString("uncertain\n")
	}
	return b.String()
}

func nameOf(snap *cluster.Snapshot, class int32) string {
	return snap.Classes[class].Pods[0].Owner.Name
}

// where lists hosts by name and offerings by type, zone and capacity type; those that
// differ in the zone only together.
func where(snap *cluster.Snapshot, p *topology.Places) string {
	var out []string
	for h := range snap.Hosts {
		if p.Hosts.Has(h) {
			out = append(out, snap.Hosts[h].Name)
		}
	}
	zones := map[string][]string{}
	var wares []string
	for o := range snap.Offerings {
		if id := snap.Offerings[o].ID; p.Offerings.Has(o) {
			ware := "new " + id.InstanceType + "/%s/" + id.CapacityType
			if zones[ware] == nil {
				wares = append(wares, ware)
			}
			zones[ware] = append(zones[ware], id.Zone)
		}
	}
	slices.Sort(wares)
	for _, w := range wares {
		slices.Sort(zones[w])
		out = append(out, fmt.Sprintf(w, strings.Join(zones[w], "+")))
	}
	if len(out) == 0 {
		return "nowhere"
	}
	return strings.Join(out, ", ")
}

// limits is what an item takes of dimensions, and its part in rules.
func limits(s *topology.Split, item int) string {
	var b strings.Builder
	for _, a := range s.Items[item].Dims {
		fmt.Fprintf(&b, "; %d of dimension %d [%d]", a.Value, a.Dim, s.Dims[a.Dim].Room)
	}
	for i := range s.Rules {
		r := &s.Rules[i]
		holds, counts := r.Holders.Has(item), r.Members.Has(item)
		switch {
		case holds && counts:
			fmt.Fprintf(&b, "; holds and counts in rule %d [%d]", i, r.Cap)
		case holds:
			fmt.Fprintf(&b, "; holds rule %d [%d]", i, r.Cap)
		case counts:
			fmt.Fprintf(&b, "; counts in rule %d [%d]", i, r.Cap)
		}
	}
	return b.String()
}

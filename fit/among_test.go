package fit_test

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/cluster/clustertest"
	"github.com/ullage-sh/ullage/fit"
)

// TestAmong: what is counted on hosts that are not open is counted on one for each zone, if
// pods ask about zones, and where pods ask about single nodes none stands for another.
func TestAmong(t *testing.T) {
	for constraint, alike := range map[string]bool{
		"": true, "spread=zone;skew=1": true, "apart=host": true, "near=zone;app=w": true, "selector=zone=a": true,
		"spread=host;skew=1": false, "selector=kubernetes.io/hostname=n1": false,
	} {
		in, err := clustertest.Parse(`
type large cpu=4 mem=8Gi price.on-demand=0.2 zones=a,b
pool default
node n1 type=large pool=default zone=a
node n2 type=large pool=default zone=b
node n3 type=large pool=default zone=b
node n4 type=large pool=default zone=b
pods w 1 cpu=1 mem=1Gi label.app=w node=n2
pods w 2 cpu=1 mem=1Gi label.app=w node=n3
pods w 3 cpu=1 mem=1Gi label.app=w node=n4
pods w 1 cpu=1 mem=1Gi label.app=w ` + constraint)
		if err != nil {
			t.Fatal(err)
		}
		w := fit.New(cluster.NewSnapshot(in))
		snap := cluster.NewSnapshot(in)
		s, ok := w.Among([]int32{2}, []int32{3}, func(class int) []*cluster.Pod { return snap.Classes[class].Pods })
		if ok != alike {
			t.Errorf("%q: one host stands for others: %t", constraint, ok)
		}
		if !ok || len(s.Groups) == 0 {
			continue
		}
		for _, n := range s.Groups[0].Hosts {
			h := &s.Hosts[n.Host]
			zone, _ := h.Label(cluster.LabelZone)
			if want := map[bool]int32{true: 2, false: 1}[h.Closed == ""]; n.Pods != want || zone != "b" && constraint != "apart=host" { // where nobody asks for a zone all are alike
				t.Errorf("%q: %d pods are counted on %s in %s, closed: %q", constraint, n.Pods, h.Name, zone, h.Closed)
			}
		}
		if n := len(s.Groups[0].Hosts); n != 2 {
			t.Errorf("%q: pods are counted on %d hosts", constraint, n)
		}
	}
}

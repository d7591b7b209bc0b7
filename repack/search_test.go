package repack_test

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/cluster/clustertest"
	"github.com/ullage-sh/ullage/repack"
)

// TestNodesThatMakeUpForEachOther: of nodes that are full of what needs cpu, and of others full
// of what needs memory, one of each is replaced by a node with much of both. Two of a kind,
// which are alike in what they cost too much, are not; without a search nobody looks further.
func TestNodesThatMakeUpForEachOther(t *testing.T) {
	records, err := clustertest.Parse(`
		type cpu cpu=4 mem=8Gi pods=29 price.on-demand=0.20
		type memory cpu=2 mem=16Gi pods=29 price.on-demand=0.20
		type both cpu=6 mem=24Gi pods=29 price.on-demand=0.35
		pool default
		node c1 type=cpu pool=default
		node c2 type=cpu pool=default
		node c3 type=cpu pool=default
		node m1 type=memory pool=default
		node m2 type=memory pool=default
		node m3 type=memory pool=default
		pods a 1 cpu=3900m mem=7Gi node=c1
		pods b 1 cpu=3900m mem=7Gi node=c2
		pods c 1 cpu=3900m mem=7Gi node=c3
		pods d 1 cpu=1900m mem=15Gi node=m1
		pods e 1 cpu=1900m mem=15Gi node=m2
		pods f 1 cpu=1900m mem=15Gi node=m3`)
	if err != nil {
		t.Fatal(err)
	}
	in := repack.Input{Input: records, Quiet: map[string]cluster.Duration{}, AtOnce: map[string]int{"default": 2}}
	for _, n := range records.Nodes {
		in.Quiet[n.Name] = 24 * cluster.Hour
	}
	for minutes := range cluster.Instant(5) {
		in.Now = clustertest.Born.Add(cluster.Duration(minutes) * cluster.Minute)
		if r := repack.Repack(in, repack.Options{Search: -1}); len(r.Actions) > 0 {
			t.Errorf("without a search:\n%s", r.Text())
		}
		r := repack.Repack(in, repack.Options{})
		if len(r.Actions) == 0 {
			t.Errorf("after %d minutes nothing is found\n%s", minutes, r.Text())
		}
		for _, a := range r.Actions {
			if len(a.Hosts) != 2 || a.Hosts[0][0] == a.Hosts[1][0] || len(a.Creates) != 1 {
				t.Errorf("after %d minutes %v go for %d nodes, want one of each kind for one\n%s", minutes, a.Hosts, len(a.Creates), r.Text())
			}
		}
	}
}

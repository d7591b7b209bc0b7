package cluster_test

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/cluster/clustertest"
)

func TestPromises(t *testing.T) {
	in, err := clustertest.Parse(`
		type large cpu=2 mem=8Gi pods=29 price.on-demand=0.10
		pool default
		claim coming type=large pool=default
		node here type=large pool=default
		node closed type=large pool=default cordoned
		node tainted type=large taint=x:NoSchedule
		node going type=large deleting
		pods moved 1 cpu=500m node=going
		pods web 8 cpu=500m`)
	if err != nil {
		t.Fatal(err)
	}
	in.Promised = map[string]string{
		"default/web-0": "coming",
		"default/web-1": "claim-here", // a node is known by its claim's name too
		"default/web-2": "closed",
		"default/web-3": "tainted",
		"default/web-4": "gone",
		"default/web-5": "coming",
		"default/web-6": "coming",
		"default/web-7": "coming", // and is one too many
		// A pod on a node that is being emptied.
		"default/moved-0": "coming",
	}
	snap := cluster.NewSnapshot(in)
	promised := map[string][]string{}
	free := map[string]int64{}
	for _, h := range snap.Hosts {
		free[h.Name] = h.Free[0]
		for _, p := range h.Promised {
			promised[h.Name] = append(promised[h.Name], p.Name)
		}
	}
	if got := promised["coming"]; len(got) != 4 || got[0] != "moved-0" || got[1] != "web-0" || got[2] != "web-5" || got[3] != "web-6" || free["coming"] != 0 {
		t.Errorf("coming: %v, %dm free", got, free["coming"])
	}
	if got := promised["here"]; len(got) != 1 || got[0] != "web-1" || free["here"] != 1500 {
		t.Errorf("here: %v, %dm free", got, free["here"])
	}
	if n := len(promised["closed"]) + len(promised["tainted"]) + len(promised["going"]); n > 0 {
		t.Errorf("%d promises on hosts that cannot keep them", n)
	}
	if len(snap.Classes) != 1 {
		t.Fatalf("%d classes wait, want 1", len(snap.Classes))
	}
	var waiting []string
	for _, p := range snap.Classes[0].Pods {
		waiting = append(waiting, p.Name)
	}
	if len(waiting) != 4 || waiting[0] != "web-2" || waiting[1] != "web-3" || waiting[2] != "web-4" || waiting[3] != "web-7" {
		t.Errorf("waiting: %v", waiting)
	}
}

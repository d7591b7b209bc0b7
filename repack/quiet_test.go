package repack_test

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/cluster/clustertest"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/repack"
)

// TestMovesWait: what saves little has to have been missed for longer than what saves
// much; a pass says for how long, and is right about it to the second.
func TestMovesWait(t *testing.T) {
	waits := map[string]cluster.Duration{}
	for _, price := range []string{"0.20", "0.11"} {
		records, err := clustertest.Parse(`
			type large cpu=4 mem=16Gi pods=29 price.on-demand=` + price + `
			type small cpu=2 mem=8Gi pods=29 price.on-demand=0.10
			pool default
			node n1 type=large pool=default
			pods a 2 cpu=800m mem=1Gi node=n1`)
		if err != nil {
			t.Fatal(err)
		}
		look := func(quiet cluster.Duration) *plan.Repacking {
			return repack.Repack(repack.Input{Input: records, Now: clustertest.Born, Quiet: map[string]cluster.Duration{"n1": quiet}}, repack.Options{})
		}
		r := look(cluster.Second)
		if len(r.Actions) > 0 || r.Later == 0 || r.Verdicts[0].Kept != plan.KeptSoon {
			t.Fatalf("large costs %s: after a second %d actions, the next in %s: %s", price, len(r.Actions), r.Later, &r.Verdicts[0])
		}
		// What replaces it is known better when it has been asked for.
		for range 5 {
			if again := look(cluster.Second + r.Later); len(again.Actions) == 0 && again.Later > 0 {
				r.Later += again.Later
			}
		}
		waits[price] = r.Later
		if early := look(r.Later - cluster.Second); len(early.Actions) > 0 {
			t.Errorf("large costs %s: it goes before %s", price, r.Later)
		}
		if due := look(r.Later + 2*cluster.Second); len(due.Actions) != 1 || len(due.Actions[0].Creates) != 1 {
			t.Errorf("large costs %s: it does not go after %s: %s", price, r.Later, due.Text())
		}
	}
	if waits["0.11"] < 5*waits["0.20"] {
		t.Errorf("saving a tenth as much is waited for %s, saving half for %s", waits["0.11"], waits["0.20"])
	}
}

package repack_test

import (
	"fmt"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/cluster/clustertest"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/repack"
)

// TestChunksAreSeenByNoPod: a pod that has to move takes the room that is kept free, where
// most is. Only if there is as much left for that elsewhere may its node go.
func TestChunksAreSeenByNoPod(t *testing.T) {
	for _, x := range []struct {
		beside int // millicores of a pod beside the small hole
		kept   bool
	}{{beside: 3000, kept: true}, {beside: 1000}} {
		records, err := clustertest.Parse(fmt.Sprintf(`
type m.large cpu=2 memory=8Gi price.on-demand=0.1
type m.xlarge cpu=4 memory=16Gi price.on-demand=0.2
pool default
node goes type=m.large pool=default zone=a
node roomy type=m.xlarge pool=default zone=a
node tight type=m.xlarge pool=default zone=a
pods mover 1 cpu=1 memory=1Gi node=goes
pods stays 1 cpu=1 memory=1Gi node=roomy
pods beside 1 cpu=%dm memory=1Gi node=tight
`, x.beside))
		if err != nil {
			t.Fatal(err)
		}
		big := &cluster.Demand{Requests: cluster.NewResources(map[string]int64{cluster.CPU: 2500, cluster.Memory: 1 << 30, cluster.Pods: 1})}
		big.SetKey()
		b := cluster.CapacityBuffer{Namespace: "default", Name: "room", UID: "room", Demand: big, Chunks: 1}
		chunk := b.Pods(clustertest.Born)[0]
		chunk.Node = "roomy"
		records.Pods = append(records.Pods, chunk)
		r := repack.Repack(repack.Input{Input: records, Now: clustertest.Born, Kept: map[string]string{"roomy": "to be looked at", "tight": "to be looked at"}}, repack.Options{})
		for _, v := range r.Verdicts {
			if v.Host == "goes" && (v.Kept != 0) != x.kept || v.Kept == plan.KeptNeeded {
				t.Errorf("beside %d millicores: %s is kept: %q; want %t", x.beside, v.Host, v, x.kept)
			}
		}
	}
}

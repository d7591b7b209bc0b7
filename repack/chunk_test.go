package repack_test

import (
	"fmt"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/cluster/clustertest"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/repack"
)

// chunkOn is room of so many millicores, and a GiB, that is kept free on a node.
func chunkOn(node string, cpu int64, selector cluster.Term) *cluster.Pod {
	d := &cluster.Demand{Requests: cluster.NewResources(map[string]int64{cluster.CPU: cpu, cluster.Memory: 1 << 30, cluster.Pods: 1}), Selector: selector}
	d.SetKey()
	b := cluster.CapacityBuffer{Namespace: "default", Name: "room", UID: "room", Demand: d, Chunks: 1}
	chunk := b.Pods(clustertest.Born)[0]
	chunk.Node = node
	return chunk
}

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
		records.Pods = append(records.Pods, chunkOn("roomy", 2500, nil))
		r := repack.Repack(repack.Input{Input: records, Now: clustertest.Born, Kept: map[string]string{"roomy": "to be looked at", "tight": "to be looked at"}}, repack.Options{})
		for _, v := range r.Verdicts {
			if v.Host == "goes" && (v.Kept != 0) != x.kept || v.Kept == plan.KeptNeeded {
				t.Errorf("beside %d millicores: %s is kept: %q; want %t", x.beside, v.Host, v, x.kept)
			}
		}
	}
}

// TestNewNodesAreTheLastResort: what is bought for pods that have to move is reserved, so that
// all of them go where most is free as long as there is room, and that is where room is kept
// for others.
func TestNewNodesAreTheLastResort(t *testing.T) {
	for _, x := range []struct {
		chunk int64 // millicores
		kept  bool
	}{{chunk: 2500, kept: true}, {chunk: 500}} {
		text := `
type dear cpu=4 memory=16Gi price.on-demand=0.9
type std cpu=4 memory=16Gi price.on-demand=0.4
type new cpu=8 memory=32Gi price.on-demand=0.3
pool default
node goes type=dear pool=default zone=a
node roomy type=std pool=default zone=a label.disk=ssd
pods mover 6 cpu=500m memory=1Gi node=goes
`
		kept := map[string]string{"roomy": "to be looked at"}
		for i := range 12 {
			text += fmt.Sprintf("node n%d type=std pool=default zone=a\npods on%d 1 cpu=3 memory=1Gi node=n%d\n", i, i, i)
			kept[fmt.Sprint("n", i)] = "to be looked at"
		}
		records, err := clustertest.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		records.Pods = append(records.Pods, chunkOn("roomy", x.chunk, cluster.Term{{Key: "disk", Operator: cluster.In, Values: []string{"ssd"}}}))
		r := repack.Repack(repack.Input{Input: records, Now: clustertest.Born, Kept: kept}, repack.Options{})
		for _, v := range r.Verdicts {
			if v.Host == "goes" && (v.Kept != 0) != x.kept {
				t.Errorf("with a chunk of %d millicores: %s is kept: %q; want %t", x.chunk, v.Host, v, x.kept)
			}
		}
	}
}

// TestRoomThatIsKeptFreeIsNobody: a pool that gives back only empty nodes gives back one that only
// has room for chunks if others have it, too, and buys none for it that would be cheaper.
func TestRoomThatIsKeptFreeIsNobody(t *testing.T) {
	for _, beside := range []int{1000, 3000} { // millicores of a pod on the other node
		records, err := clustertest.Parse(fmt.Sprintf(`
type m.small cpu=2 memory=8Gi price.on-demand=0.1
type m.large cpu=4 memory=16Gi price.on-demand=0.2
pool default policy=WhenEmpty
node goes type=m.large pool=default zone=a
node stays type=m.large pool=default zone=a
pods beside 1 cpu=%dm memory=1Gi node=stays
`, beside))
		if err != nil {
			t.Fatal(err)
		}
		records.Pods = append(records.Pods, chunkOn("goes", 1500, nil))
		r := repack.Repack(repack.Input{Input: records, Now: clustertest.Born}, repack.Options{})
		if fits := beside == 1000; fits != (len(r.Actions) == 1) {
			t.Fatalf("beside %d millicores: %d actions: %+v", beside, len(r.Actions), r.Actions)
		} else if fits && (r.Actions[0].Why != cluster.ReasonEmpty || len(r.Actions[0].Creates) > 0) {
			t.Errorf("%+v, want an empty node", r.Actions[0])
		}
	}
}

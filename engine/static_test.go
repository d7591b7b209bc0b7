package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// withFixed adds a pool of n nodes of two cores to the world.
func (w *world) withFixed(n int64) {
	p := *w.pool
	p.Name, p.UID, p.Revision, p.Replicas = "fixed", "fixed-pool", w.revision(), &n
	p.Requirements = []cluster.Requirement{{Key: cluster.LabelInstanceType, Operator: cluster.In, Values: []string{"m.large", "m.xlarge"}}}
	w.fixed = &p
	w.restart()
}

// changeFixed changes that pool.
func (w *world) changeFixed(change func(p *cluster.Pool)) {
	p := *w.fixed
	p.Generation++
	change(&p)
	p.Revision = w.revision()
	w.fixed = &p
	w.tell(engine.PoolChanged{Name: p.Name, Pool: &p}, 0)
}

func (w *world) replicas(n int64) { w.changeFixed(func(p *cluster.Pool) { p.Replicas = &n }) }

// of are the claims of a pool that nobody deletes.
func (w *world) of(pool string) []*cluster.Claim {
	var out []*cluster.Claim
	for _, c := range w.claims {
		if c.Pool == pool && !c.Deleting() {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b *cluster.Claim) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// TestFixedNumber: a pool with spec.replicas gets its nodes without a pod, the cheapest in
// all zones alike, loses those it has too many, and no pass touches the others although
// they are empty.
func TestFixedNumber(t *testing.T) {
	w := newWorld(t, 1)
	w.withFixed(6)
	w.run(10 * cluster.Minute)
	w.settled(0)
	zones := map[string]int{}
	for _, c := range w.of("fixed") {
		zones[c.Offering().Zone]++
		if c.Offering().InstanceType != "m.large" || c.Is(cluster.Consolidatable) {
			t.Errorf("%s is %s, conditions %+v", c.Name, c.Offering(), c.Conditions)
		}
	}
	if fmt.Sprint(zones) != "map[a:2 b:2 c:2]" {
		t.Errorf("nodes by zone: %v, want two in each", zones)
	}
	if got := w.fixed.Resources.Get(cluster.NodesLimit); got != 6 {
		t.Errorf("the status says %d nodes", got)
	}
	writes := w.writes
	w.run(30 * cluster.Minute)
	if w.writes-writes > 30 { // resolving and listing
		t.Errorf("%d effects at rest", w.writes-writes)
	}
	w.replicas(2)
	w.run(10 * cluster.Minute)
	w.settled(0)
	if got := len(w.of("fixed")); got != 2 || w.alive() != 2 {
		t.Errorf("%d claims, %d instances, want 2", got, w.alive())
	}
}

// TestFixedNodesTakePods: pods that fit on them buy nothing else, and of nodes that are
// too many the empty ones go.
func TestFixedNodesTakePods(t *testing.T) {
	w := newWorld(t, 2)
	w.withFixed(5)
	w.run(10 * cluster.Minute)
	w.scale(3)
	w.run(10 * cluster.Minute)
	w.settled(3)
	if got := len(w.of("default")); got > 0 {
		t.Errorf("%d nodes were bought for pods that have room", got)
	}
	used := map[string]bool{}
	for _, p := range w.pods {
		used[p.Node] = true
	}
	w.replicas(int64(len(used)))
	before := map[string]bool{}
	for id := range w.pods {
		before[id] = true
	}
	w.run(10 * cluster.Minute)
	w.settled(3)
	if got := len(w.of("fixed")); got != len(used) {
		t.Errorf("%d nodes, want %d", got, len(used))
	}
	for id := range w.pods {
		if !before[id] {
			t.Errorf("pod %s is new: one was moved although enough nodes were empty", id)
		}
	}
}

// TestFixedNodesDrift: they are replaced, never fewer than there should be, and within the
// limit of the pool; when that leaves no room it is said, and nodes go first if that is
// wanted.
func TestFixedNodesDrift(t *testing.T) {
	w := newWorld(t, 3)
	w.image = "one"
	w.withFixed(4)
	w.changeFixed(func(p *cluster.Pool) { p.Limits = cluster.Resources{{Name: cluster.NodesLimit, Value: 5}} })
	w.run(10 * cluster.Minute)
	w.scale(3)
	w.run(5 * cluster.Minute)
	w.image = "two"
	fewest, most := 9, 0
	for range 1800 {
		w.run(cluster.Second)
		ready := 0
		for _, c := range w.of("fixed") {
			if c.Is(cluster.Initialized) {
				ready++
			}
		}
		fewest, most = min(fewest, ready), max(most, len(w.of("fixed")))
	}
	w.settled(3)
	if got := w.images(); got["one"] > 0 || got["two"] != 4 || fewest < 4 || most > 5 {
		t.Errorf("claims by image %v; %d to %d nodes on the way, want 4 to 5", got, fewest, most)
	}
	w.changeFixed(func(p *cluster.Pool) { p.Limits = cluster.Resources{{Name: cluster.NodesLimit, Value: 4}} })
	w.image = "three"
	w.run(20 * cluster.Minute)
	if w.images()["three"] > 0 || !strings.Contains(fmt.Sprint(w.notes), "limits.nodes of NodePool fixed leaves no room for its replacement") {
		t.Fatalf("claims by image %v\n%s", w.images(), strings.Join(w.notes, "\n"))
	}
	w.changeFixed(func(p *cluster.Pool) { p.Annotations = map[string]string{"ullage.sh/replace": "terminate-first"} })
	w.run(60 * cluster.Minute)
	w.settled(3)
	if got := w.images(); got["three"] != 4 {
		t.Errorf("claims by image %v", got)
	}
}

// TestFixedNodesGoFirst: where nodes go before their replacements come, none is written
// before the old one is marked. It may stay: here each second mark cannot be written.
func TestFixedNodesGoFirst(t *testing.T) {
	w := newWorld(t, 8)
	w.image = "one"
	w.withFixed(4)
	w.changeFixed(func(p *cluster.Pool) { p.Annotations = map[string]string{"ullage.sh/replace": "terminate-first"} })
	w.run(10 * cluster.Minute)
	w.image = "two"
	marks := 0
	w.conflicts = func(f engine.Effect) bool {
		switch f := f.(type) {
		case engine.CreateClaim:
			staying := slices.DeleteFunc(w.of("fixed"), func(c *cluster.Claim) bool { return c.Annotations["ullage.sh/disruption"] != "" })
			if len(staying) >= 4 {
				t.Errorf("%s is written beside %d claims that stay", f.Claim.Name, len(staying))
			}
		case engine.PatchClaim:
			if f.Annotations["ullage.sh/disruption"] != "" {
				marks++
				w.replicas(4) // whoever looks now sees no mark
				return marks%2 == 1
			}
		}
		return false
	}
	w.run(30 * cluster.Minute)
	w.settled(0)
	if got := w.images(); got["two"] != 4 || got["one"] > 0 || marks < 5 {
		t.Errorf("claims by image %v, %d marks", got, marks)
	}
}

// TestFixedNodesExpire and are replaced.
func TestFixedNodesExpire(t *testing.T) {
	w := newWorld(t, 4)
	w.withFixed(3)
	w.changeFixed(func(p *cluster.Pool) { p.ExpireAfter = cluster.Hour })
	w.run(10 * cluster.Minute)
	w.scale(2)
	w.run(10 * cluster.Minute)
	was := w.of("fixed")
	w.run(cluster.Hour)
	w.settled(2)
	for _, c := range w.of("fixed") {
		if slices.ContainsFunc(was, func(o *cluster.Claim) bool { return o.UID == c.UID }) {
			t.Errorf("claim %s has outlived its time", c.Name)
		}
	}
	if got := len(w.of("fixed")); got != 3 {
		t.Errorf("%d nodes, want 3", got)
	}
}

// TestFixedNodesSoldOut: the next best is bought, and where nothing can be had it is said
// and tried again ever more rarely.
func TestFixedNodesSoldOut(t *testing.T) {
	w := newWorld(t, 5)
	sellOut := func(types ...string) {
		for _, typ := range types {
			for _, zone := range []string{"a", "b", "c"} {
				w.short[cluster.OfferingID{InstanceType: typ, Zone: zone, CapacityType: cluster.OnDemand}] = true
			}
		}
	}
	w.withFixed(2)
	w.run(5 * cluster.Minute)
	sellOut("m.large")
	w.replicas(4)
	w.run(10 * cluster.Minute)
	w.settled(0)
	larger := 0
	for _, c := range w.of("fixed") {
		if c.Offering().InstanceType == "m.xlarge" {
			larger++
		}
	}
	if larger != 2 {
		t.Errorf("%d of 4 nodes are of the next best type, want 2", larger)
	}
	sellOut("m.xlarge")
	w.replicas(6)
	writes := w.writes
	w.run(cluster.Hour)
	if got := len(w.of("fixed")); got != 4 {
		t.Errorf("%d nodes, want 4", got)
	}
	if !w.noted("ReplicasMissing") || w.writes-writes > 150 {
		t.Errorf("%d effects in an hour without capacity; said: %v", w.writes-writes, w.noted("ReplicasMissing"))
	}
	clear(w.short)
	w.run(20 * cluster.Minute)
	w.settled(0)
	if got := len(w.of("fixed")); got != 6 {
		t.Errorf("%d nodes after it can be had again, want 6", got)
	}
}

// TestFixedNumberSurvivesCrashes: wherever the operator ends, no more nodes are ever asked
// for than there should be, and all are there in the end.
func TestFixedNumberSurvivesCrashes(t *testing.T) {
	crashes := 0
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t, seed)
			w.image = "one"
			w.withFixed(8)
			w.crash = func() bool { return w.rng.IntN(8) == 0 }
			for range 120 {
				w.run(cluster.Second)
				if got := len(w.of("fixed")); got > 8 {
					t.Fatalf("%d claims, want 8 at the most", got)
				}
			}
			w.replicas(3)
			w.run(2 * cluster.Minute)
			w.image = "two"
			w.run(6 * cluster.Minute)
			w.crash = nil
			w.run(40 * cluster.Minute)
			w.settled(0)
			if got := w.images(); got["two"] != 3 || got["one"] != 0 || w.alive() != 3 {
				t.Errorf("claims by image %v, %d instances", got, w.alive())
			}
			crashes += w.crashes
		})
	}
	if crashes < 200 {
		t.Errorf("only %d crashes in all: the test does not test much", crashes)
	}
}

// TestFixedNames: an engine that does not see yet what its predecessor wrote writes the
// same claims, whenever it comes to it.
func TestFixedNames(t *testing.T) {
	names := func(seed uint64, wait cluster.Duration) (out []string) {
		w := newWorld(t, seed)
		w.run(wait)
		w.withFixed(5)
		w.run(cluster.Minute)
		for _, c := range w.of("fixed") {
			out = append(out, c.Name)
		}
		return out
	}
	if first, later := names(6, cluster.Second), names(7, cluster.Hour); len(first) != 5 || !slices.Equal(first, later) {
		t.Errorf("claims %v, and later %v", first, later)
	}
}

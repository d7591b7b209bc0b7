package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
)

// images counts claims by the image of their instances.
func (w *world) images() map[string]int {
	out := map[string]int{}
	for _, c := range w.claims {
		out[c.ImageID]++
	}
	return out
}

// TestDrift: when the image changes all nodes are replaced, never more at once than the
// budget allows, and all pods run in the end.
func TestDrift(t *testing.T) {
	for seed := range uint64(3) {
		w := newWorld(t, seed)
		w.image = "one"
		w.pool.Budgets = []cluster.Budget{{Nodes: 2}}
		w.pool.ConsolidateAfter = cluster.Forever
		w.restart()
		w.run(5 * cluster.Second)
		w.scale(90)
		w.run(10 * cluster.Minute)
		w.settled(90)
		before := w.images()["one"]
		w.image = "two"
		most := 0
		for range 3600 {
			w.run(cluster.Second)
			most = max(most, w.underway())
		}
		w.settled(90)
		if got := w.images(); got["one"] > 0 || got["two"] == 0 {
			t.Errorf("seed %d: claims by image are %v after %d", seed, got, before)
		}
		if most == 0 || most > 2 {
			t.Errorf("seed %d: %d nodes were disrupted at once, the budget allows 2", seed, most)
		}
	}
}

// TestDriftOfOneImage: types boot from images of their own; when one of these changes,
// nodes of its types have drifted, and no others. So has none of a type that is not sold
// any more.
func TestDriftOfOneImage(t *testing.T) {
	w := newWorld(t, 1)
	w.image, w.imageOf = "x86", map[string]string{"m.large": "x86", "m.xlarge": "arm", "m.2xlarge": "x86", "m.4xlarge": "x86"}
	w.pool.Budgets = []cluster.Budget{{Nodes: 0}}
	w.pool.Requirements = []cluster.Requirement{{Key: cluster.LabelInstanceType, Operator: cluster.In, Values: []string{"m.large", "m.xlarge"}}}
	w.types[0].Labels = cluster.Labels{cluster.LabelArch: "amd64", cluster.LabelOS: "linux", cluster.LabelInstanceType: "m.large"}
	w.types[1].Labels = cluster.Labels{cluster.LabelArch: "arm64", cluster.LabelOS: "linux", cluster.LabelInstanceType: "m.xlarge"}
	w.restart()
	w.run(5 * cluster.Second)
	w.scale(3)
	w.run(10 * cluster.Minute)
	for _, zone := range []string{"a", "b", "c"} {
		w.short[cluster.OfferingID{InstanceType: w.typeOfSome(), Zone: zone, CapacityType: cluster.OnDemand}] = true
	}
	w.scale(6)
	w.run(20 * cluster.Minute)
	if got := w.images(); got["x86"] == 0 || got["arm"] == 0 {
		t.Fatalf("claims by image are %v, want both", got)
	}
	w.imageOf["m.xlarge"] = "arm-2"
	w.run(10 * cluster.Minute)
	for _, c := range w.claims {
		if drifted := c.Condition(cluster.Drifted).Status == "True"; drifted != (c.ImageID == "arm") {
			t.Errorf("%s of image %s: drifted %v", c.Name, c.ImageID, drifted)
		}
	}
	w.types = w.types[:1]
	w.run(10 * cluster.Minute)
	for _, c := range w.claims {
		if c.Is(cluster.Drifted) {
			t.Errorf("%s of image %s: nobody knows what it would get", c.Name, c.ImageID)
		}
	}
}

// typeOfSome is the instance type of a claim.
func (w *world) typeOfSome() string {
	for _, i := range w.instances {
		return i.Offering.InstanceType
	}
	return ""
}

// TestStatusIsWritten when what the provider says changes, though no condition does: once,
// and once more by an operator that has just begun.
func TestStatusIsWritten(t *testing.T) {
	w := newWorld(t, 1)
	w.status = `{"images":["one"]}`
	w.restart()
	for i, x := range []struct {
		change func()
		want   int
	}{
		{func() {}, 1},
		{func() {}, 1},
		{func() { w.status = `{"images":["two"]}` }, 2},
		{w.restart, 3},
		{func() { w.status = "" }, 3},
	} {
		x.change()
		w.run(10 * cluster.Minute)
		if w.statuses != x.want {
			t.Errorf("step %d: it was written %d times, want %d", i, w.statuses, x.want)
		}
	}
}

// TestDriftOfPool: a change of the template, or of what the pool requires, is drift too;
// a claim of another version of the hash is left alone.
func TestDriftOfPool(t *testing.T) {
	for name, change := range map[string]func(*cluster.Pool){
		"NodePoolDrifted": func(p *cluster.Pool) { p.Hash = "another" },
		"RequirementsDrifted": func(p *cluster.Pool) {
			p.Requirements = []cluster.Requirement{{Key: cluster.LabelZone, Operator: cluster.In, Values: []string{"nowhere"}}}
		},
	} {
		w := newWorld(t, 1)
		w.pool.Hash = "first"
		w.restart()
		w.run(5 * cluster.Second)
		w.scale(3)
		w.run(10 * cluster.Minute)
		w.settled(3)
		p := *w.pool
		p.Budgets = []cluster.Budget{{Nodes: 0}}
		p.Generation++
		change(&p)
		w.setPool(&p)
		w.run(6 * cluster.Minute)
		for _, c := range w.claims {
			if x := c.Condition(cluster.Drifted); x.Status != "True" || x.Reason != name {
				t.Errorf("%s: the claim says %+v", name, x)
			}
		}
		w.settled(3)
	}
}

// TestTerminateFirst: a pool that cannot have one node more lets drifted nodes go first.
func TestTerminateFirst(t *testing.T) {
	w := newWorld(t, 2)
	w.image = "one"
	w.pool.Annotations = map[string]string{"ullage.sh/replace": "terminate-first"}
	w.restart()
	w.run(5 * cluster.Second)
	w.scale(15)
	w.run(10 * cluster.Minute)
	w.settled(15)
	p := *w.pool
	p.Limits = cluster.Resources{{Name: cluster.NodesLimit, Value: int64(len(w.claims))}}
	p.Generation++
	w.setPool(&p)
	w.image = "two"
	w.run(40 * cluster.Minute)
	w.settled(15)
	if got := w.images(); got["one"] > 0 {
		t.Errorf("claims by image are %v", got)
	}
}

// TestDriftIsBlocked by pods that may not be moved, which is said, and goes on when they
// may.
func TestDriftIsBlocked(t *testing.T) {
	w := newWorld(t, 3)
	w.image = "one"
	w.restart()
	w.run(5 * cluster.Second)
	w.scale(3)
	w.run(10 * cluster.Minute)
	protect := func(until cluster.Instant) {
		for _, p := range w.pods {
			c := *p
			c.ProtectedUntil = until
			w.setPod(&c)
		}
	}
	protect(cluster.Never)
	w.image = "two"
	w.run(20 * cluster.Minute)
	w.settled(3)
	if w.images()["two"] > 0 || !strings.Contains(fmt.Sprint(w.notes), "Cannot replace the drifted node: pod default/web-") {
		t.Fatalf("claims by image are %v\n%s", w.images(), strings.Join(w.notes, "\n"))
	}
	protect(0)
	w.run(20 * cluster.Minute)
	w.settled(3)
	if w.images()["one"] > 0 {
		t.Errorf("claims by image are %v", w.images())
	}
}

// TestDriftStarvesNobody: nodes that are empty or not worth their price go while others
// drift, although the budget is small.
func TestDriftStarvesNobody(t *testing.T) {
	w := newWorld(t, 4)
	w.image = "one"
	w.pool.Budgets = []cluster.Budget{{Nodes: 2}}
	w.restart()
	w.run(5 * cluster.Second)
	w.scale(120)
	w.run(15 * cluster.Minute)
	w.scale(60)
	w.image = "two"
	underutilized := 0
	for range 600 {
		w.run(cluster.Second)
	}
	for _, n := range w.notes {
		if strings.HasPrefix(n, "Underutilized ") || strings.HasPrefix(n, "Empty ") {
			underutilized++
		}
	}
	if underutilized == 0 {
		t.Errorf("in ten minutes only drifted nodes went:\n%s", strings.Join(w.notes, "\n"))
	}
	w.run(60 * cluster.Minute)
	w.settled(60)
	if w.images()["one"] > 0 {
		t.Errorf("claims by image are %v", w.images())
	}
}

package solve_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/cluster/clustertest"
	"github.com/ullage-sh/ullage/fit"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/solve"
)

// carryOut places the pods of a plan one by one in some order in which each passes
// its filters, those of Plan.Late last, and returns the world in the end.
func carryOut(snap *cluster.Snapshot, p *plan.Plan) (w *fit.World, err error) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		if w, err = rehearse(snap, p, rng); err == nil {
			return w, nil
		}
	}
	return nil, err
}

// step is a pod on its way to a node: a host, or a new one by its place in the plan.
type step struct {
	class, host, create int
	pod                 *cluster.Pod
}

// rehearse places the pods in a random order, each when it passes.
func rehearse(snap *cluster.Snapshot, p *plan.Plan, rng *rand.Rand) (*fit.World, error) {
	steps, late := stepsOf(snap, p)
	rng.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
	w := fit.New(snap)
	nodes := map[int]int{} // by create
	for i, x := range p.Creates {
		if !slices.ContainsFunc(x.Pods, func(q *cluster.Pod) bool { return !slices.Contains(p.Late, q) }) {
			continue // bought for late pods: it is not there before
		}
		nodes[i] = w.Buy(offeringOf(snap, &p.Creates[i]))
	}
	place := func(s step) plan.Constraint {
		node := s.host
		if s.create >= 0 {
			if _, ok := nodes[s.create]; !ok {
				nodes[s.create] = w.Buy(offeringOf(snap, &p.Creates[s.create]))
			}
			node = nodes[s.create]
		}
		k := w.View(s.class).Node(node)
		if k == 0 {
			w.Place(s.class, node, 1)
		}
		return k
	}
	for len(steps) > 0 {
		before := len(steps)
		steps = slices.DeleteFunc(steps, func(s step) bool { return place(s) == 0 })
		if len(steps) == before {
			return nil, fmt.Errorf("%s has no turn: %s", steps[0].pod.ID(), place(steps[0]))
		}
	}
	for _, s := range late {
		if k := place(s); k != 0 {
			return nil, fmt.Errorf("%s comes late and has no place: %s", s.pod.ID(), k)
		}
	}
	return w, nil
}

func stepsOf(snap *cluster.Snapshot, p *plan.Plan) (steps, late []step) {
	class := map[*cluster.Pod]int{}
	for i := range snap.Classes {
		for _, pod := range snap.Classes[i].Pods {
			class[pod] = i
		}
	}
	late = make([]step, len(p.Late))
	add := func(host, create int, pods []*cluster.Pod) {
		for _, pod := range pods {
			s := step{class[pod], host, create, pod}
			if i := slices.Index(p.Late, pod); i >= 0 {
				late[i] = s
			} else {
				steps = append(steps, s)
			}
		}
	}
	for _, x := range p.Placements {
		add(slices.IndexFunc(snap.Hosts, func(h cluster.Host) bool { return h.Name == x.Host }), -1, x.Pods)
	}
	for i, x := range p.Creates {
		add(-1, i, x.Pods)
	}
	return steps, late
}

func offeringOf(snap *cluster.Snapshot, c *plan.Create) int {
	return slices.IndexFunc(snap.Offerings, func(o cluster.PoolOffering) bool {
		return o.ID == c.Offerings[0] && snap.Pools[o.Pool].Name == c.Pool
	})
}

// checkExactly carries a plan out and checks that what it leaves out fits nowhere,
// not even on a node of its own.
func checkExactly(snap *cluster.Snapshot, p *plan.Plan) error {
	w, err := carryOut(snap, p)
	if err != nil {
		return err
	}
	for _, u := range p.Unplaced {
		if len(u.Reasons) == 1 && (u.Reasons[0].Constraint == plan.Refused || u.Reasons[0].Constraint == plan.Gang) {
			continue
		}
		class := slices.IndexFunc(snap.Classes, func(c cluster.Class) bool { return slices.Contains(c.Pods, u.Pods[0]) })
		view := w.View(class)
		for i := range w.Nodes() {
			if view.Node(i) == 0 {
				return fmt.Errorf("%s is unplaced and fits on node %d", u.Pods[0].ID(), i)
			}
		}
		for o := range snap.Offerings {
			if q := &snap.Pools[snap.Offerings[o].Pool]; len(q.Limits) > 0 || q.Closed() != "" || len(snap.Stocks) > 0 || hasMinValues(q.Pool) {
				continue // there may be reasons other than the scheduler's
			}
			if view.Offering(o) == 0 {
				return fmt.Errorf("%s is unplaced and fits on a new %s", u.Pods[0].ID(), snap.Offerings[o].ID)
			}
		}
	}
	return nil
}

// drawTopology draws a cluster whose pods have constraints between each other.
func drawTopology(t *rapid.T) string {
	n := func(what string, low, high int) int { return rapid.IntRange(low, high).Draw(t, what) }
	word := func(what string, words ...string) string { return rapid.SampledFrom(words).Draw(t, what) }
	var b strings.Builder
	fmt.Fprintf(&b, "type small cpu=4 mem=16Gi pods=8 price.on-demand=0.10 price.spot=0.04 zones=%s\n", word("zones", "a", "a,b", "a,b,c"))
	fmt.Fprintf(&b, "type large cpu=8 mem=32Gi pods=16 price.on-demand=0.19 zones=%s\n", word("more zones", "a", "b,c", "a,b,c"))
	b.WriteString("pool default\n")
	apps := n("apps", 1, 4)
	app := func(what string) string { return string(rune('u' + n(what, 0, apps-1))) }
	constraint := func() string {
		of := word("of", "", ";app="+app("other"), ";*")
		switch n("constraint", 0, 7) {
		case 0, 1:
			return fmt.Sprintf(" spread=%s;skew=%d%s%s%s", word("key", "zone", "host", "capacity-type"), n("skew", 1, 2), of, word("policy", "", ";ignore-affinity", ";honor-taints"), word("domains", "", ";domains=2", ";domains=4"))
		case 2, 3:
			return " apart=" + word("key", "zone", "host") + of
		case 4, 5:
			return " near=" + word("key", "zone", "host") + of
		case 6:
			return " port=" + word("port", "80", "80/TCP@10.0.0.1", "53/UDP")
		}
		return " selector=" + word("zone", "zone=a", "zone=b", "capacity-type=spot")
	}
	for i := range n("nodes", 0, 4) {
		fmt.Fprintf(&b, "node n%d type=%s pool=default zone=%s%s\n", i, word("node type", "small", "large"), word("node zone", "a", "b"), word("state", "", "", " taint=x:NoSchedule", " deleting"))
		for j := range n("bound", 0, 2) {
			fmt.Fprintf(&b, "pods bound%d%d 1 cpu=%d00m label.app=%s node=n%d%s%s\n", i, j, n("cpu", 1, 9), app("app"), i, constraint(), word("leaving", "", "", " deleting"))
		}
	}
	for i := range n("classes", 1, 5) {
		fmt.Fprintf(&b, "pods w%d %d cpu=%d00m mem=1Gi label.app=%s%s", i, n("pods", 1, 6), n("cpu", 1, 30), app("app"), constraint())
		if n("second", 0, 2) == 0 {
			b.WriteString(constraint())
		}
		b.WriteString("\n")
	}
	return b.String()
}

// TestTopology: whatever constraints pods have between each other, each placement
// passes the filters in some order, what is refused fits nowhere, and the order of
// the input makes no difference.
func TestTopology(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		script := drawTopology(t)
		in, err := clustertest.Parse(script)
		if err != nil {
			t.Fatalf("%v\n%s", err, script)
		}
		snap := cluster.NewSnapshot(in)
		p := solve.Solve(snap, solve.Options{})
		if err := checkExactly(snap, p); err != nil {
			t.Fatalf("%v\n%s\n%s", err, script, p.Text())
		}
		slices.Reverse(in.Pods)
		slices.Reverse(in.Nodes)
		slices.Reverse(in.Claims)
		if q := solve.Solve(cluster.NewSnapshot(in), solve.Options{}); q.Text() != p.Text() {
			t.Fatalf("another order of the input gives another plan\n%s\n%s\n%s", script, p.Text(), q.Text())
		}
	})
}

// plain tells whether no pod that waits has a say about another: checkPlan, which
// knows nothing of such constraints, applies.
func plain(snap *cluster.Snapshot) bool {
	return len(snap.Groups) == 0 && len(snap.Gangs) == 0 && len(snap.Stocks) == 0 && !slices.ContainsFunc(snap.Classes, func(c cluster.Class) bool {
		return len(c.Demand.Ports) > 0 || len(c.Claims) > 0 || len(c.Refused) > len(c.Demand.Refused)
	})
}

// TestExactlyCatches: plans that are wrong about constraints between pods do not
// pass checkExactly.
func TestExactlyCatches(t *testing.T) {
	const types = "type m cpu=4 mem=16Gi pods=20 price.on-demand=0.10 zones=a,b\npool default\n"
	// Each plan is made wrong by moving pods to the first node, all but the last one.
	for name, pods := range map[string]string{
		"spread":        "pods w 4 cpu=1 spread=zone",
		"anti-affinity": "pods w 3 cpu=1 apart=host",
		"ports":         "pods w 3 cpu=1 port=80",
		"spread hosts":  "pods w 4 cpu=1 spread=host",
	} {
		in, err := clustertest.Parse(types + pods)
		if err != nil {
			t.Fatal(err)
		}
		snap := cluster.NewSnapshot(in)
		p := solve.Solve(snap, solve.Options{})
		if err := checkExactly(snap, p); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		first, last := &p.Creates[0], p.Creates[len(p.Creates)-1]
		for _, c := range p.Creates[1:] {
			first.Pods = append(slices.Clone(first.Pods), c.Pods...)
		}
		last.Pods, first.Pods = first.Pods[len(first.Pods)-1:], first.Pods[:len(first.Pods)-1]
		p.Creates = []plan.Create{*first, last}
		if err := checkExactly(snap, p); err == nil {
			t.Errorf("%s: all pods but one on one node pass", name)
		}
	}
	// One pod is left out although it fits.
	in, err := clustertest.Parse(types + "pods w 4 cpu=1 spread=zone")
	if err != nil {
		t.Fatal(err)
	}
	snap := cluster.NewSnapshot(in)
	p := solve.Solve(snap, solve.Options{})
	c := &p.Creates[0]
	p.Unplaced = []plan.Unplaced{{Pods: c.Pods[:1]}}
	c.Pods = c.Pods[1:]
	if err := checkExactly(snap, p); err == nil {
		t.Error("a pod that fits may be left out")
	}
}

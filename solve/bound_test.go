package solve_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/cluster/clustertest"
	"github.com/ullage-sh/ullage/pack/verify"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/solve"
)

// drawTangle draws a small cluster in which pods have constraints between each other,
// hosts have room, and limits and stocks are in the way.
func drawTangle(t *rapid.T) string {
	n := func(what string, low, high int) int { return rapid.IntRange(low, high).Draw(t, what) }
	word := func(what string, words ...string) string { return rapid.SampledFrom(words).Draw(t, what) }
	script := fmt.Sprintf("type small cpu=2 mem=8Gi pods=8 price.on-demand=0.%02d zones=%s\n", n("small", 5, 9), word("zones", "a", "a,b", "a,b,c"))
	script += fmt.Sprintf("type large cpu=4 mem=16Gi pods=8 price.on-demand=0.%02d zones=%s\n", n("large", 9, 25), word("more zones", "a", "b", "b,c"))
	script += "pool default" + word("limit", "", "", " limit.nodes=2", " limit.cpu=6") + "\n"
	app := func(what string) string { return string(rune('u' + n(what, 0, 1))) }
	constraint := func() string {
		of := word("of", "", "", ";app="+app("other"))
		switch n("constraint", 0, 6) {
		case 0, 1, 2:
			return " spread=" + word("key", "zone", "zone", "host") + of + word("policy", "", "", ";ignore-affinity", ";honor-taints") + word("domains", "", "", ";domains=3") + word("skew", "", ";skew=2")
		case 3:
			return " apart=" + word("key", "zone", "host") + of
		case 4:
			return " near=" + word("key", "zone", "host") + of
		case 5:
			return " port=80"
		}
		return word("selector", "", " selector=zone=a")
	}
	for i := range n("nodes", 0, 2) {
		script += fmt.Sprintf("node n%d type=%s pool=default zone=%s\n", i, word("node type", "small", "large"), word("node zone", "a", "b"))
		for j := range n("bound", 0, 2) {
			script += fmt.Sprintf("pods bound%d%d 1 cpu=%d00m label.app=%s node=n%d%s\n", i, j, n("cpu", 3, 15), app("app"), i, word("their", "", "", " apart=host", " apart=zone"))
		}
	}
	left := 5
	for i := 0; i < 3 && left > 0; i++ {
		pods := n("pods", 1, left)
		left -= pods
		script += fmt.Sprintf("pods w%d %d cpu=%d00m mem=1Gi label.app=%s%s\n", i, pods, n("cpu", 2, 19), app("app"), constraint()+word("another", "", constraint()))
		if n("more", 0, 1) == 0 {
			break
		}
	}
	return script
}

// bounded: no plan whatsoever costs less than the bound. It tells whether it knows
// the plan that it comes with.
func bounded(s solver, in cluster.Input) (known bool, err error) {
	snap, p := s(in)
	if p.Bound > p.Objective() {
		return false, fmt.Errorf("bound %s, but the plan itself comes to %s:\n%s", p.Bound, p.Objective(), p.Text())
	}
	e := newEvery(snap, p, tangleCharge, p.Bound)
	if !e.knows(p) {
		return false, nil
	}
	if e.cheaper() {
		return true, fmt.Errorf("there is a plan below the bound %s:\n%s\n%s", p.Bound, e.key(), p.Text())
	}
	return true, nil
}

const tangleCharge = 3000

// shown: the verifier accepts the proof of the bound, and refuses it for a micro-dollar
// more than a plan costs.
func shown(in cluster.Input) error {
	snap, p := tangled(in)
	problem, proof := solve.Proof(snap, solve.Options{NodeCharge: tangleCharge})
	if proof.Bound != int64(p.Bound) {
		return fmt.Errorf("the proof is one of %d, the bound is %s", proof.Bound, p.Bound)
	}
	if err := verify.Check(problem, proof); err != nil {
		return fmt.Errorf("the proof is refused: %w", err)
	}
	if len(proof.Parts) == 0 {
		return nil
	}
	proof.Parts[0].Bound += int64(p.Objective()) + 1 - proof.Bound
	proof.Bound = int64(p.Objective()) + 1
	if verify.Check(problem, proof) == nil {
		return fmt.Errorf("a bound of %d is accepted, the plan comes to %s", proof.Bound, p.Objective())
	}
	return nil
}

func tangled(in cluster.Input) (*cluster.Snapshot, *plan.Plan) {
	snap := cluster.NewSnapshot(in)
	return snap, solve.Solve(snap, solve.Options{NodeCharge: tangleCharge})
}

// TestBoundOfEveryPlan holds the bound against every plan there is:
// go test ./solve -run BoundOfEveryPlan -rapid.checks=30000
func TestBoundOfEveryPlan(t *testing.T) {
	all, known, positive := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		script := drawTangle(t)
		in, err := clustertest.Parse(script)
		if err != nil {
			t.Fatalf("%v\n%s", err, script)
		}
		if rapid.Bool().Draw(t, "claims") {
			in = claiming(in)
		}
		ok, err := bounded(tangled, in)
		if err != nil {
			t.Fatalf("%v\n%s", err, script)
		}
		if err := shown(in); err != nil {
			t.Fatalf("%v\n%s", err, script)
		}
		all++
		if ok {
			known++
		}
		if _, p := tangled(in); p.Bound > 0 {
			positive++
		}
	})
	t.Logf("%d clusters; %d plans hold to spreads over domains that nobody has bought; %d bounds above 0", all, known, positive)
	if known < all/2 || positive < all/4 {
		t.Error("too little was tested")
	}
}

// claiming gives each waiting pod a volume of its own, so that no two are of one class.
func claiming(in cluster.Input) cluster.Input {
	in = waiting(in, func(*cluster.Demand) {})
	in.StorageClasses = []*cluster.StorageClass{{Name: "disk", Provisioner: "disk.example.com", WaitForConsumer: true}}
	for _, p := range in.Pods {
		if p.Node == "" {
			p.Demand.Volumes = []cluster.VolumeUse{{Claim: p.Name}}
			p.Demand.SetKey()
			in.PersistentVolumeClaims = append(in.PersistentVolumeClaims, &cluster.PersistentVolumeClaim{Namespace: p.Namespace, Name: p.Name, StorageClass: "disk"})
		}
	}
	return in
}

// TestBoundOfPodsWithVolumes: pods that differ in their volumes only are forced into
// domains together.
func TestBoundOfPodsWithVolumes(t *testing.T) {
	in, err := clustertest.Parse(`
		type small cpu=2 mem=8Gi pods=8 price.on-demand=0.05 zones=a
		type large cpu=2 mem=8Gi pods=8 price.on-demand=0.25 zones=b,c
		pool default
		pods db 4 cpu=900m spread=zone`)
	if err != nil {
		t.Fatal(err)
	}
	_, together := tangled(in)
	snap, each := tangled(claiming(in))
	if len(snap.Classes) != 4 || together.Bound != each.Bound || each.Bound < 550_000 {
		t.Errorf("%d classes with a bound of %s, one of %s", len(snap.Classes), each.Bound, together.Bound)
	}
}

// TestBoundOfEveryPlanCatches: bounds that are too high are found.
func TestBoundOfEveryPlanCatches(t *testing.T) {
	in, err := clustertest.Parse(`
		type small cpu=2 mem=8Gi pods=8 price.on-demand=0.05 zones=a
		type large cpu=4 mem=16Gi pods=8 price.on-demand=0.25 zones=a,b
		pool default
		node n type=small pool=default zone=a
		pods on 1 cpu=1 node=n
		pods w 5 cpu=900m label.app=u spread=zone;skew=5`)
	if err != nil {
		t.Fatal(err)
	}
	if known, err := bounded(tangled, in); !known || err != nil {
		t.Fatalf("the real bound: known %v, %v", known, err)
	}
	// Each takes the bound of another cluster, in which more is bought.
	for name, change := range map[string]func(cluster.Input) cluster.Input{
		"above the optimum by as little as can be": func(in cluster.Input) cluster.Input { return in },
		"spread more strictly": func(in cluster.Input) cluster.Input {
			return waiting(in, func(d *cluster.Demand) { d.Spreads[0].MaxSkew = 1 })
		},
		"bound to a zone": func(in cluster.Input) cluster.Input {
			return waiting(in, func(d *cluster.Demand) {
				d.Selector = cluster.Term{{Key: cluster.LabelZone, Operator: cluster.In, Values: []string{"b"}}}
			})
		},
		"without hosts": func(in cluster.Input) cluster.Input {
			in.Nodes = nil
			return in
		},
	} {
		mutant := func(in cluster.Input) (*cluster.Snapshot, *plan.Plan) {
			snap, p := tangled(in)
			_, other := tangled(change(in))
			p.Bound = other.Bound + 1
			p.Creates = slices.Clone(p.Creates)
			return snap, p
		}
		snap, p := mutant(in)
		e := newEvery(snap, p, tangleCharge, p.Bound)
		if !e.cheaper() {
			t.Errorf("%s: the bound %s passes", name, p.Bound)
		}
	}
}

// waiting changes what the waiting pods ask for.
func waiting(in cluster.Input, change func(*cluster.Demand)) cluster.Input {
	in.Pods = slices.Clone(in.Pods)
	for i, p := range in.Pods {
		if p.Node != "" {
			continue
		}
		d, q := *p.Demand, *p
		d.Spreads = slices.Clone(d.Spreads)
		change(&d)
		d.SetKey()
		q.Demand = &d
		in.Pods[i] = &q
	}
	return in
}

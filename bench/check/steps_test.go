package check_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/bench/check"
	"github.com/ullage-sh/ullage/bench/record"
)

// TestSteps: decisions that build on each other are carried out in turn, and every
// mistake in them is found.
func TestSteps(t *testing.T) {
	const first, second = 0, 1
	for _, x := range []struct {
		name  string
		spoil func(c *record.Cluster, steps []*record.Decision)
		want  string // of the report and its examples; "" when all is well
	}{
		{"as planned", func(*record.Cluster, []*record.Decision) {}, ""},
		{"in the wrong order", func(_ *record.Cluster, d []*record.Decision) { d[first], d[second] = d[second], d[first] }, "no order found for 1"},
		{"a pod is lost", func(_ *record.Cluster, d []*record.Decision) { d[second].Plan.Nodes[0].Pods = nil }, "ns/b has lost its node"},
		{"a pod that stays is placed", func(_ *record.Cluster, d []*record.Decision) {
			d[first].Plan.Nodes[0].Pods = append(d[first].Plan.Nodes[0].Pods, "ns/c")
		}, "ns/c has not lost its node"},
		{"onto a node that has gone", func(_ *record.Cluster, d []*record.Decision) {
			d[second].Plan.Nodes = []record.Node{{Name: "one", Existing: true, Pods: []string{"ns/b"}}}
		}, "on node one, which has gone"},
		{"a node goes twice", func(_ *record.Cluster, d []*record.Decision) { d[second].Gone = []string{"two", "one"} }, "node one, which is to go, is not there"},
		{"too many on a node", func(c *record.Cluster, d []*record.Decision) {
			d[first].Plan.Nodes[0] = record.Node{Name: "three", Existing: true, Pods: []string{"ns/a"}}
			d[first].Plan.Price(0)
			d[second].Plan.Nodes[0].Name = "three"
			c.Pods[1].Spec.Containers[0].Resources.Requests["cpu"] = *c.Nodes[0].Status.Allocatable.Cpu()
		}, "resources"},
		{"a wrong price", func(_ *record.Cluster, d []*record.Decision) { d[first].Plan.Nodes[0].Price++ }, "is not sold"},
		{"an unknown pool", func(_ *record.Cluster, d []*record.Decision) { d[first].Plan.Nodes[0].Pool = "other" }, `the pool "other"`},
	} {
		c, steps := twoSteps()
		x.spoil(c, steps)
		r, err := check.Steps(c, steps)
		if err != nil {
			t.Fatal(err)
		}
		got := r.String() + "; " + strings.Join(r.Examples, "; ")
		if x.want == "" && (!r.Feasible() || !r.Valid() || r.Placed != 2 || r.Cost != record.Dollar) {
			t.Errorf("%s: %s", x.name, got)
		}
		if !strings.Contains(got, x.want) {
			t.Errorf("%s: want %q, got %s", x.name, x.want, got)
		}
	}
}

// twoSteps: nodes one and two go. The pod of two may only be in zone c when the
// first step has brought a pod to zone a: they spread.
func twoSteps() (*record.Cluster, []*record.Decision) {
	s := newScene()
	s.run("one", "b", "x", "a")
	s.run("two", "b", "x", "b")
	s.run("three", "c", "x", "c")
	for _, p := range s.in.Running {
		spread(corev1.LabelTopologyZone, "x")(&p.Spec)
	}
	s.run("four", "a", "y")
	s.run("five", "b", "x", "d")
	c := &record.Cluster{NodePools: []*karpv1.NodePool{s.in.NodePool}, Types: s.in.Types, Nodes: s.in.Nodes, Pods: s.in.Running}
	s.buy("a", "a")
	one := s.plan
	two := record.Plan{Nodes: []record.Node{{Name: "three", Existing: true, Pods: []string{"ns/b"}}}}
	return c, []*record.Decision{{Gone: []string{"one"}, Plan: &one}, {Gone: []string{"two"}, Plan: &two}}
}

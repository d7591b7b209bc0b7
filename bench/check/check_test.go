package check_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/bench/check"
	"github.com/ullage-sh/ullage/bench/record"
)

// scene is an input with a plan, small enough to be read. Its types have four
// cores and room for three pods; "arm" is the same on another architecture, and
// the pool does not take "old".
type scene struct {
	in   record.Input
	plan record.Plan
}

func newScene() *scene {
	s := &scene{}
	s.in.NodePool = &karpv1.NodePool{ObjectMeta: metav1.ObjectMeta{Name: "pool"}}
	s.in.NodePool.Spec.Template.Spec.Requirements = []karpv1.NodeSelectorRequirementWithMinValues{
		{Key: "generation", Operator: corev1.NodeSelectorOpGt, Values: []string{"2"}},
	}
	for _, t := range []struct{ name, arch, generation string }{{"t", "amd64", "5"}, {"arm", "arm64", "5"}, {"old", "amd64", "2"}} {
		room := corev1.ResourceList{"cpu": resource.MustParse("4"), "memory": resource.MustParse("8Gi"), "pods": resource.MustParse("3")}
		rt := record.Type{Name: t.name, Labels: map[string]string{corev1.LabelArchStable: t.arch, "generation": t.generation}, Capacity: room, Allocatable: room}
		for _, zone := range []string{"a", "b", "c"} {
			rt.Offerings = append(rt.Offerings, record.Offering{Zone: zone, CapacityType: "on-demand", Price: record.Dollar, Imputed: zone == "c"})
		}
		s.in.Types = append(s.in.Types, rt)
	}
	return s
}

// pod lets a pod of one core wait. change may be nil.
func (s *scene) pod(name, app string, change func(*corev1.PodSpec)) {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, Labels: map[string]string{"app": app}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "c", Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{"cpu": resource.MustParse("1")}},
		}}},
	}
	if change != nil {
		change(&p.Spec)
	}
	s.in.Pods = append(s.in.Pods, p)
}

// buy plans a node of type t in a zone for pods.
func (s *scene) buy(zone string, pods ...string) *record.Node {
	n := record.Node{Name: fmt.Sprintf("n%d", len(s.plan.Nodes)), Pool: "pool", InstanceType: "t", Zone: zone, CapacityType: "on-demand", Price: record.Dollar}
	for _, p := range pods {
		n.Pods = append(n.Pods, "ns/"+p)
	}
	s.plan.Nodes = append(s.plan.Nodes, n)
	s.plan.Price(0)
	return &s.plan.Nodes[len(s.plan.Nodes)-1]
}

// run adds a node that runs already, with pods of an app.
func (s *scene) run(name, zone, app string, pods ...string) {
	room := s.in.Types[0].Allocatable
	labels := map[string]string{corev1.LabelHostname: name, corev1.LabelTopologyZone: zone}
	s.in.Nodes = append(s.in.Nodes, &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Status:     corev1.NodeStatus{Capacity: room, Allocatable: room},
	})
	for _, p := range pods {
		s.pod(p, app, func(spec *corev1.PodSpec) { spec.NodeName = name })
	}
	s.in.Running = append(s.in.Running, s.in.Pods[len(s.in.Pods)-len(pods):]...)
	s.in.Pods = s.in.Pods[:len(s.in.Pods)-len(pods)]
}

func app(name string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}}
}

func apart(key, from string) func(*corev1.PodSpec) {
	return func(s *corev1.PodSpec) {
		s.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{LabelSelector: app(from), TopologyKey: key}},
		}}
	}
}

func together(key string, with ...string) func(*corev1.PodSpec) {
	return func(s *corev1.PodSpec) {
		a := &corev1.PodAffinity{}
		for _, w := range with {
			a.RequiredDuringSchedulingIgnoredDuringExecution = append(a.RequiredDuringSchedulingIgnoredDuringExecution, corev1.PodAffinityTerm{LabelSelector: app(w), TopologyKey: key})
		}
		s.Affinity = &corev1.Affinity{PodAffinity: a}
	}
}

func spread(key, of string, change ...func(*corev1.TopologySpreadConstraint)) func(*corev1.PodSpec) {
	return func(s *corev1.PodSpec) {
		c := corev1.TopologySpreadConstraint{MaxSkew: 1, TopologyKey: key, WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: app(of)}
		for _, f := range change {
			f(&c)
		}
		s.TopologySpreadConstraints = append(s.TopologySpreadConstraints, c)
	}
}

const (
	zone = corev1.LabelTopologyZone
	host = corev1.LabelHostname
)

type violations map[check.Constraint]int

// TestPlan shows a scene for each thing that the checker looks at, right and
// wrong.
func TestPlan(t *testing.T) {
	three := int32(3)
	honor := corev1.NodeInclusionPolicyHonor
	for _, c := range []struct {
		name  string
		set   func(*scene)
		want  violations
		stuck int
	}{
		{"all is well", func(s *scene) {
			s.pod("p", "x", nil)
			s.pod("q", "x", nil)
			s.buy("a", "p")
			s.buy("c", "q")
		}, nil, 0},

		// Accounting.
		{"a pod is forgotten", func(s *scene) { s.pod("p", "x", nil) }, violations{check.Accounting: 1}, 0},
		{"a pod is placed twice", func(s *scene) { s.pod("p", "x", nil); s.buy("a", "p"); s.buy("b", "p") }, violations{check.Accounting: 1}, 0},
		{"a pod is placed and unschedulable", func(s *scene) {
			s.pod("p", "x", nil)
			s.buy("a", "p")
			s.plan.Unschedulable = append(s.plan.Unschedulable, record.Unschedulable{Pod: "ns/p"})
		}, violations{check.Accounting: 1}, 0},
		{"an unschedulable pod is no violation", func(s *scene) {
			s.pod("p", "x", nil)
			s.plan.Unschedulable = append(s.plan.Unschedulable, record.Unschedulable{Pod: "ns/p"})
		}, nil, 0},
		{"an unknown pod", func(s *scene) { s.buy("a", "p") }, violations{check.Accounting: 1}, 0},
		{"a wrong sum", func(s *scene) { s.buy("a"); s.plan.Cost++ }, violations{check.Accounting: 1}, 0},
		{"a wrong price", func(s *scene) { s.buy("a").Price++; s.plan.Price(0) }, violations{check.Accounting: 2}, 0}, // node and sum
		{"a zone in which the type is not sold", func(s *scene) { s.buy("d") }, violations{check.Accounting: 2}, 0},
		{"an unknown type", func(s *scene) { s.buy("a").InstanceType = "u" }, violations{check.Accounting: 2}, 0},
		{"a type that the pool does not take", func(s *scene) { s.buy("a").InstanceType = "old" }, violations{check.Accounting: 2}, 0},
		{"a node that does not exist", func(s *scene) { s.buy("a").Existing = true; s.plan.Price(0) }, violations{check.Accounting: 1}, 0},
		{"a new node with the name of an old one", func(s *scene) { s.run("n0", "a", "x"); s.buy("a") }, violations{check.Accounting: 2}, 0},

		// One node.
		{"as many pods as fit", func(s *scene) { s.fill(3); s.buy("a", "p0", "p1", "p2") }, nil, 0},
		{"too many pods", func(s *scene) { s.fill(4); s.buy("a", "p0", "p1", "p2", "p3") }, violations{check.Resources: 4}, 0},
		{"too much of a resource", func(s *scene) {
			s.pod("p", "x", func(s *corev1.PodSpec) { s.Containers[0].Resources.Requests["cpu"] = resource.MustParse("4001m") })
			s.buy("a", "p")
		}, violations{check.Resources: 1}, 0},
		{"a resource that the node has not", func(s *scene) {
			s.pod("p", "x", func(s *corev1.PodSpec) {
				s.Containers[0].Resources.Requests["example.com/gpu"] = resource.MustParse("1")
			})
			s.buy("a", "p")
		}, violations{check.Resources: 1}, 0},
		{"running pods count", func(s *scene) {
			s.run("old", "a", "x", "r1", "r2", "r3")
			s.pod("p", "x", nil)
			n := s.buy("a", "p")
			n.Name, n.Existing = "old", true
			s.plan.Price(0)
		}, violations{check.Resources: 1}, 0},
		{"a node selector", func(s *scene) {
			arm := func(s *corev1.PodSpec) { s.NodeSelector = map[string]string{corev1.LabelArchStable: "arm64"} }
			s.pod("p", "x", arm)
			s.pod("q", "x", arm)
			s.buy("a", "p")
			s.buy("a", "q").InstanceType = "arm"
		}, violations{check.NodeSelection: 1}, 0},
		{"a required node affinity", func(s *scene) {
			s.pod("p", "x", func(s *corev1.PodSpec) {
				s.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{
					{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: zone, Operator: corev1.NodeSelectorOpNotIn, Values: []string{"a"}}}},
				}}}}
			})
			s.buy("a", "p")
		}, violations{check.NodeSelection: 1}, 0},
		{"a taint", func(s *scene) {
			s.in.NodePool.Spec.Template.Spec.Taints = []corev1.Taint{{Key: "k", Effect: corev1.TaintEffectNoSchedule}, {Key: "soft", Effect: corev1.TaintEffectPreferNoSchedule}}
			s.pod("p", "x", nil)
			s.pod("q", "x", func(s *corev1.PodSpec) {
				s.Tolerations = []corev1.Toleration{{Key: "k", Operator: corev1.TolerationOpExists}}
			})
			s.buy("a", "p", "q")
		}, violations{check.Taints: 1}, 0},

		// Pod anti-affinity.
		{"alone per node", func(s *scene) {
			s.pod("p", "x", apart(host, "x"))
			s.pod("q", "x", apart(host, "x"))
			s.buy("a", "p")
			s.buy("a", "q")
		}, nil, 0},
		{"not alone on the node", func(s *scene) {
			s.pod("p", "x", apart(host, "x"))
			s.pod("q", "x", apart(host, "x"))
			s.buy("a", "p", "q")
		}, violations{check.PodAntiAffinity: 2}, 1},
		{"not alone in the zone", func(s *scene) {
			s.pod("p", "x", apart(zone, "x"))
			s.pod("q", "x", apart(zone, "x"))
			s.pod("r", "x", apart(zone, "x"))
			s.buy("a", "p")
			s.buy("a", "q")
			s.buy("b", "r")
		}, violations{check.PodAntiAffinity: 2}, 1},
		{"kept away by a running pod", func(s *scene) {
			s.run("old", "a", "y", "r1")
			s.in.Running[0].Spec.Affinity = newSpec(apart(zone, "x")).Affinity
			s.pod("p", "x", nil)
			s.buy("a", "p")
		}, violations{check.PodAntiAffinity: 1}, 1},
		{"another namespace is not meant", func(s *scene) {
			s.pod("p", "x", apart(host, "x"))
			s.pod("q", "x", nil)
			s.buy("a", "p", "q")
			s.in.Pods[1].Namespace = "other"
			s.plan.Nodes[0].Pods[1] = "other/q"
		}, nil, 0},

		// Pod affinity.
		{"with one of the other app", func(s *scene) {
			s.pod("p", "x", together(zone, "y"))
			s.pod("q", "y", nil)
			s.buy("a", "p")
			s.buy("a", "q")
		}, nil, 0},
		{"without one of the other app", func(s *scene) {
			s.pod("p", "x", together(zone, "y"))
			s.pod("q", "y", nil)
			s.buy("a", "p")
			s.buy("b", "q")
		}, violations{check.PodAffinity: 1}, 1},
		{"the first of its kind", func(s *scene) { s.pod("p", "x", together(zone, "x")); s.buy("a", "p") }, nil, 0},
		{"nobody to be with", func(s *scene) { s.pod("p", "x", together(zone, "y")); s.buy("a", "p") }, violations{check.PodAffinity: 1}, 1},
		{"a kind in two zones", func(s *scene) {
			s.pod("p", "x", together(zone, "x"))
			s.pod("q", "x", together(zone, "x"))
			s.buy("a", "p")
			s.buy("b", "q")
		}, violations{check.PodAffinity: 2}, 1},
		{"no pod matches both terms", func(s *scene) {
			s.pod("p", "x", together(zone, "y", "z"))
			s.pod("q", "y", nil)
			s.pod("r", "z", nil)
			s.buy("a", "p", "q", "r")
		}, violations{check.PodAffinity: 1}, 1},

		// Topology spread.
		{"even", func(s *scene) {
			s.three(spread(zone, "x"))
			s.buy("a", "p", "q")
			s.buy("b", "r")
		}, nil, 0},
		{"uneven", func(s *scene) {
			s.three(spread(zone, "x"))
			s.pod("y", "y", nil)
			s.buy("a", "p", "q", "r")
			s.buy("b", "y")
		}, violations{check.TopologySpread: 3}, 2},
		{"an empty zone is none without a node", func(s *scene) {
			s.three(spread(zone, "x"))
			s.buy("a", "p", "q", "r")
		}, nil, 0},
		{"minDomains", func(s *scene) {
			s.three(spread(zone, "x", func(c *corev1.TopologySpreadConstraint) { c.MinDomains = &three }))
			s.buy("a", "p", "q")
			s.buy("b", "r")
		}, violations{check.TopologySpread: 2}, 1},
		{"maxSkew", func(s *scene) {
			s.three(spread(zone, "x", func(c *corev1.TopologySpreadConstraint) { c.MaxSkew = 3 }))
			s.pod("y", "y", nil)
			s.buy("a", "p", "q", "r")
			s.buy("b", "y")
		}, nil, 0},
		{"only a wish", func(s *scene) {
			s.three(spread(zone, "x", func(c *corev1.TopologySpreadConstraint) { c.WhenUnsatisfiable = corev1.ScheduleAnyway }))
			s.pod("y", "y", nil)
			s.buy("a", "p", "q", "r")
			s.buy("b", "y")
		}, nil, 0},
		{"a node that the pod does not select is not eligible", func(s *scene) {
			s.three(func(p *corev1.PodSpec) {
				spread(zone, "x")(p)
				p.NodeSelector = map[string]string{corev1.LabelArchStable: "amd64"}
			})
			s.pod("y", "y", nil)
			s.buy("a", "p", "q", "r")
			s.buy("b", "y").InstanceType = "arm"
		}, nil, 0},
		{"pods on nodes that are not eligible do not count", func(s *scene) {
			amd := func(p *corev1.PodSpec) {
				spread(zone, "x")(p)
				p.NodeSelector = map[string]string{corev1.LabelArchStable: "amd64"}
			}
			s.pod("p", "x", amd)
			s.pod("q", "x", amd)
			s.pod("r", "x", nil)
			s.pod("s", "x", nil)
			s.buy("a", "p")
			s.buy("b", "q")
			s.buy("a", "r", "s").InstanceType = "arm"
		}, nil, 0},
		{"a tainted node is eligible unless taints are honoured", func(s *scene) {
			s.run("tainted", "b", "y", "r1")
			s.in.Nodes[0].Spec.Taints = []corev1.Taint{{Key: "k", Effect: corev1.TaintEffectNoSchedule}}
			s.three(spread(zone, "x"))
			s.buy("a", "p", "q", "r")
		}, violations{check.TopologySpread: 3}, 2},
		{"taints are honoured", func(s *scene) {
			s.run("tainted", "b", "y", "r1")
			s.in.Nodes[0].Spec.Taints = []corev1.Taint{{Key: "k", Effect: corev1.TaintEffectNoSchedule}}
			s.three(spread(zone, "x", func(c *corev1.TopologySpreadConstraint) { c.NodeTaintsPolicy = &honor }))
			s.buy("a", "p", "q", "r")
		}, nil, 0},
		// p spreads against y, of which two come after it: it was right when it came.
		{"broken later", func(s *scene) {
			s.pod("p", "x", spread(zone, "y"))
			s.pod("q", "y", nil)
			s.pod("r", "y", nil)
			s.pod("o", "o", nil)
			s.buy("a", "p", "q", "r")
			s.buy("b", "o")
		}, violations{check.TopologySpread: 1}, 0},
		// p spreads against x, of which there are two beside it: it cannot be last.
		// Let in as soon as they are let, they both come before it.
		{"an order that is found only by keeping even", func(s *scene) {
			s.pod("q", "x", nil)
			s.pod("r", "x", nil)
			s.pod("p", "o", spread(zone, "x"))
			s.pod("o", "o", nil)
			s.buy("a", "q", "r")
			s.buy("a", "p")
			s.buy("b", "o")
		}, violations{check.TopologySpread: 1}, 0},
		{"late, and refused then", func(s *scene) {
			s.pod("p", "o", spread(zone, "x"))
			s.pod("q", "x", nil)
			s.pod("r", "x", nil)
			s.pod("o", "o", nil)
			s.buy("a", "p", "q", "r")
			s.buy("b", "o")
			s.plan.Late = []string{"ns/p"}
		}, violations{check.TopologySpread: 1}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene()
			c.set(s)
			r, err := check.Plan(&s.in, &s.plan)
			if err != nil {
				t.Fatal(err)
			}
			if !maps.Equal(r.Violations, c.want) || r.Stuck != c.stuck {
				t.Errorf("%v violated, %d stuck; want %v, %d\n%s", r.Violations, r.Stuck, c.want, c.stuck, strings.Join(r.Examples, "\n"))
			}
			if len(r.Examples) != len(c.want) {
				t.Errorf("examples: %q", r.Examples)
			}
		})
	}
}

// fill lets n pods wait that want nothing but a core.
func (s *scene) fill(n int) {
	for i := range n {
		s.pod(fmt.Sprintf("p%d", i), "x", nil)
	}
}

// three lets three pods of one app wait.
func (s *scene) three(change func(*corev1.PodSpec)) {
	for _, name := range []string{"p", "q", "r"} {
		s.pod(name, "x", change)
	}
}

func newSpec(change func(*corev1.PodSpec)) corev1.PodSpec {
	var s corev1.PodSpec
	change(&s)
	return s
}

// TestPreferences: weights are those of the terms that hold at the end.
func TestPreferences(t *testing.T) {
	wish := func(s *corev1.PodSpec) {
		s.Affinity = &corev1.Affinity{
			NodeAffinity: &corev1.NodeAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{
				{Weight: 1, Preference: corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: zone, Operator: corev1.NodeSelectorOpIn, Values: []string{"a"}}}}},
			}},
			PodAffinity: &corev1.PodAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{
				{Weight: 10, PodAffinityTerm: corev1.PodAffinityTerm{LabelSelector: app("x"), TopologyKey: zone}},
			}},
			PodAntiAffinity: &corev1.PodAntiAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{
				{Weight: 100, PodAffinityTerm: corev1.PodAffinityTerm{LabelSelector: app("x"), TopologyKey: host}},
			}},
		}
	}
	s := newScene()
	s.three(wish)
	s.pod("s", "x", wish)
	s.pod("u", "x", wish) // stays out
	s.buy("a", "p", "q")  // in a: 1 each; with each other: 10 each
	s.buy("a", "r")       // in a: 1; with p and q: 10; alone on the node: 100
	s.buy("b", "s")       // alone on the node: 100
	s.plan.Unschedulable = []record.Unschedulable{{Pod: "ns/u"}}
	r, err := check.Plan(&s.in, &s.plan)
	if err != nil {
		t.Fatal(err)
	}
	if r.Satisfied != 11+11+111+100 || r.Wished != 5*111 || !r.Feasible() {
		t.Errorf("%d of %d, %s", r.Satisfied, r.Wished, r)
	}
}

// TestUnchecked: what is not checked is an error.
func TestUnchecked(t *testing.T) {
	for name, change := range map[string]func(*corev1.PodSpec){
		"host ports": func(s *corev1.PodSpec) { s.Containers[0].Ports = []corev1.ContainerPort{{HostPort: 80}} },
		"persistent volumes": func(s *corev1.PodSpec) {
			s.Volumes = []corev1.Volume{{VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "c"}}}}
		},
		"label keys": spread(zone, "x", func(c *corev1.TopologySpreadConstraint) { c.MatchLabelKeys = []string{"pod-template-hash"} }),
		"namespace selector": func(s *corev1.PodSpec) {
			apart(zone, "x")(s)
			s.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution[0].NamespaceSelector = &metav1.LabelSelector{}
		},
		"resource claims":  func(s *corev1.PodSpec) { s.ResourceClaims = []corev1.PodResourceClaim{{Name: "c"}} },
		"scheduling gates": func(s *corev1.PodSpec) { s.SchedulingGates = []corev1.PodSchedulingGate{{Name: "g"}} },
	} {
		s := newScene()
		s.pod("p", "x", change)
		s.buy("a", "p")
		if _, err := check.Plan(&s.in, &s.plan); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "ns/p") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

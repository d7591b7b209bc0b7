package cases

import (
	"fmt"
	"slices"
	"time"

	"github.com/awslabs/operatorpkg/status"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/bench/record"
)

// Small is a random cluster of 3 to 12 nodes in which about everything occurs that
// Karpenter looks at before it disrupts a node: one pool or two with policies, budgets,
// limits and consolidateAfter; spot and on-demand; pods that spread, keep apart, select,
// and must not be moved; nodes that are empty, drifted, ill, leaving or not there yet.
func Small(seed uint64) *record.Cluster { return (&small{running: newRunning("small", seed)}).build() }

// Calm is such a cluster in which nothing has drifted, every node is there and well, and
// every pod is made anew when it is evicted (Karpenter evicts others too, we do not): all
// that there is to do is to save.
func Calm(seed uint64) *record.Cluster {
	return (&small{running: newRunning("calm", seed), calm: true}).build()
}

func (s *small) build() *record.Cluster {
	s.c.Now = metav1.NewTime(now.Add(time.Duration(s.r.IntN(24*60)) * time.Minute))
	s.c.Types = s.market()
	switch s.r.IntN(5) {
	case 0:
		s.empty = 15
	case 1:
		s.drifted = 15
	}
	s.pools()
	s.apps()
	nodes := 3 + s.r.IntN(10)
	for i := range nodes {
		s.add(fmt.Sprintf("node-%02d", i))
	}
	return s.c
}

type small struct {
	*running
	kinds []app
	// empty and drifted are in how many of a hundred nodes that is so: whoever is, goes
	// first, so most clusters have none.
	empty, drifted int
	calm           bool
}

// app is pods that are alike.
type app struct {
	name   string
	size   requests
	change func(*corev1.PodSpec)
	meta   func(*corev1.Pod)
	few    bool // at most one on a node
}

func (s *small) chance(percent int) bool { return s.r.IntN(100) < percent }

// market is the plain types and three families more that are a little different, each
// price a little off, so that hardly two types cost the same.
func (s *small) market() []record.Type {
	var out []record.Type
	for _, more := range []string{"", "a", "n"} {
		for _, t := range plainTypes(35) {
			t.Name += more
			t.Offerings = slices.Clone(t.Offerings)
			off := 94 + record.USD(s.r.IntN(12)) // percent
			for i := range t.Offerings {
				o := &t.Offerings[i]
				o.Price = o.Price*off/100 + record.USD(s.r.IntN(20))
				if o.CapacityType == karpv1.CapacityTypeSpot {
					o.Price = o.Price * (80 + record.USD(s.r.IntN(40))) / 100 // each zone has its own market
				} else {
					o.Price = t.Offerings[0].Price
				}
			}
			out = append(out, t)
		}
	}
	return out
}

func (s *small) pools() {
	names := []string{"default"}
	if s.chance(30) {
		names = append(names, "extra")
	}
	for _, name := range names {
		s.pool(name, func(np *karpv1.NodePool) {
			d := &np.Spec.Disruption
			d.ConsolidationPolicy = []karpv1.ConsolidationPolicy{
				karpv1.ConsolidationPolicyWhenEmpty, karpv1.ConsolidationPolicyBalanced, karpv1.ConsolidationPolicyBalanced,
				karpv1.ConsolidationPolicyWhenEmptyOrUnderutilized,
			}[min(s.r.IntN(10), 3)]
			after := []string{"0s", "0s", "30s", "5m", "Never"}[min(s.r.IntN(20)/4, 4)]
			if after == "Never" && s.chance(60) {
				after = "1m"
			}
			d.ConsolidateAfter = karpv1.MustParseNillableDuration(after)
			d.Budgets = s.budgets()
			if w := int32(1 + s.r.IntN(3)); s.chance(50) {
				np.Spec.Weight = &w
			}
			if sold := s.r.IntN(3); sold < 2 {
				np.Spec.Template.Spec.Requirements = append(np.Spec.Template.Spec.Requirements,
					want(karpv1.CapacityTypeLabelKey, corev1.NodeSelectorOpIn, []string{karpv1.CapacityTypeOnDemand, karpv1.CapacityTypeSpot}[sold]))
			}
			if s.chance(8) {
				q, few := want(corev1.LabelInstanceTypeStable, corev1.NodeSelectorOpExists), 2+s.r.IntN(6)
				q.MinValues = &few
				np.Spec.Template.Spec.Requirements = append(np.Spec.Template.Spec.Requirements, q)
			}
			if s.chance(10) {
				np.Spec.Limits = karpv1.Limits{corev1.ResourceCPU: *resource.NewQuantity(int64(40+s.r.IntN(120)), resource.DecimalSI)}
			}
			if name == "extra" && s.chance(40) {
				np.Spec.Template.Spec.Taints = []corev1.Taint{{Key: "extra", Value: "yes", Effect: corev1.TaintEffectNoSchedule}}
			}
		})
	}
}

func (s *small) budgets() []karpv1.Budget {
	n := func(nodes string, reasons ...karpv1.DisruptionReason) karpv1.Budget {
		return karpv1.Budget{Nodes: nodes, Reasons: reasons}
	}
	office := func(nodes string) karpv1.Budget {
		schedule, length := "0 9 * * *", metav1.Duration{Duration: 8 * time.Hour}
		return karpv1.Budget{Nodes: nodes, Schedule: &schedule, Duration: &length}
	}
	return [][]karpv1.Budget{
		{n("100%")}, {n("100%")}, {n("100%")}, {n("10%")}, {n("1")}, {n("2")}, {n("50%")}, {n("0")},
		{n("100%"), n("0", karpv1.DisruptionReasonUnderutilized)},
		{n("100%"), n("1", karpv1.DisruptionReasonDrifted, karpv1.DisruptionReasonEmpty)},
		{n("100%"), office("0")}, {n("3"), office("1")}, {},
	}[s.r.IntN(13)]
}

// apps draws what runs, and the PodDisruptionBudgets of some.
func (s *small) apps() {
	for i := range 4 + s.r.IntN(5) {
		a := app{name: fmt.Sprintf("app-%d", i), size: requests{cpu: 50 * (1 + s.r.Int64N(30)), memory: 64 * mebi * (1 + s.r.Int64N(60))}}
		labels := map[string]string{"app": a.name}
		a.change, a.few = s.constraint(labels)
		a.meta = s.meta()
		s.kinds = append(s.kinds, a)
		if s.chance(20) {
			s.protect(a.name, labels)
		}
	}
}

func (s *small) protect(name string, labels map[string]string) {
	most := intstr.FromInt32(int32(s.r.IntN(3)))
	b := &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, Generation: 1, UID: s.uid()},
		Spec:       policyv1.PodDisruptionBudgetSpec{Selector: selecting(labels), MaxUnavailable: &most},
	}
	b.Status = policyv1.PodDisruptionBudgetStatus{ObservedGeneration: 1, DisruptionsAllowed: most.IntVal, CurrentHealthy: 10, DesiredHealthy: 10 - most.IntVal, ExpectedPods: 10}
	s.c.Budgets = append(s.c.Budgets, b)
}

// constraint draws what an app asks for besides room.
func (s *small) constraint(labels map[string]string) (change func(*corev1.PodSpec), few bool) {
	zone := []string{"zone-a", "zone-b", "zone-c"}[s.r.IntN(3)]
	spread := func(key string, skew int32, when corev1.UnsatisfiableConstraintAction) func(*corev1.PodSpec) {
		return func(p *corev1.PodSpec) {
			p.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{MaxSkew: skew, TopologyKey: key, WhenUnsatisfiable: when, LabelSelector: selecting(labels)}}
		}
	}
	terms := []corev1.PodAffinityTerm{{LabelSelector: selecting(labels), TopologyKey: corev1.LabelHostname}}
	switch k := s.r.IntN(100); {
	case k < 14:
		return spread(corev1.LabelTopologyZone, 1+int32(s.r.IntN(3)), corev1.DoNotSchedule), false
	case k < 20:
		return spread(corev1.LabelTopologyZone, 1, corev1.ScheduleAnyway), false
	case k < 25:
		return spread(corev1.LabelHostname, 1+int32(s.r.IntN(3)), corev1.DoNotSchedule), false
	case k < 33:
		return func(p *corev1.PodSpec) {
			p.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: terms}}
		}, true
	case k < 38:
		return func(p *corev1.PodSpec) {
			p.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{Weight: 10, PodAffinityTerm: terms[0]}}}}
		}, false
	case k < 43:
		return func(p *corev1.PodSpec) { p.NodeSelector = map[string]string{corev1.LabelTopologyZone: zone} }, false
	case k < 48:
		return func(p *corev1.PodSpec) {
			p.NodeSelector = map[string]string{karpv1.CapacityTypeLabelKey: karpv1.CapacityTypeOnDemand}
		}, false
	case k < 53:
		return func(p *corev1.PodSpec) {
			p.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{{
				Weight: 5, Preference: corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelTopologyZone, Operator: corev1.NodeSelectorOpIn, Values: []string{zone}}}},
			}}}}
		}, false
	}
	return nil, false
}

// meta draws what an app's pods have to say about being moved.
func (s *small) meta() func(*corev1.Pod) {
	switch k := s.r.IntN(100); {
	case k < 4:
		return func(p *corev1.Pod) { annotate(p, karpv1.DoNotDisruptAnnotationKey, "true") }
	case k < 12:
		cost := fmt.Sprint(s.r.IntN(400_000_000) - 200_000_000)
		return func(p *corev1.Pod) { annotate(p, corev1.PodDeletionCost, cost) }
	case k < 20:
		priority := int32(s.r.IntN(100_000_000))
		return func(p *corev1.Pod) { p.Spec.Priority = &priority }
	case k < 24:
		return func(p *corev1.Pod) { p.OwnerReferences[0].Kind = "StatefulSet" }
	case k < 28 && !s.calm:
		return func(p *corev1.Pod) { p.OwnerReferences = nil }
	}
	return func(*corev1.Pod) {}
}

func annotate(p *corev1.Pod, key, value string) {
	if p.Annotations == nil {
		p.Annotations = map[string]string{}
	}
	p.Annotations[key] = value
}

// add adds a node that holds something or nothing.
func (s *small) add(name string) {
	pool := s.c.NodePools[s.r.IntN(len(s.c.NodePools))]
	t, o := s.offering(pool)
	n, claim := s.node(name, pool, t, o)
	claim.Status.LastPodEventTime = metav1.NewTime(s.c.Now.Add(-time.Duration(1+s.r.IntN(1200)) * time.Second))
	s.fill(n)
	if s.calm {
		return
	}
	if s.chance(s.drifted) {
		s.condition(claim, karpv1.ConditionTypeDrifted)
	}
	switch k := s.r.IntN(100); {
	case k < 3:
		n.Annotations = map[string]string{karpv1.DoNotDisruptAnnotationKey: "true"}
	case k < 6:
		n.Status.Conditions[0].Status = corev1.ConditionFalse
		n.Spec.Taints = append(slices.Clone(n.Spec.Taints), corev1.Taint{Key: corev1.TaintNodeNotReady, Effect: corev1.TaintEffectNoSchedule})
	case k < 9:
		gone := s.c.Now
		claim.DeletionTimestamp, claim.Finalizers = &gone, []string{karpv1.TerminationFinalizer}
	case k < 11:
		delete(n.Labels, karpv1.NodeInitializedLabelKey)
		claim.Status.Conditions = slices.DeleteFunc(claim.Status.Conditions, func(c status.Condition) bool {
			return c.Type == karpv1.ConditionTypeInitialized || c.Type == status.ConditionReady
		})
	case k < 15:
		claim.Spec.TerminationGracePeriod = &metav1.Duration{Duration: time.Hour}
	}
}

func (s *small) condition(claim *karpv1.NodeClaim, kind string) {
	c := conditions(kind)[0]
	c.LastTransitionTime = metav1.NewTime(created.Add(time.Duration(s.r.IntN(3600)) * time.Second))
	claim.Status.Conditions = append(claim.Status.Conditions, c)
}

// offering draws what a node of a pool is: of two cores at the least.
func (s *small) offering(pool *karpv1.NodePool) (record.Type, record.Offering) {
	for {
		t := s.c.Types[s.r.IntN(len(s.c.Types))]
		o := t.Offerings[s.r.IntN(len(t.Offerings))]
		if !slices.ContainsFunc(pool.Spec.Template.Spec.Requirements, func(q karpv1.NodeSelectorRequirementWithMinValues) bool {
			return q.Key == karpv1.CapacityTypeLabelKey && !slices.Contains(q.Values, o.CapacityType)
		}) {
			return t, o
		}
	}
}

// fill puts pods on a node: none, or up to some part of what it has.
func (s *small) fill(n *corev1.Node) {
	if s.chance(s.empty) {
		return
	}
	part := 0.15 + 0.8*s.r.Float64()
	cpu := int64(part * float64(n.Status.Allocatable.Cpu().MilliValue()))
	memory := int64(part * float64(n.Status.Allocatable.Memory().Value()))
	used := map[string]bool{}
	for i, missed := 0, 0; missed < 12; i++ {
		a := s.kinds[s.r.IntN(len(s.kinds))]
		spec := corev1.PodSpec{}
		if a.change != nil {
			a.change(&spec)
		}
		if a.size.cpu > cpu || a.size.memory > memory || a.few && used[a.name] || !selected(spec.NodeSelector, n) {
			missed++
			continue
		}
		used[a.name] = true
		cpu, memory = cpu-a.size.cpu, memory-a.size.memory
		p := s.runs(fmt.Sprintf("%s-%s-%d", a.name, n.Name, i), a.name, map[string]string{"app": a.name}, a.size, n, func(spec *corev1.PodSpec) {
			if a.change != nil {
				a.change(spec)
			}
			for _, t := range n.Spec.Taints {
				spec.Tolerations = append(spec.Tolerations, corev1.Toleration{Key: t.Key, Operator: corev1.TolerationOpExists})
			}
		})
		a.meta(p)
	}
}

func selected(selector map[string]string, n *corev1.Node) bool {
	for k, v := range selector {
		if n.Labels[k] != v {
			return false
		}
	}
	return true
}

// SpotToSpot tells whether Karpenter's feature gate of that name is to be on in a small
// cluster: in every fourth.
func SpotToSpot(c *record.Cluster) bool { return c.Seed%4 == 1 }

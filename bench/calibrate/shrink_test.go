package calibrate_test

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"strconv"
	"testing"

	corev1 "k8s.io/api/core/v1"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/bench/calibrate"
	"github.com/ullage-sh/ullage/bench/cases"
	"github.com/ullage-sh/ullage/bench/karpenter"
	"github.com/ullage-sh/ullage/bench/record"
)

var which = flag.String("which", "", "")

func TestShrink(t *testing.T) {
	for _, s := range strings.Split(*which, ",") {
		seed, _ := strconv.ParseUint(s, 10, 64)
		c := cases.Small(seed)
		gates := karpenter.Gates{SpotToSpot: (seed-1)%4 == 0}
		first, _ := calibrate.Compare(t.Context(), c, gates)
		bad := func(c *record.Cluster) bool {
			if len(c.Nodes) == 0 {
				return false
			}
			r, err := calibrate.Compare(t.Context(), c, gates)
			return err == nil && r.Kind == first.Kind && r.Real.Method == first.Real.Method
		}
		for again := true; again; {
			again = false
			for i := 0; i < len(c.Nodes); i++ {
				d := *c
				name := c.Nodes[i].Name
				d.Nodes = slices.Delete(slices.Clone(c.Nodes), i, i+1)
				d.Claims = slices.Delete(slices.Clone(c.Claims), i, i+1)
				d.Pods = slices.DeleteFunc(slices.Clone(c.Pods), func(p *corev1.Pod) bool { return p.Spec.NodeName == name })
				if bad(&d) {
					c, again = &d, true
					i--
				}
			}
			for i := 0; i < len(c.Pods); i++ {
				d := *c
				d.Pods = slices.Delete(slices.Clone(c.Pods), i, i+1)
				if bad(&d) {
					c, again = &d, true
					i--
				}
			}
			for i := 0; i < len(c.Budgets); i++ {
				d := *c
				d.Budgets = slices.Delete(slices.Clone(c.Budgets), i, i+1)
				if bad(&d) {
					c, again = &d, true
					i--
				}
			}
		}
		// constraints
		for i := range c.Pods {
			d := *c
			d.Pods = slices.Clone(c.Pods)
			p := c.Pods[i].DeepCopy()
			p.Spec.Affinity, p.Spec.NodeSelector, p.Spec.TopologySpreadConstraints = nil, nil, nil
			d.Pods[i] = p
			if bad(&d) {
				c = &d
			}
		}
		r, _ := calibrate.Compare(t.Context(), c, gates)
		var b strings.Builder
		fmt.Fprintf(&b, "SEED %d %s gates %v: real %s %v; policy %s %v\n", seed, r.Kind, gates, r.Real.Method, essence(r.Real), r.Policy.Method, essence(r.Policy))
		for _, n := range r.Real.Plan.Nodes {
			fmt.Fprintf(&b, "   real %s existing=%t %s %s %s %v\n", n.Name, n.Existing, n.InstanceType, n.Zone, n.CapacityType, n.Pods)
		}
		for _, n := range r.Policy.Plan.Nodes {
			fmt.Fprintf(&b, "   policy %s existing=%t %s %s %s %v\n", n.Name, n.Existing, n.InstanceType, n.Zone, n.CapacityType, n.Pods)
		}
		for _, np := range c.NodePools {
			fmt.Fprintf(&b, "  pool %s %s after=%v req=%v limits=%v weight=%v taints=%v budgets=%v\n", np.Name, np.Spec.Disruption.ConsolidationPolicy, np.Spec.Disruption.ConsolidateAfter.Duration, np.Spec.Template.Spec.Requirements, np.Spec.Limits, np.Spec.Weight, np.Spec.Template.Spec.Taints, np.Spec.Disruption.Budgets)
		}
		for i, n := range c.Nodes {
			fmt.Fprintf(&b, "  node %s %s %s %s pool=%s ready=%s init=%t last=%s ago del=%t", n.Name, n.Labels[corev1.LabelInstanceTypeStable], n.Labels[corev1.LabelTopologyZone], n.Labels[karpv1.CapacityTypeLabelKey], n.Labels[karpv1.NodePoolLabelKey], n.Status.Conditions[0].Status, n.Labels[karpv1.NodeInitializedLabelKey] != "", c.Now.Sub(c.Claims[i].Status.LastPodEventTime.Time), c.Claims[i].DeletionTimestamp != nil)
			fmt.Fprintf(&b, " cpu=%s mem=%s", n.Status.Allocatable.Cpu(), n.Status.Allocatable.Memory())
			for _, o := range c.Types {
				if o.Name == n.Labels[corev1.LabelInstanceTypeStable] {
					for _, x := range o.Offerings {
						if x.Zone == n.Labels[corev1.LabelTopologyZone] && x.CapacityType == n.Labels[karpv1.CapacityTypeLabelKey] {
							fmt.Fprintf(&b, " price=%s", x.Price)
						}
					}
				}
			}
			fmt.Fprintln(&b)
		}
		for _, p := range c.Pods {
			fmt.Fprintf(&b, "  pod %s on %s cpu=%s mem=%s own=%v sel=%v prio=%v ann=%v", p.Name, p.Spec.NodeName, p.Spec.Containers[0].Resources.Requests.Cpu(), p.Spec.Containers[0].Resources.Requests.Memory(), len(p.OwnerReferences), p.Spec.NodeSelector, p.Spec.Priority != nil, p.Annotations)
			for _, s := range p.Spec.TopologySpreadConstraints {
				fmt.Fprintf(&b, " spread=%s/%d/%s", s.TopologyKey, s.MaxSkew, s.WhenUnsatisfiable)
			}
			if a := p.Spec.Affinity; a != nil {
				if a.PodAntiAffinity != nil {
					fmt.Fprintf(&b, " anti req=%d pref=%d", len(a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution), len(a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution))
				}
				if a.NodeAffinity != nil {
					fmt.Fprintf(&b, " nodepref=%v", a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution[0].Preference.MatchExpressions[0].Values)
				}
			}
			fmt.Fprintln(&b)
		}
		for _, x := range c.Budgets {
			fmt.Fprintf(&b, "  pdb %s\n", x.Name)
		}
		t.Log(b.String())
	}
}

package oracle_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"

	"github.com/ullage-sh/ullage/lab/oracle"
	"github.com/ullage-sh/ullage/lab/oracle/random"
)

// mutants are mistakes that package fit, or the conversion before it, could make,
// at least one for each plugin: the cluster as somebody would see it who made that
// mistake. Rule is where it must show.
var mutants = []struct {
	plugin, mistake, rule string
	distort               func(*oracle.Objects)
}{
	{"NodeUnschedulable", "cordons are overlooked", "taints", nodes(func(n *corev1.Node) {
		n.Spec.Unschedulable = false
		for i := range n.Spec.Taints {
			if n.Spec.Taints[i].Key == corev1.TaintNodeUnschedulable {
				n.Spec.Taints[i].Effect = corev1.TaintEffectPreferNoSchedule
			}
		}
	})},
	{"TaintToleration", "a toleration of no effect is of none", "taints", waiting(func(p *corev1.Pod) {
		for i := range p.Spec.Tolerations {
			if p.Spec.Tolerations[i].Effect == "" {
				p.Spec.Tolerations[i].Effect = corev1.TaintEffectPreferNoSchedule
			}
		}
	})},
	{"TaintToleration", "PreferNoSchedule keeps pods off", "taints", nodes(func(n *corev1.Node) {
		for i := range n.Spec.Taints {
			if n.Spec.Taints[i].Effect == corev1.TaintEffectPreferNoSchedule {
				n.Spec.Taints[i].Effect = corev1.TaintEffectNoSchedule
			}
		}
	})},
	{"NodeAffinity", "only the first term counts", "node affinity", waiting(func(p *corev1.Pod) {
		if a := p.Spec.Affinity; a != nil && a.NodeAffinity != nil {
			s := a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
			s.NodeSelectorTerms = s.NodeSelectorTerms[:1]
		}
	})},
	{"NodeAffinity", "Lt is Gt", "node affinity", waiting(func(p *corev1.Pod) {
		if a := p.Spec.Affinity; a != nil && a.NodeAffinity != nil {
			for _, t := range a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
				for i := range t.MatchExpressions {
					if t.MatchExpressions[i].Operator == corev1.NodeSelectorOpLt {
						t.MatchExpressions[i].Operator = corev1.NodeSelectorOpGt
					}
				}
			}
		}
	})},
	{"NodePorts", "UDP is TCP", "host ports", pods(func(p *corev1.Pod) {
		for i := range p.Spec.Containers {
			for j := range p.Spec.Containers[i].Ports {
				p.Spec.Containers[i].Ports[j].Protocol = corev1.ProtocolTCP
			}
		}
	})},
	{"NodeResourcesFit", "sidecars are init containers", "resources", pods(func(p *corev1.Pod) {
		for i := range p.Spec.InitContainers {
			p.Spec.InitContainers[i].RestartPolicy = nil
		}
	})},
	{"NodeResourcesFit", "what pods on a node asked for at first counts while they are resized", "resources", pods(func(p *corev1.Pod) {
		p.Status.ContainerStatuses = nil
	})},
	{"NodeVolumeLimits", "attachments without a pod do not count", "volume limit", func(o *oracle.Objects) { o.VolumeAttachments = nil }},
	{"NodeVolumeLimits", "no driver has a limit", "volume limit", func(o *oracle.Objects) { o.CSINodes = nil }},
	{"VolumeRestrictions", "ReadWriteOncePod is ReadWriteOnce", "volumes", claims(func(c *corev1.PersistentVolumeClaim) {
		if c.Spec.AccessModes[0] == corev1.ReadWriteOncePod && c.Spec.VolumeName != "" {
			c.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
		}
	})},
	{"VolumeBinding", "volumes can be used from anywhere", "volumes", volumes(func(v *corev1.PersistentVolume) { v.Spec.NodeAffinity = nil })},
	{"VolumeBinding", "any volume suits any claim", "volumes", claims(func(c *corev1.PersistentVolumeClaim) {
		c.Spec.Selector, c.Spec.Resources.Requests = nil, nil
	})},
	{"VolumeBinding", "drivers have room everywhere", "volumes", func(o *oracle.Objects) { o.CSIDrivers = nil }},
	{"VolumeZone", "zone labels of volumes are overlooked", "volumes", volumes(func(v *corev1.PersistentVolume) { v.Labels = nil })},
	{"PodTopologySpread", "minDomains is overlooked", "topology spread", spreads(func(c *corev1.TopologySpreadConstraint) { c.MinDomains = nil })},
	{"PodTopologySpread", "one more is no matter", "topology spread", spreads(func(c *corev1.TopologySpreadConstraint) { c.MaxSkew++ })},
	{"PodTopologySpread", "nodes with taints are not looked at", "topology spread", spreads(func(c *corev1.TopologySpreadConstraint) {
		honor := corev1.NodeInclusionPolicyHonor
		c.NodeTaintsPolicy = &honor
	})},
	{"PodTopologySpread", "pods that are leaving count", "topology spread", pods(func(p *corev1.Pod) { p.DeletionTimestamp = nil })},
	{"DynamicResources", "devices that are allocated are free", "devices", deviceClaims(func(c *resourcev1.ResourceClaim) {
		if c.Status.Allocation != nil {
			c.Status.Allocation.Devices.Results = nil
		}
	})},
	{"DynamicResources", "a claim that is allocated can be used anywhere", "devices", deviceClaims(func(c *resourcev1.ResourceClaim) {
		if c.Status.Allocation != nil {
			c.Status.Allocation.NodeSelector = nil
		}
	})},
	{"DynamicResources", "selectors of requests are overlooked", "devices", deviceClaims(func(c *resourcev1.ResourceClaim) {
		for i := range c.Spec.Devices.Requests {
			c.Spec.Devices.Requests[i].Exactly.Selectors = nil
		}
	})},
	{"DynamicResources", "all is one", "devices", deviceClaims(func(c *resourcev1.ResourceClaim) {
		for i := range c.Spec.Devices.Requests {
			if r := c.Spec.Devices.Requests[i].Exactly; r.AllocationMode == resourcev1.DeviceAllocationModeAll {
				r.AllocationMode, r.Count = resourcev1.DeviceAllocationModeExactCount, 1
			}
		}
	})},
	{"InterPodAffinity", "pods on nodes keep nobody away", "pod affinity", pods(func(p *corev1.Pod) {
		if a := p.Spec.Affinity; a != nil && p.Spec.NodeName != "" {
			a.PodAntiAffinity = nil
		}
	})},
	{"InterPodAffinity", "terms mean the own namespace", "pod affinity", affinity(func(t *corev1.PodAffinityTerm) { t.NamespaceSelector = nil })},
	{"InterPodAffinity", "mismatchLabelKeys is overlooked", "pod affinity", affinity(func(t *corev1.PodAffinityTerm) {
		if len(t.MismatchLabelKeys) > 0 {
			n := len(t.LabelSelector.MatchExpressions)
			t.MismatchLabelKeys, t.LabelSelector.MatchExpressions = nil, t.LabelSelector.MatchExpressions[:max(n-1, 0)]
		}
	})},
}

// TestMutants makes each mistake and wants it to be noticed: what compares two sides
// that are alike is worth as much as it sees when they are not.
func TestMutants(t *testing.T) {
	f := newFilters(t, random.Small)
	const most = 40_000 // clusters
	for _, m := range mutants {
		f.distort = m.distort
		caught := false
		for n := uint64(0); n < most && !caught; n++ {
			_, _, bad := f.compare(*seed, n)
			for _, d := range bad {
				caught = caught || d.Rule == m.rule || d.Rule == "offering, "+m.rule
			}
			if caught {
				t.Logf("%s: %s: noticed in cluster %d: %s", m.plugin, m.mistake, n, bad[0])
			}
		}
		if !caught {
			t.Errorf("%s: %s: not noticed in %d clusters", m.plugin, m.mistake, most)
		}
	}
}

// TestMutantsCoverPlugins wants a mistake for each plugin that can reject.
func TestMutantsCoverPlugins(t *testing.T) {
	made := map[string]bool{}
	for _, m := range mutants {
		made[m.plugin] = true
	}
	for _, r := range oracle.Rules {
		for _, p := range r.Theirs {
			if !made[p] {
				t.Errorf("no mistake about %s is made", p)
			}
		}
	}
}

func pods(change func(*corev1.Pod)) func(*oracle.Objects) {
	return func(o *oracle.Objects) {
		for i := range o.Pods {
			o.Pods[i] = o.Pods[i].DeepCopy()
			change(o.Pods[i])
		}
	}
}

func waiting(change func(*corev1.Pod)) func(*oracle.Objects) {
	return pods(func(p *corev1.Pod) {
		if p.Spec.NodeName == "" {
			change(p)
		}
	})
}

func spreads(change func(*corev1.TopologySpreadConstraint)) func(*oracle.Objects) {
	return waiting(func(p *corev1.Pod) {
		for i := range p.Spec.TopologySpreadConstraints {
			change(&p.Spec.TopologySpreadConstraints[i])
		}
	})
}

func affinity(change func(*corev1.PodAffinityTerm)) func(*oracle.Objects) {
	return pods(func(p *corev1.Pod) {
		var terms [][]corev1.PodAffinityTerm
		if a := p.Spec.Affinity; a != nil && a.PodAffinity != nil {
			terms = append(terms, a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution)
		}
		if a := p.Spec.Affinity; a != nil && a.PodAntiAffinity != nil {
			terms = append(terms, a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution)
		}
		for _, list := range terms {
			for i := range list {
				change(&list[i])
			}
		}
	})
}

func nodes(change func(*corev1.Node)) func(*oracle.Objects) {
	return func(o *oracle.Objects) {
		for i := range o.Nodes {
			o.Nodes[i] = o.Nodes[i].DeepCopy()
			change(o.Nodes[i])
		}
	}
}

func claims(change func(*corev1.PersistentVolumeClaim)) func(*oracle.Objects) {
	return func(o *oracle.Objects) {
		for i := range o.PersistentVolumeClaims {
			o.PersistentVolumeClaims[i] = o.PersistentVolumeClaims[i].DeepCopy()
			change(o.PersistentVolumeClaims[i])
		}
	}
}

func deviceClaims(change func(*resourcev1.ResourceClaim)) func(*oracle.Objects) {
	return func(o *oracle.Objects) {
		for i := range o.ResourceClaims {
			o.ResourceClaims[i] = o.ResourceClaims[i].DeepCopy()
			change(o.ResourceClaims[i])
		}
	}
}

func volumes(change func(*corev1.PersistentVolume)) func(*oracle.Objects) {
	return func(o *oracle.Objects) {
		for i := range o.PersistentVolumes {
			o.PersistentVolumes[i] = o.PersistentVolumes[i].DeepCopy()
			change(o.PersistentVolumes[i])
		}
	}
}

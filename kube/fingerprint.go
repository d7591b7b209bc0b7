package kube

import (
	"encoding/binary"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ullage-sh/ullage/cluster"
)

// fingerprint writes everything that a demand is made of as bytes: pods with equal
// fingerprints have equal demands. To tell that a demand is known takes a tenth of
// the time that making it takes, and most pods are like another one.
//
// Strings and lists are preceded by their length, so that no two pods are written
// alike; maps are written in the order of their keys. The functions append to b and
// return it, which keeps the buffer out of the heap's sight while they run.
type fingerprint struct {
	b     []byte // reused from pod to pod
	pairs []pair // likewise
}

type pair struct{ key, value string }

// of returns the fingerprint of a pod, given its requests and what is wrong with
// them. It is valid until the next call.
func (f *fingerprint) of(p *corev1.Pod, requests cluster.Resources, problems []string) []byte {
	b := count(f.b[:0], len(requests))
	for _, a := range requests {
		b = number(text(b, a.Name), a.Value)
	}
	b = texts(b, problems)
	s := &p.Spec
	b = f.dict(b, s.NodeSelector)
	b = flag(b, s.Affinity != nil)
	if s.Affinity != nil {
		b = f.affinity(b, p, s.Affinity)
	}
	b = count(b, len(s.Tolerations))
	for i := range s.Tolerations {
		t := &s.Tolerations[i]
		b = text(text(text(text(b, t.Key), string(t.Operator)), t.Value), string(t.Effect))
	}
	b = count(b, len(s.TopologySpreadConstraints))
	for i := range s.TopologySpreadConstraints {
		b = f.spread(b, p, &s.TopologySpreadConstraints[i])
	}
	b = containers(b, s)
	for i := range s.Volumes {
		b = volume(b, &s.Volumes[i])
	}
	b = append(b, 0)
	if len(p.Annotations) > 0 {
		if price, ok := p.Annotations[pricePreferences]; ok {
			b = text(append(b, 'p'), price)
		}
	}
	f.b = rare(b, s)
	return f.b
}

// identity returns the fingerprint of what selectors see of a pod. It is valid
// until the next call.
func (f *fingerprint) identity(namespace string, labels map[string]string) []byte {
	f.b = f.dict(text(f.b[:0], namespace), labels)
	return f.b
}

func count(b []byte, n int) []byte {
	if n < 0x80 {
		return append(b, byte(n))
	}
	return binary.AppendUvarint(b, uint64(n))
}

func number(b []byte, n int64) []byte { return binary.AppendVarint(b, n) }
func text(b []byte, s string) []byte  { return append(count(b, len(s)), s...) }
func texts(b []byte, l []string) []byte {
	b = count(b, len(l))
	for _, s := range l {
		b = text(b, s)
	}
	return b
}

func flag(b []byte, x bool) []byte {
	if x {
		return append(b, 1)
	}
	return append(b, 0)
}

// dict writes a map by key.
func (f *fingerprint) dict(b []byte, m map[string]string) []byte {
	b = count(b, len(m))
	switch len(m) {
	case 0:
		return b
	case 1:
		for k, v := range m {
			b = text(text(b, k), v)
		}
		return b
	}
	pairs := f.pairs[:0]
	for k, v := range m {
		pairs = append(pairs, pair{k, v})
	}
	slices.SortFunc(pairs, func(x, y pair) int { return strings.Compare(x.key, y.key) })
	for i := range pairs {
		b = text(text(b, pairs[i].key), pairs[i].value)
	}
	f.pairs = pairs
	return b
}

func (f *fingerprint) affinity(b []byte, p *corev1.Pod, a *corev1.Affinity) []byte {
	b = flag(flag(flag(b, a.NodeAffinity != nil), a.PodAffinity != nil), a.PodAntiAffinity != nil)
	if n := a.NodeAffinity; n != nil {
		terms, anywhere := requiredNodeTerms(p)
		b = count(flag(b, anywhere), len(terms))
		for i := range terms {
			b = nodeTerm(b, &terms[i])
		}
		b = count(b, len(n.PreferredDuringSchedulingIgnoredDuringExecution))
		for i := range n.PreferredDuringSchedulingIgnoredDuringExecution {
			x := &n.PreferredDuringSchedulingIgnoredDuringExecution[i]
			b = nodeTerm(number(b, int64(x.Weight)), &x.Preference)
		}
	}
	if n := a.PodAffinity; n != nil {
		b = f.podTerms(b, p, n.RequiredDuringSchedulingIgnoredDuringExecution, n.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	if n := a.PodAntiAffinity; n != nil {
		b = f.podTerms(b, p, n.RequiredDuringSchedulingIgnoredDuringExecution, n.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	return b
}

func nodeTerm(b []byte, t *corev1.NodeSelectorTerm) []byte {
	for _, list := range [2][]corev1.NodeSelectorRequirement{t.MatchExpressions, t.MatchFields} {
		b = count(b, len(list))
		for i := range list {
			b = texts(text(text(b, list[i].Key), string(list[i].Operator)), list[i].Values)
		}
	}
	return b
}

func (f *fingerprint) podTerms(b []byte, p *corev1.Pod, required []corev1.PodAffinityTerm, preferred []corev1.WeightedPodAffinityTerm) []byte {
	b = count(count(b, len(required)), len(preferred))
	for i := range required {
		b = f.podTerm(b, p, &required[i])
	}
	for i := range preferred {
		b = f.podTerm(number(b, int64(preferred[i].Weight)), p, &preferred[i].PodAffinityTerm)
	}
	return b
}

func (f *fingerprint) podTerm(b []byte, p *corev1.Pod, t *corev1.PodAffinityTerm) []byte {
	b = f.selector(text(b, t.TopologyKey), t.LabelSelector)
	b = f.selector(texts(b, t.Namespaces), t.NamespaceSelector)
	if len(t.Namespaces) == 0 && t.NamespaceSelector == nil {
		b = text(b, p.Namespace)
	}
	return labelsOf(labelsOf(b, p, t.MatchLabelKeys), p, t.MismatchLabelKeys)
}

func (f *fingerprint) spread(b []byte, p *corev1.Pod, c *corev1.TopologySpreadConstraint) []byte {
	b = text(number(text(b, c.TopologyKey), int64(c.MaxSkew)), string(c.WhenUnsatisfiable))
	b = flag(b, c.MinDomains != nil)
	if c.MinDomains != nil {
		b = number(b, int64(*c.MinDomains))
	}
	for _, policy := range [2]*corev1.NodeInclusionPolicy{c.NodeAffinityPolicy, c.NodeTaintsPolicy} {
		b = flag(b, policy != nil)
		if policy != nil {
			b = text(b, string(*policy))
		}
	}
	b = f.selector(text(b, p.Namespace), c.LabelSelector)
	return labelsOf(b, p, c.MatchLabelKeys)
}

func (f *fingerprint) selector(b []byte, s *metav1.LabelSelector) []byte {
	b = flag(b, s != nil)
	if s == nil {
		return b
	}
	b = count(f.dict(b, s.MatchLabels), len(s.MatchExpressions))
	for i := range s.MatchExpressions {
		e := &s.MatchExpressions[i]
		b = texts(text(text(b, e.Key), string(e.Operator)), e.Values)
	}
	return b
}

// labelsOf writes the pod's own values for keys that are merged into a selector.
func labelsOf(b []byte, p *corev1.Pod, keys []string) []byte {
	b = count(b, len(keys))
	for _, key := range keys {
		value, ok := p.Labels[key]
		b = text(flag(text(b, key), ok), value)
	}
	return b
}

// containers writes the ports of the host that a pod takes. What its containers
// request is in the sum.
func containers(b []byte, s *corev1.PodSpec) []byte {
	for i := range s.InitContainers {
		if isSidecar(&s.InitContainers[i]) {
			b = ports(b, s, &s.InitContainers[i])
		}
	}
	for i := range s.Containers {
		b = ports(b, s, &s.Containers[i])
	}
	return append(b, 0)
}

func ports(b []byte, s *corev1.PodSpec, c *corev1.Container) []byte {
	for i := range c.Ports {
		p := &c.Ports[i]
		if n := hostPort(s, p); n != 0 {
			b = text(text(number(append(b, 1), int64(n)), string(p.Protocol)), p.HostIP)
		}
	}
	return b
}

// volume writes a volume that can keep a pod off a node; most cannot.
func volume(b []byte, v *corev1.Volume) []byte {
	switch {
	case v.PersistentVolumeClaim != nil:
		return text(append(b, 'c'), v.PersistentVolumeClaim.ClaimName)
	case v.Ephemeral != nil:
		return text(append(b, 'e'), v.Name)
	case v.CSI != nil:
		return text(append(b, 'd'), v.CSI.Driver)
	}
	if disk := inTreeDisk(v); disk != "" {
		return text(append(b, 't'), disk)
	}
	return b
}

// rare writes what few pods have.
func rare(b []byte, s *corev1.PodSpec) []byte {
	b = flag(b, s.OS != nil)
	if s.OS != nil {
		b = text(b, string(s.OS.Name))
	}
	b = flag(b, s.HostNetwork && s.HostUsers != nil && !*s.HostUsers)
	for _, wanted := range wantsOfHost(s) {
		b = flag(b, wanted)
	}
	return flag(b, restartsAll(s))
}

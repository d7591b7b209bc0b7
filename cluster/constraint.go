package cluster

import (
	"cmp"
	"strconv"
	"strings"
)

// TopologySpread is a topology spread constraint: over the domains that the label
// Key makes of the nodes, the numbers of selected pods differ by MaxSkew at most.
type TopologySpread struct {
	Key     string
	MaxSkew int32
	// MinDomains: while there are fewer domains, the smallest number counts as 0.
	// 0 means 1.
	MinDomains int32
	// Soft is ScheduleAnyway: a preference.
	Soft bool
	// Pods that are counted; its namespace is the pod's own.
	Pods PodSelector
	// HonorAffinity leaves nodes out that the pod's node selector and affinity do
	// not match (nodeAffinityPolicy), HonorTaints those whose taints it does not
	// tolerate (nodeTaintsPolicy).
	HonorAffinity, HonorTaints bool
}

// Counts tells whether the constraint ever rules out more than nodes without the
// label: the scheduler counts no pods for a selector that is empty.
func (s *TopologySpread) Counts() bool { return !s.Soft && len(s.Pods.Labels) > 0 }

// PodAffinityTerm is a term of pod affinity or anti-affinity: together with, or
// apart from, the selected pods in a domain that the label Key makes of the nodes.
type PodAffinityTerm struct {
	Key  string
	Pods PodSelector
}

// HostPort is a port of the node that a pod takes. An empty IP and 0.0.0.0 are all
// addresses of the node, IPv6 included; the scheduler takes :: for one like any
// other.
type HostPort struct {
	IP, Protocol string
	Port         int32
}

// Any tells whether the port is taken on all addresses.
func (p HostPort) Any() bool { return p.IP == "" || p.IP == "0.0.0.0" }

// Compare orders ports by number, then protocol, then address.
func (p HostPort) Compare(q HostPort) int {
	return cmp.Or(cmp.Compare(p.Port, q.Port), strings.Compare(p.Protocol, q.Protocol), strings.Compare(p.IP, q.IP))
}

// Conflicts tells whether two pods with these ports cannot share a node.
func (p HostPort) Conflicts(q HostPort) bool {
	return p.Port == q.Port && p.Protocol == q.Protocol && (p.Any() || q.Any() || p.IP == q.IP)
}

// VolumeUse is a volume of a pod that is claimed.
type VolumeUse struct {
	// Claim is the name of the PersistentVolumeClaim in the pod's namespace. If
	// Ephemeral, it is that of the volume, and the claim's is pod-volume: it is made
	// for the pod.
	Claim     string
	Ephemeral bool
	// Driver of an inline CSI volume; there is no claim then.
	Driver string
}

// Preference is something that a pod would rather have. Exactly one of Node and
// Near is set. (Soft spreads are in [Demand.Spreads].)
type Preference struct {
	Weight int32 // 1 to 100
	// Node is a term of preferred node affinity.
	Node Term
	// Near is a term of preferred pod affinity, or if Apart of anti-affinity.
	Near  *PodAffinityTerm
	Apart bool
}

// constraintKeys writes the constraints of d that are not about the node alone.
func (d *Demand) constraintKeys(b *strings.Builder) {
	for i := range d.Spreads {
		s := &d.Spreads[i]
		b.WriteString("spread(" + strconv.Quote(s.Key) + strconv.Itoa(int(s.MaxSkew)) + " " + strconv.Itoa(int(s.MinDomains)))
		for _, flag := range []bool{s.Soft, s.HonorAffinity, s.HonorTaints} {
			b.WriteString(" " + strconv.FormatBool(flag))
		}
		s.Pods.key(b)
		b.WriteString(")")
	}
	for i := range d.PodAffinity {
		d.PodAffinity[i].key(b, "near")
	}
	for i := range d.PodAntiAffinity {
		d.PodAntiAffinity[i].key(b, "apart")
	}
	for _, p := range d.Ports {
		b.WriteString("port(" + strconv.Quote(p.IP) + strconv.Quote(p.Protocol) + strconv.Itoa(int(p.Port)) + ")")
	}
	for _, v := range d.Volumes {
		b.WriteString("volume(" + strconv.Quote(v.Claim) + strconv.FormatBool(v.Ephemeral) + strconv.Quote(v.Driver) + ")")
	}
	for _, p := range d.Preferences {
		b.WriteString("prefer(" + strconv.Itoa(int(p.Weight)) + " ")
		switch {
		case p.Near == nil:
			b.WriteString(termKey(p.Node))
		case p.Apart:
			p.Near.key(b, "apart")
		default:
			p.Near.key(b, "near")
		}
		b.WriteString(")")
	}
	if d.PreferencePrice != nil {
		b.WriteString("at " + strconv.FormatInt(int64(*d.PreferencePrice), 10)) // as text it would be rounded
	}
}

func (t *PodAffinityTerm) key(b *strings.Builder, what string) {
	b.WriteString(what + "(" + strconv.Quote(t.Key))
	t.Pods.key(b)
	b.WriteString(")")
}

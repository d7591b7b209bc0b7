package fit

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// order is the order in which the scheduler runs its filters.
var order = []plan.Constraint{
	plan.Taints, plan.NodeSelector, plan.NodeAffinity, plan.HostPorts, plan.Resources, plan.VolumeLimit, plan.VolumeNode,
	plan.TopologySpread, plan.PodAffinity, plan.PodAntiAffinity,
}

// check returns the first constraint that forbids the class on n. domain tells
// where n is in a topology; fresh, that it is a node that is not there yet.
func (v *View) check(n *node, domain func(*topology) int32, fresh bool) plan.Constraint {
	if len(v.class.Refused) > 0 {
		return plan.Refused
	}
	for _, c := range order {
		if v.filter(c, n, domain, fresh) {
			return c
		}
	}
	return 0
}

// filter tells whether a constraint forbids the class on n.
func (v *View) filter(c plan.Constraint, n *node, domain func(*topology) int32, fresh bool) bool {
	d := v.class.Demand
	switch c {
	case plan.Taints:
		_, bad := cluster.Untolerated(n.taints, d.Tolerations)
		return bad
	case plan.NodeSelector:
		return !d.Selector.Matches(n.label)
	case plan.NodeAffinity:
		return d.Affinity != nil && !anyMatches(d.Affinity, n.label)
	case plan.HostPorts:
		return slices.ContainsFunc(d.Ports, func(p cluster.HostPort) bool { return slices.ContainsFunc(n.ports, p.Conflicts) })
	case plan.Resources:
		return !v.resources(n)
	case plan.VolumeLimit:
		return !v.attachments(n)
	case plan.VolumeNode:
		return slices.ContainsFunc(v.class.Volumes, func(x cluster.ClassVolume) bool { return !usable(&x, n.label) })
	case plan.TopologySpread:
		return !v.spreadFits(n, domain, fresh)
	case plan.PodAffinity:
		return !v.nearFits(domain)
	case plan.PodAntiAffinity:
		return contain(v.apart, domain) || contain(v.repelled, domain)
	}
	return false
}

func anyMatches(terms []cluster.Term, label cluster.Lookup) bool {
	return slices.ContainsFunc(terms, func(t cluster.Term) bool { return t.Matches(label) })
}

// resources tells whether there is room, attachments of volumes aside.
func (v *View) resources(n *node) bool {
	for i, want := range v.class.Requests {
		if want > 0 && want > n.free[i] && !isAttachLimit(v.w.snap.Resources[i]) {
			return false
		}
	}
	return true
}

func isAttachLimit(name string) bool {
	return len(name) > len(cluster.AttachLimit) && name[:len(cluster.AttachLimit)] == cluster.AttachLimit
}

// attachments tells whether the volumes that are not attached yet can be.
func (v *View) attachments(n *node) bool {
	for i, want := range v.class.Requests {
		name := v.w.snap.Resources[i]
		if want == 0 || !isAttachLimit(name) {
			continue
		}
		for _, x := range v.class.Volumes {
			if cluster.AttachLimit+x.Driver == name && x.ID != "" && n.volumes[x.ID] {
				want--
			}
		}
		if want > 0 && want > n.free[i] {
			return false
		}
	}
	return true
}

// usable tells whether a node can use a volume.
func usable(x *cluster.ClassVolume, label cluster.Lookup) bool {
	if x.Affinity != nil && !anyMatches(x.Affinity, label) {
		return false
	}
	_, zone := label(cluster.LabelZone)
	_, region := label(cluster.LabelRegion)
	return !(zone || region) || x.Zones.Matches(label)
}

// spreadFits tells whether the class's spreads allow one more pod on n.
func (v *View) spreadFits(n *node, domain func(*topology) int32, fresh bool) bool {
	all := true // n has the labels of all spreads
	for i := range v.spreads {
		all = all && domain(v.spreads[i].topology) >= 0
	}
	for i := range v.spreads {
		s := &v.spreads[i]
		at := domain(s.topology)
		if at < 0 {
			return false
		}
		opens := false
		if fresh && all && v.counts(s.c, n) {
			_, known := s.count[at]
			opens = !known
		}
		if s.count[at]+s.itself-s.least(opens) > s.c.MaxSkew {
			return false
		}
	}
	return true
}

// least is the smallest number of pods in a domain; opens adds one without any.
func (s *spread) least(opens bool) int32 {
	n := len(s.count)
	if opens {
		n++
	}
	if opens || n == 0 || int32(n) < s.c.MinDomains {
		return 0
	}
	first, least := true, int32(0)
	for _, c := range s.count {
		if first || c < least {
			first, least = false, c
		}
	}
	return least
}

// nearFits tells whether the pods that the class wants near are.
func (v *View) nearFits(domain func(*topology) int32) bool {
	there := true
	for _, d := range v.near {
		at := domain(d.topology)
		if at < 0 {
			return false
		}
		there = there && d.set[at]
	}
	return there || v.first
}

// contain tells whether one of the sets holds the node's domain.
func contain(sets []domains, domain func(*topology) int32) bool {
	return slices.ContainsFunc(sets, func(d domains) bool { return d.set[domain(d.topology)] })
}

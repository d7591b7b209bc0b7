package fit

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// The filters, in the order in which the scheduler runs them: those that look at the
// node alone come first.
var (
	early = []plan.Constraint{plan.Taints, plan.NodeSelector, plan.NodeAffinity}
	later = []plan.Constraint{
		plan.HostPorts, plan.Resources, plan.VolumeLimit, plan.VolumeNode,
		plan.TopologySpread, plan.PodAffinity, plan.PodAntiAffinity, plan.Devices,
	}
	// between are those about other pods.
	between = []plan.Constraint{plan.TopologySpread, plan.PodAffinity, plan.PodAntiAffinity}
)

// filter tells whether a constraint forbids the class on n.
func (v *View) filter(c plan.Constraint, n *node, p *place) bool {
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
		return !v.volumes(n)
	case plan.TopologySpread:
		return v.undecided(n) || !v.spreadFits(n, p)
	case plan.PodAffinity:
		return !v.nearFits(p)
	case plan.PodAntiAffinity:
		return contain(v.apart, p) || contain(v.repelled, p)
	case plan.Devices:
		return len(v.class.Claims) > 0 && !v.devices(n)
	}
	return false
}

// undecided tells whether it is open in which of the domains n will be that pods of
// the class are counted in.
func (v *View) undecided(n *node) bool {
	return slices.ContainsFunc(v.class.Counted, func(key string) bool {
		value, _ := n.label(key)
		return cluster.Undecided(value)
	})
}

func anyMatches(terms []cluster.Term, label cluster.Lookup) bool {
	return slices.ContainsFunc(terms, func(t cluster.Term) bool { return t.Matches(label) })
}

// resources tells whether there is room, attachments of volumes and devices aside.
func (v *View) resources(n *node) bool {
	for _, x := range v.wants {
		if x.amount > n.free[x.at] {
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
	if len(v.class.Volumes) == 0 {
		return true
	}
	for i, want := range v.class.Requests {
		name := v.w.snap.Resources[i]
		if want == 0 || !isAttachLimit(name) {
			continue
		}
		for _, x := range v.class.Volumes {
			if cluster.AttachLimit+x.Driver == name && x.ID != "" && n.volumes[x.ID] > 0 {
				want--
			}
		}
		if want > 0 && want > n.free[i] {
			return false
		}
	}
	return true
}

// spreadFits tells whether the class's spreads allow one more pod on n.
func (v *View) spreadFits(n *node, p *place) bool {
	all := true // n has the labels of all spreads
	for _, s := range v.spreads {
		all = all && p.domain(s.topology) >= 0
	}
	for _, s := range v.spreads {
		d := p.domain(s.topology)
		if d < 0 {
			return false
		}
		pods, known := s.at(d)
		opens := p.node < 0 && !known && all && v.counts(s.c, n)
		skew := pods - s.minimum(opens)
		if !p.stands {
			skew += s.itself
		}
		if skew > s.c.MaxSkew {
			return false
		}
	}
	return true
}

// nearFits tells whether the pods that the class wants near are. Where there are
// none at all, a pod that is such a pod itself may begin anywhere.
func (v *View) nearFits(p *place) bool {
	near, none, itself := true, true, false
	for _, d := range v.near {
		at := p.domain(d.topology)
		if at < 0 {
			return false
		}
		others := d.at(at)
		if p.stands {
			others -= d.itself
		}
		near = near && others > 0
		none = none && (d.held == 0 || p.stands && d.held == 1 && d.at(at) == d.itself)
		itself = d.itself == 1
	}
	return near || none && itself
}

// contain tells whether one of the counts is not zero in the node's domain.
func contain(counts []domains, p *place) bool {
	for _, d := range counts {
		pods := d.at(p.domain(d.topology))
		if p.stands {
			pods -= d.itself
		}
		if pods > 0 {
			return true
		}
	}
	return false
}

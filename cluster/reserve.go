package cluster

import (
	"slices"
	"strings"
)

// ReservedKey is the key of the taint that reserves a node for the pods that are
// planned for it, and of the toleration that those are given (docs/decisions/0006).
// Whoever uses it otherwise confuses both.
const ReservedKey = "ullage.sh/reserved"

// maxTaintValue is how long the value of a taint may be, in bytes.
const maxTaintValue = 63

// ReservedTaint reserves the node of the claim of that name.
func ReservedTaint(claim string) Taint {
	value := claim
	if len(value) > maxTaintValue { // the end of a name is what makes it unique
		value = strings.TrimLeft(value[len(value)-maxTaintValue:], "-.")
	}
	return Taint{Key: ReservedKey, Value: value, Effect: NoSchedule}
}

// Reserved tells whether the node of a claim of that name is reserved.
func (n *Node) Reserved(claim string) bool {
	return slices.Contains(n.Taints, ReservedTaint(claim))
}

// Enters tells whether the pod has been given a toleration for the node of the claim of
// that name while it is reserved.
func (p *Pod) Enters(claim string) bool {
	return slices.Contains(p.Reserved, ReservedTaint(claim).Value)
}

// DependsOnOthers tells whether it matters to the pod where other pods go, apart from
// the room that they take.
func (p *Pod) DependsOnOthers() bool {
	d := p.Demand
	return len(d.PodAffinity)+len(d.PodAntiAffinity)+len(d.Volumes)+len(p.Claims) > 0 ||
		slices.ContainsFunc(d.Spreads, func(s TopologySpread) bool { return !s.Soft })
}

// unreserved is the taints of a node without the one that reserves it for pods of the
// claim c: whatever is planned for the node is let onto it.
func unreserved(taints []Taint, c *Claim) []Taint {
	if c == nil || !slices.Contains(taints, ReservedTaint(c.Name)) {
		return taints
	}
	return slices.DeleteFunc(slices.Clone(taints), func(t Taint) bool { return t == ReservedTaint(c.Name) })
}

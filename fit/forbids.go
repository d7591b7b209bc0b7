package fit

import "github.com/ullage-sh/ullage/plan"

// Forbids tells whether one constraint alone forbids a pod of the class on a node.
func (v *View) Forbids(c plan.Constraint, node int) bool {
	n := &v.w.nodes[node]
	if c == plan.Closed {
		return n.closed != ""
	}
	return v.filter(c, n, &place{node: node})
}

// OfferingForbids tells whether one constraint alone forbids a pod of the class on a
// node bought as an offering that holds nothing else.
func (v *View) OfferingForbids(c plan.Constraint, offering int) bool {
	if c == plan.Barred {
		return v.bars(offering)
	}
	n := v.w.fresh(offering, "new")
	return v.filter(c, &n, &place{node: -1, label: n.label})
}

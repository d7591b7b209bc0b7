package fit

import (
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// OfferingForbids tells whether one constraint alone forbids a pod of the class on a
// node bought as an offering that holds nothing else.
func (v *View) OfferingForbids(c plan.Constraint, offering int) bool {
	n := v.w.fresh(offering, "new")
	return v.filter(c, &n, func(t *topology) int32 {
		value, ok := n.label(t.key)
		if !ok {
			return -1
		}
		if id, known := t.ids[value]; known && t.key != cluster.LabelHostname && t.key != cluster.FieldName {
			return id
		}
		return int32(len(t.ids)) // a domain that only this node is in
	}, true)
}

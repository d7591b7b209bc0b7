package solve

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// tallyText counts texts to tell the most frequent one.
type tallyText struct {
	count map[string]int
	total int
}

func (t *tallyText) add(text string) {
	if t.count == nil {
		t.count = map[string]int{}
	}
	t.count[text]++
	t.total++
}

// most returns the text that was added most often, and how many others there are.
func (t *tallyText) most() string {
	best := ""
	for _, text := range slices.Sorted(maps.Keys(t.count)) {
		if best == "" || t.count[text] > t.count[best] {
			best = text
		}
	}
	if others := len(t.count) - 1; others > 0 {
		best += " and " + strconv.Itoa(others) + " more"
	}
	return best
}

// taintText is how kubectl writes a taint: "key=value:effect".
func taintText(t cluster.Taint) string {
	text := t.Key
	if t.Value != "" {
		text += "=" + t.Value
	}
	return text + ":" + string(t.Effect)
}

// requirementText is a condition on a label, as people write selectors.
func requirementText(r cluster.Requirement) string {
	switch r.Operator {
	case cluster.In:
		if len(r.Values) == 1 {
			return r.Key + "=" + r.Values[0]
		}
		return r.Key + " in (" + strings.Join(r.Values, ", ") + ")"
	case cluster.NotIn:
		return r.Key + " not in (" + strings.Join(r.Values, ", ") + ")"
	case cluster.Exists:
		return r.Key
	case cluster.DoesNotExist:
		return "!" + r.Key
	}
	return r.Key + " " + r.Operator.String() + " " + strings.Join(r.Values, ", ")
}

// affinityText lists the terms of a required affinity.
func affinityText(terms []cluster.Term) string {
	if len(terms) == 0 {
		return "no term at all"
	}
	const show = 2
	parts := make([]string, 0, len(terms))
	for i, t := range terms {
		if i == show {
			parts = append(parts, strconv.Itoa(len(terms)-show)+" more")
			break
		}
		conditions := make([]string, 0, len(t))
		for _, r := range t {
			conditions = append(conditions, requirementText(r))
		}
		parts = append(parts, strings.Join(conditions, ", "))
	}
	return strings.Join(parts, " or ")
}

// constraintText names what of a class's constraints of one kind there is.
func constraintText(k plan.Constraint, c *cluster.Class) string {
	var parts []string
	switch k {
	case plan.HostPorts:
		for _, p := range c.Demand.Ports {
			parts = append(parts, strconv.Itoa(int(p.Port))+"/"+p.Protocol)
		}
	case plan.TopologySpread:
		for _, s := range c.Demand.Spreads {
			if !s.Soft {
				parts = append(parts, s.Key+", maxSkew "+strconv.Itoa(int(s.MaxSkew)))
			}
		}
		if len(parts) == 0 {
			return "pods are counted by " + strings.Join(c.Counted, " and ") + ", and the cloud decides which"
		}
	case plan.PodAffinity:
		for _, t := range c.Demand.PodAffinity {
			parts = append(parts, t.Key)
		}
	case plan.PodAntiAffinity:
		for _, t := range c.Demand.PodAntiAffinity {
			parts = append(parts, t.Key)
		}
		if len(parts) == 0 {
			return "of other pods"
		}
	}
	return strings.Join(parts, " and ")
}

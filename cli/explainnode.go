package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// maxAlternatives bounds the alternatives that are named.
const maxAlternatives = 5

func (r *Report) explainNode(b *strings.Builder, n *node) {
	what := "a new node"
	if n.existing {
		what = "a node that is there"
	}
	fmt.Fprintf(b, "%s is %s: %s", n.name, what, cmp.Or(spaced(n.id), "of no known type"))
	if n.pool != "" {
		fmt.Fprintf(b, " of pool %s", n.pool)
	}
	if n.price.Unknown == 0 {
		fmt.Fprintf(b, ", %s per hour, %s per month", n.price, n.price.Month())
	}
	b.WriteString(".\n")
	if len(n.running) > 0 {
		fmt.Fprintf(b, "    runs %s\n", sharesText(sharesOf(n.running)))
	}
	if len(n.pods) > 0 {
		g := group{nodes: []*node{n}, holds: sharesOf(n.pods)}
		for _, line := range r.contents(&g) {
			b.WriteString("    " + line + "\n")
		}
	} else {
		fmt.Fprintf(b, "    gets nothing, leaves %s empty\n", cmp.Or(r.amounts(n.free), "nothing"))
	}
	if n.existing {
		r.closedText(b, n)
		return
	}
	r.whyThisType(b, n)
}

func (r *Report) closedText(b *strings.Builder, n *node) {
	for i := range r.Snapshot.Hosts {
		h := &r.Snapshot.Hosts[i]
		if h.Name != n.name {
			continue
		}
		if h.Closed != "" {
			fmt.Fprintf(b, "It takes no pods: %s.\n", h.Closed)
		}
		for _, t := range h.Taints {
			fmt.Fprintf(b, "    taint %s\n", taintText(t))
		}
	}
}

// whyThisType says what is cheaper and does not hold the node's pods, and what the
// next best would cost.
func (r *Report) whyThisType(b *strings.Builder, n *node) {
	classes := r.classesOn(n)
	cheaper := map[string][]string{} // by what is missing: offerings
	var order []string
	total := 0
	for i := range r.Snapshot.Offerings {
		o := &r.Snapshot.Offerings[i]
		if r.Snapshot.Pools[o.Pool].Name != n.pool || o.Price >= n.price.PerHour {
			continue
		}
		total++
		why := r.whyNot(n, classes, o)
		if cheaper[why] == nil {
			order = append(order, why)
		}
		cheaper[why] = append(cheaper[why], fmt.Sprintf("%s (%s)", spaced(o.ID), priceOf(o.Price, o.Imputed)))
	}
	b.WriteByte('\n')
	if total == 0 {
		fmt.Fprintf(b, "Why this type: pool %s can buy nothing cheaper.\n", n.pool)
	} else {
		fmt.Fprintf(b, "Why this type: %s of pool %s cost less.\n", count(total, "offering"), n.pool)
		slices.SortStableFunc(order, func(x, y string) int { return -cmp.Compare(len(cheaper[x]), len(cheaper[y])) })
		for _, why := range order {
			list := cheaper[why]
			fmt.Fprintf(b, "    %s: %s, the dearest of them %s\n", grouped(len(list)), why, list[len(list)-1])
		}
	}
	r.writeAlternatives(b, n)
}

// classesOn are the classes of the pods on a node.
func (r *Report) classesOn(n *node) []*cluster.Class {
	byDemand := map[*cluster.Demand]bool{}
	for _, p := range n.pods {
		byDemand[p.Demand] = true
	}
	var out []*cluster.Class
	for i := range r.Snapshot.Classes {
		if byDemand[r.Snapshot.Classes[i].Demand] {
			out = append(out, &r.Snapshot.Classes[i])
		}
	}
	return out
}

// whyNot says what keeps the node's pods off a cheaper offering.
func (r *Report) whyNot(n *node, classes []*cluster.Class, o *cluster.PoolOffering) string {
	for _, c := range classes {
		p := place{label: o.Label, taints: r.Snapshot.Pools[o.Pool].Taints}
		for _, constraint := range []plan.Constraint{plan.Taints, plan.NodeSelector, plan.NodeAffinity} {
			if forbids(constraint, c.Demand, &p) {
				return "its " + constraint.String() + " keeps " + workload(c.Pods[0]) + " off"
			}
		}
	}
	load := difference(difference(n.allocatable, n.system), n.free)
	var lacks []string
	for i, want := range load {
		if want > 0 && want > o.Free[i] {
			lacks = append(lacks, r.Snapshot.Resources[i])
		}
	}
	if len(lacks) > 0 {
		return "too little " + strings.Join(lacks, " and ") + " for these pods"
	}
	return "would hold these pods, but not where constraints between pods put them"
}

func forbids(c plan.Constraint, d *cluster.Demand, p *place) bool {
	switch c {
	case plan.Taints:
		_, bad := cluster.Untolerated(p.taints, d.Tolerations)
		return bad
	case plan.NodeSelector:
		return !d.Selector.Matches(p.label)
	}
	return d.Affinity != nil && !slices.ContainsFunc(d.Affinity, func(t cluster.Term) bool { return t.Matches(p.label) })
}

func (r *Report) writeAlternatives(b *strings.Builder, n *node) {
	if len(n.alternatives) == 0 {
		b.WriteString("Nothing else that its pool can buy holds these pods.\n")
		return
	}
	fmt.Fprintf(b, "What else holds these pods, %s, the next best first:\n", count(len(n.alternatives), "alternative"))
	for i, a := range n.alternatives {
		if i == maxAlternatives && len(n.alternatives) > maxAlternatives+1 {
			fmt.Fprintf(b, "    and %d more\n", len(n.alternatives)-i)
			break
		}
		fmt.Fprintf(b, "    %s, %s\n", spaced(a.id), compared(a.price, n.price))
	}
}

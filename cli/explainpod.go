package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// maxExamples bounds the places that are named as examples.
const maxExamples = 3

func (r *Report) explainPod(b *strings.Builder, p *cluster.Pod) {
	r.introduce(b, p)
	class := slices.IndexFunc(r.Snapshot.Classes, func(c cluster.Class) bool { return slices.Contains(c.Pods, p) })
	if class < 0 {
		b.WriteString(notPlanned(p) + "\n")
		return
	}
	at := slices.IndexFunc(r.nodes, func(n node) bool { return slices.Contains(n.pods, p) })
	if at >= 0 {
		r.where(b, &r.nodes[at])
	} else {
		r.nowhere(b, p)
	}
	c := &r.Snapshot.Classes[class]
	offerings, nodes := r.sides(class, at < 0)
	if len(c.Refused) > 0 { // wherever it would go
		r.remedies(b, p, c, &offerings, &nodes)
		return
	}
	if at >= 0 {
		r.side(b, c, &offerings, "Offerings", "hold it on an empty node")
		r.side(b, c, &nodes, "Nodes that are there", "had room for it before the plan")
		return
	}
	r.side(b, c, &offerings, "Offerings", "would hold it on one more node beside the plan, limits of pools aside")
	r.side(b, c, &nodes, "Nodes, new ones included", "have room for it beside the plan")
	r.remedies(b, p, c, &offerings, &nodes)
}

// introduce says what the pod is and what it asks for.
func (r *Report) introduce(b *strings.Builder, p *cluster.Pod) {
	d := p.Demand
	fmt.Fprintf(b, "Pod %s", p.ID())
	if kind, name := maker(p); kind != "Pod" {
		fmt.Fprintf(b, " of %s %s", kind, name)
	}
	var asks []string
	for _, a := range d.Requests {
		if a.Name != cluster.Pods {
			asks = append(asks, amount(a.Name, a.Value))
		}
	}
	if len(asks) == 0 {
		asks = []string{"no cpu and no memory"}
	}
	fmt.Fprintf(b, " asks for %s.\n", strings.Join(asks, ", "))
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(b, "    %s: %s\n", name, text)
		}
	}
	line("claims to devices", strings.Join(p.Claims, ", "))
	for _, q := range d.Selector {
		line("node selector", requirementText(q))
	}
	line("node affinity", affinityText(d.Affinity))
	for _, s := range d.Spreads {
		if !s.Soft {
			line("topology spread", fmt.Sprintf("%s over %s, by %d at most", podsText(&s.Pods, p), s.Key, s.MaxSkew))
		}
	}
	for _, t := range d.PodAffinity {
		line("pod affinity", podsText(&t.Pods, p)+" in the same "+t.Key)
	}
	for _, t := range d.PodAntiAffinity {
		line("pod anti-affinity", "no "+podsText(&t.Pods, p)+" in the same "+t.Key)
	}
	for _, port := range d.Ports {
		line("host port", fmt.Sprintf("%d/%s", port.Port, port.Protocol))
	}
	for _, v := range d.Volumes {
		line("volume", v.Claim)
	}
	line("not honoured yet", strings.Join(d.Refused, ", "))
}

// podsText is "pods with app=web": what a constraint of a pod speaks of.
func podsText(s *cluster.PodSelector, p *cluster.Pod) string {
	text := "pods"
	switch {
	case s.Labels == nil:
		text = "pods (none: the selector is missing)"
	case len(s.Labels) > 0:
		text = "pods with " + affinityText([]cluster.Term{s.Labels})
	}
	own := s.NamespaceLabels == nil && len(s.Namespaces) == 1 && s.Namespaces[0] == p.Namespace
	if own || s.Labels == nil {
		return text
	}
	return text + " of " + namespacesText(s)
}

// namespacesText is "the namespaces a, b and those with team=x".
func namespacesText(s *cluster.PodSelector) string {
	if s.NamespaceLabels != nil && len(s.NamespaceLabels) == 0 {
		return "all namespaces"
	}
	var parts []string
	if len(s.Namespaces) > 0 {
		parts = append(parts, strings.Join(s.Namespaces, ", "))
	}
	if s.NamespaceLabels != nil {
		parts = append(parts, "those with "+affinityText([]cluster.Term{s.NamespaceLabels}))
	}
	return "the namespaces " + strings.Join(parts, " and ")
}

// notPlanned says why nothing is planned for a pod.
func notPlanned(p *cluster.Pod) string {
	switch {
	case p.Terminal():
		return "It has ended: nothing is planned for it."
	case p.Node != "":
		return "It runs on node " + p.Node + " already."
	case p.Deleting():
		return "It is being deleted: nothing is planned for it."
	case p.Gated:
		return "It has scheduling gates: nothing is planned for it until they are gone."
	case p.Nominated != "":
		return "It waits for others to make room on node " + p.Nominated + ", which it is nominated for."
	case p.Daemon():
		return "It belongs to a DaemonSet: every node that it matches has room for it."
	}
	return "Nothing is planned for it."
}

// where says where the plan puts a pod, and what the node would be otherwise.
func (r *Report) where(b *strings.Builder, n *node) {
	if n.existing {
		fmt.Fprintf(b, "It goes to node %s (%s), which is there: room on it costs nothing.\n", n.name, spaced(n.id))
		return
	}
	fmt.Fprintf(b, "It goes to %s, a new node with %s: %s of pool %s, %s per hour.\n", n.name, count(len(n.pods), "pod"), spaced(n.id), n.pool, n.price)
	if next := r.nextBest(n); next != nil {
		fmt.Fprintf(b, "The next best for that node is %s, %s.\n", spaced(next.id), compared(next.price, n.price))
	}
	fmt.Fprintf(b, "Why that type: ullage explain %s\n", n.name)
}

// nextBest is the first alternative of another type.
func (r *Report) nextBest(n *node) *alternative {
	i := slices.IndexFunc(n.alternatives, func(a alternative) bool { return a.id.InstanceType != n.id.InstanceType })
	if i < 0 {
		return nil
	}
	return &n.alternatives[i]
}

// nowhere says why the pod has no place in the plan.
func (r *Report) nowhere(b *strings.Builder, p *cluster.Pod) {
	b.WriteString("It fits nowhere in the plan:\n")
	for _, u := range r.Plan.Unplaced {
		if !slices.Contains(u.Pods, p) {
			continue
		}
		for _, reason := range u.Reasons {
			b.WriteString("    " + plan.Explain([]plan.Reason{reason}) + "\n")
		}
	}
}

// side writes which places of one side hold the pod by itself, and what rules out
// the others.
func (r *Report) side(b *strings.Builder, c *cluster.Class, v *verdicts, noun, holds string) {
	if len(v.places) == 0 {
		return
	}
	b.WriteByte('\n')
	fmt.Fprintf(b, "%s: %s of %s %s", noun, grouped(len(v.fits)), grouped(len(v.places)), holds)
	if cheapest := v.cheapest(v.fits); cheapest != nil && cheapest.sold {
		fmt.Fprintf(b, ", the cheapest is %s", cheapest)
	}
	b.WriteString(".\n")
	if len(v.by) == 0 {
		return
	}
	t := table{head: []string{"RULED OUT BY", "HOW MANY", "BY THIS ALONE", "FOR EXAMPLE"}, right: []bool{false, true, true, false}}
	for i := range v.by {
		x := &v.by[i]
		t.add([]string{x.constraint.String(), grouped(len(x.ruledOut)), grouped(len(x.alone)), r.examples(c, v, x)})
	}
	t.write(b)
}

func (v *verdicts) cheapest(places []int) *place {
	var best *place
	for _, i := range places {
		if p := &v.places[i]; best == nil || p.price.PerHour < best.price.PerHour {
			best = p
		}
	}
	return best
}

// examples names places that a constraint rules out, each with what is missing, no
// two missing the same.
func (r *Report) examples(c *cluster.Class, v *verdicts, x *verdict) string {
	var parts []string
	seen := map[string]bool{}
	places := x.ruledOut
	if x.constraint == plan.Resources { // those that come closest say most
		places = slices.SortedFunc(slices.Values(places), func(a, b int) int { return v.compareLack(c, a, b) })
	}
	for _, i := range places {
		d := r.detail(x.constraint, c, &v.places[i])
		if seen[d] {
			continue
		}
		seen[d] = true
		if len(parts) == maxExamples {
			parts = append(parts, "…")
			break
		}
		s := v.places[i].name
		if d != "" {
			s += ": " + d
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, "; ")
}

package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// remedies says which single change would give a pod a place.
func (r *Report) remedies(b *strings.Builder, p *cluster.Pod, c *cluster.Class, offerings, nodes *verdicts) {
	var changes []string
	places := map[string][]string{} // where it would fit, by change
	for _, v := range []*verdicts{offerings, nodes} {
		for i := range v.by {
			change, where := r.remedy(c, v, &v.by[i])
			if change == "" {
				continue
			}
			if places[change] == nil {
				changes = append(changes, change)
			}
			places[change] = append(places[change], where)
		}
	}
	var lines []string
	for _, change := range changes {
		lines = append(lines, change+": then it fits on "+strings.Join(places[change], ", and on "))
	}
	lines = append(lines, r.poolRemedies(p)...)
	lines = append(lines, r.outside(c, offerings)...)
	b.WriteString("\nWHAT WOULD MAKE IT FIT\n")
	if len(lines) == 0 {
		b.WriteString("    No single change: whatever is looked at is ruled out by two constraints or more.\n")
	}
	for _, s := range lines {
		b.WriteString("    " + s + "\n")
	}
}

// remedy is what to change about one constraint, and where the pod would fit then;
// "" if there is nothing.
func (r *Report) remedy(c *cluster.Class, v *verdicts, x *verdict) (change, where string) {
	if len(x.alone) == 0 || (x.constraint == plan.Closed && v.places[x.alone[0]].sold) { // what closes a pool is told of the pool
		return "", ""
	}
	then := x.alone
	switch x.constraint {
	case plan.Taints, plan.NodeSelector:
		change, then = v.smallest(c, x)
	case plan.NodeAffinity:
		change = "let the required node affinity match more"
	case plan.Devices:
		change = "free " + strings.Join(r.devices(c), " and ") + " there"
		if v.places[x.alone[0]].sold {
			change = "have a node of the type that shows " + strings.Join(r.devices(c), " and ") + ", so that it is known to have them"
		}
	case plan.Resources:
		nearest := v.nearest(c, x.alone)
		change, then = "ask for "+r.shortfall(c, &v.places[nearest]), []int{nearest}
	case plan.Closed:
		first := v.cheapest(x.alone)
		return "wait until " + first.name + " takes pods (" + first.closed + ")", "it"
	case plan.Barred:
		change = "change the pool or the pod (" + v.places[x.alone[0]].barred + ")"
	case plan.Refused:
		change = refusalRemedy(c)
	case plan.VolumeNode:
		change = "have its volumes elsewhere"
	default:
		change = "relax its " + x.constraint.String()
	}
	best := v.cheapest(then)
	switch {
	case len(then) == 1:
		where = best.String()
	case best.sold:
		where = fmt.Sprintf("%s, for example %s", count(len(then), "offering"), best)
	default:
		where = fmt.Sprintf("%s, for example %s", count(len(then), "node"), best)
	}
	return change, where
}

// smallest is the least that must change about selector or tolerations for some of
// the places that nothing else rules out, and those places.
func (v *verdicts) smallest(c *cluster.Class, x *verdict) (change string, then []int) {
	least := 0
	for _, i := range x.alone {
		text, n := obstacles(x.constraint, c.Demand, &v.places[i])
		if least == 0 || n < least || (n == least && text < change) {
			change, then, least = text, nil, n
		}
		if text == change {
			then = append(then, i)
		}
	}
	return change, then
}

// obstacles is what a pod would have to drop or tolerate at a place, and how much
// that is.
func obstacles(constraint plan.Constraint, d *cluster.Demand, p *place) (text string, n int) {
	var parts []string
	if constraint == plan.Taints {
		for _, t := range p.taints {
			if _, bad := cluster.Untolerated([]cluster.Taint{t}, d.Tolerations); bad {
				parts = append(parts, taintText(t))
			}
		}
		return "tolerate " + strings.Join(parts, " and "), len(parts)
	}
	for _, q := range d.Selector {
		if value, ok := p.label(q.Key); !q.Matches(value, ok) {
			parts = append(parts, requirementText(q))
		}
	}
	return "drop the node selector " + strings.Join(parts, " and "), len(parts)
}

// nearest is the place whose room comes closest to what is asked for.
func (v *verdicts) nearest(c *cluster.Class, places []int) int {
	return slices.MinFunc(places, func(a, b int) int { return v.compareLack(c, a, b) })
}

// compareLack orders places by how much they lack of what is asked for, in the
// resource that lacks most.
func (v *verdicts) compareLack(c *cluster.Class, a, b int) int {
	lack := func(p *place) float64 {
		worst := 0.0
		for i, want := range c.Requests {
			if want > p.free[i] {
				worst = max(worst, float64(want-p.free[i])/float64(want))
			}
		}
		return worst
	}
	x, y := &v.places[a], &v.places[b]
	return cmp.Or(cmp.Compare(lack(x), lack(y)), cmp.Compare(x.price.PerHour, y.price.PerHour), strings.Compare(x.name, y.name))
}

// shortfall is what a pod may ask for of the resources that a place lacks: "no more
// than 2 cpu and no nvidia.com/gpu".
func (r *Report) shortfall(c *cluster.Class, p *place) string {
	var some, none []string
	for i, want := range c.Requests {
		if want <= 0 || want <= p.free[i] {
			continue
		}
		if name := r.Snapshot.Resources[i]; p.free[i] > 0 {
			some = append(some, amount(name, p.free[i]))
		} else {
			none = append(none, "no "+name)
		}
	}
	if len(some) > 0 {
		some[0] = "no more than " + some[0]
	}
	return strings.Join(append(some, none...), " and ")
}

// refusalRemedy is what to do about a pod that is refused wherever it would go: some
// of it cannot be honoured, or something that it names is not as it must be.
func refusalRemedy(c *cluster.Class) string {
	if own := len(c.Demand.Refused); own < len(c.Refused) {
		return "mend this (" + strings.Join(c.Refused[own:], ", ") + ")"
	}
	return "do without what is not honoured yet (" + strings.Join(c.Refused, ", ") + ")"
}

// poolRemedies are what the plan says about pools rather than about the pod.
func (r *Report) poolRemedies(p *cluster.Pod) []string {
	var out []string
	for _, u := range r.Plan.Unplaced {
		if !slices.Contains(u.Pods, p) {
			continue
		}
		for _, reason := range u.Reasons {
			switch reason.Constraint {
			case plan.PoolLimit:
				out = append(out, "raise the limit ("+reason.Detail+")")
			case plan.MinValues:
				out = append(out, "lower minValues, or allow more values ("+reason.Detail+")")
			case plan.NoPool:
				out = append(out, "give it a NodePool that can be used ("+reason.Detail+")")
			}
		}
	}
	return out
}

// outside names requirements of pools without which something that is sold would
// hold the pod.
func (r *Report) outside(c *cluster.Class, offerings *verdicts) []string {
	if len(c.Refused) > 0 || len(c.Claims) > 0 { // what devices others have nobody knows
		return nil
	}
	type key struct{ pool, requirement string }
	number, best := map[key]int{}, map[key]*place{}
	var order []key
	for i := range r.Snapshot.Pools {
		p := r.Snapshot.Pools[i].Pool
		if p.Closed() != "" || p.Shape != cluster.Free {
			continue
		}
		for _, t := range r.Input.Types[p.Class] {
			if !holds(t.Allocatable, c.Demand.Requests) {
				continue
			}
			for _, o := range t.Offerings {
				id := cluster.OfferingID{InstanceType: t.Name, Zone: o.Zone, CapacityType: o.CapacityType}
				q, only := onlyObstacle(p, &t, id)
				if !o.Available || !only || !offerings.opens(o.Zone) || !c.Demand.Admits(lookup(p, &t, id), p.Taints) {
					continue
				}
				k := key{p.Name, requirementText(q)}
				if number[k] == 0 {
					order = append(order, k)
				}
				number[k]++
				if b := best[k]; b == nil || o.Price < b.price.PerHour {
					best[k] = &place{name: spaced(id), price: priceOf(o.Price, o.Imputed), sold: true}
				}
			}
		}
	}
	var out []string
	for _, k := range order {
		out = append(out, fmt.Sprintf("let NodePool %s buy more than %s: then it fits on %s more, for example %s",
			k.pool, k.requirement, count(number[k], "offering"), best[k]))
	}
	return out
}

func holds(allocatable, requests cluster.Resources) bool {
	return !slices.ContainsFunc(requests, func(a cluster.Amount) bool { return a.Value > allocatable.Get(a.Name) })
}

// onlyObstacle is the requirement of a pool that alone keeps it from buying an
// offering.
func onlyObstacle(p *cluster.Pool, t *cluster.InstanceType, id cluster.OfferingID) (cluster.Requirement, bool) {
	var found []cluster.Requirement
	label := lookup(p, t, id)
	for _, q := range p.Requirements {
		if value, ok := label(q.Key); !q.Matches(value, ok) {
			found = append(found, q)
		}
	}
	if len(found) != 1 {
		return cluster.Requirement{}, false
	}
	return found[0], true
}

// lookup finds the labels that a node of a pool would have, the pool's requirements
// aside.
func lookup(p *cluster.Pool, t *cluster.InstanceType, id cluster.OfferingID) cluster.Lookup {
	return func(key string) (string, bool) {
		switch key {
		case cluster.LabelInstanceType:
			return id.InstanceType, true
		case cluster.LabelZone:
			return id.Zone, true
		case cluster.LabelCapacityType:
			return id.CapacityType, true
		case cluster.LabelNodePool:
			return p.Name, true
		}
		if value, ok := p.Labels[key]; ok {
			return value, true
		}
		return t.Labels.Get(key)
	}
}

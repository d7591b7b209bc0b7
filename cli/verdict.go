package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/fit"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/view"
)

// place is somewhere a pod could go: an offering as an empty node, or a node that
// is there.
type place struct {
	name   string
	price  view.Price
	sold   bool // it is an offering
	label  cluster.Lookup
	taints []cluster.Taint
	free   cluster.Vector
	closed string
	barred string // why its pool cannot run the pod
}

// String is "m7i.large ap-northeast-2a on-demand ($0.1239 per hour)", or the name of
// a node.
func (p *place) String() string {
	if !p.sold {
		return p.name
	}
	return p.name + " (" + p.price.String() + " per hour)"
}

// verdict is why one constraint keeps a pod off places.
type verdict struct {
	constraint plan.Constraint
	ruledOut   []int // places of which it is the first obstacle
	alone      []int // places of which it is the only one
}

// verdicts are what a pod may use and what forbids it the rest, on one side:
// offerings or nodes.
type verdicts struct {
	places []place
	fits   []int
	by     []verdict // in the order of the constraints
	// open are the zones in which neither volumes nor other pods keep the pod off all
	// offerings; shut are those in which they do.
	open, shut map[string]bool
}

// tied are the constraints that volumes and other pods are behind: what they rule out
// goes by where an offering is, not by what it is like.
var tied = []plan.Constraint{plan.VolumeNode, plan.TopologySpread, plan.PodAffinity, plan.PodAntiAffinity}

// addZones finds the zones that are open and shut.
func (v *verdicts) addZones(forbids func(plan.Constraint, int) bool) {
	v.open, v.shut = map[string]bool{}, map[string]bool{}
	for i := range v.places {
		zone, _ := v.places[i].label(cluster.LabelZone)
		if slices.ContainsFunc(tied, func(c plan.Constraint) bool { return forbids(c, i) }) {
			v.shut[zone] = true
		} else {
			v.open[zone] = true
		}
	}
}

// opens tells whether an offering of a zone could hold the pod as far as volumes and
// other pods go. Of a zone where nothing is offered yet that is not known.
func (v *verdicts) opens(zone string) bool {
	return v.open[zone] || !v.shut[zone] && len(v.shut) == 0
}

// judged are the constraints that depend on the place, in the scheduler's order.
var judged = []plan.Constraint{
	plan.Barred, plan.Closed, plan.Taints, plan.NodeSelector, plan.NodeAffinity, plan.HostPorts, plan.Resources, plan.VolumeLimit, plan.VolumeNode,
	plan.TopologySpread, plan.PodAffinity, plan.PodAntiAffinity, plan.Devices,
}

// judge asks of every place what forbids it. first tells the first obstacle, and
// forbids whether one constraint is an obstacle by itself.
func judge(places []place, first func(int) plan.Constraint, forbids func(plan.Constraint, int) bool) verdicts {
	v := verdicts{places: places}
	index := map[plan.Constraint]int{}
	for i := range places {
		c := first(i)
		if c == 0 {
			v.fits = append(v.fits, i)
			continue
		}
		at, known := index[c]
		if !known {
			at = len(v.by)
			index[c] = at
			v.by = append(v.by, verdict{constraint: c})
		}
		v.by[at].ruledOut = append(v.by[at].ruledOut, i)
		others := slices.ContainsFunc(judged, func(x plan.Constraint) bool { return x != c && forbids(x, i) })
		if !others {
			v.by[at].alone = append(v.by[at].alone, i)
		}
	}
	slices.SortFunc(v.by, func(a, b verdict) int { return int(a.constraint) - int(b.constraint) })
	return v
}

// sides judges offerings and nodes for a class: as the snapshot has them or, if
// after, beside all that the plan puts there, its new nodes included.
func (r *Report) sides(class int, after bool) (offerings, nodes verdicts) {
	w := fit.New(r.Snapshot)
	hosts := make([]place, len(r.Snapshot.Hosts))
	for i := range r.Snapshot.Hosts {
		h := &r.Snapshot.Hosts[i]
		hosts[i] = place{name: h.Name, price: priceOf(h.Price, h.Imputed), label: h.Label, taints: h.Taints, free: h.Free, closed: h.Closed}
	}
	if after {
		hosts = r.carryOut(w, hosts)
	}
	seen := w.View(class)
	places := make([]place, len(r.Snapshot.Offerings))
	for i := range r.Snapshot.Offerings {
		o := &r.Snapshot.Offerings[i]
		pool := r.Snapshot.Pools[o.Pool]
		places[i] = place{name: spaced(o.ID), price: priceOf(o.Price, o.Imputed), sold: true, label: o.Label, taints: pool.Taints, free: o.Free, closed: pool.Closed(), barred: r.Snapshot.Classes[class].Bars(o.Pool)}
	}
	forbids := func(c plan.Constraint, i int) bool { return c != plan.Closed && seen.OfferingForbids(c, i) }
	offerings = judge(places, func(i int) plan.Constraint {
		if places[i].closed != "" {
			return plan.Closed
		}
		return seen.Offering(i)
	}, forbids)
	offerings.addZones(forbids)
	return offerings, judge(hosts, seen.Node, seen.Forbids)
}

// carryOut puts the pods of the plan onto the nodes of a world, and adds the nodes
// that the plan buys. It returns hosts as they are then.
func (r *Report) carryOut(w *fit.World, hosts []place) []place {
	index := map[offeringKey]int{}
	for i := range r.Snapshot.Offerings {
		o := &r.Snapshot.Offerings[i]
		index[offeringKey{r.Snapshot.Pools[o.Pool].Name, o.ID}] = i
	}
	class := map[*cluster.Pod]int{}
	for i := range r.Snapshot.Classes {
		for _, p := range r.Snapshot.Classes[i].Pods {
			class[p] = i
		}
	}
	byName := map[string]int{}
	for i := range hosts {
		byName[hosts[i].name] = i
	}
	for i := range r.nodes {
		n := &r.nodes[i]
		at := byName[n.name]
		if !n.existing {
			o := index[offeringKey{n.pool, n.id}]
			at = w.Buy(o)
			offering := &r.Snapshot.Offerings[o]
			hosts = append(hosts, place{name: n.name, price: n.price, label: offering.Label, taints: r.Snapshot.Pools[offering.Pool].Taints})
		}
		hosts[at].free = n.free
		for _, p := range n.pods {
			w.Place(class[p], at, 1)
		}
	}
	return hosts
}

func spaced(o cluster.OfferingID) string {
	var parts []string
	for _, s := range []string{o.InstanceType, o.Zone, o.CapacityType} {
		if s != "" {
			parts = append(parts, anyOf(s))
		}
	}
	return strings.Join(parts, " ")
}

// detail says what is missing at one place.
func (r *Report) detail(c plan.Constraint, class *cluster.Class, p *place) string {
	d := class.Demand
	switch c {
	case plan.Refused:
		return strings.Join(class.Refused, ", ")
	case plan.Closed:
		return p.closed
	case plan.Barred:
		return p.barred
	case plan.Taints:
		t, _ := cluster.Untolerated(p.taints, d.Tolerations)
		return taintText(t)
	case plan.NodeSelector:
		for _, q := range d.Selector {
			if value, ok := p.label(q.Key); !q.Matches(value, ok) {
				return requirementText(q) + hasText(value, ok)
			}
		}
	case plan.NodeAffinity:
		return affinityText(d.Affinity)
	case plan.Resources, plan.VolumeLimit:
		for i, want := range class.Requests {
			if want > 0 && want > p.free[i] {
				name := r.Snapshot.Resources[i]
				if p.free[i] <= 0 {
					return amount(name, want) + " wanted, nothing free"
				}
				return fmt.Sprintf("%s wanted, %s free", amount(name, want), cluster.FormatAmount(name, p.free[i]))
			}
		}
	case plan.VolumeNode:
		return volumesText(class, p)
	case plan.Devices:
		return strings.Join(r.devices(class), " and ") + " wanted"
	default:
		return strings.Join(keysOf(c, d), ", ")
	}
	return ""
}

// volumesText names the claims of a pod that cannot be used at a place, and where
// they can.
func volumesText(class *cluster.Class, p *place) string {
	var out []string
	for i := range class.Volumes {
		v := &class.Volumes[i]
		name := "a volume"
		if i < len(class.Demand.Volumes) {
			name = class.Demand.Volumes[i].Claim
		}
		switch {
		case v.Affinity != nil && !slices.ContainsFunc(v.Affinity, func(t cluster.Term) bool { return t.Matches(p.label) }):
			out = append(out, name+" is at "+affinityText(v.Affinity))
		case !v.Zones.Matches(p.label):
			out = append(out, name+" is at "+affinityText([]cluster.Term{v.Zones}))
		}
	}
	if len(out) == 0 {
		return strings.Join(keysOf(plan.VolumeNode, class.Demand), ", ")
	}
	return strings.Join(out, ", ")
}

// keysOf are the topologies, ports or claims that a constraint of a pod speaks of.
func keysOf(c plan.Constraint, d *cluster.Demand) (out []string) {
	switch c {
	case plan.TopologySpread:
		for _, s := range d.Spreads {
			if !s.Soft {
				out = append(out, fmt.Sprintf("%s, maxSkew %d", s.Key, s.MaxSkew))
			}
		}
	case plan.PodAffinity:
		for _, t := range d.PodAffinity {
			out = append(out, t.Key)
		}
	case plan.PodAntiAffinity:
		for _, t := range d.PodAntiAffinity {
			out = append(out, t.Key)
		}
		if len(out) == 0 {
			out = []string{"a pod there wants to be apart from it"}
		}
	case plan.HostPorts:
		for _, p := range d.Ports {
			out = append(out, fmt.Sprintf("%d/%s", p.Port, p.Protocol))
		}
	case plan.VolumeNode:
		for _, v := range d.Volumes {
			out = append(out, v.Claim)
		}
	}
	return out
}

// devices are what the claims of a class ask for.
func (r *Report) devices(c *cluster.Class) []string {
	var out []string
	for _, x := range c.Claims {
		if x.Nodes != nil {
			out = append(out, "devices that are allocated on a node")
		}
		for _, a := range x.Asks {
			text := r.Snapshot.Resources[a.Resource] // "all devices of …"
			if a.Count > 0 {
				text = amount(text, a.Count)
			}
			out = append(out, text)
		}
	}
	return out
}

func hasText(value string, present bool) string {
	if !present {
		return " wanted, no such label"
	}
	return " wanted, has " + value
}

func taintText(t cluster.Taint) string {
	s := t.Key
	if t.Value != "" {
		s += "=" + t.Value
	}
	return s + ":" + string(t.Effect)
}

func requirementText(q cluster.Requirement) string {
	if q.Operator == cluster.In && len(q.Values) == 1 {
		return q.Key + "=" + q.Values[0]
	}
	s := q.Key + " " + q.Operator.String()
	if len(q.Values) > 0 {
		s += " " + strings.Join(q.Values, ", ")
	}
	return s
}

func affinityText(terms []cluster.Term) string {
	parts := make([]string, 0, len(terms))
	for _, t := range terms {
		rs := make([]string, 0, len(t))
		for _, q := range t {
			rs = append(rs, requirementText(q))
		}
		parts = append(parts, strings.Join(rs, " and "))
	}
	return strings.Join(parts, ", or ")
}

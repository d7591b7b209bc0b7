package fit

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// View is a world as one class sees it. It stays true while pods and nodes are added
// and taken away.
type View struct {
	w     *World
	id    int32
	class *cluster.Class
	// wants are what the class asks for of each resource, volumes and devices aside.
	wants []want
	// spreads are the hard topology spread constraints.
	spreads []*spread
	// apart are the domains that the class's own anti-affinity rules out, repelled
	// those that anti-affinity of other pods does: of the world's repellers, the first
	// met have been looked at.
	apart, repelled []domains
	met             int
	// near are the pods that the required affinity terms name, all of them together,
	// by the domains of each.
	near []domains
	// chosen remembers what the class's own selection and tolerations say of each node.
	chosen []verdict
}

// want is an amount of one resource, by component.
type want struct {
	at     int
	amount int64
}

// domains is a tally as a class sees it.
type domains struct {
	*tally
	// itself is 1 if a pod of the class is one of those counted.
	itself int32
}

// verdict is what forbids a node, plus one; 0 is open.
type verdict uint8

// View returns the world as a class sees it.
func (w *World) View(class int) *View {
	v := w.views[class]
	if v == nil {
		v = w.newView(class)
		w.views[class] = v
	}
	for ; v.met < len(w.repellers); v.met++ {
		if r := w.repellers[v.met]; v.class.In(r.group) {
			d := domains{tally: r.tally}
			if r.class == v.id {
				d.itself = 1
			}
			v.repelled = append(v.repelled, d)
		}
	}
	return v
}

func (w *World) newView(class int) *View {
	c := &w.snap.Classes[class]
	v := &View{w: w, id: int32(class), class: c, chosen: make([]verdict, len(w.nodes))}
	for i, amount := range c.Requests {
		if amount > 0 && !isAttachLimit(w.snap.Resources[i]) && w.snap.SameDevices[i] == nil {
			v.wants = append(v.wants, want{i, amount})
		}
	}
	for i, t := range c.Demand.PodAntiAffinity {
		v.apart = append(v.apart, v.counted(t.Key, c.AntiAffinity[i]))
	}
	if c.Affinity >= 0 {
		for _, t := range c.Demand.PodAffinity {
			v.near = append(v.near, v.counted(t.Key, c.Affinity))
		}
	}
	v.addSpreads()
	return v
}

// counted is a group by the domains of a label.
func (v *View) counted(key string, group int32) domains {
	d := domains{tally: v.w.groupTally(key, group)}
	if v.class.In(group) {
		d.itself = 1
	}
	return d
}

func (v *View) addSpreads() {
	d := v.class.Demand
	for i := range d.Spreads {
		c := &d.Spreads[i]
		if c.Soft {
			continue
		}
		s := &spread{levels: levels{topology: v.w.topology(c.Key)}, c: c, blind: c.Pods.Labels != nil && len(c.Pods.Labels) == 0}
		group := v.class.Spreads[i]
		if v.class.In(group) {
			s.itself = 1
		}
		v.spreads = append(v.spreads, s)
		v.w.spreads[group] = append(v.w.spreads[group], s)
	}
	for n := range v.w.nodes {
		v.lookAt(n)
	}
	at := 0
	for i := range d.Spreads {
		if d.Spreads[i].Soft {
			continue
		}
		for n, pods := range v.w.groups[v.class.Spreads[i]] {
			v.spreads[at].count(n, pods)
		}
		at++
	}
}

// addNode takes notice of the world's newest node.
func (v *View) addNode() {
	v.chosen = append(v.chosen, 0)
	v.lookAt(len(v.w.nodes) - 1)
}

// lookAt decides whether the class's spreads count a node. One without the labels of
// all of them none of them looks at.
func (v *View) lookAt(node int) {
	all := true
	for _, s := range v.spreads {
		all = all && s.nodes[node] >= 0
	}
	for _, s := range v.spreads {
		looked := all && v.counts(s.c, &v.w.nodes[node])
		s.looked = append(s.looked, looked)
		if looked {
			s.open(s.nodes[node])
		}
	}
}

// counts tells whether a node is one of those that a spread looks at.
func (v *View) counts(c *cluster.TopologySpread, n *node) bool {
	if c.HonorAffinity && !v.class.Demand.Selects(n.label) {
		return false
	}
	if c.HonorTaints {
		if _, bad := cluster.Untolerated(n.taints, v.class.Demand.Tolerations); bad {
			return false
		}
	}
	return true
}

// Node returns what forbids a pod of the class on a node, 0 if nothing does.
func (v *View) Node(node int) plan.Constraint {
	n := &v.w.nodes[node]
	if v.chosen[node] == 0 {
		v.chosen[node] = 1 + verdict(v.choose(n))
	}
	if c := plan.Constraint(v.chosen[node] - 1); c != 0 {
		return c
	}
	return v.first(later, n, place{node: node})
}

// Takes tells whether nothing forbids a pod of the class on a node: the same as [View.Node],
// sooner where there is no room.
func (v *View) Takes(node int) bool { return v.resources(&v.w.nodes[node]) && v.Node(node) == 0 }

// choose returns what forbids a pod of the class on a node whatever else is there.
func (v *View) choose(n *node) plan.Constraint {
	switch {
	case n.closed != "":
		return plan.Closed
	case len(v.class.Refused) > 0:
		return plan.Refused
	}
	return v.first(early, n, place{})
}

// Stands returns what would forbid a pod of the class that has been placed on a
// node, if it came again with all others where they are; 0 if nothing would. Room
// and ports are not looked at.
func (v *View) Stands(node int) plan.Constraint {
	return v.first(between, &v.w.nodes[node], place{node: node, stands: true})
}

// Uneven tells whether a pod of the class that has been placed on a node could come again
// if it were not for its spreads.
func (v *View) Uneven(node int) bool {
	n, p := &v.w.nodes[node], place{node: node, stands: true}
	return v.filter(plan.TopologySpread, n, &p) && !v.filter(plan.PodAffinity, n, &p) && !v.filter(plan.PodAntiAffinity, n, &p)
}

// Offering returns what forbids a pod of the class on a node bought as an
// offering that holds nothing else, 0 if nothing does. Limits of pools are not
// looked at.
func (v *View) Offering(offering int) plan.Constraint {
	switch {
	case v.bars(offering):
		return plan.Barred
	case len(v.class.Refused) > 0:
		return plan.Refused
	}
	n := v.w.fresh(offering, "new")
	p := place{node: -1, label: n.label}
	if c := v.first(early, &n, p); c != 0 {
		return c
	}
	return v.first(later, &n, p)
}

// bars tells whether an offering's pool cannot run the class.
func (v *View) bars(offering int) bool {
	return v.class.Bars(v.w.snap.Offerings[offering].Pool) != ""
}

// Holds tells whether pods of the class have been placed on a node.
func (v *View) Holds(node int) bool { return v.w.nodes[node].placed[v.id] > 0 }

// first returns the first of the constraints that forbids the class on n, which is
// at p.
func (v *View) first(of []plan.Constraint, n *node, p place) plan.Constraint {
	i := slices.IndexFunc(of, func(c plan.Constraint) bool { return v.filter(c, n, &p) })
	if i < 0 {
		return 0
	}
	return of[i]
}

// Widens tells whether a node could be bought in a domain that a spread of the class
// would count, and in which none is yet: the scheduler does not know of it, and does not
// spread over it.
func (v *View) Widens() bool {
	for _, s := range v.spreads {
		if s.key == cluster.LabelHostname {
			continue // each new node is one of its own
		}
		for o := range v.w.snap.Offerings {
			value, ok := v.w.snap.Offerings[o].Label(s.key)
			if !ok || cluster.Undecided(value) {
				continue
			}
			if id, known := s.ids[value]; known {
				if _, counts := s.at(id); counts {
					continue
				}
			}
			n := v.w.fresh(o, "new")
			if !v.bars(o) && v.first(early, &n, place{node: -1, label: n.label}) == 0 {
				return true
			}
		}
	}
	return false
}

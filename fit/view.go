package fit

import (
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// View is a world as one class sees it: how its constraints count, at the moment
// the view was taken.
type View struct {
	w     *World
	id    int32
	class *cluster.Class
	// spreads are the hard topology spread constraints.
	spreads []spread
	// apart are the domains that the class's own anti-affinity rules out, repelled
	// those that anti-affinity of other pods does.
	apart, repelled []domains
	// near are the pods that the required affinity terms name, all of them together,
	// by the domains of each.
	near []domains
}

// domains counts pods by domain of one topology.
type domains struct {
	*topology
	pods map[int32]int32
	// itself is 1 if a pod of the class is one of those counted.
	itself int32
}

// spread is a topology spread constraint with its counts.
type spread struct {
	*topology
	c      *cluster.TopologySpread
	count  map[int32]int32 // of each domain that counts
	itself int32           // 1 if the pod is one of those counted
}

// View returns the world as a class sees it now.
func (w *World) View(class int) *View {
	c := &w.snap.Classes[class]
	v := &View{w: w, id: int32(class), class: c}
	v.addSpreads()
	for i, t := range c.Demand.PodAntiAffinity {
		v.apart = append(v.apart, v.countBy(t.Key, c.AntiAffinity[i]))
	}
	for _, r := range w.snap.Repulsions {
		if c.In(r.Group) {
			d := v.domains(r.Key)
			for _, h := range r.Hosts {
				d.add(d.nodes[h], 1)
			}
			v.repelled = append(v.repelled, d)
		}
	}
	v.addRepelled()
	v.addNear()
	return v
}

func (v *View) domains(key string) domains {
	return domains{topology: v.w.topology(key), pods: map[int32]int32{}}
}

func (d domains) add(domain, pods int32) {
	if domain >= 0 && pods > 0 {
		d.pods[domain] += pods
	}
}

// countBy counts the pods of a group by domain.
func (v *View) countBy(key string, group int32) domains {
	d := v.domains(key)
	for node, n := range v.w.groups[group] {
		d.add(d.nodes[node], n)
	}
	if v.class.In(group) {
		d.itself = 1
	}
	return d
}

// addRepelled finds where pods that a plan has placed keep the class away.
func (v *View) addRepelled() {
	for _, other := range v.w.repelling {
		o := &v.w.snap.Classes[other]
		for i, t := range o.Demand.PodAntiAffinity {
			if !v.class.In(o.Repels[i]) {
				continue
			}
			d := v.domains(t.Key)
			for node := range v.w.nodes {
				d.add(d.nodes[node], v.w.nodes[node].placed[other])
			}
			if o == v.class {
				d.itself = 1
			}
			v.repelled = append(v.repelled, d)
		}
	}
}

func (v *View) addNear() {
	if v.class.Affinity < 0 {
		return
	}
	for _, t := range v.class.Demand.PodAffinity {
		v.near = append(v.near, v.countBy(t.Key, v.class.Affinity))
	}
}

func (v *View) addSpreads() {
	d := v.class.Demand
	for i := range d.Spreads {
		if d.Spreads[i].Soft {
			continue
		}
		s := spread{topology: v.w.topology(d.Spreads[i].Key), c: &d.Spreads[i], count: map[int32]int32{}}
		if v.class.In(v.class.Spreads[i]) {
			s.itself = 1
		}
		v.spreads = append(v.spreads, s)
	}
	if len(v.spreads) == 0 {
		return
	}
	for n := range v.w.nodes {
		if !v.hasAllKeys(n) {
			continue
		}
		at := 0
		for i := range d.Spreads {
			if d.Spreads[i].Soft {
				continue
			}
			s := &v.spreads[at]
			at++
			if !v.counts(s.c, &v.w.nodes[n]) {
				continue
			}
			pods := v.w.groups[v.class.Spreads[i]][n]
			if s.c.Pods.Labels != nil && len(s.c.Pods.Labels) == 0 {
				pods = 0 // the scheduler counts none for a selector that is empty
			}
			s.count[s.nodes[n]] += pods
		}
	}
}

// hasAllKeys tells whether a node has the labels of all hard spreads: others are
// not looked at.
func (v *View) hasAllKeys(n int) bool {
	for i := range v.spreads {
		if v.spreads[i].nodes[n] < 0 {
			return false
		}
	}
	return true
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

// place is where a pod is, or would be.
type place struct {
	domain func(*topology) int32
	fresh  bool // on a node that is not there yet
	stands bool // it is there, and counted
}

// Node returns what forbids a pod of the class on a node, 0 if nothing does.
func (v *View) Node(node int) plan.Constraint {
	n := &v.w.nodes[node]
	if n.closed != "" {
		return plan.Closed
	}
	return v.check(n, place{domain: func(t *topology) int32 { return t.nodes[node] }})
}

// Stands returns what would forbid a pod of the class that has been placed on a
// node, if it came again with all others where they are; 0 if nothing would. Room
// and ports are not looked at.
func (v *View) Stands(node int) plan.Constraint {
	at := place{domain: func(t *topology) int32 { return t.nodes[node] }, stands: true}
	for _, c := range []plan.Constraint{plan.TopologySpread, plan.PodAffinity, plan.PodAntiAffinity} {
		if v.filter(c, &v.w.nodes[node], at) {
			return c
		}
	}
	return 0
}

// Offering returns what forbids a pod of the class on a node bought as an
// offering that holds nothing else, 0 if nothing does. Limits of pools are not
// looked at.
func (v *View) Offering(offering int) plan.Constraint {
	if v.bars(offering) {
		return plan.Barred
	}
	n, p := v.bought(offering)
	return v.check(&n, p)
}

// bars tells whether an offering's pool cannot run the class.
func (v *View) bars(offering int) bool {
	return v.class.Bars(v.w.snap.Offerings[offering].Pool) != ""
}

// bought is a node of its own of an offering, and where it is.
func (v *View) bought(offering int) (node, place) {
	n := v.w.fresh(offering, "new")
	return n, place{fresh: true, domain: func(t *topology) int32 {
		value, ok := n.label(t.key)
		if !ok || cluster.Undecided(value) {
			return -1
		}
		if id, known := t.ids[value]; known && t.key != cluster.LabelHostname && t.key != cluster.FieldName {
			return id
		}
		return int32(len(t.ids)) // a domain that only this node is in
	}}
}

// Holds tells whether pods of the class have been placed on a node.
func (v *View) Holds(node int) bool { return v.w.nodes[node].placed[v.id] > 0 }

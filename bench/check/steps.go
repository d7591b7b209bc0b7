package check

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/ullage-sh/ullage/bench/record"
)

// Steps carries decisions out, one after the other: new nodes come, nodes go, and their
// pods come back one by one where the plan has put them. The report counts as stuck the
// pods for which no moment was found in their step at which the scheduler would let them
// onto their node, and judges the state in the end. Cost is that of the nodes bought.
func Steps(c *record.Cluster, steps []*record.Decision) (*Report, error) {
	for _, p := range c.Pods {
		if what := unchecked(p); what != "" {
			return nil, fmt.Errorf("pod %s has %s, which is not checked", record.PodID(p), what)
		}
	}
	m := newMoving(c, steps)
	s, err := newState(m.world)
	if err != nil {
		return nil, err
	}
	m.state = s
	for _, n := range m.coming {
		for _, g := range s.groups {
			g.leave(n)
		}
	}
	for _, p := range m.world.pods {
		if !p.planned {
			s.put(p, +1)
		}
	}
	for i, d := range steps {
		m.step(d, m.plans[i])
	}
	m.conclude()
	slices.Sort(m.r.Examples)
	return m.r, nil
}

// moving is a cluster whose pods move. World has every place that a pod ever has as a
// pod of its own; here says which of them it has now.
type moving struct {
	world  *world
	state  *state
	r      *Report
	byName map[string]*node
	coming []*node                 // that are not there in the beginning
	plans  []map[*node][]*pod      // of each step, who is to be where
	here   map[string]*pod         // by pod
	on     map[*node]map[*pod]bool // who is there now
}

func newMoving(c *record.Cluster, steps []*record.Decision) *moving {
	m := &moving{world: &world{}, r: &Report{}, byName: map[string]*node{}, here: map[string]*pod{}, on: map[*node]map[*pod]bool{}}
	for _, n := range c.Nodes {
		m.byName[n.Name] = m.world.add(n)
	}
	objects := map[string]*corev1.Pod{}
	for _, p := range c.Pods {
		id := record.PodID(p)
		objects[id] = p
		m.world.put(p, m.byName[p.Spec.NodeName], false)
		m.arrive(m.world.pods[len(m.world.pods)-1])
	}
	in := c.Without(nil)
	offers := newOffers(in)
	for _, d := range steps {
		m.plans = append(m.plans, m.read(d, offers, objects))
	}
	return m
}

// read makes the nodes that a decision buys and the places that it gives pods.
func (m *moving) read(d *record.Decision, offers *offers, objects map[string]*corev1.Pod) map[*node][]*pod {
	out := map[*node][]*pod{}
	cost := record.USD(0)
	for i := range d.Plan.Nodes {
		planned := &d.Plan.Nodes[i]
		n := m.byName[planned.Name]
		switch {
		case planned.Existing && n == nil:
			m.r.violated(Accounting, "node %s is said to exist and does not", planned.Name)
			continue
		case !planned.Existing && n != nil:
			m.r.violated(Accounting, "new node %s has the name of another", planned.Name)
			continue
		case !planned.Existing:
			object := offers.node(planned, m.r)
			if object == nil {
				continue
			}
			n = m.world.add(object)
			m.byName[planned.Name] = n
			m.coming = append(m.coming, n)
			cost += planned.Price
			out[n] = nil
		}
		for _, id := range planned.Pods {
			if objects[id] == nil {
				m.r.violated(Accounting, "pod %s does not exist", id)
				continue
			}
			m.world.put(objects[id], n, true)
			out[n] = append(out[n], m.world.pods[len(m.world.pods)-1])
		}
	}
	if cost != d.Plan.Cost {
		m.r.violated(Accounting, "the new nodes cost %s, the plan says %s", cost, d.Plan.Cost)
	}
	m.r.Cost += cost
	return out
}

func (m *moving) arrive(p *pod) {
	m.here[p.id] = p
	if m.on[p.node] == nil {
		m.on[p.node] = map[*pod]bool{}
	}
	m.on[p.node][p] = true
}

// step carries one decision out.
func (m *moving) step(d *record.Decision, plan map[*node][]*pod) {
	for _, n := range m.coming {
		if _, is := plan[n]; is {
			for _, g := range m.state.groups {
				g.join(n)
			}
		}
	}
	moves := map[string]bool{}
	for _, name := range d.Gone {
		n := m.byName[name]
		if n == nil || m.on[n] == nil && slices.Contains(m.coming, n) {
			m.r.violated(Accounting, "node %s, which is to go, is not there", name)
			continue
		}
		for p := range m.on[n] {
			m.state.put(p, -1)
			delete(m.here, p.id)
			if record.ComesBack(p.Pod) {
				moves[p.id] = true
			}
		}
		delete(m.on, n)
		delete(m.byName, name)
		for _, g := range m.state.groups {
			g.leave(n)
		}
	}
	m.place(plan, moves)
}

// place lets the pods that have lost their node onto others.
func (m *moving) place(plan map[*node][]*pod, moves map[string]bool) {
	var queue []*pod
	var touched []*node
	for n, pods := range plan {
		if m.byName[n.Name] != n {
			m.r.violated(Accounting, "pods are put on node %s, which has gone", n.Name)
			continue
		}
		touched = append(touched, n)
		for _, p := range pods {
			if !moves[p.id] {
				m.r.violated(Accounting, "pod %s has not lost its node, or is placed twice", p.id)
				continue
			}
			delete(moves, p.id)
			queue = append(queue, p)
		}
	}
	for id := range moves {
		m.r.violated(Accounting, "pod %s has lost its node and gets no other", id)
		m.r.Unplaced++
	}
	slices.SortFunc(queue, func(a, b *pod) int { return cmp.Compare(a.id, b.id) })
	stuck := m.state.eagerly(queue)
	m.r.Stuck += len(stuck)
	for _, p := range stuck {
		m.state.put(p, +1)
	}
	for _, p := range queue {
		m.arrive(p)
		m.r.Placed++
	}
	slices.SortFunc(touched, func(a, b *node) int { return cmp.Compare(a.Name, b.Name) })
	for _, n := range touched {
		m.look(n)
	}
}

// look judges a node by itself as it is now.
func (m *moving) look(n *node) {
	n.pods = n.pods[:0]
	for p := range m.on[n] {
		n.pods = append(n.pods, p)
	}
	slices.SortFunc(n.pods, func(a, b *pod) int { return cmp.Compare(a.id, b.id) })
	n.check(m.r)
}

// conclude judges what the pods that have moved have to do with others in the end.
func (m *moving) conclude() {
	var moved []*pod
	for _, p := range m.here {
		if p.planned {
			moved = append(moved, p)
		}
	}
	slices.SortFunc(moved, func(a, b *pod) int { return cmp.Compare(a.id, b.id) })
	for _, p := range moved {
		m.state.put(p, -1)
		for _, c := range m.state.refused(p) {
			m.r.violated(c, "%s on %s in %s", p.id, p.node.Name, p.node.Labels[corev1.LabelTopologyZone])
		}
		m.state.put(p, +1)
	}
}

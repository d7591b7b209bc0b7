package engine

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// footing is the ground that plans stand on. It is kept while nothing but pods without a
// node changes, and then made out of the one before: of what has changed since, as whoever
// takes records in (world.go), issues effects (outstanding.go) or begins actions notes it.
// All of it can be lost: the next is made of everything there is.
type footing struct {
	ground *cluster.Ground // nil when it has to be made anew
	former *cluster.Ground // the last that was made
	// Since former was made, by name: claims and nodes that may be others, or have other
	// pods, now.
	claims, nodes map[string]bool
	// open are the claims whose nodes were about to go and took pods again in former: what
	// they are like changes with time.
	open []string
	// allStay tells whether ground takes all pods on nodes that are about to go to stay: that
	// changes with time, too.
	allStay bool
}

func newFooting() footing { return footing{claims: map[string]bool{}, nodes: map[string]bool{}} }

// reground makes a new ground be made, in which these claims may be others.
func (e *Engine) reground(claims ...string) {
	e.footing.ground = nil
	for _, name := range claims {
		e.footing.claims[name] = true
	}
}

// Snapshot is the cluster as the engine expects it: what was observed, with the
// claims whose creation is under way.
func (e *Engine) Snapshot() *cluster.Snapshot {
	return e.standsOn().Snapshot("", values(e.unbound), e.answered.promised, e.disruptor.moved.to)
}

// standsOn returns the ground of what is there apart from pods without a node.
func (e *Engine) standsOn() *cluster.Ground {
	f := &e.footing
	all := e.allStay()
	if f.ground != nil && f.allStay == all {
		return f.ground
	}
	f.allStay = all
	if f.ground = e.amended(); f.ground == nil {
		f.ground = e.ordered(e.standing())
	}
	f.former = f.ground
	f.open = e.takenAgain()
	clear(f.claims)
	clear(f.nodes)
	clear(e.expected.written)
	return f.ground
}

// amended is the ground made out of the one before, nil if that cannot be done.
func (e *Engine) amended() *cluster.Ground {
	f := &e.footing
	if f.former == nil || e.tied || len(e.staying()) > 0 {
		return nil
	}
	for name := range e.expected.written {
		f.claims[name] = true
	}
	for _, name := range slices.Concat(f.open, e.takenAgain()) {
		f.claims[name] = true
	}
	var sites []cluster.Site
	var gone []string
	coming := map[string]*cluster.Claim{}
	for _, c := range e.coming() {
		coming[c.Name] = c
	}
	// A claim and a node of one name may be two hosts: whoever looks at one looks at the other.
	for name := range f.nodes {
		if e.claims[name] != nil || coming[name] != nil {
			f.claims[name] = true
		}
	}
	for name := range f.claims {
		f.nodes[name] = f.nodes[name] || e.nodes[name] != nil
		c := e.claims[name]
		switch n := e.nodeOn(providerOf(c)); {
		case n != nil:
			f.nodes[n.Name] = true
			gone = append(gone, name)
		case c != nil && e.counts(c):
			sites = append(sites, cluster.Site{Claim: e.upToDate(c)})
		case c == nil && coming[name] != nil:
			sites = append(sites, cluster.Site{Claim: coming[name]})
		default:
			gone = append(gone, name)
		}
	}
	for name, is := range f.nodes {
		if n := e.nodes[name]; n != nil {
			sites = append(sites, e.siteOf(n))
		} else if is {
			gone = append(gone, name)
		}
	}
	return e.amend(f.former, e.termsOf(), sites, gone)
}

// amend is a ground made out of another, nil if that cannot be done.
func (e *Engine) amend(g *cluster.Ground, in cluster.Input, sites []cluster.Site, gone []string) *cluster.Ground {
	e.addStrays(&in)
	g, _ = g.Amend(in, sites, gone)
	return g
}

func providerOf(c *cluster.Claim) string {
	if c == nil {
		return ""
	}
	return c.ProviderID
}

// counts tells whether a claim is in snapshots.
func (e *Engine) counts(c *cluster.Claim) bool { return e.ours(c.Class) && !released(c) }

// siteOf is a node as snapshots show it (standing does the same for all).
func (e *Engine) siteOf(n *cluster.Node) cluster.Site {
	s := cluster.Site{Node: n, Pods: e.podsOn[n.Name], CSINode: e.csiNodes[n.Name], Attachments: e.attached[n.Name]}
	c := e.claimOfNode(n)
	if c == nil {
		return s
	}
	if e.counts(c) {
		s.Claim, s.Emptied = e.upToDate(c), e.emptied(c) && c.NodeName == n.Name
	}
	if e.takesAgain(c) && c.NodeName == n.Name {
		s.Node, s.Pods, s.Emptied = opened(n), slices.DeleteFunc(slices.Clone(s.Pods), e.leaves), false
	}
	return s
}

// takenAgain are the claims whose nodes were about to go and take pods again.
func (e *Engine) takenAgain() []string {
	var out []string
	for name := range e.disruptor.vacating {
		if e.takesAgain(e.claims[name]) {
			out = append(out, name)
		}
	}
	return out
}

// opened is a node without the taint of what goes.
func opened(n *cluster.Node) *cluster.Node {
	open := *n
	open.Taints = slices.DeleteFunc(slices.Clone(n.Taints), func(t cluster.Taint) bool { return t == cluster.DisruptedTaint })
	return &open
}

// snapshot is that of an input, most of which is as it was when the last ground was made.
func (e *Engine) snapshot(in cluster.Input) *cluster.Snapshot {
	return e.footing.former.Next(in).Snapshot(in.Revision, nil, in.Promised)
}

// onlyWaits tells whether an event is about a pod that has no node, before or after, or
// about what no snapshot shows: the ground stays as it is.
func (e *Engine) onlyWaits(ev Event) bool {
	switch x := ev.(type) {
	case PodChanged:
		was := e.pods[x.ID]
		return (was == nil || was.Node == "") && (x.Pod == nil || x.Pod.Node == "")
	case BudgetChanged, BufferChanged:
		return true
	}
	return false
}

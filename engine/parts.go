package engine

import (
	"maps"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// parts are claims that are to be replaced, joined where their pods share a new node.
type parts struct {
	claims map[string]*cluster.Claim // by node
	root   map[string]string         // of each node
}

func newParts(claims []*cluster.Claim) *parts {
	p := &parts{claims: map[string]*cluster.Claim{}, root: map[string]string{}}
	for _, c := range claims {
		p.claims[c.NodeName] = c
		p.root[c.NodeName] = c.NodeName
	}
	return p
}

func (p *parts) find(node string) string {
	for p.root[node] != node {
		node = p.root[node]
	}
	return node
}

// join joins the nodes that pods are on.
func (p *parts) join(pods []*cluster.Pod) {
	first := ""
	for _, pod := range pods {
		if p.claims[pod.Node] == nil {
			continue
		}
		r := p.find(pod.Node)
		if first == "" {
			first = r
		}
		p.root[max(first, r)] = min(first, r)
		first = min(first, r)
	}
}

// drop leaves out a node and those that are joined with it.
func (p *parts) drop(node string) {
	r := p.find(node)
	for _, n := range slices.Sorted(maps.Keys(p.claims)) {
		if p.find(n) == r {
			delete(p.claims, n)
		}
	}
}

// actions makes one of each part, of a plan for all of them.
func (p *parts) actions(e *Engine, bought *plan.Plan, why cluster.Reason) []plan.Action {
	of := map[string]*plan.Action{}
	for _, node := range slices.Sorted(maps.Keys(p.claims)) {
		r := p.find(node)
		if of[r] == nil {
			of[r] = &plan.Action{Why: why}
		}
		a, pods := of[r], e.occupants(node)
		a.Hosts = append(a.Hosts, node)
		a.Evicted += len(pods)
	}
	ours := func(pods []*cluster.Pod) (*plan.Action, []*cluster.Pod) {
		var a *plan.Action
		var mine []*cluster.Pod
		for _, pod := range pods {
			if p.claims[pod.Node] != nil {
				a = of[p.find(pod.Node)]
				mine = append(mine, pod)
			}
		}
		return a, mine
	}
	for i := range bought.Creates {
		c := &bought.Creates[i]
		if a, _ := ours(c.Pods); a != nil && !e.goesFirst(p.claims[a.Hosts[0]]) {
			a.Creates = append(a.Creates, *c)
			a.Saving -= c.Price
		}
	}
	for _, m := range bought.Placements {
		for _, pod := range m.Pods {
			if a, mine := ours([]*cluster.Pod{pod}); a != nil {
				a.Moves = append(a.Moves, plan.Placement{Host: m.Host, Pods: mine})
			}
		}
	}
	var out []plan.Action
	for _, r := range slices.Sorted(maps.Keys(of)) {
		for _, h := range of[r].Hosts {
			price, _, _ := cluster.Price(e.resolved[p.claims[h].Class].Types, p.claims[h].Offering())
			of[r].Saving += price
		}
		out = append(out, *of[r])
	}
	return out
}

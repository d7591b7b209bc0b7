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

// actions makes one of each part, of a plan for all of them. Where nodes go first nothing
// is bought before.
func (p *parts) actions(e *Engine, bought *plan.Plan, why cluster.Reason) []plan.Action {
	of := map[string]*plan.Action{}
	for _, node := range slices.Sorted(maps.Keys(p.claims)) {
		r := p.find(node)
		if of[r] == nil {
			of[r] = &plan.Action{Why: why}
		}
		of[r].Hosts = append(of[r].Hosts, node)
	}
	for i := range bought.Creates {
		at := slices.IndexFunc(bought.Creates[i].Pods, func(pod *cluster.Pod) bool { return p.claims[pod.Node] != nil })
		if at < 0 {
			continue // for pods of other nodes that are going
		}
		if node := bought.Creates[i].Pods[at].Node; !e.goesFirst(p.claims[node]) {
			a := of[p.find(node)]
			a.Creates = append(a.Creates, bought.Creates[i])
		}
	}
	for _, m := range bought.Placements {
		for _, pod := range m.Pods {
			if p.claims[pod.Node] != nil {
				a := of[p.find(pod.Node)]
				a.Moves = append(a.Moves, plan.Placement{Host: m.Host, Pods: []*cluster.Pod{pod}})
			}
		}
	}
	out := make([]plan.Action, 0, len(of))
	for _, r := range slices.Sorted(maps.Keys(of)) {
		out = append(out, *of[r])
	}
	return out
}

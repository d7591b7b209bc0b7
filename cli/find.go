package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// Explain answers for one pod or one node: where it is in the plan and why, what
// forbids it other places, and what would have to change. name is "namespace/name"
// or, for a pod of the namespace given, "name"; a workload stands for the first of
// its pods that has no place, or else the first that waits. A node is named as in
// the plan.
func (r *Report) Explain(name, namespace string) (string, error) {
	var b strings.Builder
	if p := r.findPod(name, namespace); p != nil {
		r.explainPod(&b, p)
		return b.String(), nil
	}
	if n := r.findNode(name); n != nil {
		r.explainNode(&b, n)
		return b.String(), nil
	}
	return "", fmt.Errorf("%s is neither a pod (namespace/name; without a namespace it is looked for in %s), nor a workload, nor a node of the input or the plan%s",
		name, namespace, r.suggest(name))
}

func (r *Report) findPod(name, namespace string) *cluster.Pod {
	id := name
	if !strings.Contains(name, "/") {
		id = namespace + "/" + name
	}
	var first *cluster.Pod // of a workload of that name
	unplaced := r.unplacedPods()
	pods := slices.Clone(r.Input.Pods)
	slices.SortFunc(pods, byID)
	for _, p := range pods {
		switch {
		case p.ID() == id:
			return p
		case workload(p) != id || !p.Provisionable():
		case first == nil, unplaced[p] && !unplaced[first]:
			first = p
		}
	}
	return first
}

func (r *Report) unplacedPods() map[*cluster.Pod]bool {
	out := map[*cluster.Pod]bool{}
	for _, u := range r.Plan.Unplaced {
		for _, p := range u.Pods {
			out[p] = true
		}
	}
	return out
}

func (r *Report) findNode(name string) *node {
	for i := range r.nodes {
		if r.nodes[i].name == name {
			return &r.nodes[i]
		}
	}
	for i := range r.Snapshot.Hosts {
		if h := &r.Snapshot.Hosts[i]; h.Name == name {
			n := r.host(h)
			return &n
		}
	}
	return nil
}

// suggest names something that is called alike.
func (r *Report) suggest(name string) string {
	_, short, ok := strings.Cut(name, "/")
	if !ok {
		short = name
	}
	for _, p := range r.Input.Pods {
		if w := workload(p); p.Name == short || strings.HasSuffix(w, "/"+short) {
			return "; did you mean " + p.Namespace + "/" + short + "?"
		}
	}
	return ""
}

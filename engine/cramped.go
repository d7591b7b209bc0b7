package engine

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// Of tens of thousands of pods that wait beside their nodes most ask for nothing but room, and
// have it: whether they can come need not be tried, and the others need not be told of them.

// oneOfEach are waiting pods of which each is like many: one of each kind. sorted is false if
// there are pods that are of no kind, since volumes and devices are a pod's own.
func (e *Engine) oneOfEach() (like []*cluster.Pod, sorted bool) {
	seen := map[kind]bool{}
	for _, p := range e.waiting.pods {
		if len(p.Claims)+len(p.Demand.Volumes) > 0 {
			return nil, false
		}
		if k := kindOf(p); !seen[k] {
			seen[k] = true
			like = append(like, p)
		}
	}
	return like, true
}

// cramped are those of the waiting pods that may not be able to come where they are meant to,
// or may keep others from it: by class of a snapshot that has one of each kind. The others
// are those to which it does not matter where anybody goes, nor to anybody where they go,
// and on whose hosts there is room for all who are meant for them.
func (e *Engine) cramped(s *cluster.Snapshot) [][]seat {
	class := map[kind]int{}
	for i := range s.Classes {
		for _, p := range s.Classes[i].Pods {
			class[kindOf(p)] = i
		}
	}
	out := make([][]seat, len(s.Classes))
	want := make(cluster.Vector, len(s.Resources))
	for host, pods := range e.meantForHosts(s) {
		if len(pods) == 0 {
			continue
		}
		clear(want)
		for _, p := range pods {
			want.Add(s.Classes[class[kindOf(p)]].Requests)
		}
		h := &s.Hosts[host]
		_, tainted := cluster.Untolerated(h.Taints, nil)
		roomy := h.Closed == "" && !tainted && want.Fits(h.Free)
		for _, p := range pods {
			if c := class[kindOf(p)]; !roomy || !s.Classes[c].Plain {
				out[c] = append(out[c], seat{p, host})
			}
		}
	}
	for i := range out {
		slices.SortFunc(out[i], func(a, b seat) int { return cluster.ComparePods(a.pod, b.pod) })
	}
	return out
}

// meantForHosts are the waiting pods that are meant for each host of a snapshot, in no order.
func (e *Engine) meantForHosts(s *cluster.Snapshot) [][]*cluster.Pod {
	hosts := hostsByName(s)
	out := make([][]*cluster.Pod, len(s.Hosts))
	for name, pods := range e.answered.on {
		host, there := hosts[name]
		if name == "" || !there {
			continue
		}
		for _, a := range pods {
			out[host] = append(out[host], a.pod)
		}
	}
	return out
}

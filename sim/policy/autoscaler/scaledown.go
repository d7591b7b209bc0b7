package autoscaler

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/fit"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/repack"
)

// Cluster Autoscaler's defaults.
const (
	scanInterval  = 10 * cluster.Second
	delayAfterAdd = 10 * cluster.Minute
	unneededTime  = 10 * cluster.Minute
	// littleUsed is --scale-down-utilization-threshold, in thousandths.
	littleUsed    = 500
	mostEmptyBulk = 10
)

// Brain is the engine with Cluster Autoscaler's decisions at its pace.
func Brain(o engine.Options) *engine.Engine {
	o.ReserveNodes = false
	// A pod that comes alone waits for half an interval on average, as it would for the
	// next of the loops.
	o.BatchIdle, o.BatchIdleLimit, o.BatchMax, o.BatchLimit = scanInterval/2, scanInterval/2, scanInterval, scanInterval
	o.PassEvery = scanInterval
	l := loop{since: map[string]cluster.Instant{}}
	o.Policy = engine.Policy{Provision: Provision, Disrupt: l.disrupt}
	return engine.New(o)
}

// loop remembers since when nodes have not been needed.
type loop struct{ since map[string]cluster.Instant }

// disrupt is [engine.Policy.Disrupt].
func (l *loop) disrupt(in repack.Input) (*plan.Repacking, cluster.Instant) {
	out := &plan.Repacking{Revision: in.Revision}
	idle := Unneeded(in)
	since := make(map[string]cluster.Instant, len(idle))
	for i := range idle {
		host := idle[i].Hosts[0]
		since[host] = in.Now
		if was, known := l.since[host]; known {
			since[host] = was
		}
	}
	l.since = since
	if len(idle) == 0 {
		return out, cluster.Never
	}
	if lastAdded(in.Claims).Add(delayAfterAdd) > in.Now {
		return out, in.Now.Add(scanInterval)
	}
	empty, draining := 0, draining(in)
	for i := range idle {
		a := idle[i]
		if in.Now < since[a.Hosts[0]].Add(unneededTime) {
			continue
		}
		if a.Why == cluster.ReasonEmpty {
			if empty == mostEmptyBulk {
				continue
			}
			empty++
		} else if draining {
			continue
		} else {
			draining = true
		}
		out.Actions = append(out.Actions, a)
		out.Saving += a.Saving
	}
	return out, in.Now.Add(scanInterval)
}

// lastAdded is when a group last grew.
func lastAdded(claims []*cluster.Claim) cluster.Instant {
	last := cluster.Instant(0)
	for _, c := range claims {
		last = max(last, c.Created)
	}
	return last
}

// draining tells whether a node is being drained.
func draining(in repack.Input) bool {
	goes := map[string]bool{}
	for _, n := range in.Nodes {
		goes[n.Name] = n.DeletingAt != 0 || in.Emptied[n.Name]
	}
	for _, c := range in.Claims {
		if c.Deleting() {
			goes[c.NodeName] = true
		}
	}
	return slices.ContainsFunc(in.Pods, func(p *cluster.Pod) bool { return goes[p.Node] && p.Occupies() })
}

// Unneeded returns an action for each node that is little used and whose pods have room
// on others, with those before it gone: empty ones first, then by name.
func Unneeded(in repack.Input) []plan.Action {
	nodes := eligible(in)
	if len(nodes) == 0 {
		return nil
	}
	look := in.Input
	look.Lifted = map[string]bool{}
	for i := range nodes {
		look.Lifted[nodes[i].name] = true
	}
	s := cluster.NewGround(look).Snapshot(in.Revision, nil, in.Promised)
	w := fit.New(s)
	hosts := map[string]int{}
	for i := range s.Hosts {
		hosts[s.Hosts[i].Name] = i
	}
	on := make([][][]*cluster.Pod, len(s.Hosts)) // by host and class
	for c := range s.Classes {
		for _, p := range s.Classes[c].Pods {
			h, known := hosts[p.Node]
			if !known || !look.Lifted[p.Node] {
				continue // it waits
			}
			if on[h] == nil {
				on[h] = make([][]*cluster.Pod, len(s.Classes))
			}
			on[h][c] = append(on[h][c], p)
			w.Place(c, h, 1)
		}
	}
	gone, filled := make([]bool, len(s.Hosts)), map[string]bool{}
	var out []plan.Action
	for i := range nodes {
		h := hosts[nodes[i].name]
		if filled[nodes[i].name] {
			continue // others count on it
		}
		if a, ok := move(w, s, h, on[h], gone); ok {
			a.Hosts, a.Saving = []string{nodes[i].name}, nodes[i].price
			for _, m := range a.Moves {
				filled[m.Host] = true
			}
			out = append(out, a)
		}
	}
	return out
}

// eligible are the nodes that may go as far as they and their pods say.
func eligible(in repack.Input) []idleNode {
	claims, pools, byNode := map[string]*cluster.Claim{}, map[string]bool{}, map[string][]*cluster.Pod{}
	for _, c := range in.Claims {
		claims[c.ProviderID] = c
	}
	for _, p := range in.Pools {
		pools[p.Name] = p.Replicas == nil
	}
	for _, p := range in.Pods {
		byNode[p.Node] = append(byNode[p.Node], p)
	}
	guards := repack.NewGuards(in.Budgets)
	var out []idleNode
	for _, n := range in.Nodes {
		c := claims[n.ProviderID]
		_, kept := in.Kept[n.Name]
		if c == nil || n.ProviderID == "" || kept || !pools[c.Pool] || !c.Is(cluster.Initialized) || !n.Ready || n.DeletingAt != 0 || c.Deleting() || in.Emptied[n.Name] {
			continue
		}
		x := idleNode{name: n.Name}
		x.price, _, _ = cluster.Price(in.Types[c.Class], c.Offering())
		cpu, memory, holds := int64(0), int64(0), false
		for _, p := range byNode[n.Name] {
			if !p.Terminal() {
				cpu += p.Demand.Requests.Get(cluster.CPU)
				memory += p.Demand.Requests.Get(cluster.Memory)
			}
			x.full = x.full || p.Occupies()
			holds = holds || guards.Holds(p, in.Now) != "" || p.Occupies() && (p.LocalStorage || p.Namespace == "kube-system")
		}
		if holds || cpu*1000 >= littleUsed*n.Allocatable.Get(cluster.CPU) || memory*1000 >= littleUsed*n.Allocatable.Get(cluster.Memory) {
			continue
		}
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b idleNode) int {
		if a.full != b.full {
			return cmp.Compare(number(a.full), number(b.full))
		}
		return strings.Compare(a.name, b.name)
	})
	return out
}

// idleNode is a node of which little is used.
type idleNode struct {
	name  string
	full  bool // it holds pods that have to run elsewhere
	price cluster.Money
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// move takes the pods of a host elsewhere, and tells whether there is room for all. If
// not, they are back.
func move(w *fit.World, s *cluster.Snapshot, host int, pods [][]*cluster.Pod, gone []bool) (plan.Action, bool) {
	a := plan.Action{Why: cluster.ReasonEmpty}
	gone[host] = true
	type step struct{ class, to int }
	var steps []step
	for c := range pods {
		for range pods[c] {
			w.Remove(c, host)
		}
	}
	undo := func() {
		for _, x := range steps {
			w.Remove(x.class, x.to)
		}
		for c := range pods {
			w.Place(c, host, int32(len(pods[c])))
		}
		gone[host] = false
	}
	for c := range pods {
		v := w.View(c)
		to := 0
		for _, p := range pods[c] {
			for to < len(s.Hosts) && (gone[to] || s.Hosts[to].InFlight || v.Node(to) != 0) {
				to++
			}
			if to == len(s.Hosts) {
				undo()
				return a, false
			}
			w.Place(c, to, 1)
			steps = append(steps, step{c, to})
			a.Why = cluster.ReasonUnderutilized
			a.Evicted++
			a.Moves = append(a.Moves, plan.Placement{Host: s.Hosts[to].Name, Pods: []*cluster.Pod{p}})
			if !s.Classes[c].Plain {
				to = 0
			}
		}
	}
	return a, true
}

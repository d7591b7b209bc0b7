package engine

import (
	"maps"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// Status is what the engine knows, in numbers for meters.
type Status struct {
	Synced    bool
	Suspended string // why nothing is done, "" when it works
	Nodes     int    // nodes in the cluster, whoever owns them
	Waiting   int    // pods that wait for nodes
	Unplaced  int    // of those, the ones that fit nowhere
	Underway  int    // effects without an observed outcome
	Pools     []PoolStatus
	Buffers   []BufferStatus
}

// PoolStatus is the part of one pool.
type PoolStatus struct {
	Name       string
	Usage      cluster.Resources // capacity of its nodes, NodesLimit included
	Limits     cluster.Resources
	Price      cluster.Money // of its nodes per hour
	Imputed    bool          // some of it is estimated
	Disrupting int           // nodes that use its budgets
	// Allowed is how many nodes might be disrupted at the same time now, by reason.
	Allowed map[cluster.Reason]int
	Drifted int // nodes that have drifted and are not on their way out yet
	// Reserved are nodes that only the pods may use that they were bought for.
	Reserved int
	// Replicas is how many nodes the pool is to have whatever pods there are, −1 for one
	// that is bought from for pods.
	Replicas int64
}

// BufferStatus is the part of one CapacityBuffer.
type BufferStatus struct {
	Namespace, Name string
	Wanted, Ready   int // chunks, and those with room on nodes that are ready
}

// Status returns the state in numbers. It takes time in the number of claims.
func (e *Engine) Status() Status {
	s := Status{
		Synced: e.synced, Suspended: e.suspended, Nodes: len(e.nodes),
		Waiting: len(e.waiting.pods), Unplaced: e.unplaced(), Underway: len(e.expected.by),
	}
	byPool := map[string][]*cluster.Claim{}
	for _, c := range e.claims {
		byPool[c.Pool] = append(byPool[c.Pool], c)
	}
	for _, p := range sorted(e.pools) {
		if !e.ours(p.Class) {
			continue
		}
		x := PoolStatus{Name: p.Name, Usage: e.poolHolds(p.Name), Limits: p.Limits, Allowed: map[cluster.Reason]int{}, Replicas: -1}
		if p.Replicas != nil {
			x.Replicas = *p.Replicas
		}
		initialized := 0
		for _, c := range byPool[p.Name] {
			price, imputed, _ := cluster.Price(e.resolved[c.Class].Types, c.Offering())
			x.Price += price
			x.Imputed = x.Imputed || imputed
			if n := e.nodeOfClaim(c); n != nil && c.Is(cluster.Initialized) {
				initialized++
				if c.Deleting() || !n.Ready || slices.Contains(n.Taints, cluster.DisruptedTaint) {
					x.Disrupting++
				} else if c.Is(cluster.Drifted) {
					x.Drifted++
				}
				if n.Reserved(c.Name) {
					x.Reserved++
				}
			}
		}
		for _, why := range voluntary {
			x.Allowed[why], _ = AllowedDisruptions(p, initialized, why, e.now)
		}
		s.Pools = append(s.Pools, x)
	}
	for _, b := range sorted(e.buffers) {
		ready, _ := e.chunksOf(b)
		s.Buffers = append(s.Buffers, BufferStatus{Namespace: b.Namespace, Name: b.Name, Wanted: int(b.Chunks), Ready: ready})
	}
	return s
}

// Input is what Snapshot is made of: the records as observed, the claims whose
// creation is under way, and the pools that can be bought from, all in no
// particular order. It only gathers pointers, so that a view can take it after
// every step and do its own work elsewhere: the records are never written again.
func (e *Engine) Input() cluster.Input {
	in := e.standing()
	in.Pods = values(e.pods)
	in.Promised = e.promises()
	return in
}

// standing is Input without the pods that have no node, and what was promised to them.
func (e *Engine) standing() cluster.Input {
	in := e.termsOf()
	in.Nodes, in.CSINodes, in.Attachments = values(e.nodes), values(e.csiNodes), values(e.attachments)
	in.Emptied, in.Staying = map[string]bool{}, e.staying()
	for _, on := range e.podsOn {
		in.Pods = append(in.Pods, on...)
	}
	for _, c := range e.claims {
		if !e.counts(c) {
			continue
		}
		in.Claims = append(in.Claims, e.upToDate(c))
		if e.emptied(c) {
			in.Emptied[c.NodeName] = true
		}
	}
	in.Claims = append(in.Claims, e.coming()...)
	e.retained(&in)
	return in
}

// termsOf is what there is beside nodes, claims, pods, and records of volumes of nodes.
func (e *Engine) termsOf() cluster.Input {
	in := cluster.Input{
		Daemons: values(e.daemons), Budgets: values(e.guards), Gangs: values(e.gangs), Buffers: values(e.buffers),
		Namespaces: values(e.namespaces), Storage: e.stored(),
		Overlays: values(e.overlays), ResourceClaims: values(e.resourceClaims), ResourceSlices: values(e.resourceSlices), DeviceClasses: values(e.deviceClasses),
		Types: make(map[cluster.ClassRef][]cluster.InstanceType, len(e.resolved)),
	}
	for _, p := range e.pools {
		if e.usable(p) {
			in.Pools = append(in.Pools, p)
		}
	}
	for ref, r := range e.resolved {
		in.Stocks = append(in.Stocks, r.Stocks...)
		in.Types[ref] = r.Types
	}
	return in
}

// coming are the claims that are written, or will be, and not seen yet.
func (e *Engine) coming() []*cluster.Claim {
	out := e.drafted()
	for name, c := range e.expected.creating {
		if e.claims[name] == nil {
			out = append(out, c)
		}
	}
	return out
}

// promises are the answers that pods wait for, by UID, and where pods of nodes that are
// about to go are meant to go.
func (e *Engine) promises() map[string]string {
	promised := maps.Clone(e.disruptor.moved.to)
	maps.Copy(promised, e.answered.promised)
	return promised
}

func values[K comparable, V any](m map[K]V) []V {
	return slices.AppendSeq(make([]V, 0, len(m)), maps.Values(m))
}

// upToDate is a claim with the last pod event that is known, which is written
// only now and then. It is the same record until one of the two changes.
func (e *Engine) upToDate(c *cluster.Claim) *cluster.Claim {
	last := e.podEvents[c.Name]
	if last <= c.LastPodEvent {
		return c
	}
	x := e.dated[c.Name]
	if x.of != c || x.now.LastPodEvent != last {
		now := *c
		now.LastPodEvent = last
		x = dated{c, &now}
		e.dated[c.Name] = x
	}
	return x.now
}

// dated is a claim as it is written, and as it is now.
type dated struct{ of, now *cluster.Claim }

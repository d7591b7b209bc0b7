package cluster

import (
	"maps"
	"slices"
)

// site is a host as it was worked out, and the records that this was done from. As long as
// they are the same, so is the host: what is looked at is whether they are, not what is in
// them, since records are never written again.
type site struct {
	pods     []*Pod
	limits   Resources // of its CSINode
	capacity Resources
	host     Host
}

// siteKey says whose host it is; one of the two may be nil.
type siteKey struct {
	claim *Claim
	node  *Node
}

// sameTerms tells whether hosts come out of the same records as they did in another ground,
// their own aside. Devices are counted anew each time.
func (g *Ground) sameTerms(other *Ground) bool {
	return other != nil && len(g.devices.names)+len(other.devices.names) == 0 &&
		slices.Equal(g.out.Resources, other.out.Resources) &&
		slices.EqualFunc(g.out.Pools, other.out.Pools, sameMembers) &&
		sameRecords(g.in.Daemons, other.in.Daemons) && sameRecords(g.in.Overlays, other.in.Overlays) &&
		maps.EqualFunc(g.in.Types, other.in.Types, sameSlice)
}

// sameMembers tells whether pools have the same nodes. Their status changes all the time.
func sameMembers(x, y PoolState) bool {
	return x.Pool == y.Pool || x.Name == y.Name && x.Shape == y.Shape && x.Shape != NodeGroup
}

// samePools tells whether nothing has become of the pools since another ground.
func (g *Ground) samePools(other *Ground) bool {
	return slices.EqualFunc(g.out.Pools, other.out.Pools, func(x, y PoolState) bool { return x.Pool == y.Pool })
}

// sameRecords tells whether two short lists have the same records, in any order.
func sameRecords[T comparable](x, y []T) bool {
	return len(x) == len(y) && !slices.ContainsFunc(x, func(r T) bool { return !slices.Contains(y, r) })
}

// sameSlice tells whether two slices are the same memory.
func sameSlice[T any](x, y []T) bool { return len(x) == len(y) && (len(x) == 0 || &x[0] == &y[0]) }

// rebuild adds a host as an earlier ground has it, if there it was made from the same.
func (b *builder) rebuild(c *Claim, n *Node, name string, pods []*Pod) bool {
	if b.before == nil || b.in.Lifted[name] || b.in.Emptied[name] || len(b.attachments[name]) > 0 {
		return false
	}
	s := b.before.sites[siteKey{c, n}]
	if s == nil || !slices.Equal(s.pods, pods) || !slices.Equal(s.limits, b.csiNodes[name]) {
		return false
	}
	b.sites[siteKey{c, n}] = s
	b.put(s.host, s.capacity)
	return true
}

// remember keeps a host for the grounds to come, unless it depends on more than its site
// says: on volumes, or on who is leaving.
func (b *builder) remember(c *Claim, n *Node, pods []*Pod, h *Host, capacity Resources) {
	if b.in.Lifted[h.Name] || len(b.attachments[h.Name]) > 0 || slices.ContainsFunc(pods, func(p *Pod) bool { return len(p.Demand.Volumes) > 0 }) {
		return
	}
	b.sites[siteKey{c, n}] = &site{pods: pods, limits: b.csiNodes[h.Name], capacity: capacity, host: *h}
}

// put adds a host, and counts it for its pool.
func (b *builder) put(h Host, capacity Resources) {
	if h.Pool >= 0 {
		p := &b.out.Pools[h.Pool]
		p.Used = p.Used.Plus(capacity)
		p.Nodes++
	}
	b.out.Hosts = append(b.out.Hosts, h)
}

// podsByNode are the pods on nodes that have not ended. Pods of a node that follow each
// other in a list, as they do where somebody keeps them by node, are not copied.
func podsByNode(pods []*Pod) map[string][]*Pod {
	out := map[string][]*Pod{}
	for len(pods) > 0 {
		node, n := pods[0].Node, 1
		for n < len(pods) && pods[n].Node == node {
			n++
		}
		run := pods[:n:n]
		pods = pods[n:]
		if node == "" {
			continue
		}
		if slices.ContainsFunc(run, (*Pod).Terminal) {
			run = slices.DeleteFunc(slices.Clone(run), (*Pod).Terminal)
		}
		if on := out[node]; len(on) > 0 {
			run = append(on, run...)
		}
		if len(run) > 0 {
			out[node] = run
		}
	}
	return out
}

// ordered returns pods in the order of [SortPods], as a list of their own: a host that is
// taken over from ground to ground must not keep the list of a whole cluster with it.
func ordered(pods []*Pod) []*Pod {
	pods = slices.Clone(pods)
	SortPods(pods)
	return pods
}

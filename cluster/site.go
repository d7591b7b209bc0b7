package cluster

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// site is a host as it was worked out, and the records that this was done from. As long as
// they are the same, so is the host: what is looked at is whether they are, not what is in
// them, since records are never written again.
type site struct {
	siteKey
	pods     []*Pod // that have not ended, in the order of [SortPods]
	csi      *CSINode
	attached []*VolumeAttachment // by name
	volumes  []volume            // as [volumes.on] has them
	capacity Resources           // as its pool counts it
	waits    []*Pod              // those of the pods that will need another place
	lifted   bool                // these have been lifted off
	host     Host
	// fixed: the host depends on nothing but these records.
	fixed bool
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

// samePools tells whether nothing but their status has become of the pools since another
// ground.
func (g *Ground) samePools(other *Ground) bool {
	return slices.EqualFunc(g.out.Pools, other.out.Pools, func(x, y PoolState) bool { return sameSpec(x.Pool, y.Pool) })
}

// sameSpec tells whether two records of a pool differ in its status at most.
func sameSpec(x, y *Pool) bool {
	return x == y || reflect.DeepEqual(x.spec(), y.spec())
}

// spec is a pool without its status.
func (p *Pool) spec() *Pool {
	x := *p
	x.Revision, x.Conditions, x.Resources = "", nil, nil
	return &x
}

// sameRecords tells whether two short lists have the same records, in any order.
func sameRecords[T comparable](x, y []T) bool {
	return len(x) == len(y) && !slices.ContainsFunc(x, func(r T) bool { return !slices.Contains(y, r) })
}

// sameSlice tells whether two slices are the same memory.
func sameSlice[T any](x, y []T) bool { return len(x) == len(y) && (len(x) == 0 || &x[0] == &y[0]) }

// takeOver makes the hosts of an earlier ground be taken over where their records are the
// same.
func (b *builder) takeOver(before *Ground) {
	b.before, b.known = before, make(map[siteKey]*site, len(before.sites))
	for _, s := range before.sites {
		if s != nil && s.fixed {
			b.known[s.siteKey] = s
		}
	}
}

// rebuild adds a host as an earlier ground has it, if there it was made from the same.
func (b *builder) rebuild(c *Claim, n *Node, name string, pods []*Pod) bool {
	if b.before == nil || b.in.Emptied[name] {
		return false
	}
	s := b.known[siteKey{c, n}]
	if s == nil || s.lifted != b.in.Lifted[name] || !slices.Equal(s.pods, pods) || s.csi != b.csiOf(n) ||
		!slices.Equal(s.attached, b.attachedTo(n)) || !s.sameVolumes(b.volumes) {
		return false
	}
	for _, p := range s.waits {
		b.displaced = append(b.displaced, p)
		b.leaves[p] = true
	}
	b.put(s.host, s)
	return true
}

// site keeps a host for the grounds to come.
func (b *builder) site(c *Claim, n *Node, pods []*Pod, h *Host, capacity Resources, leaving bool) *site {
	s := &site{siteKey: siteKey{c, n}, pods: pods, csi: b.csiOf(n), attached: b.attachedTo(n), capacity: capacity, waits: b.waits, lifted: b.in.Lifted[h.Name]}
	s.volumes = b.volumes.on(pods, s.attached)
	if s.fixed = !leaving; s.fixed {
		s.host = *h
	}
	return s
}

// sameVolumes tells whether its volumes are what they were.
func (s *site) sameVolumes(v *volumes) bool {
	return len(s.volumes) == 0 || slices.Equal(s.volumes, v.on(s.pods, s.attached))
}

// csiOf is what drivers say of a node, which may be nil.
func (b *builder) csiOf(n *Node) *CSINode {
	if n == nil {
		return nil
	}
	return b.csiNodes[n.Name]
}

// attachedTo is what hangs on a node, which may be nil.
func (b *builder) attachedTo(n *Node) []*VolumeAttachment {
	if n == nil {
		return nil
	}
	return b.attachments[n.Name]
}

// byName are attachments in order, in a list of their own.
func byName(list []*VolumeAttachment) []*VolumeAttachment {
	list = slices.Clone(list)
	slices.SortFunc(list, func(x, y *VolumeAttachment) int { return strings.Compare(x.Name, y.Name) })
	return list
}

// put adds a host, and counts it for its pool.
func (b *builder) put(h Host, s *site) {
	if h.Pool >= 0 {
		p := &b.out.Pools[h.Pool]
		p.Used = p.Used.Plus(s.capacity)
		p.Nodes++
	}
	b.out.Hosts = append(b.out.Hosts, h)
	b.sites[h.Name] = s
}

// sitesInOrder are those of each host; nil if two hosts have one name.
func (b *builder) sitesInOrder() []*site {
	out := make([]*site, len(b.out.Hosts))
	for i := range b.out.Hosts {
		out[i] = b.sites[b.out.Hosts[i].Name]
		if i > 0 && b.out.Hosts[i].Name == b.out.Hosts[i-1].Name {
			return nil
		}
	}
	return out
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

package schedule

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// classKey is what makes pods alike to the scheduler.
type classKey struct {
	demand   *cluster.Demand
	identity *cluster.Identity
	owned    bool // by a controller that the system's default spread applies to
}

// class is pods that are alike, with what is known about each node for them.
type class struct {
	classKey
	id       int
	requests []int64
	asked    [2]int64 // CPU and memory as scores see them

	// admits has a bit for each slot whose node's shape admits the class, fits for those
	// that have room as well; base is that node's score as far as it depends on the node
	// alone, unscored until somebody asks. They hold for the log's entries before read.
	admits, fits []uint64
	base         []int32
	read         int
	count        int // bits set in fits

	zone       string // that its volumes are in, "" for any
	anywhere   bool   // its pods tolerate that a node is reserved, whoever for
	hard, soft []*spread
	eitherKeys bool     // soft spreads are the system's: a node needs not have all labels
	apart      []*tally // anti-affinity of the class's own
	near       []*tally // required affinity
	nearItself bool
	pulls      []pull   // preferences that name pods
	repelled   []*reach // anti-affinity of others that the class's pods are meant by
	felt       []*reach // and what others prefer
}

// pull is a preference of the class for domains with pods of a group.
type pull struct {
	*tally
	weight int64
}

// Upstream's assumption about pods that ask for nothing.
const (
	defaultMilliCPU = 100
	defaultMemory   = 200 << 20
)

func owned(p *cluster.Pod) bool {
	switch p.Owner.Kind {
	case "ReplicaSet", "StatefulSet", "ReplicationController":
		return true
	}
	return false
}

// classOf returns the class of a pod.
func (c *Cache) classOf(p *cluster.Pod) *class {
	key := classKey{p.Demand, p.Identity, owned(p)}
	if key.identity == nil {
		key.identity = &nobody
	}
	if k := c.classes[key]; k != nil {
		return k
	}
	k := &class{classKey: key, id: len(c.classes), requests: c.vector(attaching(p.Demand)), read: -1}
	for _, v := range p.Demand.Volumes {
		if zone := c.zones[p.Namespace+"/"+v.Claim]; zone != "" {
			k.zone = zone
		}
	}
	k.asked = [2]int64{k.requests[0], k.requests[1]}
	if k.asked[0] == 0 {
		k.asked[0] = defaultMilliCPU
	}
	if k.asked[1] == 0 {
		k.asked[1] = defaultMemory
	}
	_, bad := cluster.Untolerated([]cluster.Taint{cluster.ReservedTaint("for-nobody")}, p.Demand.Tolerations)
	k.anywhere = !bad
	c.classes[key] = k
	c.addSpreads(k)
	d := key.demand
	for i := range d.PodAntiAffinity {
		t := &d.PodAntiAffinity[i]
		k.apart = append(k.apart, c.tally(c.group(true, nil, &t.Pods), t.Key))
	}
	if len(d.PodAffinity) > 0 {
		all := make([]*cluster.PodSelector, len(d.PodAffinity))
		for i := range d.PodAffinity {
			all[i] = &d.PodAffinity[i].Pods
		}
		g := c.group(true, nil, all...)
		k.nearItself = g.has(key.identity)
		for i := range d.PodAffinity {
			k.near = append(k.near, c.tally(g, d.PodAffinity[i].Key))
		}
	}
	for i := range d.Preferences {
		x := &d.Preferences[i]
		if x.Near == nil {
			continue
		}
		w := int64(x.Weight)
		if x.Apart {
			w = -w
		}
		k.pulls = append(k.pulls, pull{c.tally(c.group(true, nil, &x.Near.Pods), x.Near.Key), w})
	}
	c.classByPair.add(k.identity, k)
	c.terms.mayMean(k.identity, k.feel)
	return k
}

// feel notes whether a term of other pods means pods of the class.
func (k *class) feel(r *reach) {
	switch {
	case !r.selector.Matches(k.identity, nil):
	case r.weight == 0:
		k.repelled = append(k.repelled, r)
	default:
		k.felt = append(k.felt, r)
	}
}

// catchUp brings what the class knows about the nodes up to date.
func (c *Cache) catchUp(k *class) {
	for len(k.base) < len(c.nodes) {
		k.base = append(k.base, 0)
	}
	for len(k.fits)*64 < len(c.nodes) {
		k.fits, k.admits = append(k.fits, 0), append(k.admits, 0)
	}
	end := c.base + len(c.log)
	if k.read < c.base || end-k.read > len(c.nodes) {
		for slot := range c.nodes {
			c.judge(k, slot, true)
		}
	} else {
		for _, x := range c.log[k.read-c.base:] {
			c.judge(k, int(x.slot), x.shape)
		}
	}
	k.read = end
}

// unscored is the score of a node that has not been asked for since it changed.
const unscored = -1

// judge finds out anew whether a node takes the class; shape tells whether more than its
// room may have changed.
func (c *Cache) judge(k *class, slot int, shape bool) {
	word, bit := slot/64, uint64(1)<<(slot%64)
	n := c.nodes[slot] // as it is by now: it may have gone since what the log tells
	there := n != nil && n.rec != nil
	if shape {
		k.admits[word] &^= bit
		if there && k.reaches(n) && k.demand.Admits(n.label, n.taint) {
			k.admits[word] |= bit
		}
	}
	was := k.fits[word]&bit != 0
	is := there && k.admits[word]&bit != 0 && c.holds(k, slot)
	if was != is {
		k.fits[word] ^= bit
		if is {
			k.count++
		} else {
			k.count--
		}
	}
	k.base[slot] = unscored
}

// holds tells whether a node has room.
func (c *Cache) holds(k *class, slot int) bool {
	for i, want := range k.requests {
		if want > 0 && (i >= len(c.free) || slot >= len(c.free[i]) || want > c.free[i][slot]) {
			return false
		}
	}
	for _, p := range k.demand.Ports {
		for q := range c.nodes[slot].ports {
			if p.Conflicts(q) {
				return false
			}
		}
	}
	return true
}

// takes tells whether a node admits a class and has room.
func (c *Cache) takes(n *node, k *class) bool {
	return n != nil && n.rec != nil && c.holds(k, n.slot) && k.reaches(n) && k.demand.Admits(n.label, n.taint)
}

// lets tells whether a pod of the class may go to a node if that is reserved.
func (n *node) lets(k *class, p *cluster.Pod) bool {
	return n.reserved == "" || k.anywhere || slices.Contains(p.Reserved, n.reserved)
}

// score is LeastAllocated plus BalancedAllocation, each 0 to 100, with the pod on the
// node.
func (c *Cache) score(n *node, k *class) int32 {
	least, weights := int64(0), int64(0)
	var before, after [2]float64 // CPU and memory that are requested, as parts of the node
	for i := range after {
		total := int64(0)
		if i < len(n.total) {
			total = n.total[i]
		}
		if total == 0 {
			continue
		}
		used := c.asked[i][n.slot] + k.asked[i]
		if used <= total {
			least += (total - used) * 100 / total
		}
		weights++
		// BalancedAllocation counts what is really requested.
		taken := total - c.free[i][n.slot]
		before[i] = min(float64(taken)/float64(total), 1)
		after[i] = min(float64(taken+k.requests[i])/float64(total), 1)
	}
	if weights > 0 {
		least /= weights
	}
	if k.requests[0] == 0 && k.requests[1] == 0 {
		return int32(least) // a pod of best effort is not balanced
	}
	return int32(least + 50 + (50+balance(after)-balance(before))/2)
}

// balance is 100 for a node whose CPU and memory are requested to the same part, 50 for
// one that has all of the one requested and nothing of the other.
func balance(part [2]float64) int64 {
	apart := part[0] - part[1]
	if apart < 0 {
		apart = -apart
	}
	return int64((1 - apart/2) * 100)
}

// Admits tells whether a pod could go to a node as far as the node itself and its
// room say: what the scheduler's queueing hints ask.
func (c *Cache) Admits(p *cluster.Pod, name string) bool {
	return c.takes(c.byName[name], c.classOf(p))
}

// Watches tells whether a constraint of a pod p counts pods like q: then it may fit
// when one comes or goes.
func (c *Cache) Watches(p, q *cluster.Pod) bool {
	k := c.classOf(p)
	for _, list := range [][]cluster.PodAffinityTerm{k.demand.PodAffinity, k.demand.PodAntiAffinity} {
		for i := range list {
			if q.Identity != nil && list[i].Pods.Matches(q.Identity, nil) {
				return true
			}
		}
	}
	for _, s := range k.hard {
		if q.Identity != nil && s.c.Pods.Matches(q.Identity, nil) {
			return true
		}
	}
	for _, r := range k.repelled {
		if r.demand == q.Demand {
			return true
		}
	}
	return false
}

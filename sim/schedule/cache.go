package schedule

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// Cache is the cluster as the scheduler sees it.
type Cache struct {
	nodes  []*node // by slot; nil for a slot that is free
	byName map[string]*node
	vacant []int
	alive  int // nodes there are

	resources map[string]int
	pods      map[string]*resident // by UID

	classes map[classKey]*class
	keys    map[string]*domains
	groups  map[string]*group
	crowds  map[*cluster.Identity]*crowd
	scopes  map[string]*scope
	reaches map[*cluster.Demand][]*reach
	// To find who means whom.
	selectors    selecting[*group]
	terms        selecting[*reach]
	soles        map[*cluster.Identity][]*group
	crowdsByPair selected[*crowd]
	classByPair  selected[*class]

	// free is what is left, by resource and slot. Side by side, since this is what is
	// looked at most. asked are the requests for CPU and memory as scores see them: a pod
	// without requests counts for a little.
	free  [][]int64
	asked [2][]int64

	zones     map[string]string     // of volumes, by claim
	nominated map[string]nomination // by UID of the pod
	bound     uint64                // how many pods have been put on nodes

	log   []change // oldest first
	base  int      // how many entries of the log were dropped
	gates gates
	shy   int // how many nodes would rather not have some pods

	next int // slot where the next search begins
	rng  *rand.Rand

	found      []int // room for a search
	full       [][]uint64
	raw, total []int64
	sums       []float64
	seen       []int32 // by domain: the search that saw it last
	searches   int32
}

// change is a node that has changed: its room, or also its shape, which is labels,
// taints and everything else that a class's admission depends on.
type change struct {
	slot  int32
	shape bool
}

// node is a node with what is on it.
type node struct {
	slot  int
	name  string
	rec   *cluster.Node // nil for one that has only pods
	taint []cluster.Taint
	// reserved is the value of the taint that reserves the node; it is not among taint,
	// since pods of one class may differ in whether they tolerate it.
	reserved string
	total    []int64 // by resource
	shy      bool    // it has a taint of the effect PreferNoSchedule
	pods     map[*resident]bool
	ports    map[cluster.HostPort]int
}

// resident is a pod on a node.
type resident struct {
	class    *class
	node     *node
	leaving  bool
	priority int32
	uid      string
	seq      uint64 // in which order they came
	crowd    *crowd
	rank     int // in its crowd
}

// NewCache returns a cache of an empty cluster. rng breaks ties.
func NewCache(rng *rand.Rand) *Cache {
	return &Cache{
		byName: map[string]*node{}, resources: map[string]int{cluster.CPU: 0, cluster.Memory: 1},
		pods: map[string]*resident{}, classes: map[classKey]*class{}, keys: map[string]*domains{},
		zones: map[string]string{}, nominated: map[string]nomination{}, groups: map[string]*group{}, crowds: map[*cluster.Identity]*crowd{}, scopes: map[string]*scope{}, reaches: map[*cluster.Demand][]*reach{}, soles: map[*cluster.Identity][]*group{},
		gates: gates{of: map[string][]int{}}, rng: rng,
	}
}

// Supports says why the scheduler cannot place a pod as the real one would; nil if
// it can.
func (*Cache) Supports(p *cluster.Pod) error {
	switch d := p.Demand; {
	case len(d.Volumes) > 0:
		return fmt.Errorf("pod %s has volumes, which are not simulated", p.ID())
	case len(p.Claims) > 0:
		return fmt.Errorf("pod %s claims devices, which are not simulated", p.ID())
	case len(d.Refused) > 0:
		return fmt.Errorf("pod %s: %s", p.ID(), d.Refused[0])
	}
	return nil
}

// Nodes is the number of nodes.
func (c *Cache) Nodes() int { return c.alive }

func (c *Cache) vector(r cluster.Resources) []int64 {
	v := make([]int64, len(c.resources), len(c.resources)+len(r))
	for _, a := range r {
		at, ok := c.resources[a.Name]
		if !ok {
			at = len(c.resources)
			c.resources[a.Name] = at
		}
		for len(v) <= at {
			v = append(v, 0)
		}
		v[at] += a.Value
	}
	return v
}

// SetNode adds a node or changes it. It tells whether pods could be better off: it is
// new, or something but its capacity for pods that are there has changed.
func (c *Cache) SetNode(rec *cluster.Node) (changed bool) {
	n := c.byName[rec.Name]
	if n == nil {
		n = c.slot(rec.Name)
	}
	if old := n.rec; old != nil && old.Unschedulable == rec.Unschedulable && slices.Equal(old.Taints, rec.Taints) &&
		slices.Equal(old.Allocatable, rec.Allocatable) && sameLabels(old.Labels, rec.Labels) {
		n.rec = rec
		return false
	}
	placed := c.stays(n, rec)
	if !placed {
		c.uncountAll(n)
	}
	c.reshape(n, rec)
	if placed {
		for _, s := range c.scopes {
			c.relook(s, n)
		}
	} else {
		for _, d := range c.keys {
			d.set(n)
		}
		c.countAll(n)
	}
	c.touch(n, true)
	return true
}

// stays tells whether a node that is there stays in its domains with another record.
func (c *Cache) stays(n *node, rec *cluster.Node) bool {
	if n.rec == nil {
		return false
	}
	for _, d := range c.keys {
		if d.at(n.slot) != d.of(rec) {
			return false
		}
	}
	return true
}

// reshape gives a node another record.
func (c *Cache) reshape(n *node, rec *cluster.Node) {
	c.special(n, false)
	if n.rec == nil {
		c.alive++
	}
	n.rec, n.taint, n.reserved = rec, rec.Taints, ""
	if i := slices.IndexFunc(rec.Taints, func(t cluster.Taint) bool { return t.Key == cluster.ReservedKey }); i >= 0 {
		n.reserved = rec.Taints[i].Value
		n.taint = slices.Delete(slices.Clone(rec.Taints), i, i+1)
	}
	if rec.Unschedulable && !slices.Contains(rec.Taints, cluster.CordonTaint) {
		n.taint = slices.Concat(n.taint, []cluster.Taint{cluster.CordonTaint})
	}
	n.shy = slices.ContainsFunc(n.taint, func(t cluster.Taint) bool { return t.Effect == cluster.PreferNoSchedule })
	c.special(n, true)
	n.total = c.vector(rec.Allocatable)
	c.empty(n)
	for r := range n.pods {
		c.take(n, r.class.requests, 1)
	}
}

// special notes the nodes that need a closer look, or that one does not any longer.
func (c *Cache) special(n *node, is bool) {
	if n.reserved != "" {
		c.gates.reserve(n, is)
	}
	if n.shy && is {
		c.shy++
	} else if n.shy {
		c.shy--
	}
}

// empty makes all of a node free.
func (c *Cache) empty(n *node) {
	for r := range c.resources {
		at := c.resources[r]
		c.column(at)
		c.free[at][n.slot] = 0
		if at < len(n.total) {
			c.free[at][n.slot] = n.total[at]
		}
	}
}

// column makes sure that a resource has a number for each slot.
func (c *Cache) column(resource int) {
	for len(c.free) <= resource {
		c.free = append(c.free, nil)
	}
	for len(c.free[resource]) < len(c.nodes) {
		c.free[resource] = append(c.free[resource], 0)
	}
}

func sameLabels(a, b cluster.Labels) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if w, ok := b[k]; !ok || v != w {
			return false
		}
	}
	return true
}

// RemoveNode takes a node away. Pods that are still bound to it count nowhere.
func (c *Cache) RemoveNode(name string) {
	n := c.byName[name]
	if n == nil || n.rec == nil {
		return
	}
	c.uncountAll(n)
	c.special(n, false)
	n.rec, n.taint, n.reserved, n.shy = nil, nil, "", false
	c.alive--
	for _, d := range c.keys {
		d.set(n)
	}
	c.touch(n, true)
	c.leave(n)
}

// slot makes room for a node.
func (c *Cache) slot(name string) *node {
	n := &node{slot: len(c.nodes), name: name, pods: map[*resident]bool{}}
	if k := len(c.vacant); k > 0 {
		n.slot = c.vacant[k-1]
		c.vacant = c.vacant[:k-1]
		c.nodes[n.slot] = n
	} else {
		c.nodes = append(c.nodes, n)
	}
	c.byName[name] = n
	for i := range c.asked {
		for len(c.asked[i]) < len(c.nodes) {
			c.asked[i] = append(c.asked[i], 0)
		}
		c.asked[i][n.slot] = 0
	}
	c.empty(n)
	return n
}

// leave gives the slot of a node back that has neither a record nor pods.
func (c *Cache) leave(n *node) {
	if n.rec != nil || len(n.pods) > 0 {
		return
	}
	delete(c.byName, n.name)
	c.nodes[n.slot] = nil
	c.vacant = append(c.vacant, n.slot)
}

// touch notes that what fits on a node may have changed, or also its shape.
func (c *Cache) touch(n *node, shape bool) {
	c.log = append(c.log, change{int32(n.slot), shape})
	if limit := 4*len(c.nodes) + 4096; len(c.log) > 2*limit {
		drop := len(c.log) - limit
		c.log = append(c.log[:0], c.log[drop:]...)
		c.base += drop
	}
}

// take moves requests between free and taken: by 1 takes, by −1 gives back.
func (c *Cache) take(n *node, requests []int64, by int64) {
	for i, v := range requests {
		if v != 0 {
			c.column(i)
			c.free[i][n.slot] -= by * v
		}
	}
}

// SetPod makes a pod that is bound count on its node, or changes whether it is
// leaving.
func (c *Cache) SetPod(p *cluster.Pod) {
	r := c.pods[p.UID]
	if r != nil {
		if r.leaving == p.Deleting() {
			return
		}
		c.count(r, -1)
		r.leaving = p.Deleting()
		c.count(r, 1)
		return
	}
	c.assume(c.classOf(p), p, p.Node)
}

// assume puts a pod on a node.
func (c *Cache) assume(k *class, p *cluster.Pod, name string) {
	n := c.byName[name]
	if n == nil {
		n = c.slot(name)
	}
	c.bound++
	delete(c.nominated, p.UID)
	r := &resident{class: k, node: n, seq: c.bound, leaving: p.Deleting(), priority: p.Priority, uid: p.UID}
	c.crowd(p.Identity).add(r)
	c.pods[p.UID] = r
	n.pods[r] = true
	c.load(r, 1)
	c.count(r, 1)
	c.touch(n, false)
}

// RemovePod makes a pod count no more. It returns the name of its node, "" if it had
// none.
func (c *Cache) RemovePod(uid string) (node string) {
	r := c.pods[uid]
	if r == nil {
		return ""
	}
	c.count(r, -1)
	c.load(r, -1)
	delete(c.pods, uid)
	delete(r.node.pods, r)
	r.crowd.remove(r)
	c.touch(r.node, false)
	c.leave(r.node)
	return r.node.name
}

// Holds tells whether a pod counts on a node.
func (c *Cache) Holds(uid string) bool { return c.pods[uid] != nil }

// load adds (1) or takes away (−1) what a pod takes of its node.
func (c *Cache) load(r *resident, by int64) {
	n := r.node
	c.take(n, r.class.requests, by)
	c.asked[0][n.slot] += by * r.class.asked[0]
	c.asked[1][n.slot] += by * r.class.asked[1]
	for _, p := range r.class.demand.Ports {
		if n.ports == nil {
			n.ports = map[cluster.HostPort]int{}
		}
		if n.ports[p] += int(by); n.ports[p] == 0 {
			delete(n.ports, p)
		}
	}
}

func (n *node) label(key string) (string, bool) {
	if key == cluster.FieldName {
		return n.rec.Name, true
	}
	return n.rec.Labels.Get(key)
}

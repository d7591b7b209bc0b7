package schedule

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// Preemption as the default plugin does it: for a pod that fits nowhere the node is found on
// which the fewest and least important pods would have to go. The pod is nominated for that
// node then: others that are not more important are not let into its room.

// nomination is a pod that waits until others have left a node.
type nomination struct {
	class    *class
	priority int32
	node     string
}

// preemption is how many nodes are looked at for victims, as upstream
// (minCandidateNodesPercentage, minCandidateNodesAbsolute).
const (
	candidatesPercent = 10
	candidatesLeast   = 100
)

// candidate is a node and who has to leave it so that a pod fits.
type candidate struct {
	node     *node
	victims  []*resident // the most important first
	breaking int         // budgets for evictions that would be broken
}

// Nominate keeps room on a node for a pod, and Withdraw stops that.
func (c *Cache) Nominate(p *cluster.Pod, node string) {
	c.nominated[p.UID] = nomination{c.classOf(p), p.Priority, node}
}

// Withdraw ends the nomination of a pod, if it has one.
func (c *Cache) Withdraw(uid string) { delete(c.nominated, uid) }

// Nominated returns the node that a pod is nominated for, "" for none.
func (c *Cache) Nominated(uid string) string { return c.nominated[uid].node }

// Lesser returns the pods that are nominated for a node and less important than a priority,
// sorted: they have to look for another.
func (c *Cache) Lesser(node string, priority int32) []string {
	var out []string
	for uid, x := range c.nominated {
		if x.node == node && x.priority < priority {
			out = append(out, uid)
		}
	}
	slices.Sort(out)
	return out
}

// Clearing tells whether less important pods are on their way off the node that a pod is
// nominated for: then it waits for them.
func (c *Cache) Clearing(p *cluster.Pod) bool {
	n := c.byName[c.Nominated(p.UID)]
	if n == nil {
		return false
	}
	for r := range n.pods {
		if r.leaving && r.priority < p.Priority {
			return true
		}
	}
	return false
}

// sparesFor tells whether a node has room for a pod beside those that are nominated for it
// and no less important.
func (c *Cache) sparesFor(k *class, p *cluster.Pod, n *node) bool {
	if len(c.nominated) == 0 {
		return true
	}
	taken := make([]int64, len(c.free))
	found := false
	for uid, x := range c.nominated {
		if x.node == n.name && uid != p.UID && x.priority >= p.Priority {
			give(taken, x.class.requests)
			found = true
		}
	}
	if !found {
		return true
	}
	for i, want := range k.requests {
		if want > 0 && i < len(taken) && want > c.free[i][n.slot]-taken[i] {
			return false
		}
	}
	return true
}

// Preempt returns the node on which a pod that fits nowhere does if some pods leave, and the
// UIDs of these; "" if there is none. breaks says which of some pods of a node, the most
// important first, cannot be evicted without breaking a budget.
func (c *Cache) Preempt(p *cluster.Pod, breaks func(node string, uids []string) map[string]bool) (name string, victims []string) {
	k := c.classOf(p)
	most := max(c.alive*candidatesPercent/100, candidatesLeast)
	var all []candidate
	sound := 0 // of those that break no budget
	for i := range c.nodes {
		n := c.nodes[(i+c.next)%len(c.nodes)]
		if n == nil || n.rec == nil || !n.lets(k, p) || !k.reaches(n) || !k.demand.Admits(n.label, n.taint) {
			continue
		}
		if x, ok := c.victimsOn(k, p, n, breaks); ok {
			all = append(all, x)
			if x.breaking == 0 {
				sound++
			}
		}
		if len(all) >= most && sound > 0 {
			break
		}
	}
	if len(all) == 0 {
		return "", nil
	}
	best := slices.MinFunc(all, compareCandidates)
	for _, r := range best.victims {
		victims = append(victims, r.uid)
	}
	return best.node.name, victims
}

// victimsOn finds out who has to leave a node: all that are less important go, and come back
// one by one as long as the pod still fits, first those that a budget protects.
func (c *Cache) victimsOn(k *class, p *cluster.Pod, n *node, breaks func(string, []string) map[string]bool) (x candidate, ok bool) {
	var lower []*resident
	for r := range n.pods {
		if r.priority < p.Priority {
			lower = append(lower, r)
		}
	}
	if len(lower) == 0 {
		return x, false
	}
	slices.SortFunc(lower, byImportance)
	for _, r := range lower {
		c.count(r, -1)
		c.load(r, -1)
	}
	fits := func() bool {
		return c.holds(k, n.slot) && c.counted(k, n.slot, k.leasts()) && c.sparesFor(k, p, n)
	}
	back := func(r *resident) {
		c.load(r, 1)
		c.count(r, 1)
	}
	if !fits() {
		for _, r := range lower {
			back(r)
		}
		return x, false
	}
	uids := make([]string, len(lower))
	for i, r := range lower {
		uids[i] = r.uid
	}
	breaking := breaks(n.name, uids)
	x.node = n
	for _, guarded := range []bool{true, false} {
		for _, r := range lower {
			if breaking[r.uid] != guarded {
				continue
			}
			if back(r); fits() {
				continue
			}
			c.count(r, -1)
			c.load(r, -1)
			x.victims = append(x.victims, r)
			if guarded {
				x.breaking++
			}
		}
	}
	for _, r := range x.victims {
		back(r)
	}
	slices.SortFunc(x.victims, byImportance)
	return x, len(x.victims) > 0
}

// byImportance puts the more important first: of higher priority, or longer on its node.
func byImportance(a, b *resident) int {
	return cmp.Or(-cmp.Compare(a.priority, b.priority), cmp.Compare(a.seq, b.seq), strings.Compare(a.uid, b.uid))
}

// compareCandidates puts the node first that is to be preferred: fewest budgets broken, the
// least important most important victim, the smallest sum of priorities, fewest victims, and
// the one whose most important victims have run for the shortest time.
func compareCandidates(a, b candidate) int {
	sum := func(x candidate) (n int64) {
		for _, r := range x.victims {
			n += int64(r.priority) + 1<<31 // never negative, so that more victims are more
		}
		return n
	}
	return cmp.Or(cmp.Compare(a.breaking, b.breaking), cmp.Compare(a.victims[0].priority, b.victims[0].priority), cmp.Compare(sum(a), sum(b)),
		cmp.Compare(len(a.victims), len(b.victims)), -cmp.Compare(a.victims[0].seq, b.victims[0].seq))
}

// Victims returns the UIDs of the pods that have to go so that a pod fits on the one node
// that may have it: of lower priority, the lowest first. It is empty if that does not
// help.
func (c *Cache) Victims(p *cluster.Pod, name string) []string {
	k, n := c.classOf(p), c.byName[name]
	if n == nil || n.rec == nil || !n.lets(k, p) || !k.demand.Admits(n.label, n.taint) {
		return nil
	}
	var lower []*resident
	for r := range n.pods {
		if r.priority < p.Priority && !r.leaving {
			lower = append(lower, r)
		}
	}
	slices.SortFunc(lower, func(a, b *resident) int {
		return cmp.Or(cmp.Compare(a.priority, b.priority), strings.Compare(a.uid, b.uid))
	})
	free := make([]int64, len(c.free))
	for i := range free {
		if n.slot < len(c.free[i]) {
			free[i] = c.free[i][n.slot]
		}
	}
	short := func() bool {
		for i, want := range k.requests {
			if want > 0 && (i >= len(free) || want > free[i]) {
				return true
			}
		}
		return false
	}
	// What goes already may be enough.
	for r := range n.pods {
		if r.leaving {
			give(free, r.class.requests)
		}
	}
	var out []string
	for _, r := range lower {
		if !short() {
			break
		}
		out = append(out, r.uid)
		give(free, r.class.requests)
	}
	if short() {
		return nil
	}
	return out
}

func give(free, requests []int64) {
	for i, v := range requests {
		if v != 0 {
			free[i] += v
		}
	}
}

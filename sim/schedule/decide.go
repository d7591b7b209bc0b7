package schedule

import (
	"math"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// The weights of the default profile.
const (
	weightTaints   = 3
	weightAffinity = 2
	weightSpread   = 2
	weightPods     = 2
	weightAlone    = 1 // resources, balance
)

// sample is how many nodes that fit are scored of a cluster of n
// (percentageOfNodesToScore 0).
func sample(n int) int {
	const least = 100
	if n < least {
		return n
	}
	percent := max(50-n/125, 5)
	return max(n*percent/100, least)
}

// Place finds the node for a pod as one scheduling cycle does and counts the pod
// there at once (it is assumed). It returns "" if there is none.
func (c *Cache) Place(p *cluster.Pod) string {
	k := c.classOf(p)
	n := c.choose(k, p)
	if n == nil {
		return ""
	}
	c.assume(k, p, n.name)
	return n.name
}

// PlaceOn places a pod that only one node may have, such as a DaemonSet's. It tells
// whether it fits.
func (c *Cache) PlaceOn(p *cluster.Pod, name string) bool {
	k, n := c.classOf(p), c.byName[name]
	if !c.takes(n, k) || !n.lets(k, p) || !c.counted(k, n.slot, k.leasts()) || !c.sparesFor(k, p, n) {
		return false
	}
	c.assume(k, p, name)
	return true
}

// Feasible returns the names of all nodes that a pod could go to now, in no
// particular order: to be compared with what a real scheduler said.
func (c *Cache) Feasible(p *cluster.Pod) []string {
	k := c.classOf(p)
	c.catchUp(k)
	var out []string
	x := search{class: k, shut: c.gates.open(k, p), least: k.leasts(), want: len(c.nodes)}
	defer c.gates.close()
	c.between(&x, 0, len(c.nodes))
	for _, s := range x.found {
		out = append(out, c.nodes[s].name)
	}
	return out
}

// Scores returns the score of each of these nodes for a pod, as the sum that the
// real scheduler compares would be if it looked at exactly them.
func (c *Cache) Scores(p *cluster.Pod, names []string) []int64 {
	k := c.classOf(p)
	c.catchUp(k)
	found := make([]int, len(names))
	for i, name := range names {
		found[i] = c.byName[name].slot
	}
	return c.scores(k, found)
}

func (c *Cache) choose(k *class, p *cluster.Pod) *node {
	c.catchUp(k)
	if k.count == 0 || c.alive == 0 {
		return nil
	}
	least := k.leasts()
	start := c.next
	if start >= len(c.nodes) {
		start = 0
	}
	full := c.full[:0]
	for i, s := range k.hard {
		full = s.full(least[i], full)
	}
	c.full = full
	x := search{class: k, pod: p, shut: c.gates.open(k, p), full: full, least: least, want: sample(c.alive), found: c.found[:0]}
	defer c.gates.close()
	c.between(&x, start, len(c.nodes))
	c.between(&x, 0, start)
	found := x.found
	if n := len(found); n > 0 {
		c.next = found[n-1] + 1
	}
	c.found = found
	switch len(found) {
	case 0:
		return nil
	case 1:
		return c.nodes[found[0]]
	}
	best, ties, top := -1, 0, int64(math.MinInt64)
	for i, score := range c.scores(k, found) {
		switch {
		case score > top:
			best, ties, top = found[i], 1, score
		case score == top:
			if ties++; c.rng.IntN(ties) == 0 {
				best = found[i]
			}
		}
	}
	return c.nodes[best]
}

// leasts are the smallest numbers of pods in a domain, for each hard spread.
func (k *class) leasts() []int32 {
	if len(k.hard) == 0 {
		return nil
	}
	out := make([]int32, len(k.hard))
	for i, s := range k.hard {
		out[i] = s.least()
	}
	return out
}

// counted tells whether the constraints that count pods allow the class on a node.
func (c *Cache) counted(k *class, slot int, least []int32) bool {
	for i, s := range k.hard {
		if !s.fits(slot, least[i]) {
			return false
		}
	}
	for _, t := range k.apart {
		if n, _ := t.pods(slot); n > 0 {
			return false
		}
	}
	for _, r := range k.repelled {
		if n, _ := r.tally.pods(slot); n > 0 {
			return false
		}
	}
	if len(k.near) == 0 {
		return true
	}
	near, none := true, true
	for _, t := range k.near {
		n, known := t.pods(slot)
		if !known {
			return false
		}
		near = near && n > 0
		none = none && t.total == 0
	}
	return near || none && k.nearItself
}

// scores adds up what the plugins say about nodes that fit. The result is good until the
// next call.
func (c *Cache) scores(k *class, found []int) []int64 {
	if len(c.raw) < len(found) {
		c.raw, c.total, c.sums = make([]int64, len(found)), make([]int64, len(found)), make([]float64, len(found))
	}
	raw, out := c.raw[:len(found)], c.total[:len(found)]
	for i, s := range found {
		if k.base[s] == unscored {
			k.base[s] = c.score(c.nodes[s], k)
		}
		out[i] = weightAlone * int64(k.base[s])
	}
	if c.shy > 0 {
		c.scoreTaints(k, found, raw, out)
	}
	c.scoreAffinity(k, found, raw, out)
	c.scoreSpread(k, found, raw, out)
	k.scorePods(found, raw, out)
	return out
}

func (c *Cache) scoreTaints(k *class, found []int, raw, out []int64) {
	top := int64(0)
	for i, s := range found {
		raw[i] = 0
		for _, t := range c.nodes[s].taint {
			if t.Effect == cluster.PreferNoSchedule && !tolerated(t, k.demand.Tolerations) {
				raw[i]++
			}
		}
		top = max(top, raw[i])
	}
	if top == 0 {
		return // the same for all
	}
	for i := range found {
		out[i] += weightTaints * (100 - raw[i]*100/top)
	}
}

func tolerated(t cluster.Taint, list []cluster.Toleration) bool {
	for i := range list {
		if (list[i].Effect == "" || list[i].Effect == cluster.PreferNoSchedule) && list[i].Tolerates(t) {
			return true
		}
	}
	return false
}

func (c *Cache) scoreAffinity(k *class, found []int, raw, out []int64) {
	if !slices.ContainsFunc(k.demand.Preferences, func(p cluster.Preference) bool { return p.Near == nil }) {
		return
	}
	top := int64(0)
	for i, s := range found {
		raw[i] = 0
		for j := range k.demand.Preferences {
			if p := &k.demand.Preferences[j]; p.Near == nil && p.Node.Matches(c.nodes[s].label) {
				raw[i] += int64(p.Weight)
			}
		}
		top = max(top, raw[i])
	}
	if top == 0 {
		return
	}
	for i := range found {
		out[i] += weightAffinity * (raw[i] * 100 / top)
	}
}

// scoreSpread prefers domains with few pods: the sum over the soft spreads of pods
// times the logarithm of the number of domains, turned round.
func (c *Cache) scoreSpread(k *class, found []int, raw, out []int64) {
	if len(k.soft) == 0 {
		return
	}
	const ignored = -1
	sums := c.sums[:len(found)]
	counted := 0
	for i, s := range found {
		raw[i], sums[i] = 0, 0
		if !k.eitherKeys && slices.ContainsFunc(k.soft, func(x *spread) bool { return x.at(s) < 0 }) {
			raw[i] = ignored
			continue
		}
		counted++
	}
	for _, x := range k.soft {
		size := counted
		if x.key != cluster.LabelHostname {
			size = c.distinct(x, found, raw)
		}
		weight := math.Log(float64(size + 2))
		for i, s := range found {
			if d := x.at(s); raw[i] != ignored && d >= 0 {
				sums[i] += float64(x.inDomain(d))*weight + float64(x.c.MaxSkew-1)
			}
		}
	}
	least, most := int64(math.MaxInt64), int64(0)
	for i := range found {
		if raw[i] != ignored {
			raw[i] = int64(math.Round(sums[i]))
			least, most = min(least, raw[i]), max(most, raw[i])
		}
	}
	for i := range found {
		switch {
		case raw[i] == ignored:
		case most == 0:
			out[i] += weightSpread * 100
		default:
			out[i] += weightSpread * (100 * (most + least - raw[i]) / most)
		}
	}
}

// distinct is how many domains the nodes are in that are not left out (raw below 0). Those
// without the label are one more, as upstream, although nothing is counted there.
func (c *Cache) distinct(x *spread, found []int, raw []int64) int {
	c.searches++
	n, outside := 0, 0
	for i, s := range found {
		d := x.at(s)
		if raw[i] < 0 {
			continue
		}
		if d < 0 {
			outside = 1
			continue
		}
		for int(d) >= len(c.seen) {
			c.seen = append(c.seen, 0)
		}
		if c.seen[d] != c.searches {
			c.seen[d] = c.searches
			n++
		}
	}
	return n + outside
}

// scorePods is InterPodAffinity: what the class prefers to be near or apart from,
// and what the pods that are there prefer of it.
func (k *class) scorePods(found []int, raw, out []int64) {
	if len(k.pulls) == 0 && len(k.felt) == 0 {
		return
	}
	least, most := int64(math.MaxInt64), int64(math.MinInt64)
	for i, s := range found {
		raw[i] = 0
		for _, p := range k.pulls {
			n, _ := p.pods(s)
			raw[i] += p.weight * int64(n)
		}
		for _, r := range k.felt {
			n, _ := r.tally.pods(s)
			raw[i] += r.weight * int64(n)
		}
		least, most = min(least, raw[i]), max(most, raw[i])
	}
	if least == most {
		return // the same for all
	}
	for i := range found {
		out[i] += weightPods * int64(100*float64(raw[i]-least)/float64(most-least))
	}
}

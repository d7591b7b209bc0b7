package solve_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// every looks at every plan for the pods that a plan has placed: nodes of any kind,
// and pods that come one by one in any order, each when its constraints allow it.
// They count domains in which a node could be bought as if it were there, and for a
// spread over host names there is always another node without any pods. It is meant
// to be read, not to be fast, and shares no code with what it judges; it knows
// neither limits nor stocks, so that its plans are more than there are.
type every struct {
	snap   *cluster.Snapshot
	charge cluster.Money
	nodes  []*yard // the hosts come first
	left   []int32 // pods of each class that have yet to come
	seen   map[string]bool
	below  cluster.Money // only plans that cost less are looked at
	found  bool
	states int
}

// yard is a host or new node and who is on it.
type yard struct {
	host, offering int // one of them −1
	name           string
	label          cluster.Lookup
	taints         []cluster.Taint
	free           cluster.Vector
	pods           []int32 // of each class
}

func newEvery(snap *cluster.Snapshot, p *plan.Plan, charge, below cluster.Money) *every {
	e := &every{snap: snap, charge: charge, below: below, seen: map[string]bool{}, left: make([]int32, len(snap.Classes))}
	for i := range snap.Hosts {
		h := &snap.Hosts[i]
		e.nodes = append(e.nodes, &yard{host: i, offering: -1, name: h.Name, label: h.Label, taints: h.Taints, free: slices.Clone(h.Free), pods: make([]int32, len(snap.Classes))})
	}
	steps, late := stepsOf(snap, p)
	for _, s := range append(steps, late...) {
		e.left[s.class]++
	}
	return e
}

// cheaper tells whether there is a plan that costs less than it was asked about.
func (e *every) cheaper() bool {
	e.search(0)
	return e.found
}

func (e *every) search(cost cluster.Money) {
	if e.found || cost >= e.below || e.states > 400_000 {
		return
	}
	k := e.key()
	if e.seen[k] {
		return
	}
	e.seen[k] = true
	e.states++
	done := true
	for c, n := range e.left {
		if n == 0 {
			continue
		}
		done = false
		for _, y := range e.nodes {
			if e.may(c, y) {
				e.put(c, y, 1)
				e.search(cost)
				e.put(c, y, -1)
			}
		}
		for o := range e.snap.Offerings {
			if q := &e.snap.Pools[e.snap.Offerings[o].Pool]; q.Closed() != "" {
				continue
			}
			y := e.buy(o)
			if e.may(c, y) {
				e.put(c, y, 1)
				e.search(cost + e.snap.Offerings[o].Price + e.charge)
				e.put(c, y, -1)
			}
			e.nodes = e.nodes[:len(e.nodes)-1]
		}
	}
	e.found = e.found || done
}

func (e *every) buy(offering int) *yard {
	o := &e.snap.Offerings[offering]
	y := &yard{host: -1, offering: offering, name: fmt.Sprint("new-", len(e.nodes)), label: o.Label, taints: e.snap.Pools[o.Pool].Taints, free: slices.Clone(o.Free), pods: make([]int32, len(e.snap.Classes))}
	e.nodes = append(e.nodes, y)
	return y
}

func (e *every) put(c int, y *yard, n int32) {
	y.pods[c] += n
	e.left[c] -= n
	for d, v := range e.snap.Classes[c].Requests {
		y.free[d] -= int64(n) * v
	}
}

// key is the same for states that differ only in the names of new nodes.
func (e *every) key() string {
	var hosts, bought []string
	for _, y := range e.nodes {
		if y.host >= 0 {
			hosts = append(hosts, fmt.Sprint(y.pods))
		} else {
			bought = append(bought, fmt.Sprint(y.offering, y.pods))
		}
	}
	slices.Sort(bought)
	return strings.Join(hosts, ",") + ";" + strings.Join(bought, ",")
}

// may tells whether one more pod of a class may come to a node now.
func (e *every) may(class int, y *yard) bool {
	c := &e.snap.Classes[class]
	if len(c.Refused) > 0 || y.host >= 0 && e.snap.Hosts[y.host].Closed != "" || !c.Demand.Admits(y.label, y.taints) {
		return false
	}
	for d, v := range c.Requests {
		if v > 0 && v > y.free[d] {
			return false
		}
	}
	return !e.portTaken(c, y) && e.apart(c, y) && e.near(c, y) && e.spread(class, y)
}

func (e *every) portTaken(c *cluster.Class, y *yard) bool {
	var taken []cluster.HostPort
	if y.host >= 0 {
		for _, p := range append(slices.Clone(e.snap.Hosts[y.host].Pods), e.snap.Hosts[y.host].Promised...) {
			taken = append(taken, p.Demand.Ports...)
		}
	}
	for i, n := range y.pods {
		if n > 0 {
			taken = append(taken, e.snap.Classes[i].Demand.Ports...)
		}
	}
	return slices.ContainsFunc(c.Demand.Ports, func(p cluster.HostPort) bool { return slices.ContainsFunc(taken, p.Conflicts) })
}

// domain is the value of a label of a node; new nodes have host names.
func (y *yard) domain(key string) (string, bool) {
	if key == cluster.LabelHostname && y.host < 0 {
		return y.name, true
	}
	return y.label(key)
}

// count adds up the pods of a group on nodes that which accepts, by domain.
func (e *every) count(group int32, key string, which func(*yard) bool) map[string]int32 {
	out := map[string]int32{}
	for _, y := range e.nodes {
		at, ok := y.domain(key)
		if !ok || !which(y) {
			continue
		}
		n := int32(0)
		for c, k := range y.pods {
			if e.snap.Classes[c].In(group) {
				n += k
			}
		}
		for _, h := range e.snap.Groups[group].Hosts {
			if int(h.Host) == y.host {
				n += h.Pods
			}
		}
		out[at] += n
	}
	return out
}

func anyYard(*yard) bool { return true }

// apart: neither the class nor who is there already keeps it away.
func (e *every) apart(c *cluster.Class, y *yard) bool {
	for j, t := range c.Demand.PodAntiAffinity {
		if at, ok := y.domain(t.Key); ok && e.count(c.AntiAffinity[j], t.Key, anyYard)[at] > 0 {
			return false
		}
	}
	same := func(key string, z *yard) bool {
		at, ok := y.domain(key)
		other, has := z.domain(key)
		return ok && has && at == other
	}
	for _, z := range e.nodes {
		for i, n := range z.pods {
			q := &e.snap.Classes[i]
			for j, t := range q.Demand.PodAntiAffinity {
				if n > 0 && c.In(q.Repels[j]) && same(t.Key, z) {
					return false
				}
			}
		}
	}
	for _, r := range e.snap.Repulsions {
		if c.In(r.Group) && slices.ContainsFunc(r.Hosts, func(h int32) bool { return same(r.Key, e.nodes[h]) }) {
			return false
		}
	}
	return true
}

// near: the pods that it wants near are there, or there are none and it is one.
func (e *every) near(c *cluster.Class, y *yard) bool {
	if len(c.Demand.PodAffinity) == 0 {
		return true
	}
	all, none := true, true
	for _, t := range c.Demand.PodAffinity {
		at, ok := y.domain(t.Key)
		if !ok {
			return false
		}
		counts := e.count(c.Affinity, t.Key, anyYard)
		all = all && counts[at] > 0
		for _, n := range counts {
			none = none && n == 0
		}
	}
	return all || none && c.In(c.Affinity)
}

func (e *every) spread(class int, y *yard) bool {
	c := &e.snap.Classes[class]
	var keys []string
	for i := range c.Demand.Spreads {
		if !c.Demand.Spreads[i].Soft {
			keys = append(keys, c.Demand.Spreads[i].Key)
		}
	}
	for i := range c.Demand.Spreads {
		s := &c.Demand.Spreads[i]
		if s.Soft {
			continue
		}
		at, ok := y.domain(s.Key)
		if !ok {
			return false
		}
		if len(s.Pods.Labels) == 0 {
			continue
		}
		looked := func(z *yard) bool {
			lacks := slices.ContainsFunc(keys, func(key string) bool { _, ok := z.domain(key); return !ok })
			_, bad := cluster.Untolerated(z.taints, c.Demand.Tolerations)
			return !lacks && (!s.HonorAffinity || c.Demand.Selects(z.label)) && (!s.HonorTaints || !bad)
		}
		counts := e.count(c.Spreads[i], s.Key, looked)
		if s.Key == cluster.LabelHostname {
			counts["a node that nobody has bought"] = 0
		}
		for o := range e.snap.Offerings {
			x := &e.snap.Offerings[o]
			if zone, has := x.Label(s.Key); has && (!s.HonorAffinity || c.Demand.Admits(x.Label, e.snap.Pools[x.Pool].Taints)) {
				counts[zone] += 0
			}
		}
		if counts[at]+boolInt(c.In(c.Spreads[i]))-leastOf(counts, s.MinDomains) > s.MaxSkew {
			return false
		}
	}
	return true
}

func leastOf(counts map[string]int32, domains int32) int32 {
	least := int32(-1)
	for _, n := range counts {
		if least < 0 || n < least {
			least = n
		}
	}
	if int32(len(counts)) < domains {
		return 0
	}
	return max(least, 0)
}

func boolInt(b bool) int32 {
	if b {
		return 1
	}
	return 0
}

// knows tells whether the plan itself is one of those that are looked at: pods that
// came late need not be.
func (e *every) knows(p *plan.Plan) bool {
	rng := rand.New(rand.NewPCG(1, 4))
	hosts := len(e.nodes)
	steps, late := stepsOf(e.snap, p)
	steps = append(steps, late...)
	for range 100 {
		rest := slices.Clone(steps)
		rng.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
		var nodes []*yard
		for i := range p.Creates {
			nodes = append(nodes, e.buy(offeringOf(e.snap, &p.Creates[i])))
		}
		var came []func()
		for more := true; more; {
			before := len(rest)
			rest = slices.DeleteFunc(rest, func(s step) bool {
				y := nodes
				at := s.create
				if s.host >= 0 {
					y, at = e.nodes, s.host
				}
				if !e.may(s.class, y[at]) {
					return false
				}
				e.put(s.class, y[at], 1)
				came = append(came, func() { e.put(s.class, y[at], -1) })
				return true
			})
			more = len(rest) < before
		}
		for _, back := range came {
			back()
		}
		e.nodes = e.nodes[:hosts]
		if len(rest) == 0 {
			return true
		}
	}
	return false
}

package engine

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/repack"
)

// A pool with spec.replicas has so many nodes, whatever pods there are (static capacity).
// Pods may use them; no pass gives them back. Claims are named after the pool and an
// ordinal, always the lowest that is free, so that an engine that has not yet seen what
// its predecessor wrote writes the same once more.

// fixed is what is remembered of a pool with a fixed number of nodes. All of it can be
// lost.
type fixed struct {
	// unlaunched are claims that were written and have no instance yet, failures how many
	// have come to nothing in a row, and notBefore when the next may be written.
	unlaunched map[string]bool
	failures   int
	notBefore  cluster.Instant
	told       string // what keeps the pool from its number
}

const (
	// fillAgain is how long a pool whose claim came to nothing waits before another is
	// written; twice as long each time, up to fillMost.
	fillAgain = 10 * cluster.Second
	fillMost  = 5 * cluster.Minute
)

// keepReplicas brings the number of a pool's nodes to its spec.replicas, and returns when
// to look again. Budgets are not asked, as Karpenter documents; PodDisruptionBudgets are,
// by the drain.
func (e *Engine) keepReplicas(name string) cluster.Instant {
	p := e.pools[name]
	if p == nil || p.Replicas == nil || p.Invalid != "" || p.DeletingAt != 0 || !e.ours(p.Class) {
		delete(e.fixed, name)
		return cluster.Never
	}
	x := e.fixed[name]
	if x == nil {
		x = &fixed{unlaunched: map[string]bool{}}
		e.fixed[name] = x
	}
	e.countFailures(x)
	staying, total := e.members(p)
	switch cmp.Compare(int64(len(staying)), *p.Replicas) {
	case 1:
		e.endSurplus(p, staying)
	case -1:
		return e.fillUp(p, x, staying, total)
	default:
		x.told = ""
	}
	return cluster.Never
}

// countFailures notes what has become of the claims that were written.
func (e *Engine) countFailures(x *fixed) {
	for _, name := range slices.Sorted(maps.Keys(x.unlaunched)) {
		c := e.claims[name]
		_, coming := e.expected.by[claimKey(name)].effect.(CreateClaim)
		switch {
		case c != nil && c.Is(cluster.Launched):
			x.failures = 0
			delete(x.unlaunched, name)
		case c == nil && !coming || c != nil && c.Deleting():
			x.notBefore = e.now.Add(e.opts.scaled(min(fillAgain<<min(x.failures, 16), fillMost)))
			x.failures++
			delete(x.unlaunched, name)
		}
	}
}

// members are the claims of a pool that count as its nodes, those on their way included,
// sorted by name, and how many there are in all, as limits count them. What is being
// replaced does not count, since its replacement does.
func (e *Engine) members(p *cluster.Pool) (staying []*cluster.Claim, total int64) {
	for _, c := range e.claims {
		if c.Pool != p.Name || released(c) {
			continue
		}
		total++
		if !c.Deleting() && !e.deletionExpected(c) && !e.beingReplaced(c) {
			staying = append(staying, c)
		}
	}
	for _, c := range e.coming() {
		if c.Pool == p.Name {
			total++
			staying = append(staying, c)
		}
	}
	slices.SortFunc(staying, func(a, b *cluster.Claim) int { return strings.Compare(a.Name, b.Name) })
	return staying, total
}

// beingReplaced tells whether a claim is on its way out for good; one whose replacement
// did not come up will be kept.
func (e *Engine) beingReplaced(c *cluster.Claim) bool {
	m, doomed := doom(c)
	return e.disruptor.actions[c.Name].replaces(e, c) || doomed && (forced(m.reason) || e.lost(m) == "")
}

// replaces tells whether an action whose claims are being marked has a claim of the same
// pool for one of them. Where nodes go first it has none: such a claim counts until its mark
// is seen, or another would be written although it may stay.
func (x *action) replaces(e *Engine, c *cluster.Claim) bool {
	if x == nil {
		return false
	}
	before := 0
	for _, name := range x.claims {
		if name == c.Name {
			break
		}
		if o := e.claims[name]; o != nil && o.Pool == c.Pool {
			before++
		}
	}
	for _, f := range x.creates {
		if f.Claim.Pool == c.Pool {
			before--
		}
	}
	return before < 0
}

// endSurplus ends the claims that a pool has too many: those first that have no instance,
// then empty ones, then those whose pods are easiest to move.
func (e *Engine) endSurplus(p *cluster.Pool, claims []*cluster.Claim) {
	surplus := int64(len(claims)) - *p.Replicas
	type ending struct {
		*cluster.Claim
		cost  int64
		price cluster.Money
	}
	var ends []ending
	for _, c := range claims {
		if e.claims[c.Name] != nil {
			price, _, _ := cluster.Price(e.resolved[c.Class].Types, c.Offering())
			ends = append(ends, ending{c, e.costToEnd(c), price})
		}
	}
	slices.SortFunc(ends, func(a, b ending) int {
		return cmp.Or(cmp.Compare(a.cost, b.cost), -cmp.Compare(a.price, b.price), strings.Compare(a.Name, b.Name))
	})
	for _, c := range ends[:min(int64(len(ends)), surplus)] {
		if e.issue(DeleteClaim{Name: c.Name, UID: c.UID}) {
			bought := e.bought(c.Claim, c.Offering())
			e.note(Note{About: aboutClaim(c.Claim), Reason: "ScaledIn", Pool: p.Name, Bought: bought,
				Message: "Given back: " + cmp.Or(c.NodeName, c.Name) + bought.priced() + ": NodePool " + p.Name + " is to have " + strconv.FormatInt(*p.Replicas, 10) + " nodes (spec.replicas)"})
		}
	}
}

// costToEnd orders claims by what it amounts to that their nodes go: −2 for one without an
// instance, −1 for an empty one, for others the sum over their pods in millionths of a pod
// that is like any other. Nodes with protected pods come last.
func (e *Engine) costToEnd(c *cluster.Claim) int64 {
	n := e.nodeOfClaim(c)
	switch {
	case !c.Is(cluster.Launched):
		return -2
	case n == nil:
		return int64(e.meantFor(c, n)) - 1
	case e.isEmpty(c, n):
		return -1
	}
	cost := int64(0)
	for _, p := range e.podsOn[n.Name] {
		if p.Protected(e.now) {
			cost += 1 << 40
		}
		if p.Occupies() {
			cost += repack.Disruption(p)
		}
	}
	return cost
}

// fillUp writes claims for the nodes that a pool lacks, as far as its limit allows: the
// cheapest that its requirements allow, in the zones that have fewest where it costs the
// same.
func (e *Engine) fillUp(p *cluster.Pool, x *fixed, staying []*cluster.Claim, total int64) cluster.Instant {
	wanted := *p.Replicas - int64(len(staying))
	missing := wanted
	if !e.usable(p) || e.resolved[p.Class].stale {
		return cluster.Never // the class wakes its pools
	}
	if e.now < x.notBefore {
		return x.notBefore
	}
	if room, limited := nodesLeft(p, total); limited {
		missing = min(missing, room)
	}
	if missing <= 0 {
		e.tellShort(p, x, "its limits.nodes leaves no room for "+strconv.FormatInt(wanted, 10)+" of the "+strconv.FormatInt(*p.Replicas, 10)+" nodes that it is to have (spec.replicas)")
		return cluster.Never
	}
	offered := e.choiceOf(p, staying)
	var creates []plan.Create
	for _, name := range e.freeNames(p, int(missing)) {
		c, ok := offered.node(name, nil)
		if !ok {
			e.tellShort(p, x, "nothing that can be had meets its requirements and holds the DaemonSets of its nodes")
			return cluster.Never // what can be had is asked for again before long
		}
		creates = append(creates, c)
		x.unlaunched[name] = true
	}
	if missing == wanted {
		x.told = ""
	}
	e.create(creates)
	return cluster.Never
}

// nodesLeft is how many nodes more a pool may have when it has so many.
func nodesLeft(p *cluster.Pool, total int64) (room int64, limited bool) {
	for _, l := range p.Limits {
		if l.Name == cluster.NodesLimit {
			return l.Value - total, true
		}
	}
	return 0, false
}

// tellShort says on a pool why it lacks nodes, once for each reason.
func (e *Engine) tellShort(p *cluster.Pool, x *fixed, why string) {
	if x.told != why {
		x.told = why
		e.note(Note{About: Object{Kind: p.Kind(), Name: p.Name, UID: p.UID}, Warning: true, Reason: "ReplicasMissing", Pool: p.Name, Message: "NodePool " + p.Name + " lacks nodes: " + why})
	}
}

// choice is what nodes of a pool with a fixed number of them can be bought as.
type choice struct {
	pool  *cluster.Pool
	snap  *cluster.Snapshot
	all   []*cluster.PoolOffering // that hold the DaemonSets
	zones map[string]int          // nodes of the pool, those on their way included
}

func (e *Engine) choiceOf(p *cluster.Pool, members []*cluster.Claim) *choice {
	like := *p
	like.Replicas = nil
	x := &choice{pool: p, zones: map[string]int{}, snap: cluster.NewSnapshot(cluster.Input{
		Pools: []*cluster.Pool{&like}, Daemons: sorted(e.daemons), Overlays: values(e.overlays), Stocks: e.resolved[p.Class].Stocks,
		Types: map[cluster.ClassRef][]cluster.InstanceType{p.Class: e.resolved[p.Class].Types},
	})}
	for i := range x.snap.Offerings {
		if o := &x.snap.Offerings[i]; !slices.ContainsFunc(o.Free, func(left int64) bool { return left < 0 }) {
			x.all = append(x.all, o)
		}
	}
	for _, c := range members {
		zone := c.Offering().Zone
		if zone == "" && c.Launch != nil {
			zone = c.Launch.Offerings[0].Zone
		}
		x.zones[zone]++
	}
	return x
}

// node is one to buy, whose claim gets the name. It has room for a load beside the
// DaemonSets, if anything that can be had does; ok is false if nothing can be had.
func (x *choice) node(name string, load cluster.Resources) (c plan.Create, ok bool) {
	fit := slices.DeleteFunc(slices.Clone(x.all), func(o *cluster.PoolOffering) bool { return !x.leaves(o, load) })
	if len(fit) == 0 {
		fit = slices.Clone(x.all)
	}
	if len(fit) == 0 {
		return c, false
	}
	slices.SortStableFunc(fit, func(a, b *cluster.PoolOffering) int {
		return cmp.Or(cmp.Compare(a.Price, b.Price), cmp.Compare(x.zones[a.ID.Zone], x.zones[b.ID.Zone]))
	})
	c = plan.Create{Pool: x.pool.Name, Claim: name, Price: fit[0].Price, Imputed: fit[0].Imputed, Requests: taken(x.snap.Resources, fit[0])}
	for _, o := range fit[:min(len(fit), maxAlternatives)] {
		c.Offerings = append(c.Offerings, o.ID)
	}
	x.zones[c.Offerings[0].Zone]++
	return c, true
}

// leaves tells whether an offering leaves room for a load.
func (x *choice) leaves(o *cluster.PoolOffering, load cluster.Resources) bool {
	for _, r := range load {
		at := slices.Index(x.snap.Resources, r.Name)
		if r.Value > 0 && (at < 0 || o.Free[at] < r.Value) {
			return false
		}
	}
	return true
}

// taken is what DaemonSets take of an offering.
func taken(names []string, o *cluster.PoolOffering) cluster.Resources {
	used := map[string]int64{}
	for i, name := range names {
		if n := o.Allocatable[i] - o.Free[i]; n > 0 {
			used[name] = n
		}
	}
	return cluster.NewResources(used)
}

// freeNames are names for n more claims of a pool with a fixed number of nodes.
func (e *Engine) freeNames(p *cluster.Pool, n int) []string {
	drafted := map[string]bool{}
	for _, c := range e.drafted() {
		drafted[c.Name] = true
	}
	var out []string
	for ordinal := 0; len(out) < n; ordinal++ {
		name := p.Name + "-" + hash(p.UID, "replica", strconv.Itoa(ordinal))
		if _, known := e.expected.by[claimKey(name)]; e.claims[name] == nil && !known && !drafted[name] {
			out = append(out, name)
		}
	}
	return out
}

// succession is what replaces nodes of pools with a fixed number of them.
type succession struct {
	e       *Engine
	why     cluster.Reason
	offered map[string]*choice  // by pool
	names   map[string][]string // that are left for claims, as far as limits allow
	next    map[string]plan.Create
}

// successors are what replaces those of the claims whose pool has a fixed number of nodes,
// by node; and the claims without those that cannot be replaced now.
func (e *Engine) successors(claims []*cluster.Claim, why cluster.Reason) (next map[string]plan.Create, rest []*cluster.Claim) {
	s := &succession{e: e, why: why, offered: map[string]*choice{}, names: map[string][]string{}, next: map[string]plan.Create{}}
	for _, c := range claims {
		p := e.pools[c.Pool]
		if p == nil || p.Replicas == nil || e.goesFirst(c) && !forced(why) || s.add(p, c, len(claims)) || forced(why) {
			rest = append(rest, c)
		}
	}
	return s.next, rest
}

// add finds what replaces a claim, and tells whether there is anything. of is how many
// claims there are in all.
func (s *succession) add(p *cluster.Pool, c *cluster.Claim, of int) bool {
	e := s.e
	staying, total := e.members(p)
	if int64(len(staying)) > *p.Replicas {
		return false // it may be one of those that go without
	}
	if s.offered[p.Name] == nil {
		s.offered[p.Name] = e.choiceOf(p, staying)
		n := int64(of)
		if room, limited := nodesLeft(p, total); limited {
			n = min(n, max(room, 0))
		}
		s.names[p.Name] = e.freeNames(p, int(n))
	}
	names := s.names[p.Name]
	if len(names) == 0 {
		if !forced(s.why) {
			e.tellKept(c, e.nodeOfClaim(c), "limits.nodes of NodePool "+p.Name+" leaves no room for its replacement: raise it, or let nodes go first ("+replaceOrder+": "+terminateFirst+")")
		}
		return false
	}
	var load cluster.Resources
	for _, pod := range e.occupants(c.NodeName) {
		load = load.Plus(pod.Demand.Requests)
	}
	x, ok := s.offered[p.Name].node(names[0], load)
	if ok {
		s.next[c.NodeName], s.names[p.Name] = x, names[1:]
	}
	return ok
}

package cluster

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Site is the records of one host. One of Claim and Node may be nil.
type Site struct {
	Claim *Claim
	Node  *Node
	Pods  []*Pod // bound to the node
	// CSINode is what storage drivers say of the node, nil if nothing; Attachments are what
	// hangs there.
	CSINode     *CSINode
	Attachments []*VolumeAttachment
	// Emptied: it is taken to be on its way out, as in [Input.Emptied].
	Emptied bool
}

func (s *Site) name() string {
	if s.Node != nil {
		return s.Node.Name
	}
	return s.Claim.Name
}

// Amend is the ground of an input that differs from this ground's in a few hosts, and
// takes as long as these do, apart from copying: the same that [NewGround] makes of all
// records. in has no Nodes, Claims and Emptied, and Pods, CSINodes and Attachments only of nodes
// that are not there: those of the hosts that are new or may be others now are in sites, and
// gone are the names of hosts that are not there any more. ok is false if more has changed than
// that and the storage, or if something depends on hosts that is not kept up to date here:
// devices, node groups, hosts of one name.
func (g *Ground) Amend(in Input, sites []Site, gone []string) (next *Ground, ok bool) {
	if !g.amendable() || !simple(&in) {
		return nil, false
	}
	next = &Ground{in: in, amended: true, index: g.index, leaves: map[*Pod]bool{}, namespaces: map[string]Labels{}, devices: g.devices, undecided: g.undecided}
	next.volumes, next.usage = g.volumesOf(&in), sync.OnceValue(next.countUsage)
	next.out.Resources, next.out.SameDevices, next.out.Conflicting = g.out.Resources, g.out.SameDevices, g.out.Conflicting
	b := newBuilder(next, g.terms)
	b.addPools()
	if !next.sameTerms(g) || !next.samePools(g) || !next.names(sites) {
		return nil, false
	}
	next.gather(in.Gangs)
	next.out.Offerings, next.out.Wares, next.out.Zones = g.out.Offerings, g.out.Wares, g.out.Zones
	b.addStocks()
	for _, n := range in.Namespaces {
		next.namespaces[n.Name] = n.Labels
	}
	next.terms = b.terms
	a := amendment{builder: b, old: g}
	if a.addSites(slices.Concat(sites, a.restored(sites, gone))); a.fresh == nil {
		return nil, false // two of them have one name
	}
	a.replace(gone)
	a.recount()
	a.moveResidents()
	return next, true
}

// amendable tells whether a ground can be amended at all.
func (g *Ground) amendable() bool {
	return g != nil && g.sites != nil && len(g.sites) == len(g.out.Hosts) && !g.terms.loose && g.terms.sold != nil && len(g.unbound) == 0 &&
		simple(&g.in) && len(g.in.Lifted)+len(g.in.Staying) == 0 && len(g.devices.names) == 0 &&
		!slices.ContainsFunc(g.out.Pools, func(p PoolState) bool { return p.Shape != Free })
}

// simple tells whether an input holds nothing that ties hosts together.
func simple(in *Input) bool {
	return len(in.ResourceClaims)+len(in.ResourceSlices)+len(in.DeviceClasses) == 0
}

// names tells whether there is a component for everything that hosts, and those who are on none,
// speak of.
func (g *Ground) names(sites []Site) bool {
	known := func(r Resources) bool {
		return !slices.ContainsFunc(r, func(a Amount) bool { return g.component(a.Name) < 0 })
	}
	others := func(p *Pod) bool { return !p.Terminal() && !known(p.Demand.Requests) }
	for i := range sites {
		s := &sites[i]
		if s.Node != nil && !known(s.Node.Allocatable) || s.Claim != nil && !known(s.Claim.Allocatable) ||
			!known(s.CSINode.limits()) || slices.ContainsFunc(s.Pods, others) {
			return false
		}
	}
	return !slices.ContainsFunc(g.in.Pods, others) && !slices.ContainsFunc(g.in.CSINodes, func(n *CSINode) bool { return !known(n.Limits) })
}

// amendment is a ground in the making that is like another apart from some hosts.
type amendment struct {
	*builder
	old   *Ground
	fresh []*site // of the hosts in out, which are the new ones at first; nil if two have one name
	drops []int32 // hosts of old that go or are replaced, ascending
	place []int32 // where each host of old is now, −1 for those
	at    []int32 // where each of fresh is
}

// restored are those hosts of old, beside some, whose volumes are not what they were.
func (a *amendment) restored(sites []Site, gone []string) []Site {
	if a.volumes == a.old.volumes {
		return nil
	}
	others := make(map[string]bool, len(sites)+len(gone))
	for i := range sites {
		others[sites[i].name()] = true
	}
	for _, name := range gone {
		others[name] = true
	}
	var out []Site
	for i, s := range a.old.sites {
		if h := &a.old.out.Hosts[i]; !s.sameVolumes(a.volumes) && !others[h.Name] {
			out = append(out, Site{Claim: s.claim, Node: s.node, Pods: s.pods, CSINode: s.csi, Attachments: s.attached, Emptied: h.Closed == beingDeleted})
		}
	}
	return out
}

// addSites works the new hosts out. They are alone in out then, by name.
func (a *amendment) addSites(sites []Site) {
	a.in.Emptied = map[string]bool{}
	for i := range sites {
		s := &sites[i]
		a.in.Emptied[s.name()] = s.Emptied
		if s.Node != nil {
			a.csiNodes[s.Node.Name], a.attachments[s.Node.Name] = s.CSINode, byName(s.Attachments)
		}
		pods := s.Pods
		if slices.ContainsFunc(pods, (*Pod).Terminal) {
			pods = slices.DeleteFunc(slices.Clone(pods), (*Pod).Terminal)
		}
		if len(pods) == 0 {
			pods = nil
		}
		a.addHost(s.Claim, s.Node, pods)
	}
	a.in.Emptied = nil
	slices.SortFunc(a.out.Hosts, func(x, y Host) int { return strings.Compare(x.Name, y.Name) })
	a.fresh = a.sitesInOrder()
}

// replace puts the new hosts among the others.
func (a *amendment) replace(gone []string) {
	drop := func(name string) {
		if i, found := a.old.find(name); found {
			a.drops = append(a.drops, int32(i))
		}
	}
	for _, name := range gone {
		drop(name)
	}
	fresh := a.out.Hosts
	for i := range fresh {
		drop(fresh[i].Name)
	}
	slices.Sort(a.drops)
	a.drops = slices.Compact(a.drops)
	n := len(a.old.out.Hosts) - len(a.drops) + len(fresh)
	hosts, sites := slices.Grow([]Host(nil), n), make([]*site, 0, n)
	a.place = make([]int32, len(a.old.out.Hosts))
	take := func(from, to int) { // hosts of old that stay
		for i := from; i < to; i++ {
			a.place[i] = int32(len(hosts) + i - from)
		}
		hosts, sites = append(hosts, a.old.out.Hosts[from:to]...), append(sites, a.old.sites[from:to]...)
	}
	next, drops := 0, a.drops
	for i := range fresh {
		upTo, replaced := a.old.find(fresh[i].Name)
		for len(drops) > 0 && int(drops[0]) < upTo {
			take(next, int(drops[0]))
			next, drops = int(drops[0])+1, drops[1:]
		}
		take(next, upTo)
		if next = upTo; replaced {
			next, drops = upTo+1, drops[1:]
		}
		a.at = append(a.at, int32(len(hosts)))
		hosts, sites = append(hosts, fresh[i]), append(sites, a.fresh[i])
	}
	for _, d := range drops {
		take(next, int(d))
		next = int(d) + 1
	}
	take(next, len(a.old.out.Hosts))
	for _, d := range a.drops {
		a.place[d] = -1
	}
	a.out.Hosts, a.Ground.sites = hosts, sites
}

// find returns where a host of that name is, or would be.
func (g *Ground) find(name string) (at int, found bool) {
	return slices.BinarySearchFunc(g.out.Hosts, name, func(h Host, name string) int { return strings.Compare(h.Name, name) })
}

// recount brings up to date what pools have, and who waits for another host.
func (a *amendment) recount() {
	for i := range a.out.Pools {
		was := &a.old.out.Pools[i]
		p := &a.out.Pools[i]
		p.Used, p.Nodes, p.Zones = was.Used, was.Nodes, maps.Clone(was.Zones)
	}
	count := func(h *Host, s *site, by int64) {
		if h.Pool < 0 {
			return
		}
		p := &a.out.Pools[h.Pool]
		what := s.capacity.Plus(Resources{{NodesLimit, 1}})
		if p.Nodes += by; by > 0 {
			p.Used = p.Used.Plus(what)
		} else {
			p.Used = p.Used.Minus(what)
		}
		zone, ok := h.Labels[LabelZone]
		if !ok {
			return
		}
		if p.Zones == nil {
			p.Zones = map[string]int64{}
		}
		if p.Zones[zone] += by; p.Zones[zone] == 0 {
			delete(p.Zones, zone)
		}
	}
	for _, d := range a.drops {
		count(&a.old.out.Hosts[d], a.old.sites[d], -1)
	}
	for i, s := range a.fresh {
		count(&a.out.Hosts[a.at[i]], s, 1)
	}
	for i := range a.out.Pools {
		if p := &a.out.Pools[i]; len(p.Zones) == 0 {
			p.Zones = nil
		}
	}
	left := map[*Pod]bool{}
	for _, d := range a.drops {
		for _, p := range a.old.sites[d].waits {
			left[p] = true
		}
	}
	for _, p := range a.old.displaced {
		if !left[p] {
			a.displaced = append(a.displaced, p)
			a.leaves[p] = true
		}
	}
}

// moveResidents brings up to date which pods are on which hosts. For the new ones that is
// found out as for a whole ground.
func (a *amendment) moveResidents() {
	few := Ground{leaves: a.leaves}
	for _, at := range a.at {
		few.out.Hosts = append(few.out.Hosts, a.out.Hosts[at])
	}
	few.addResidents()
	type alike struct {
		identity *Identity
		deleting bool
	}
	of := map[alike]*resident{}
	for i := range few.residents {
		r := &few.residents[i]
		of[alike{r.identity, r.deleting}] = r
	}
	add := func(r resident, kept, fresh []Count) {
		for i := range fresh {
			fresh[i].Host = a.at[fresh[i].Host]
		}
		if r.hosts = mergedBy(kept, fresh, func(x, y Count) int { return cmp.Compare(x.Host, y.Host) }); len(r.hosts) > 0 {
			a.residents = append(a.residents, r)
		}
	}
	for _, r := range a.old.residents {
		kept := make([]Count, 0, len(r.hosts)+4)
		for _, c := range r.hosts {
			if at := a.place[c.Host]; at >= 0 {
				kept = append(kept, Count{at, c.Pods})
			}
		}
		var fresh []Count
		k := alike{r.identity, r.deleting}
		if x := of[k]; x != nil {
			fresh = x.hosts
			delete(of, k)
		}
		add(r, kept, fresh)
	}
	for _, r := range few.residents {
		if of[alike{r.identity, r.deleting}] != nil {
			add(r, nil, r.hosts)
		}
	}
	a.moveRepellers(few.repellers)
}

func (a *amendment) moveRepellers(few []repeller) {
	of := map[*Demand][]int32{}
	for _, r := range few {
		for i := range r.hosts {
			r.hosts[i] = a.at[r.hosts[i]]
		}
		of[r.demand] = r.hosts
	}
	for _, r := range a.old.repellers {
		kept := make([]int32, 0, len(r.hosts)+4)
		for _, h := range r.hosts {
			if at := a.place[h]; at >= 0 {
				kept = append(kept, at)
			}
		}
		if hosts := mergedBy(kept, of[r.demand], cmp.Compare[int32]); len(hosts) > 0 {
			a.repellers = append(a.repellers, repeller{r.demand, hosts})
		}
		delete(of, r.demand)
	}
	for _, r := range few {
		if _, left := of[r.demand]; left {
			a.repellers = append(a.repellers, r)
		}
	}
	// Groups are numbered as they are met.
	slices.SortFunc(a.repellers, func(x, y repeller) int {
		return cmp.Or(cmp.Compare(x.hosts[0], y.hosts[0]), cmp.Compare(a.first(x), a.first(y)))
	})
}

// first is which of the pods on the first host of a repeller is the first of those.
func (a *amendment) first(r repeller) int {
	return slices.IndexFunc(a.out.Hosts[r.hosts[0]].Pods, func(p *Pod) bool { return p.Demand == r.demand && !a.leaves[p] })
}

// mergedBy is what two sorted lists hold, in order; it may be the first list.
func mergedBy[T any](x, y []T, order func(a, b T) int) []T {
	if len(y) == 0 {
		return x
	}
	out := make([]T, 0, len(x)+len(y))
	for _, v := range y {
		at, _ := slices.BinarySearchFunc(x, v, order)
		out = append(append(out, x[:at]...), v)
		x = x[at:]
	}
	return append(out, x...)
}

// input is all records that the ground was made of.
func (g *Ground) input() Input {
	if !g.amended {
		return g.in
	}
	in := g.in
	in.Emptied = map[string]bool{}
	in.Pods, in.CSINodes, in.Attachments = slices.Clone(in.Pods), slices.Clone(in.CSINodes), slices.Clone(in.Attachments)
	for i, s := range g.sites {
		if s.claim != nil {
			in.Claims = append(in.Claims, s.claim)
		}
		if s.node != nil {
			in.Nodes = append(in.Nodes, s.node)
		}
		if s.csi != nil {
			in.CSINodes = append(in.CSINodes, s.csi)
		}
		in.Pods, in.Attachments = append(in.Pods, s.pods...), append(in.Attachments, s.attached...)
		if g.out.Hosts[i].Closed == beingDeleted {
			in.Emptied[g.out.Hosts[i].Name] = true
		}
	}
	return in
}

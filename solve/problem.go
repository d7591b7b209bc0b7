package solve

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/pack"
	"github.com/ullage-sh/ullage/topology"
)

// problem is a snapshot laid out for solving: the problem that package pack sees,
// and what leads back from it. It does not change once built.
type problem struct {
	snap    *cluster.Snapshot
	opt     Options
	relaxed []bool

	// split is what constraints between pods come to. Its items are packing's.
	split *topology.Split
	// dims are the components of the snapshot's vectors that some class asks for:
	// the first dimensions of packing. Rows below hold these and no others.
	dims    []int
	request []int64 // a row for each item: what one unit asks for

	profiles  []profile
	profile   []int32 // of each class, −1 for one that is refused
	hosts     *side
	offerings *side

	hostFree  []int64         // a row for each host
	offerFree []int64         // a row for each offering
	prices    []cluster.Money // of each offering
	pools     []pool
	quotas    quotas

	packing pack.Problem
	hostOf  []int32 // the host behind each of packing's
	offerOf []int32 // the cheapest offering of each of packing's shapes
}

// profile is what node selection sees of one or more classes, and the places it
// leaves to them.
type profile struct {
	class            *cluster.Class // one of them
	hosts, offerings pack.Set
	// looks are about closed hosts, too.
	looks     *topology.Looks
	preferred []topology.Preferred
	// price of preferences of classes whose demand does not name one.
	price int64
}

// newProblem lays a snapshot out. relaxed are the classes whose preferences are
// ignored.
func newProblem(snap *cluster.Snapshot, opt Options, relaxed []bool) *problem {
	p := &problem{snap: snap, opt: opt, relaxed: relaxed}
	p.addDims()
	p.addSides()
	p.addPools()
	p.addProfiles()
	p.addItems()
	p.layOut()
	return p
}

// row returns the i-th row of a matrix whose rows are as wide as dims.
func (p *problem) row(m []int64, i int32) []int64 {
	n := len(p.dims)
	return m[int(i)*n : (int(i)+1)*n : (int(i)+1)*n]
}

// appendRow appends v's components in dims.
func (p *problem) appendRow(m []int64, v cluster.Vector) []int64 {
	for _, d := range p.dims {
		m = append(m, v[d])
	}
	return m
}

func (p *problem) addDims() {
	asked := make([]bool, len(p.snap.Resources))
	for i := range p.snap.Classes {
		c := &p.snap.Classes[i]
		if len(c.Refused) > 0 {
			continue
		}
		for d, v := range c.Requests {
			asked[d] = asked[d] || v > 0
		}
	}
	for d, is := range asked {
		if is {
			p.dims = append(p.dims, d)
		}
	}
}

func (p *problem) addSides() {
	hosts, offerings := p.snap.Hosts, p.snap.Offerings
	p.hosts = newSide(len(hosts), true, func(i int, key string) (string, bool) { return hosts[i].Label(key) })
	p.hostFree = make([]int64, 0, len(hosts)*len(p.dims))
	for i := range hosts {
		h := &hosts[i]
		p.hosts.addPlace(h.Taints, h.Expected)
		p.hostFree = p.appendRow(p.hostFree, h.Free)
	}
	p.offerings = p.opt.Memory.sideOf(p.snap)
	p.prices = make([]cluster.Money, len(offerings))
	p.offerFree = make([]int64, 0, len(offerings)*len(p.dims))
	for i := range offerings {
		p.prices[i] = offerings[i].Price
		p.offerFree = p.appendRow(p.offerFree, offerings[i].Free)
	}
}

func (p *problem) addProfiles() {
	hosts, offerings := p.open()
	index := map[string]int32{}
	var key []byte
	p.profile = make([]int32, len(p.snap.Classes))
	plain := int32(-1) // the profile of plain classes
	for i := range p.snap.Classes {
		c := &p.snap.Classes[i]
		switch {
		case c.Plain && plain >= 0:
			p.profile[i] = plain
			continue
		case len(c.Refused) > 0:
			p.profile[i] = -1
			continue
		}
		key = appendProfile(key[:0], c)
		id, ok := index[string(key)]
		if !ok {
			id = int32(len(p.profiles))
			index[string(key)] = id
			p.profiles = append(p.profiles, p.newProfile(c, hosts, offerings))
		}
		if p.profile[i] = id; c.Plain {
			plain = id
		}
	}
}

// newProfile finds which of the open hosts and offerings node selection leaves to a
// class.
func (p *problem) newProfile(c *cluster.Class, hosts, offerings pack.Set) profile {
	q := profile{class: c, hosts: slices.Clone(hosts), offerings: slices.Clone(offerings)}
	q.looks = &topology.Looks{Selected: pack.FullSet(len(p.snap.Hosts)), Tolerated: p.hosts.tolerated(c.Demand.Tolerations)}
	p.hosts.selected(q.looks.Selected, c.Demand)
	p.hosts.affine(q.looks.Selected, c.Demand)
	p.hosts.admit(q.hosts, c)
	p.offerings.admit(q.offerings, c)
	for _, x := range c.Barred {
		p.pools[x.Pool].leave(q.offerings)
	}
	p.admitDevices(&q, c)
	p.addPreferred(&q)
	q.price = p.poolPrice(&q)
	return q
}

// open returns the hosts that take pods and the offerings that may be bought.
func (p *problem) open() (hosts, offerings pack.Set) {
	hosts, offerings = pack.NewSet(len(p.snap.Hosts)), pack.NewSet(len(p.snap.Offerings))
	for i := range p.snap.Hosts {
		if p.snap.Hosts[i].Closed == "" {
			hosts.Add(i)
		}
	}
	for i := range p.snap.Offerings {
		if p.pools[p.snap.Offerings[i].Pool].closed == "" {
			offerings.Add(i)
		}
	}
	return hosts, offerings
}

// addItems splits the classes into what packing sees.
func (p *problem) addItems() {
	p.split = topology.New(p.snap, p.classes(true), p.opt.Memory.forTopology())
	p.request = make([]int64, 0, len(p.split.Items)*len(p.dims))
	for i := range p.split.Items {
		p.request = p.appendRow(p.request, p.split.Items[i].Size)
	}
}

// classes tells what node selection says of each class. Those that packing does not
// understand have no places if it is for packing.
func (p *problem) classes(packing bool) []topology.Class {
	classes := make([]topology.Class, len(p.snap.Classes))
	for i, id := range p.profile {
		if id < 0 {
			continue
		}
		q, x := &p.profiles[id], &classes[i]
		x.Places = topology.Places{Hosts: q.hosts, Offerings: q.offerings}
		x.Looks, x.Preferred = q.looks, q.preferred
		if !p.relaxed[i] {
			x.PreferencePrice = q.price
		}
	}
	for _, i := range p.snap.Special() {
		if p.profile[i] < 0 {
			continue
		}
		c, x := &p.snap.Classes[i], &classes[i]
		if packing && p.tied(c) {
			x.Places = topology.Places{Hosts: pack.NewSet(len(p.snap.Hosts)), Offerings: pack.NewSet(len(p.snap.Offerings))}
		}
		if !p.relaxed[i] {
			x.PreferencePrice = p.preferencePrice(c, &p.profiles[p.profile[i]])
		}
	}
	return classes
}

// tied tells whether where one pod of a class goes decides where others can: they
// share a volume that is yet to be made, or may find the same one; they share a claim
// to devices, or want all that a node has; or they want to be
// near pods that run, by several terms: nowhere may one of them then be the first by
// one term only. Packing does not know; they are left over and placed one by one.
func (p *problem) tied(c *cluster.Class) bool {
	if len(c.Demand.PodAffinity) > 1 && len(p.snap.Groups[c.Affinity].Hosts) > 0 {
		return true
	}
	return !c.Exact() || slices.ContainsFunc(c.Volumes, func(v cluster.ClassVolume) bool { return v.Waits && (v.ID != "" || len(v.Found) > 0) })
}

// admitDevices keeps the places that have devices of the kinds that a class claims.
// How many is packing's business.
func (p *problem) admitDevices(q *profile, c *cluster.Class) {
	for i := range c.Claims {
		if x := &c.Claims[i]; x.Nodes != nil {
			p.hosts.any(q.hosts, x.Nodes)
			p.offerings.any(q.offerings, x.Nodes)
		}
		for _, a := range c.Claims[i].Asks {
			lacks := func(v cluster.Vector) bool { return v[a.Resource] == 0 || cluster.Unmatched(v[a.Resource]) }
			for h := range q.hosts.All {
				if lacks(p.snap.Hosts[h].Allocatable) {
					q.hosts.Remove(h)
				}
			}
			for o := range q.offerings.All {
				if lacks(p.snap.Offerings[o].Allocatable) {
					q.offerings.Remove(o)
				}
			}
		}
	}
}

// holds tells whether free has room for request. What is not asked for never
// rejects, even where it is overcommitted.
func holds(free, request []int64) bool {
	for i, want := range request {
		if want > 0 && want > free[i] {
			return false
		}
	}
	return true
}

// total adds up what takes ask for.
func (p *problem) total(takes []pack.Take) []int64 {
	sum := make([]int64, len(p.dims))
	for _, t := range takes {
		for d, v := range p.row(p.request, t.Item) {
			sum[d] += int64(t.Count) * v
		}
	}
	return sum
}

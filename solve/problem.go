package solve

import (
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/pack"
)

// problem is a snapshot laid out for solving: the problem that package pack sees,
// and what leads back from it. It does not change once built.
type problem struct {
	snap *cluster.Snapshot
	opt  Options

	// dims are the components of the snapshot's vectors that some class asks for:
	// the dimensions of packing. Rows below hold these and no others.
	dims    []int
	classes []class // the items of packing
	request []int64 // a row for each class: what one of its pods asks for

	profiles  []profile
	hosts     *side
	offerings *side

	hostFree  []int64 // a row for each host
	offerFree []int64 // a row for each offering
	pools     []pool
	quotas    quotas

	packing pack.Problem
	hostOf  []int32 // the host behind each of packing's
	offerOf []int32 // the cheapest offering of each of packing's shapes
}

// class is a class of waiting pods that may be placed.
type class struct {
	source  int // index into Snapshot.Classes
	profile int32
}

// profile is what node selection sees of one or more classes, and the places it
// leaves to them.
type profile struct {
	demand           *cluster.Demand // of one of the classes
	hosts, offerings bitset
}

func newProblem(snap *cluster.Snapshot, opt Options) *problem {
	p := &problem{snap: snap, opt: opt}
	p.addClasses()
	p.addSides()
	p.addProfiles()
	p.addPools()
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

func (p *problem) addClasses() {
	asked := make([]bool, len(p.snap.Resources))
	for i := range p.snap.Classes {
		c := &p.snap.Classes[i]
		if len(c.Demand.Refused) > 0 {
			continue
		}
		p.classes = append(p.classes, class{source: i})
		for d, v := range c.Requests {
			asked[d] = asked[d] || v > 0
		}
	}
	for d, is := range asked {
		if is {
			p.dims = append(p.dims, d)
		}
	}
	for i := range p.classes {
		p.request = p.appendRow(p.request, p.snap.Classes[p.classes[i].source].Requests)
	}
}

func (p *problem) addSides() {
	p.hosts = newSide(len(p.snap.Hosts))
	for i := range p.snap.Hosts {
		h := &p.snap.Hosts[i]
		p.hosts.addPlace(h.Labels, h.Taints)
		p.hostFree = p.appendRow(p.hostFree, h.Free)
	}
	p.offerings = newSide(len(p.snap.Offerings))
	for i := range p.snap.Offerings {
		o := &p.snap.Offerings[i]
		p.offerings.addPlace(o.Labels, p.snap.Pools[o.Pool].Taints)
		p.offerFree = p.appendRow(p.offerFree, o.Free)
	}
}

func (p *problem) addProfiles() {
	index := map[string]int32{}
	var key []byte
	for i := range p.classes {
		d := p.snap.Classes[p.classes[i].source].Demand
		key = appendProfile(key[:0], d)
		id, ok := index[string(key)]
		if !ok {
			id = int32(len(p.profiles))
			index[string(key)] = id
			p.profiles = append(p.profiles, profile{demand: d, hosts: p.hosts.admitting(d), offerings: p.offerings.admitting(d)})
		}
		p.classes[i].profile = id
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

// sum adds up what takes ask for.
func (p *problem) sum(row []int64, takes []pack.Take) {
	clear(row)
	for _, t := range takes {
		for d, v := range p.row(p.request, t.Item) {
			row[d] += int64(t.Count) * v
		}
	}
}

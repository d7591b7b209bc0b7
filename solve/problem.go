package solve

import (
	"cmp"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// problem is a snapshot laid out for solving. It does not change once built.
type problem struct {
	snap *cluster.Snapshot
	opt  Options

	// dims are the components of the snapshot's vectors that some class asks for.
	// Rows below hold these and no others.
	dims    []int
	classes []class // largest first
	request []int64 // a row for each class: what one of its pods asks for
	// least is a row for each 64 classes: the least that any of them asks for.
	least []int64

	profiles  []profile
	hosts     *side
	offerings *side

	hostKinds  kinds
	hostKind   []int32 // of each host, −1 where no pod may or can be added
	hostFree   []int64 // a row for each host
	offerFree  []int64 // a row for each offering
	shapeKinds kinds
	shapes     []shape // by tier, then price
	shapeFree  []int64 // a row for each shape
	tiers      []tier  // highest weight first
	pools      []pool
	quotas     quotas
}

// class is a class of waiting pods that may be placed.
type class struct {
	source  int // index into Snapshot.Classes
	profile int32
	count   int32
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
	p.addHosts()
	p.addShapes()
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
		p.classes = append(p.classes, class{source: i, count: int32(len(c.Pods))})
		for d, v := range c.Requests {
			asked[d] = asked[d] || v > 0
		}
	}
	for d, is := range asked {
		if is {
			p.dims = append(p.dims, d)
		}
	}
	p.orderClasses()
	for i := range p.classes {
		p.request = p.appendRow(p.request, p.snap.Classes[p.classes[i].source].Requests)
	}
	n := len(p.dims)
	p.least = make([]int64, (len(p.classes)+63)/64*n)
	for i := range p.classes {
		least, r := p.row(p.least, int32(i/64)), p.row(p.request, int32(i))
		for d, v := range r {
			if i%64 == 0 || v < least[d] {
				least[d] = v
			}
		}
	}
}

// orderClasses puts the largest first, measured against the mean room of what
// can be bought, or of the open hosts where nothing can. The order depends on nothing
// that a plan changes, so that solving again fills hosts in the same way.
func (p *problem) orderClasses() {
	mean := make([]float64, len(p.dims))
	for i, d := range p.dims {
		for j := range p.snap.Offerings {
			mean[i] += float64(max(p.snap.Offerings[j].Free[d], 0))
		}
		for j := range p.snap.Hosts {
			if h := &p.snap.Hosts[j]; len(p.snap.Offerings) == 0 && h.Closed == "" {
				mean[i] += float64(max(h.Allocatable[d], 0))
			}
		}
	}
	size := make([]float64, len(p.snap.Classes))
	for _, c := range p.classes {
		for i, d := range p.dims {
			if mean[i] > 0 {
				size[c.source] += float64(p.snap.Classes[c.source].Requests[d]) / mean[i]
			}
		}
	}
	slices.SortFunc(p.classes, func(a, b class) int {
		return cmp.Or(-cmp.Compare(size[a.source], size[b.source]), cmp.Compare(a.source, b.source))
	})
}

func (p *problem) addSides() {
	p.hosts = newSide(len(p.snap.Hosts))
	for i := range p.snap.Hosts {
		p.hosts.addPlace(p.snap.Hosts[i].Labels, p.snap.Hosts[i].Taints)
	}
	p.offerings = newSide(len(p.snap.Offerings))
	for i := range p.snap.Offerings {
		o := &p.snap.Offerings[i]
		p.offerings.addPlace(o.Labels, p.snap.Pools[o.Pool].Taints)
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

// addHosts finds the hosts that can take any pod at all.
func (p *problem) addHosts() {
	p.hostKind = make([]int32, len(p.snap.Hosts))
	admits := transpose(p.profiles, len(p.snap.Hosts), func(q *profile) bitset { return q.hosts })
	for i := range p.snap.Hosts {
		h := &p.snap.Hosts[i]
		p.hostFree = p.appendRow(p.hostFree, h.Free)
		p.hostKind[i] = -1
		if h.Closed == "" && p.roomForAny(p.row(p.hostFree, int32(i))) {
			p.hostKind[i] = p.hostKinds.id(p, admits.row(i), -1, 0)
		}
	}
}

// roomForAny tells whether room that small could hold a pod; some that could not
// pass as well.
func (p *problem) roomForAny(free []int64) bool {
	for i := range len(p.classes) {
		if i%64 == 0 && holds(free, p.row(p.least, int32(i/64))) {
			return true
		}
	}
	return false
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

// howMany returns how often request goes into free, at most n times.
func howMany(free, request []int64, n int32) int32 {
	for i, want := range request {
		if want <= 0 {
			continue
		}
		if free[i] < want {
			return 0
		}
		// The product of an int32 and less than 2³² cannot overflow.
		if n > 1 && (want >= 1<<32 || int64(n)*want > free[i]) {
			n = int32(min(int64(n), free[i]/want))
		}
	}
	return n
}

// take is a number of pods of one class on one node.
type take struct{ class, count int32 }

// sum adds up what takes ask for.
func (p *problem) sum(row []int64, takes []take) {
	clear(row)
	for _, t := range takes {
		for d, v := range p.row(p.request, t.class) {
			row[d] += int64(t.count) * v
		}
	}
}

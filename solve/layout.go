package solve

import (
	"encoding/binary"
	"slices"

	"github.com/ullage-sh/ullage/pack"
	"github.com/ullage-sh/ullage/topology"
)

// layOut states the problem to package pack: an open host is a host, and offerings
// that no waiting pod can tell apart (same pool, same room, same pods admitted, same
// share of the pool's limits) are one shape, of which only the cheapest counts.
func (p *problem) layOut() {
	p.packing.Room = make([]int64, len(p.dims), len(p.dims)+len(p.split.Dims))
	for i := range p.split.Dims {
		p.packing.Room = append(p.packing.Room, int64(p.split.Dims[i].Room))
	}
	p.packing.NodeCharge = int64(p.opt.NodeCharge)
	p.packing.Quotas = p.quotas.room
	slab := make(slab, 0, (len(p.split.Items)+len(p.snap.Hosts))*len(p.dims))
	p.packing.Items = make([]pack.Item, len(p.split.Items))
	for i := range p.split.Items {
		x, first := &p.split.Items[i], len(slab)
		for d, v := range p.row(p.request, int32(i)) {
			if v > 0 {
				slab.add(int32(d), v)
			}
		}
		for _, a := range x.Dims {
			slab.add(int32(len(p.dims))+a.Dim, a.Value)
		}
		p.packing.Items[i] = pack.Item{Size: slab.since(first), Count: x.Units, Profile: x.Places}
	}
	for i := range p.split.Rules {
		p.packing.Rules = append(p.packing.Rules, p.split.Rules[i].Rule)
	}
	kinds := kinds{problem: p, index: map[string]int32{}}
	p.layOutHosts(&kinds, &slab)
	p.layOutShapes(&kinds, &slab)
}

// slab is many lists of amounts in one, one after the other.
type slab []pack.Amount

func (s *slab) add(dim int32, value int64) { *s = append(*s, pack.Amount{Dim: dim, Value: value}) }

// since is the list of what was added from an index on.
func (s *slab) since(first int) []pack.Amount { return slices.Clip((*s)[first:]) }

// amounts lists what of a row is not zero.
func (s *slab) amounts(row []int64) []pack.Amount {
	first := len(*s)
	for d, v := range row {
		if v != 0 {
			s.add(int32(d), v)
		}
	}
	return s.since(first)
}

func (p *problem) layOutHosts(kinds *kinds, slab *slab) {
	admits := transpose(p.split.Places, len(p.snap.Hosts), func(q *topology.Places) pack.Set { return q.Hosts })
	at := make([]int32, len(p.snap.Hosts)) // of packing's hosts, −1 for those it does not see
	for i := range p.snap.Hosts {
		at[i] = -1
		if admits.row(i).Empty() {
			continue
		}
		at[i] = int32(len(p.hostOf))
		p.hostOf = append(p.hostOf, int32(i))
		p.packing.Hosts = append(p.packing.Hosts, pack.Host{Room: slab.amounts(p.row(p.hostFree, int32(i))), Kind: kinds.id(admits.row(i))})
	}
	for i := range p.split.Dims {
		d := &p.split.Dims[i]
		for _, n := range d.There {
			if h := at[n.Host]; h >= 0 {
				host := &p.packing.Hosts[h]
				host.Room = append(host.Room, pack.Amount{Dim: int32(len(p.dims) + i), Value: int64(d.Room - n.Pods)})
			}
		}
	}
	for i := range p.split.Rules {
		for _, n := range p.split.Rules[i].There {
			if h := at[n.Host]; h >= 0 {
				host := &p.packing.Hosts[h]
				host.Holds = append(host.Holds, pack.Held{Rule: int32(i), Members: n.Pods})
			}
		}
	}
}

func (p *problem) layOutShapes(kinds *kinds, slab *slab) {
	admits := transpose(p.split.Places, len(p.snap.Offerings), func(q *topology.Places) pack.Set { return q.Offerings })
	kind := make([]int32, len(p.snap.Offerings)) // −1 for those that nobody may use
	for i := range kind {
		if kind[i] = -1; !admits.row(i).Empty() {
			kind[i] = kinds.id(admits.row(i))
		}
	}
	for i, first := range p.shapes(kind) {
		o := &p.snap.Offerings[i]
		q := &p.pools[o.Pool]
		if kind[i] < 0 {
			continue
		}
		free := p.row(p.offerFree, int32(i))
		if len(q.keys) > 0 {
			q.addAlternative(int32(i), slab.amounts(free), kind[i])
		}
		if first != int32(i) { // cheapest first within a pool
			continue
		}
		p.packing.Shapes = append(p.packing.Shapes, pack.Shape{
			Room: slab.amounts(free), Price: int64(o.Price), Kind: kind[i], Tier: q.tier, Uses: p.quotas.uses(int32(i)), Variety: q.demanded,
		})
		p.offerOf = append(p.offerOf, int32(i))
	}
}

// shapes returns for each offering the first one of the same shape.
func (p *problem) shapes(kind []int32) []int32 {
	hash := func(i int32) pack.Hash {
		h := pack.Hash(0).With(int64(p.snap.Offerings[i].Pool)).With(int64(kind[i]))
		for _, v := range p.row(p.offerFree, i) {
			h = h.With(v)
		}
		return h
	}
	return pack.Alike(len(kind), hash, func(i, j int32) bool {
		return p.snap.Offerings[i].Pool == p.snap.Offerings[j].Pool && kind[i] == kind[j] &&
			slices.Equal(p.row(p.offerFree, i), p.row(p.offerFree, j)) && slices.Equal(p.quotas.uses(i), p.quotas.uses(j))
	})
}

// kinds numbers the distinct ways in which places admit items.
type kinds struct {
	*problem
	index  map[string]int32
	key    []byte
	last   pack.Set
	lastID int32
}

// id returns the number of a way: most often it is that of the place before.
func (k *kinds) id(profiles pack.Set) int32 {
	if k.last == nil || !slices.Equal(profiles, k.last) {
		k.last, k.lastID = profiles, k.find(profiles)
	}
	return k.lastID
}

func (k *kinds) find(profiles pack.Set) int32 {
	k.key = k.key[:0]
	for _, w := range profiles {
		k.key = binary.LittleEndian.AppendUint64(k.key, w)
	}
	id, ok := k.index[string(k.key)]
	if !ok {
		id = int32(len(k.packing.Admits))
		k.index[string(k.key)] = id
		k.packing.Admits = append(k.packing.Admits, profiles)
	}
	return id
}

// matrix is a set of bit sets of equal length.
type matrix struct {
	words int
	bits  []uint64
}

func (m matrix) row(i int) pack.Set { return m.bits[i*m.words : (i+1)*m.words] }

// transpose turns sets of places into, for each place, the sets that it is in.
func transpose(sets []topology.Places, places int, of func(*topology.Places) pack.Set) matrix {
	m := matrix{words: (len(sets) + 63) / 64}
	m.bits = make([]uint64, places*m.words)
	for i := range sets {
		for place := range of(&sets[i]).All {
			m.row(place).Add(i)
		}
	}
	return m
}

package solve

import (
	"encoding/binary"

	"github.com/ullage-sh/ullage/pack"
)

// layOut states the problem to package pack: a class is an item, an open host a
// host, and offerings that no waiting pod can tell apart (same pool, same room,
// same pods admitted, same share of the pool's limits) are one shape, of which
// only the cheapest counts.
func (p *problem) layOut() {
	p.packing.Room = make([]int64, len(p.dims))
	p.packing.NodeCharge = int64(p.opt.NodeCharge)
	p.packing.Quotas = p.quotas.room
	for i := range p.classes {
		c := &p.snap.Classes[p.classes[i].source]
		p.packing.Items = append(p.packing.Items, pack.Item{
			Size: positive(p.row(p.request, int32(i))), Count: int32(len(c.Pods)), Profile: p.classes[i].profile,
		})
	}
	kinds := kinds{problem: p, index: map[string]int32{}}
	p.layOutHosts(&kinds)
	p.layOutShapes(&kinds)
}

func (p *problem) layOutHosts(kinds *kinds) {
	admits := transpose(p.profiles, len(p.snap.Hosts), func(q *profile) bitset { return q.hosts })
	for i := range p.snap.Hosts {
		if p.snap.Hosts[i].Closed != "" || admits.row(i).empty() {
			continue
		}
		p.hostOf = append(p.hostOf, int32(i))
		p.packing.Hosts = append(p.packing.Hosts, pack.Host{Room: amounts(p.row(p.hostFree, int32(i))), Kind: kinds.id(admits.row(i))})
	}
}

func (p *problem) layOutShapes(kinds *kinds) {
	admits := transpose(p.profiles, len(p.snap.Offerings), func(q *profile) bitset { return q.offerings })
	seen := map[string]bool{}
	var key []byte
	var capacity []int64
	for i := range p.snap.Offerings {
		o := &p.snap.Offerings[i]
		q := &p.pools[o.Pool]
		if q.closed != "" || admits.row(i).empty() {
			continue
		}
		free := p.row(p.offerFree, int32(i))
		q.addAlternative(int32(i), amounts(free), kinds.id(admits.row(i)))
		s := pack.Shape{Price: int64(o.Price), Kind: kinds.id(admits.row(i)), Tier: q.tier, Variety: q.demanded}
		capacity = p.quotas.capacity(capacity[:0], o)
		key = binary.LittleEndian.AppendUint32(key[:0], uint32(o.Pool))
		key = binary.LittleEndian.AppendUint32(key, uint32(s.Kind))
		key = appendInts(appendInts(key, free), capacity)
		if seen[string(key)] { // cheapest first within a pool
			continue
		}
		seen[string(key)] = true
		s.Room = amounts(free)
		for j, c := range capacity {
			s.Uses = append(s.Uses, pack.Use{Quota: p.quotas.start[o.Pool] + int32(j), Amount: c})
		}
		p.packing.Shapes = append(p.packing.Shapes, s)
		p.offerOf = append(p.offerOf, int32(i))
	}
}

func appendInts(key []byte, row []int64) []byte {
	for _, v := range row {
		key = binary.LittleEndian.AppendUint64(key, uint64(v))
	}
	return key
}

// amounts lists what of a row is not zero.
func amounts(row []int64) []pack.Amount {
	out := make([]pack.Amount, 0, len(row))
	for d, v := range row {
		if v != 0 {
			out = append(out, pack.Amount{Dim: int32(d), Value: v})
		}
	}
	return out
}

// positive lists what of a row is more than zero.
func positive(row []int64) []pack.Amount {
	out := make([]pack.Amount, 0, len(row))
	for d, v := range row {
		if v > 0 {
			out = append(out, pack.Amount{Dim: int32(d), Value: v})
		}
	}
	return out
}

// kinds numbers the distinct sets of profiles that places admit.
type kinds struct {
	*problem
	index map[string]int32
	key   []byte
}

func (k *kinds) id(profiles bitset) int32 {
	k.key = k.key[:0]
	for _, w := range profiles {
		k.key = binary.LittleEndian.AppendUint64(k.key, w)
	}
	id, ok := k.index[string(k.key)]
	if !ok {
		id = int32(len(k.packing.Admits))
		k.index[string(k.key)] = id
		k.packing.Admits = append(k.packing.Admits, pack.Set(profiles))
	}
	return id
}

// matrix is a set of bit sets of equal length.
type matrix struct {
	words int
	bits  []uint64
}

func (m matrix) row(i int) bitset { return m.bits[i*m.words : (i+1)*m.words] }

// transpose turns places by profile into profiles by place.
func transpose(profiles []profile, places int, of func(*profile) bitset) matrix {
	m := matrix{words: (len(profiles) + 63) / 64}
	m.bits = make([]uint64, places*m.words)
	for i := range profiles {
		for place := range of(&profiles[i]).all {
			m.row(place).add(i)
		}
	}
	return m
}

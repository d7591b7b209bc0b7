package solve

import "encoding/binary"

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

// kinds numbers the distinct ways in which places admit classes. Places of one
// kind are open to the same classes, room aside.
type kinds struct {
	index map[string]int32
	list  []kind
	key   []byte
}

type kind struct {
	classes bitset // admitted
	tier    int32  // of offerings
}

// id returns the number of the kind that admits these profiles. strict is the
// pool, if its minValues rule some classes out (see [pool]), else −1.
func (k *kinds) id(p *problem, profiles bitset, strict, tier int32) int32 {
	key := binary.LittleEndian.AppendUint32(k.key[:0], uint32(strict))
	key = binary.LittleEndian.AppendUint32(key, uint32(tier))
	for _, w := range profiles {
		key = binary.LittleEndian.AppendUint64(key, w)
	}
	k.key = key
	if id, ok := k.index[string(key)]; ok {
		return id
	}
	if k.index == nil {
		k.index = map[string]int32{}
	}
	set := newBitset(len(p.classes))
	for i := range p.classes {
		if profiles.has(int(p.classes[i].profile)) {
			set.add(i)
		}
	}
	if strict >= 0 {
		set.andNot(p.pools[strict].barred)
	}
	id := int32(len(k.list))
	k.index[string(key)] = id
	k.list = append(k.list, kind{classes: set, tier: tier})
	return id
}

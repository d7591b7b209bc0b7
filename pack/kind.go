package pack

import "encoding/binary"

// kinds numbers the distinct ways in which places admit items. Places of one
// kind are open to the same items, room aside.
type kinds struct {
	index map[string]int32
	list  []kind
}

type kind struct {
	items Set // admitted
	tier  int32
}

// id returns the number of the kind of places that are of that kind in the
// problem, ask for this variety (nil for none) and are of that tier. Two kinds of
// the problem that admit the same are one.
func (k *kinds) id(l *layout, of int32, v *variety, tier int32) int32 {
	key := make([]byte, 0, 8*len(l.Admits[of])+8)
	strict := int32(-1)
	if v != nil {
		strict = v.number
	}
	key = binary.LittleEndian.AppendUint32(key, uint32(strict))
	key = binary.LittleEndian.AppendUint32(key, uint32(tier))
	for _, w := range l.Admits[of] {
		key = binary.LittleEndian.AppendUint64(key, w)
	}
	if id, ok := k.index[string(key)]; ok {
		return id
	}
	if k.index == nil {
		k.index = map[string]int32{}
	}
	set := NewSet(len(l.items))
	for i := range l.items {
		if l.Admits[of].Has(int(l.items[i].profile)) && (v == nil || !v.barred.Has(i)) {
			set.Add(i)
		}
	}
	id := int32(len(k.list))
	k.index[string(key)] = id
	k.list = append(k.list, kind{items: set, tier: tier})
	return id
}

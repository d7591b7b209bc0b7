package topology

import (
	"encoding/binary"

	"github.com/ullage-sh/ullage/pack"
)

// Places is where a pod may go: indexes of the snapshot's hosts and offerings.
type Places struct{ Hosts, Offerings pack.Set }

func (p Places) empty() bool { return p.Hosts.Empty() && p.Offerings.Empty() }

// is tells whether p is made of the very sets of q: classes that are admitted alike
// share them.
func (p Places) is(q Places) bool { return same(p.Hosts, q.Hosts) && same(p.Offerings, q.Offerings) }

func same(a, b pack.Set) bool { return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) }

// table numbers sets of places, so that portions of many classes share them.
type table struct {
	list   []Places
	placed map[string]int32 // of each set, its number
	text   []byte           // of the set that is looked up
	last   Places           // that was looked up
	lastID int32
	// cut caches the parts of places that are in one domain.
	cut map[cut]int32
}

type cut struct{ places, topology, domain int32 }

// id returns the number of a set of places.
func (t *table) id(p Places) int32 {
	if t.placed != nil && p.is(t.last) {
		return t.lastID
	}
	id := t.find(p)
	t.last, t.lastID = p, id
	return id
}

func (t *table) find(p Places) int32 {
	key := t.text[:0]
	for _, set := range []pack.Set{p.Hosts, p.Offerings} {
		for _, w := range set {
			key = binary.LittleEndian.AppendUint64(key, w)
		}
	}
	t.text = key
	if id, ok := t.placed[string(key)]; ok {
		return id
	}
	if t.placed == nil {
		t.placed, t.cut = map[string]int32{}, map[cut]int32{}
	}
	id := int32(len(t.list))
	t.placed[string(key)] = id
	t.list = append(t.list, p)
	return id
}

// in returns the part of places that is in a domain.
func (t *table) in(places int32, topology *domains, domain int32) int32 {
	c := cut{places, topology.number, domain}
	if id, ok := t.cut[c]; ok {
		return id
	}
	id := t.id(Places{meet(t.list[places].Hosts, topology.hostSets[domain]), meet(t.list[places].Offerings, topology.offeringSets[domain])})
	t.cut[c] = id
	return id
}

func meet(a, b pack.Set) pack.Set {
	out := make(pack.Set, len(a))
	for i := range a {
		out[i] = a[i] & b[i]
	}
	return out
}

func without(a, b pack.Set) pack.Set {
	out := make(pack.Set, len(a))
	for i := range a {
		out[i] = a[i] &^ b[i]
	}
	return out
}

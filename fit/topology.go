package fit

import "github.com/ullage-sh/ullage/cluster"

// topology is the domains that one label makes of nodes.
type topology struct {
	key   string
	ids   map[string]int32
	nodes []int32 // domain of each node, −1 without the label
}

// topology returns the domains of a label.
func (w *World) topology(key string) *topology {
	if t := w.topologies[key]; t != nil {
		return t
	}
	t := &topology{key: key, ids: map[string]int32{}}
	w.topologies[key] = t
	for i := range w.nodes {
		t.nodes = append(t.nodes, t.of(w.nodes[i].label))
	}
	return t
}

// of returns the domain of what has these labels, −1 where it is open which that
// will be.
func (t *topology) of(label cluster.Lookup) int32 {
	value, ok := label(t.key)
	if !ok || cluster.Undecided(value) {
		return -1
	}
	id, ok := t.ids[value]
	if !ok {
		id = int32(len(t.ids))
		t.ids[value] = id
	}
	return id
}

// place is where a pod is, or would be.
type place struct {
	node   int  // −1 on a node that is not there yet
	stands bool // it is there, and counted
	label  cluster.Lookup
}

// domain is the one of t that the place is in, −1 for none. A domain that only a
// node is in that is not there yet has a number that no other has.
func (p *place) domain(t *topology) int32 {
	if p.node >= 0 {
		return t.nodes[p.node]
	}
	value, ok := p.label(t.key)
	if !ok || cluster.Undecided(value) {
		return -1
	}
	if id, known := t.ids[value]; known && t.key != cluster.LabelHostname && t.key != cluster.FieldName {
		return id
	}
	return int32(len(t.ids))
}

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

// addNode notes the domain of a node that is new.
func (w *World) addNode(n *node) {
	for _, t := range w.topologies {
		t.nodes = append(t.nodes, t.of(n.label))
	}
}

package solve

import (
	"strconv"

	"github.com/ullage-sh/ullage/cluster"
)

// side is one kind of place that pods can go, hosts or offerings, as node
// selection sees it: labels and taints. It remembers the answer to each distinct
// requirement and set of tolerations as a bit set, so that a class costs a few
// ANDs.
type side struct {
	labels []cluster.Labels
	taints []int32 // of each place, an index into lists
	lists  [][]cluster.Taint

	listIndex map[string]int32
	columns   map[string]*column // by label key
	matches   map[string]bitset  // by requirement
	tolerates map[string]bitset  // by tolerations
	scratch   []byte
}

func newSide(n int) *side {
	return &side{
		labels: make([]cluster.Labels, 0, n), taints: make([]int32, 0, n),
		listIndex: map[string]int32{}, columns: map[string]*column{}, matches: map[string]bitset{}, tolerates: map[string]bitset{},
	}
}

// column is one label of all places, its values numbered.
type column struct {
	value  []int32 // of each place, 0 without the label
	values []string
}

func (s *side) column(key string) *column {
	if c := s.columns[key]; c != nil {
		return c
	}
	c := &column{value: make([]int32, len(s.labels)), values: []string{""}}
	index := map[string]int32{}
	for i, labels := range s.labels {
		v, ok := labels[key]
		if !ok {
			continue
		}
		id, known := index[v]
		if !known {
			id = int32(len(c.values))
			index[v] = id
			c.values = append(c.values, v)
		}
		c.value[i] = id
	}
	s.columns[key] = c
	return c
}

func (s *side) addPlace(labels cluster.Labels, taints []cluster.Taint) {
	key := s.scratch[:0]
	for _, t := range taints {
		key = appendQuoted(key, t.Key, t.Value, string(t.Effect))
	}
	s.scratch = key
	list, ok := s.listIndex[string(key)]
	if !ok {
		list = int32(len(s.lists))
		s.listIndex[string(key)] = list
		s.lists = append(s.lists, taints)
	}
	s.labels = append(s.labels, labels)
	s.taints = append(s.taints, list)
}

// matching returns the places whose labels satisfy r. The set is shared.
func (s *side) matching(r cluster.Requirement) bitset {
	key := appendRequirement(s.scratch[:0], r)
	s.scratch = key
	if set, ok := s.matches[string(key)]; ok {
		return set
	}
	c := s.column(r.Key)
	good := make([]bool, len(c.values))
	for id, v := range c.values {
		good[id] = r.Matches(v, id > 0)
	}
	set := newBitset(len(s.labels))
	for i, id := range c.value {
		if good[id] {
			set.add(i)
		}
	}
	s.matches[string(key)] = set
	return set
}

// tolerated returns the places with no taint that rules these tolerations out.
// The set is shared.
func (s *side) tolerated(tolerations []cluster.Toleration) bitset {
	key := appendTolerations(s.scratch[:0], tolerations)
	s.scratch = key
	if set, ok := s.tolerates[string(key)]; ok {
		return set
	}
	good := make([]bool, len(s.lists))
	for i, taints := range s.lists {
		_, bad := cluster.Untolerated(taints, tolerations)
		good[i] = !bad
	}
	set := newBitset(len(s.labels))
	for i, list := range s.taints {
		if good[list] {
			set.add(i)
		}
	}
	s.tolerates[string(key)] = set
	return set
}

// selected keeps in set what the node selector matches.
func (s *side) selected(set bitset, d *cluster.Demand) {
	for _, r := range d.Selector {
		set.and(s.matching(r))
	}
}

// affine keeps in set what some required term matches.
func (s *side) affine(set bitset, d *cluster.Demand) {
	if d.Affinity == nil {
		return
	}
	some := newBitset(len(s.labels))
	for _, term := range d.Affinity {
		all := allOf(len(s.labels))
		for _, r := range term {
			all.and(s.matching(r))
		}
		some.or(all)
	}
	set.and(some)
}

// admitting returns the places that labels and taints leave to d.
func (s *side) admitting(d *cluster.Demand) bitset {
	set := allOf(len(s.labels))
	set.and(s.tolerated(d.Tolerations))
	s.selected(set, d)
	s.affine(set, d)
	return set
}

// appendProfile writes what node selection sees of a demand: demands with equal
// profiles may use the same places, whatever they request.
func appendProfile(key []byte, d *cluster.Demand) []byte {
	if len(d.Selector) == 0 && d.Affinity == nil && len(d.Tolerations) == 0 {
		return key
	}
	key = append(key, 's')
	for _, r := range d.Selector {
		key = appendRequirement(key, r)
	}
	if d.Affinity != nil {
		key = append(key, 'a')
		for _, t := range d.Affinity {
			key = append(key, '|')
			for _, r := range t {
				key = appendRequirement(key, r)
			}
		}
	}
	return appendTolerations(append(key, 't'), d.Tolerations)
}

func appendRequirement(key []byte, r cluster.Requirement) []byte {
	key = append(appendQuoted(key, r.Key), byte(r.Operator))
	key = appendQuoted(key, r.Values...)
	return append(key, ';')
}

func appendTolerations(key []byte, tolerations []cluster.Toleration) []byte {
	for _, t := range tolerations {
		key = appendQuoted(key, t.Key, t.Value, string(t.Effect))
		key = append(key, byte(t.Operator), ';')
	}
	return key
}

// appendQuoted writes strings so that no two lists of them read alike.
func appendQuoted(key []byte, texts ...string) []byte {
	for _, t := range texts {
		key = strconv.AppendInt(key, int64(len(t)), 10)
		key = append(append(key, ':'), t...)
	}
	return key
}

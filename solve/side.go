package solve

import (
	"slices"
	"strconv"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/pack"
)

// side is one kind of place that pods can go, hosts or offerings, as node
// selection sees it: labels and taints. It remembers the answer to each distinct
// requirement and set of tolerations as a bit set, so that a class costs a few
// ANDs.
type side struct {
	named bool // places have host names
	n     int  // how many places there are
	label func(place int, key string) (value string, present bool)
	// wares are numbers: places of the same differ in the labels of zone and capacity
	// type alone. Nil where each may differ in all.
	wares  []int32
	taints []int32 // of each place, an index into lists
	lists  [][]cluster.Taint
	ports  []takenPorts

	listIndex map[string]int32
	columns   map[string]*column  // by label key
	matches   map[string]pack.Set // by requirement
	tolerates map[string]pack.Set // by tolerations
	scratch   []byte
}

func newSide(n int, named bool, label func(place int, key string) (string, bool)) *side {
	return &side{
		named: named, n: n, label: label, taints: make([]int32, 0, n),
		listIndex: map[string]int32{}, columns: map[string]*column{}, matches: map[string]pack.Set{}, tolerates: map[string]pack.Set{},
	}
}

// takenPorts are the ports of the host that DaemonSets take on some places.
type takenPorts struct {
	ports  []cluster.HostPort
	places pack.Set
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
	c := &column{value: make([]int32, s.n), values: []string{""}}
	index := map[string]int32{}
	find := func(i int) int32 {
		v, ok := s.label(i, key)
		if !ok {
			return 0
		}
		id, known := index[v]
		if !known {
			id = int32(len(c.values))
			index[v] = id
			c.values = append(c.values, v)
		}
		return id
	}
	var ofWare []int32 // the value of each, plus 1
	if len(s.wares) > 0 && key != cluster.LabelZone && key != cluster.LabelCapacityType {
		ofWare = make([]int32, slices.Max(s.wares)+1)
	}
	for i := range s.n {
		if ofWare == nil {
			c.value[i] = find(i)
			continue
		}
		id := &ofWare[s.wares[i]]
		if *id == 0 {
			*id = find(i) + 1
		}
		c.value[i] = *id - 1
	}
	s.columns[key] = c
	return c
}

// addPlace notes the taints of the next place, and the ports that DaemonSets take there.
func (s *side) addPlace(taints []cluster.Taint, ports []cluster.HostPort) {
	s.taints = append(s.taints, s.list(taints))
	if len(ports) == 0 {
		return
	}
	at := slices.IndexFunc(s.ports, func(t takenPorts) bool { return slices.Equal(t.ports, ports) })
	if at < 0 {
		at = len(s.ports)
		s.ports = append(s.ports, takenPorts{ports, pack.NewSet(s.n)})
	}
	s.ports[at].places.Add(len(s.taints) - 1)
}

// list returns the number of a list of taints: most often it is that of the place
// before.
func (s *side) list(taints []cluster.Taint) int32 {
	if n := len(s.taints); n > 0 && slices.Equal(taints, s.lists[s.taints[n-1]]) {
		return s.taints[n-1]
	}
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
	return list
}

// matching returns the places whose labels satisfy r. The set is shared.
func (s *side) matching(r cluster.Requirement) pack.Set {
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
	set := pack.NewSet(s.n)
	for i, id := range c.value {
		if good[id] {
			set.Add(i)
		}
	}
	s.matches[string(key)] = set
	return set
}

// tolerated returns the places with no taint that rules these tolerations out.
// The set is shared.
func (s *side) tolerated(tolerations []cluster.Toleration) pack.Set {
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
	set := pack.NewSet(s.n)
	for i, list := range s.taints {
		if good[list] {
			set.Add(i)
		}
	}
	s.tolerates[string(key)] = set
	return set
}

// selected keeps in set what the node selector matches.
func (s *side) selected(set pack.Set, d *cluster.Demand) {
	for _, r := range d.Selector {
		set.And(s.matching(r))
	}
}

// affine keeps in set what some required term matches.
func (s *side) affine(set pack.Set, d *cluster.Demand) {
	if d.Affinity != nil {
		s.any(set, d.Affinity)
	}
}

// any keeps in set what one of the terms matches.
func (s *side) any(set pack.Set, terms []cluster.Term) {
	some := pack.NewSet(s.n)
	for _, term := range terms {
		all := pack.FullSet(s.n)
		for _, r := range term {
			all.And(s.matching(r))
		}
		some.Or(all)
	}
	set.And(some)
}

// admit keeps in set what labels and taints leave to a class.
func (s *side) admit(set pack.Set, c *cluster.Class) {
	set.And(s.tolerated(c.Demand.Tolerations))
	s.selected(set, c.Demand)
	s.affine(set, c.Demand)
	for _, t := range s.ports {
		if slices.ContainsFunc(c.Demand.Ports, func(p cluster.HostPort) bool { return slices.ContainsFunc(t.ports, p.Conflicts) }) {
			set.AndNot(t.places)
		}
	}
	for i := range c.Volumes {
		s.usable(set, &c.Volumes[i])
	}
	for _, key := range c.Counted {
		s.decided(set, key)
	}
	for _, key := range topologyKeys(c.Demand) {
		if s.named || key != cluster.LabelHostname { // what is bought will have a name
			set.And(s.matching(cluster.Requirement{Key: key, Operator: cluster.Exists}))
		}
	}
}

// decided keeps in set the places of which it is known which domain of a label they
// will be in.
func (s *side) decided(set pack.Set, key string) {
	c := s.column(key)
	for i, id := range c.value {
		if cluster.Undecided(c.values[id]) {
			set.Remove(i)
		}
	}
}

// topologyKeys are the labels that a node must have for constraints between pods.
func topologyKeys(d *cluster.Demand) []string {
	var keys []string
	for i := range d.Spreads {
		if !d.Spreads[i].Soft {
			keys = append(keys, d.Spreads[i].Key)
		}
	}
	for i := range d.PodAffinity {
		keys = append(keys, d.PodAffinity[i].Key)
	}
	return keys
}

// usable keeps in set the places that can use a volume. Its zone binds those that
// have a zone or region.
func (s *side) usable(set pack.Set, v *cluster.ClassVolume) {
	if v.Affinity != nil {
		s.any(set, v.Affinity)
	}
	if len(v.Zones) == 0 {
		return
	}
	good := pack.FullSet(s.n)
	for _, r := range v.Zones {
		good.And(s.matching(r))
	}
	nowhere := slices.Clone(s.matching(cluster.Requirement{Key: cluster.LabelZone, Operator: cluster.DoesNotExist}))
	nowhere.And(s.matching(cluster.Requirement{Key: cluster.LabelRegion, Operator: cluster.DoesNotExist}))
	good.Or(nowhere)
	set.And(good)
}

// appendProfile writes what node selection sees of a class: classes with equal
// profiles may use the same places, whatever they request.
func appendProfile(key []byte, c *cluster.Class) []byte {
	d := c.Demand
	keys := topologyKeys(d)
	if len(d.Selector) == 0 && d.Affinity == nil && len(d.Tolerations) == 0 && len(c.Volumes) == 0 && len(keys) == 0 && len(d.Preferences) == 0 && len(d.Ports) == 0 && len(c.Barred) == 0 && len(c.Counted) == 0 && len(c.Claims) == 0 {
		return key
	}
	for _, x := range c.Barred {
		key = appendQuoted(strconv.AppendInt(append(key, 'b'), int64(x.Pool), 10), x.Why)
	}
	for i := range c.Claims {
		if c.Claims[i].Nodes != nil {
			key = appendTerms(append(key, 'n'), c.Claims[i].Nodes)
		}
		for _, a := range c.Claims[i].Asks {
			key = strconv.AppendInt(append(key, 'd'), int64(a.Resource), 10)
		}
	}
	key = appendQuoted(append(key, 'c'), c.Counted...)
	for i := range d.Preferences {
		if d.Preferences[i].Near == nil {
			key = strconv.AppendInt(append(key, 'p'), int64(d.Preferences[i].Weight), 10)
			key = appendTerm(key, d.Preferences[i].Node)
		}
	}
	for _, p := range d.Ports {
		key = appendQuoted(strconv.AppendInt(append(key, 'h'), int64(p.Port), 10), p.Protocol, p.IP)
	}
	key = appendQuoted(append(key, 'k'), keys...)
	key = appendTerm(append(key, 's'), d.Selector)
	if d.Affinity != nil {
		key = appendTerms(append(key, 'a'), d.Affinity)
	}
	for i := range c.Volumes {
		if v := &c.Volumes[i]; v.Affinity != nil {
			key = appendTerms(append(key, 'v'), v.Affinity)
		}
		key = appendTerm(append(key, 'z'), c.Volumes[i].Zones)
	}
	return appendTolerations(append(key, 't'), d.Tolerations)
}

func appendTerms(key []byte, terms []cluster.Term) []byte {
	for _, t := range terms {
		key = appendTerm(append(key, '|'), t)
	}
	return key
}

func appendTerm(key []byte, t cluster.Term) []byte {
	for _, r := range t {
		key = appendRequirement(key, r)
	}
	return key
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

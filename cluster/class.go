package cluster

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Class is a set of waiting pods that are alike to the scheduler.
type Class struct {
	Demand   *Demand
	Requests Vector
	Priority int32
	Pods     []*Pod // sorted by namespace and name

	// Groups that the pods belong to, as indexes into Snapshot.Groups, ascending.
	Groups []int32
	// What the demand's constraints count, as indexes into Snapshot.Groups: one for
	// each of Spreads, PodAntiAffinity and Preferences (−1 for one of nodes), and one
	// for all of PodAffinity together (−1 without).
	Spreads, AntiAffinity, Preferences []int32
	Affinity                           int32
	// Repels are the groups that the pods keep away once they run, one for each of
	// PodAntiAffinity. They differ from AntiAffinity where the scheduler reads a term
	// otherwise for a pod that it places, see [PodSelector.own].
	Repels []int32

	// Volumes of each pod.
	Volumes []ClassVolume
	// Refused says why the pods cannot be placed wherever they are put, see
	// [Demand.Refused]; claims that cannot be used yet are among the reasons.
	Refused []string
}

// In tells whether the class's pods belong to a group.
func (c *Class) In(group int32) bool {
	_, found := slices.BinarySearch(c.Groups, group)
	return found
}

// addClasses makes classes of what waits, and the groups they speak of.
func (b *builder) addClasses() {
	b.volumes.count(b)
	g := newGrouper(b)
	pods := b.waiting()
	byKind := map[kind]int32{}
	var kinds []kind
	var members [][]*Pod
	for _, p := range pods {
		k := kind{demand: p.Demand, identity: p.Identity, priority: p.Priority}
		if len(p.Demand.Volumes) > 0 {
			k.volumes = b.volumes.of(p)
		}
		i, ok := byKind[k]
		if !ok {
			i = int32(len(kinds))
			byKind[k] = i
			kinds, members = append(kinds, k), append(members, nil)
		}
		members[i] = append(members[i], p)
	}
	slices.SortFunc(kinds, kind.compare) // groups are numbered as they are met
	referred := map[*Demand]*Class{}
	for _, k := range kinds {
		if referred[k.demand] == nil {
			c := &Class{Demand: k.demand}
			g.refer(c)
			referred[k.demand] = c
		}
	}
	g.repels()
	byKey := map[string]int{}
	for _, k := range kinds {
		c := *referred[k.demand]
		c.Priority, c.Groups = k.priority, g.of(k.identity)
		key := c.key(k.volumes)
		i, ok := byKey[key]
		if !ok {
			i = len(b.out.Classes)
			byKey[key] = i
			b.resolve(&c, k.volumes)
			b.out.Classes = append(b.out.Classes, c)
		}
		b.out.Classes[i].Pods = append(b.out.Classes[i].Pods, members[byKind[k]]...)
	}
	for i := range b.out.Classes {
		if p := b.out.Classes[i].Pods; !slices.IsSortedFunc(p, byID) {
			slices.SortFunc(p, byID)
		}
	}
	g.count()
	g.dropIdle()
}

// kind is what makes pods alike before it is known who is in which group.
type kind struct {
	demand   *Demand
	identity *Identity
	priority int32
	volumes  *podVolumes
}

func (k kind) compare(l kind) int {
	return cmp.Or(
		strings.Compare(k.demand.Key, l.demand.Key), cmp.Compare(l.priority, k.priority),
		strings.Compare(k.volumes.text(), l.volumes.text()), strings.Compare(k.identity.text(), l.identity.text()))
}

func (id *Identity) text() string {
	if id == nil {
		return ""
	}
	return id.Key
}

// key tells classes apart.
func (c *Class) key(v *podVolumes) string {
	b := make([]byte, 0, len(c.Demand.Key)+16+4*len(c.Groups))
	b = append(append(b, c.Demand.Key...), '|')
	b = strconv.AppendInt(b, int64(c.Priority), 10)
	for _, g := range c.Groups {
		b = strconv.AppendInt(append(b, ' '), int64(g), 10)
	}
	return string(append(append(b, '|'), v.text()...))
}

// resolve fills in what depends on the class as a whole.
func (b *builder) resolve(c *Class, v *podVolumes) {
	c.Requests = b.vector(c.Demand.Requests)
	c.Refused = c.Demand.Refused
	if v == nil {
		return
	}
	c.Volumes = v.volumes
	c.Refused = slices.Concat(c.Refused, v.refused)
	for _, x := range v.volumes {
		if at, ok := b.index[AttachLimit+x.Driver]; ok && x.Driver != "" {
			c.Requests[at]++
		}
	}
}

// waiting returns the pods that wait for a place.
func (b *builder) waiting() []*Pod {
	out := make([]*Pod, 0, len(b.in.Pods))
	for _, p := range b.in.Pods {
		if p.Provisionable() && !b.kept[p] {
			out = append(out, p)
		}
	}
	for _, p := range b.displaced {
		if !b.kept[p] {
			out = append(out, p)
		}
	}
	return out
}

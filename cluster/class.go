package cluster

import (
	"cmp"
	"slices"
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
	// Barred are the PerPod pools that cannot run the pods, by index.
	Barred []Barred
	// Counted are the labels over which hard constraints, their own or others', count
	// the pods, as far as some place has such a label undecided; sorted.
	Counted []string
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
	kinds := b.kinds()
	g := newGrouper(b)
	referred := map[*Demand]*Class{}
	for i := range kinds {
		if d := kinds[i].demand; referred[d] == nil { // groups are numbered as they are met
			c := &Class{Demand: d}
			g.refer(c)
			referred[d] = c
		}
	}
	g.repels()
	selection := b.newSelection()
	type alike struct {
		demand   *Demand
		priority int32
		volumes  *podVolumes
		groups   int32
		selected string
	}
	index := make(map[alike]int32, len(kinds))
	for i := range kinds {
		k := &kinds[i]
		groups := g.of(k.identity)
		key := alike{k.demand, k.priority, k.volumes, groups.id, selection.of(k.identity, b.out.Pools)}
		at, ok := index[key]
		if !ok {
			at = int32(len(b.out.Classes))
			index[key] = at
			c := *referred[k.demand]
			c.Priority, c.Groups = k.priority, groups.list
			b.resolve(&c, k.volumes)
			c.Barred = selection.barred(&c, key.selected, b.out.Pools)
			b.out.Classes = append(b.out.Classes, c)
		}
		b.out.Classes[at].Pods = append(b.out.Classes[at].Pods, k.pods...)
	}
	for i := range b.out.Classes {
		if p := b.out.Classes[i].Pods; !slices.IsSortedFunc(p, byID) {
			slices.SortFunc(p, byID)
		}
	}
	b.addCounted(b.out.Repulsions)
	g.count()
	g.dropIdle()
}

// kind is pods that are alike before it is known who is in which group.
type kind struct {
	sort
	pods []*Pod
}

// sort is what makes them alike.
type sort struct {
	demand   *Demand
	identity *Identity
	priority int32
	volumes  *podVolumes
}

// kinds tells the waiting pods apart, in an order that depends on nothing but them.
func (b *builder) kinds() []kind {
	pods := b.waiting()
	index := make(map[sort]int32, len(pods)/4)
	var kinds []kind
	for _, p := range pods {
		k := sort{demand: p.Demand, identity: p.Identity, priority: p.Priority}
		if len(p.Demand.Volumes) > 0 {
			k.volumes = b.volumes.of(p)
		}
		i, ok := index[k]
		if !ok {
			i = int32(len(kinds))
			index[k] = i
			kinds = append(kinds, kind{sort: k})
		}
		kinds[i].pods = append(kinds[i].pods, p)
	}
	slices.SortFunc(kinds, func(x, y kind) int { return x.compare(&y.sort) })
	for i := 1; i < len(kinds); i++ { // not interned together, and yet the same
		if last := kinds[i-1].demand; last != kinds[i].demand && last.Key == kinds[i].demand.Key {
			kinds[i].demand = last
		}
	}
	return kinds
}

func (k *sort) compare(l *sort) int {
	if k.demand != l.demand && k.demand.Key != l.demand.Key {
		return strings.Compare(k.demand.Key, l.demand.Key)
	}
	if k.priority != l.priority {
		return cmp.Compare(l.priority, k.priority)
	}
	if k.volumes != l.volumes {
		return strings.Compare(k.volumes.text(), l.volumes.text())
	}
	if k.identity == l.identity {
		return 0
	}
	return strings.Compare(k.identity.text(), l.identity.text())
}

func (id *Identity) text() string {
	if id == nil {
		return ""
	}
	return id.Key
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

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
	// Plain: nothing but room decides where the pods can go, and no constraint of others
	// counts them. Most are.
	Plain bool
	Pods  []*Pod // sorted by namespace and name

	// Groups that the pods belong to, as indexes into Snapshot.Groups, ascending.
	Groups []int32
	*References
	*Particulars
}

// Particulars are what few classes have; others share one that is empty.
type Particulars struct {
	// Volumes of each pod.
	Volumes []ClassVolume
	// Claims to devices.
	Claims []ClassClaim
	// Barred are the PerPod pools that cannot run the pods, by index.
	Barred []Barred
	// Counted are the labels over which hard constraints, their own or others', count
	// the pods, as far as some place has such a label undecided; sorted.
	Counted []string
	// Gang that the pods run with, see [Snapshot.Gangs]; "" for pods that come one by one.
	Gang string
	// Refused says why the pods cannot be placed wherever they are put, see
	// [Demand.Refused]; claims that cannot be used yet are among the reasons.
	Refused []string
}

// noParticulars are those of most classes.
var noParticulars Particulars

// own returns the particulars of the class to be written to.
func (c *Class) own() *Particulars {
	if c.Particulars == &noParticulars {
		c.Particulars = new(Particulars)
	}
	return c.Particulars
}

// plain tells whether the class is [Class.Plain].
func (c *Class) plain() bool {
	return c.Demand.bare && len(c.Groups) == 0 && c.Particulars == &noParticulars
}

// References are what the constraints of a demand count, as indexes into
// Snapshot.Groups: one for each of Spreads, PodAntiAffinity and Preferences (−1 for one
// of nodes), and one for all of PodAffinity together (−1 without).
type References struct {
	Spreads, AntiAffinity, Preferences []int32
	Affinity                           int32
	// Repels are the groups that the pods keep away once they run, one for each of
	// PodAntiAffinity. They differ from AntiAffinity where the scheduler reads a term
	// otherwise for a pod that it places, see [PodSelector.own].
	Repels []int32
}

// In tells whether the class's pods belong to a group.
func (c *Class) In(group int32) bool {
	_, found := slices.BinarySearch(c.Groups, group)
	return found
}

// addClasses makes classes of what waits, and the groups they speak of.
func (m *muster) addClasses() {
	k := m.kinds()
	g := newGrouper(m)
	references := make([]*References, 0, len(k.kinds)) // of each demand
	for i := range k.order {
		x := k.at(i)
		if i > 0 && k.at(i-1).demand.Key == x.demand.Key {
			x.demand = k.at(i - 1).demand // not interned together, and yet the same
			continue
		}
		references = append(references, g.refer(x.demand)) // groups are numbered as they are met
	}
	g.repels()
	m.out.Classes = make([]Class, 0, len(k.kinds))
	requests := make(Vector, len(k.kinds)*len(m.out.Resources))
	selection := m.newSelection()
	index := make(map[alike]int32)
	var groups membership
	for i := range k.order {
		x := k.at(i)
		if i > 0 && k.at(i-1).demand != x.demand {
			references = references[1:]
			clear(index)
		}
		if i == 0 || k.at(i-1).identity != x.identity {
			groups = g.of(x.identity)
		}
		key := alike{x.priority, x.volumes, x.claims, groups.id, selection.of(x.identity, m.out.Pools), x.gang}
		sole, at, ok := k.sole(i), int32(0), false
		if !sole {
			at, ok = index[key]
		}
		if !ok {
			at = int32(len(m.out.Classes))
			if !sole {
				index[key] = at
			}
			m.out.Classes = append(m.out.Classes, Class{Demand: x.demand, Priority: x.priority, Groups: groups.list, References: references[0], Particulars: &noParticulars})
			c := &m.out.Classes[at]
			c.Requests, requests = cut(requests, len(m.out.Resources))
			m.resolve(c, x.volumes)
			if x.gang != nil {
				c.own().Gang = x.gang.ID()
			}
			if x.claims != nil {
				m.devices.addTo(c, x.claims, m.index)
			}
			if barred := selection.barred(c, key.selected, m.out.Pools); barred != nil {
				c.own().Barred = barred
			}
		}
		x.class = at
	}
	k.deal(m.out.Classes)
	m.addCounted()
	for i := range m.out.Classes {
		c := &m.out.Classes[i]
		c.Plain = c.plain()
	}
	g.count()
	g.dropIdle()
}

// Special returns the classes that are not plain, in order.
func (s *Snapshot) Special() []int32 {
	var out []int32
	for i := range s.Classes {
		if !s.Classes[i].Plain {
			out = append(out, int32(i))
		}
	}
	return out
}

// alike is what the pods of a class have in common beside their demand.
type alike struct {
	priority int32
	volumes  *podVolumes
	claims   *podClaims
	groups   int32
	selected string
	gang     *Gang
}

// cut takes n components off a slab.
func cut(slab Vector, n int) (v, rest Vector) { return slab[:n:n], slab[n:] }

// kinds are the waiting pods told apart before it is known who is in which group.
type kinds struct {
	pods  []*Pod
	of    []int32 // the kind of each pod
	kinds []kind  // in the order of the pods
	order []int32 // in an order that depends on nothing but the pods
}

func (k *kinds) at(i int) *kind { return &k.kinds[k.order[i]] }

// sole tells whether the i-th kind is the only one of its demand.
func (k *kinds) sole(i int) bool {
	d := k.at(i).demand
	return (i == 0 || k.at(i-1).demand != d) && (i+1 == len(k.order) || k.at(i+1).demand != d)
}

// kind is pods that are alike.
type kind struct {
	sort
	pods, class int32 // how many, and of what class
}

// sort is what makes them alike.
type sort struct {
	demand   *Demand
	identity *Identity
	priority int32
	volumes  *podVolumes
	claims   *podClaims
	gang     *Gang // nil for pods that come one by one
}

// kinds tells the waiting pods apart.
func (m *muster) kinds() *kinds {
	k := &kinds{pods: m.waiting()}
	k.of = make([]int32, len(k.pods))
	k.kinds = make([]kind, 0, min(len(k.pods), 4096))
	volumes, claims := m.claimants(), newClaimers(m.devices, k.pods)
	index := make(map[sort]int32, min(len(k.pods), 4096))
	for i, p := range k.pods {
		x := sort{demand: p.Demand, identity: p.Identity, priority: p.Priority}
		if p.Gang != "" {
			x.gang = m.ganged[p.Gang]
		}
		if len(p.Demand.Volumes) > 0 {
			x.volumes = volumes.come(p)
		}
		if len(p.Claims) > 0 {
			x.claims = claims.of(p)
		}
		at, ok := index[x]
		if !ok {
			at = int32(len(k.kinds))
			index[x] = at
			k.kinds = append(k.kinds, kind{sort: x})
		}
		k.of[i] = at
		k.kinds[at].pods++
	}
	k.arrange()
	return k
}

// arrange puts the kinds in order.
func (k *kinds) arrange() {
	k.order = make([]int32, len(k.kinds))
	for i := range k.order {
		k.order[i] = int32(i)
	}
	order := func(i, j int32) int { return k.kinds[i].compare(&k.kinds[j].sort) }
	sortByText(k.order, order, func(i int32) string { return k.kinds[i].demand.Key })
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
	if k.claims != l.claims {
		return strings.Compare(k.claims.text(), l.claims.text())
	}
	if k.gang != l.gang {
		return strings.Compare(k.gang.text(), l.gang.text())
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

// deal gives the classes their pods.
func (k *kinds) deal(classes []Class) {
	counts := make([]int32, len(classes))
	for i := range k.kinds {
		counts[k.kinds[i].class] += k.kinds[i].pods
	}
	slab := make([]*Pod, len(k.pods))
	for i, n := range counts {
		classes[i].Pods, slab = slab[:0:n], slab[n:]
	}
	for i, p := range k.pods {
		c := &classes[k.kinds[k.of[i]].class]
		c.Pods = append(c.Pods, p)
	}
	for i := range classes {
		SortPods(classes[i].Pods)
	}
}

// resolve fills in what depends on the class as a whole.
func (m *muster) resolve(c *Class, v *podVolumes) {
	m.fill(c.Requests, c.Demand.Requests)
	if !c.Demand.bare && len(c.Demand.Refused) > 0 {
		c.own().Refused = c.Demand.Refused
	}
	if v == nil {
		return
	}
	c.own().Volumes = v.volumes
	c.Refused = slices.Concat(c.Refused, v.refused)
	for _, x := range v.volumes {
		if at, ok := m.index[AttachLimit+x.Driver]; ok && x.Driver != "" {
			c.Requests[at]++
		}
	}
}

// waiting returns the pods that wait for a place.
func (m *muster) waiting() []*Pod {
	out := make([]*Pod, 0, len(m.pods)+len(m.displaced))
	for _, p := range m.pods {
		if p.Provisionable() && !m.kept[p] {
			out = append(out, p)
		}
	}
	for _, p := range m.displaced {
		if !m.kept[p] {
			out = append(out, p)
		}
	}
	return out
}

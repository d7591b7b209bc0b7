package cluster

import (
	"slices"
	"sync"
)

// Ground is a snapshot without the pods that wait: what rarely changes while pods
// come and go, worked out once. It is immutable.
type Ground struct {
	in  Input
	out Snapshot // without classes and groups
	// unbound are the pods that it was made with and that have no node.
	unbound []*Pod
	index   map[string]int // resource name → component
	// displaced are pods on hosts that are being emptied: they will be recreated
	// elsewhere and count as waiting.
	displaced  []*Pod
	leaves     map[*Pod]bool // those, to look up
	volumes    *volumes
	usage      func() usage // of the volumes, by pods on nodes; worked out when it is asked for
	devices    *devices
	namespaces map[string]Labels
	residents  []resident
	repellers  []repeller
	ganged     map[string]*Gang
	undecided  map[string]bool // labels of which the cloud will decide at some place
	sites      []*site         // of each host; nil for hosts that are still owed
	amended    bool            // the records of hosts are in sites alone
	terms      terms
}

// terms are what hosts are worked out by, beside their own records.
type terms struct {
	pools map[string]int // pool name → index
	// sold are the types that classes offer, by name; classes are these by name.
	sold    map[ClassRef]map[string]*InstanceType
	classes []ClassRef
	// attachLimits are the components that count attachments.
	attachLimits []int
	overlays     []*Overlay // those that win first
	// loose: some resource is named by pods, nodes or claims alone.
	loose bool
}

// resident is pods on hosts that are alike to selectors.
type resident struct {
	identity *Identity
	deleting bool
	hosts    []Count // ascending; none is 0
}

// repeller is pods on hosts that want to be apart from others.
type repeller struct {
	demand *Demand
	hosts  []int32 // ascending
}

// NewGround works out what in says apart from its waiting pods. Those may be in it
// or be told to [Ground.Snapshot]. Its slices are kept; Revision and Promised do not
// matter.
func NewGround(in Input) *Ground {
	var none *Ground
	return none.Next(in)
}

// Next is the ground of another input: the same that [NewGround] makes, but what comes out
// of the same records as in this ground is not worked out again. This ground stays as it
// is; it may be nil.
func (g *Ground) Next(in Input) *Ground {
	before := g
	g = &Ground{in: in, index: map[string]int{}, leaves: map[*Pod]bool{}, namespaces: map[string]Labels{}}
	b := newBuilder(g, terms{})
	b.addPools()
	g.gather(in.Gangs)
	b.sortOverlays()
	g.devices = newDevices(&in)
	b.nameResources()
	if g.sameTerms(before) {
		b.takeOver(before)
	}
	g.out.SameDevices = g.devices.overlapping(g.index)
	g.volumes = before.volumesOf(&in)
	g.usage = sync.OnceValue(g.countUsage)
	b.addHosts()
	b.addOfferings()
	b.addOwed()
	b.countZones()
	b.addStocks()
	for _, n := range in.Namespaces {
		g.namespaces[n.Name] = n.Labels
	}
	for _, p := range in.Pods {
		if p.Node == "" {
			g.unbound = append(g.unbound, p)
		}
	}
	g.addResidents()
	g.undecided = g.undecidedKeys()
	g.terms, g.sites = b.terms, b.sitesInOrder()
	return g
}

// builder is what is needed to make a ground.
type builder struct {
	*Ground
	terms
	// By node: what drivers say of it, and what is attached, by name.
	csiNodes    map[string]*CSINode
	attachments map[string][]*VolumeAttachment
	specs       []*Pool           // of the pools, without their status
	before      *Ground           // of which hosts and offerings are taken over; nil for none
	known       map[siteKey]*site // those of before that can be taken over
	sites       map[string]*site  // by host
	waits       []*Pod            // of the host at hand, those that will wait for another
}

func newBuilder(g *Ground, t terms) *builder {
	t.pools = map[string]int{}
	return &builder{Ground: g, terms: t, csiNodes: map[string]*CSINode{}, attachments: map[string][]*VolumeAttachment{}, sites: map[string]*site{}}
}

// volumesOf looks up those of an input; g may be nil.
func (g *Ground) volumesOf(in *Input) *volumes {
	if g != nil && in.sameStorage(&g.in.Storage) {
		return g.volumes
	}
	return newVolumes(&in.Storage)
}

// addResidents notes who will still be on the hosts when a plan has been carried
// out, in the order of the hosts.
func (g *Ground) addResidents() {
	type alike struct {
		identity *Identity
		deleting bool
	}
	who, apart := map[alike]int{}, map[*Demand]int{}
	var last alike // pods of a ReplicaSet follow each other
	at := -1
	for h := range g.out.Hosts {
		for _, p := range g.out.Hosts[h].Pods {
			if len(g.leaves) > 0 && g.leaves[p] {
				continue
			}
			if k := (alike{p.Identity, p.Deleting()}); at < 0 || k != last {
				i, ok := who[k]
				if !ok {
					i = len(g.residents)
					who[k] = i
					g.residents = append(g.residents, resident{identity: k.identity, deleting: k.deleting})
				}
				last, at = k, i
			}
			r := &g.residents[at]
			if n := len(r.hosts); n == 0 || r.hosts[n-1].Host != int32(h) {
				r.hosts = append(r.hosts, Count{Host: int32(h)})
			}
			r.hosts[len(r.hosts)-1].Pods++
			if len(p.Demand.PodAntiAffinity) == 0 {
				continue
			}
			i, ok := apart[p.Demand]
			if !ok {
				i = len(g.repellers)
				apart[p.Demand] = i
				g.repellers = append(g.repellers, repeller{demand: p.Demand})
			}
			if x := &g.repellers[i]; len(x.hosts) == 0 || x.hosts[len(x.hosts)-1] != int32(h) {
				x.hosts = append(x.hosts, int32(h))
			}
		}
	}
}

// Snapshot is the snapshot of the ground and these pods, none of which is on a node.
// It is the same that [NewSnapshot] makes of all of it. Of several maps that promise a pod
// a place the first counts.
func (g *Ground) Snapshot(revision string, pods []*Pod, promised ...map[string]string) *Snapshot {
	if slices.ContainsFunc(pods, g.foreign) {
		in := g.input()
		in.Pods = slices.Concat(in.Pods, pods)
		g, pods = NewGround(in), nil
	}
	m := muster{Ground: g, out: g.out, pods: slices.Concat(g.unbound, pods)}
	m.out.Revision = revision
	m.keepPromises(promised)
	m.addClasses()
	m.addGangs()
	return &m.out
}

// foreign tells whether a pod speaks of something that the ground has no component
// for.
func (g *Ground) foreign(p *Pod) bool {
	return slices.ContainsFunc(p.Demand.Requests, func(a Amount) bool { return g.component(a.Name) < 0 })
}

// component is where vectors hold a resource, −1 for one that nobody knows.
func (g *Ground) component(name string) int {
	for i, basic := range basicResources {
		if name == basic {
			return i
		}
	}
	if i, known := g.index[name]; known {
		return i
	}
	return -1
}

// vector writes amounts of resources, all of which are known, as a vector.
func (g *Ground) vector(r Resources) Vector {
	v := make(Vector, len(g.out.Resources))
	g.fill(v, r)
	return v
}

func (g *Ground) fill(v Vector, r Resources) {
	for _, a := range r {
		v[g.component(a.Name)] = a.Value
	}
}

// muster is the pods that wait on a ground.
type muster struct {
	*Ground
	out  Snapshot
	pods []*Pod        // without a node
	kept map[*Pod]bool // promised pods that have their room
}

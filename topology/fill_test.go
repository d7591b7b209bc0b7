package topology_test

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/fit"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/topology"
)

// fill packs a split at random, as badly as it comes, and checks what is promised of
// every packing: with all in place, each pod passes its filters where it is, and
// there is an order in which they can come. It checks nothing where nothing is
// promised ([certain]), or where the draw left a unit without room.
func fill(snap *cluster.Snapshot, s *topology.Split, seed uint64) error {
	if !certain(snap, s) {
		return nil
	}
	f := &filling{snap: snap, split: s, rng: rand.New(rand.NewPCG(seed, 0))}
	for h := range snap.Hosts {
		f.spots = append(f.spots, f.spot(-1, h, slices.Clone(snap.Hosts[h].Free)))
	}
	var units []unit
	for i := range s.Items {
		for _, lot := range s.Items[i].Lots {
			for range lot.Units {
				units = append(units, unit{i, lot.Parts})
			}
		}
	}
	f.rng.Shuffle(len(units), func(i, j int) { units[i], units[j] = units[j], units[i] })
	for _, u := range units {
		if !f.put(u) {
			return nil
		}
	}
	return f.check()
}

// certain tells whether all constraints hold with all in place: whoever solves has to
// look again where the split says so, and where pods are left out that others may have
// been dealt out with in view.
func certain(snap *cluster.Snapshot, s *topology.Split) bool {
	left := int32(0)
	for i := range snap.Classes {
		left += int32(len(snap.Classes[i].Pods))
	}
	for i := range s.Items {
		for _, lot := range s.Items[i].Lots {
			for _, p := range lot.Parts {
				left -= p.Pods * lot.Units
			}
		}
	}
	return !s.Uncertain && left == 0
}

// unit is one unit of an item and the pods that it is.
type unit struct {
	item  int
	parts []topology.Part
}

// filling is a split on its way to nodes.
type filling struct {
	snap  *cluster.Snapshot
	split *topology.Split
	rng   *rand.Rand
	spots []spot // the snapshot's hosts first
}

// spot is a host, or a node that is bought.
type spot struct {
	offering, host int // −1 for the other one
	free           cluster.Vector
	dims           []int32 // taken of each dimension
	members        []int32 // of each rule
	held           []bool  // each rule has a holder here
	parts          []topology.Part
}

func (f *filling) spot(offering, host int, free cluster.Vector) spot {
	s := spot{offering: offering, host: host, free: free, dims: make([]int32, len(f.split.Dims)), members: make([]int32, len(f.split.Rules)), held: make([]bool, len(f.split.Rules))}
	for i := range f.split.Dims {
		s.dims[i] = countAt(f.split.Dims[i].There, host)
	}
	for i := range f.split.Rules {
		s.members[i] = countAt(f.split.Rules[i].There, host)
	}
	return s
}

func countAt(list []cluster.Count, host int) int32 {
	for _, c := range list {
		if int(c.Host) == host {
			return c.Pods
		}
	}
	return 0
}

// put puts a unit on a random place that takes it, and tells whether there was one.
func (f *filling) put(u unit) bool {
	places := &f.split.Places[f.split.Items[u.item].Places]
	for _, i := range f.rng.Perm(len(f.spots)) {
		s := &f.spots[i]
		admitted := s.offering < 0 && places.Hosts.Has(s.host) || s.offering >= 0 && places.Offerings.Has(s.offering)
		if admitted && f.takes(s, u.item) && f.rng.IntN(5) > 0 {
			f.add(s, u)
			return true
		}
	}
	for _, o := range f.rng.Perm(len(f.snap.Offerings)) {
		s := f.spot(o, -1, slices.Clone(f.snap.Offerings[o].Free))
		if places.Offerings.Has(o) && f.takes(&s, u.item) {
			f.add(&s, u)
			f.spots = append(f.spots, s)
			return true
		}
	}
	return false
}

// takes tells whether room, dimensions and rules leave a place to an item.
func (f *filling) takes(s *spot, item int) bool {
	x := &f.split.Items[item]
	if !x.Size.Fits(s.free) {
		return false
	}
	for _, a := range x.Dims {
		if s.dims[a.Dim]+int32(a.Value) > f.split.Dims[a.Dim].Room {
			return false
		}
	}
	for i := range f.split.Rules {
		r := &f.split.Rules[i]
		n := s.members[i]
		if r.Members.Has(item) {
			n++
		}
		concerned := r.Members.Has(item) || r.Holders.Has(item)
		if concerned && (s.held[i] || r.Holders.Has(item)) && n > r.Cap {
			return false
		}
	}
	return true
}

func (f *filling) add(s *spot, u unit) {
	x := &f.split.Items[u.item]
	s.free.Sub(x.Size)
	for _, a := range x.Dims {
		s.dims[a.Dim] += int32(a.Value)
	}
	for i := range f.split.Rules {
		if r := &f.split.Rules[i]; r.Members.Has(u.item) {
			s.members[i]++
		}
		s.held[i] = s.held[i] || f.split.Rules[i].Holders.Has(u.item)
	}
	s.parts = append(s.parts, u.parts...)
}

// check asks package fit about what has come out.
func (f *filling) check() error {
	w, at := f.world()
	var pods []arrival
	for i := range f.spots {
		for _, p := range f.spots[i].parts {
			w.Place(int(p.Class), at[i], p.Pods)
			for range p.Pods {
				pods = append(pods, arrival{int(p.Class), at[i]})
			}
		}
	}
	for _, p := range pods {
		c := &f.snap.Classes[p.class]
		why := w.View(p.class).Stands(p.node)
		if why == plan.PodAffinity && c.In(c.Affinity) {
			continue // it came first of its kind, and what came later had reasons to be elsewhere
		}
		if why != 0 {
			return fmt.Errorf("with all in place, %s does not stand on node %d: %s", nameOf(f.snap, int32(p.class)), p.node, why)
		}
	}
	var err error
	for range orders {
		f.rng.Shuffle(len(pods), func(i, j int) { pods[i], pods[j] = pods[j], pods[i] })
		if err = f.come(pods); err == nil {
			return nil
		}
	}
	return err
}

// orders that are tried until all pods have a turn in one of them.
const orders = 200

// arrival is a pod and where it goes.
type arrival struct{ class, node int }

// come lets pods come in their order, who has no turn yet later.
func (f *filling) come(pods []arrival) error {
	w, _ := f.world()
	pods = slices.Clone(pods)
	for len(pods) > 0 {
		before, last := len(pods), plan.Constraint(0)
		pods = slices.DeleteFunc(pods, func(p arrival) bool {
			if last = w.View(p.class).Node(p.node); last != 0 {
				return false
			}
			w.Place(p.class, p.node, 1)
			return true
		})
		if len(pods) == before {
			return fmt.Errorf("there is no turn for %d pods, %s on node %d among them: %s", before, nameOf(f.snap, int32(pods[before-1].class)), pods[before-1].node, last)
		}
	}
	return nil
}

// world is the snapshot with all nodes bought, and the number of each spot in it.
func (f *filling) world() (*fit.World, []int) {
	w := fit.New(f.snap)
	at := make([]int, len(f.spots))
	for i := range f.spots {
		at[i] = i
		if o := f.spots[i].offering; o >= 0 {
			at[i] = w.Buy(o)
		}
	}
	return w, at
}

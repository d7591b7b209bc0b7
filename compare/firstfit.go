package compare

import (
	"cmp"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/fit"
)

// firstFit is first-fit-decreasing: pods by size, largest first, each on the first
// node that has room, nodes that are there before new ones. A new node stays open
// to every offering that holds its pods; in the end it is the cheapest of them.
type firstFit struct {
	snap  *cluster.Snapshot
	world *fit.World
	nodes []openNode
	// ignored counts the pods with constraints that are not looked at on new nodes.
	ignored int
}

// openNode is a node that is not decided yet.
type openNode struct {
	offerings []int32 // those that hold its pods, by price
	sum       cluster.Vector
	// most is the largest room of any of the offerings, in each component: what does
	// not fit into that fits into none.
	most cluster.Vector
}

// FirstFit is first-fit-decreasing on a snapshot. It keeps to requests, node
// selection and taints; on new nodes it does not look at spreads, affinity between
// pods, ports, volumes and limits of pools, and buys too little where they matter.
func FirstFit(snap *cluster.Snapshot) Rival {
	f := &firstFit{snap: snap, world: fit.New(snap)}
	r := Rival{Name: "first-fit-decreasing"}
	for _, class := range f.bySize() {
		r.Unplaced += f.place(class)
	}
	for i := range f.nodes {
		o := &snap.Offerings[f.nodes[i].offerings[0]]
		r.Nodes++
		r.Price += o.Price
		r.Imputed = r.Imputed || o.Imputed
	}
	if f.ignored > 0 {
		r.Note = "ignores constraints between pods, ports and volumes of " + pods(f.ignored) + ", so it would need more"
	}
	return r
}

// bySize orders classes by cpu, then memory, largest first.
func (f *firstFit) bySize() []int {
	out := make([]int, len(f.snap.Classes))
	for i := range out {
		out[i] = i
	}
	slices.SortStableFunc(out, func(a, b int) int {
		x, y := f.snap.Classes[a].Requests, f.snap.Classes[b].Requests
		return cmp.Or(-cmp.Compare(x[0], y[0]), -cmp.Compare(x[1], y[1]))
	})
	return out
}

// place puts all pods of a class somewhere and returns how many fit nowhere.
func (f *firstFit) place(class int) (unplaced int) {
	c := &f.snap.Classes[class]
	left := f.placeOnHosts(class, len(c.Pods))
	if left == 0 {
		return 0
	}
	offerings := f.admitting(class)
	if len(offerings) == 0 {
		return left
	}
	allowed := make([]bool, len(f.snap.Offerings))
	for _, o := range offerings {
		allowed[o] = true
	}
	d := c.Demand
	if len(d.Spreads)+len(d.PodAffinity)+len(d.PodAntiAffinity)+len(d.Ports)+len(d.Volumes) > 0 {
		f.ignored += left
	}
	for at := 0; left > 0; {
		switch {
		case at == len(f.nodes):
			f.nodes = append(f.nodes, f.open(offerings))
		case f.add(&f.nodes[at], c, allowed):
			left--
		default:
			at++ // full for this pod, so full for all that are alike
		}
	}
	return 0
}

func (f *firstFit) placeOnHosts(class, left int) int {
	view := f.world.View(class)
	for h := 0; h < f.world.Nodes() && left > 0; h++ {
		for left > 0 && view.Node(h) == 0 {
			f.world.Place(class, h, 1)
			view = f.world.View(class)
			left--
		}
	}
	return left
}

// admitting are the offerings whose empty node would hold a pod of the class, by
// price.
func (f *firstFit) admitting(class int) []int32 {
	view := f.world.View(class)
	var out []int32
	for i := range f.snap.Offerings {
		if f.snap.Pools[f.snap.Offerings[i].Pool].Closed() == "" && view.Offering(i) == 0 {
			out = append(out, int32(i))
		}
	}
	slices.SortStableFunc(out, func(a, b int32) int {
		return cmp.Compare(f.snap.Offerings[a].Price, f.snap.Offerings[b].Price)
	})
	return out
}

func (f *firstFit) open(offerings []int32) openNode {
	n := openNode{offerings: offerings, sum: make(cluster.Vector, len(f.snap.Resources))}
	n.most = f.most(offerings)
	return n
}

func (f *firstFit) most(offerings []int32) cluster.Vector {
	most := make(cluster.Vector, len(f.snap.Resources))
	for _, o := range offerings {
		for i, v := range f.snap.Offerings[o].Free {
			most[i] = max(most[i], v)
		}
	}
	return most
}

// add puts one pod on a node if some offering that is allowed then still holds all
// of its pods.
func (f *firstFit) add(n *openNode, c *cluster.Class, allowed []bool) bool {
	sum := slices.Clone(n.sum)
	sum.Add(c.Requests)
	if !sum.Fits(n.most) {
		return false
	}
	var left []int32
	for _, o := range n.offerings {
		if allowed[o] && sum.Fits(f.snap.Offerings[o].Free) {
			left = append(left, o)
		}
	}
	if len(left) == 0 {
		return false
	}
	n.offerings, n.sum, n.most = left, sum, f.most(left)
	return true
}

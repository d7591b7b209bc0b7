package solve

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/fit"
	"github.com/ullage-sh/ullage/pack"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/topology"
)

// answer is a packing on its way to a plan: items have become pods of classes
// again.
type answer struct {
	*problem
	packed *pack.Packing
	hosted [][]topology.Part // of each host: what is put there
	nodes  []node            // to buy
	left   []int32           // pods of each class without a place
	room   []int64           // what is left of the quotas
	lots   []lotCursor       // of each item
	world  *fit.World        // all that has a place; nil until somebody asks
	late   []latePod
	wares  wares
	// shrunk: what packing had placed is not all there any more.
	shrunk bool
}

// node is a node to buy.
type node struct {
	offering int32 // chosen to be the first
	// ranked are the offerings in the order in which the cloud is to try them.
	ranked []int32
	parts  []topology.Part // by class
	at     int             // its number in the world, if there is one
}

// latePod is a pod of a class that was given a place after packing.
type latePod struct{ class, at int32 }

// lotCursor is how far the units of an item have been dealt out.
type lotCursor struct {
	lot, used int32
}

func newAnswer(p *problem, packed *pack.Packing) *answer {
	a := &answer{
		problem: p, packed: packed, hosted: make([][]topology.Part, len(p.snap.Hosts)), left: make([]int32, len(p.snap.Classes)),
		room: slices.Clone(p.quotas.room), lots: make([]lotCursor, len(p.split.Items)),
	}
	for i := range p.snap.Classes {
		a.left[i] = int32(len(p.snap.Classes[i].Pods))
	}
	for _, x := range packed.Placed {
		h := a.hostOf[x.Host]
		a.hosted[h] = a.take(a.hosted[h], x.Take)
	}
	for h := range a.hosted {
		a.hosted[h] = merged(a.hosted[h])
	}
	for _, b := range packed.Bought {
		for _, u := range p.packing.Shapes[b.Shape].Uses {
			a.room[u.Quota] -= int64(b.Copies) * u.Amount
		}
	}
	for _, b := range a.purchases() {
		n := node{offering: b.choice, ranked: b.ranked}
		for _, t := range packed.Bought[b.group].Takes {
			n.parts = a.take(n.parts, t)
		}
		n.parts = merged(n.parts)
		a.nodes = append(a.nodes, n)
	}
	return a
}

// take appends what units of an item stand for.
func (a *answer) take(parts []topology.Part, t pack.Take) []topology.Part {
	at := &a.lots[t.Item]
	for n := t.Count; n > 0; {
		lot := &a.split.Items[t.Item].Lots[at.lot]
		units := min(n, lot.Units-at.used)
		for _, p := range lot.Parts {
			parts = append(parts, topology.Part{Class: p.Class, Pods: p.Pods * units})
			a.left[p.Class] -= p.Pods * units
		}
		n -= units
		if at.used += units; at.used == lot.Units {
			at.lot, at.used = at.lot+1, 0
		}
	}
	return parts
}

// merged sorts parts by class and makes one of those of the same.
func merged(parts []topology.Part) []topology.Part {
	slices.SortFunc(parts, func(x, y topology.Part) int { return cmp.Compare(x.Class, y.Class) })
	out := parts[:0]
	for _, p := range parts {
		if n := len(out); n > 0 && out[n-1].Class == p.Class {
			out[n-1].Pods += p.Pods
		} else {
			out = append(out, p)
		}
	}
	return out
}

// placements turns what was put on hosts into the plan's, by host and then class.
func (a *answer) placements(pods *dealer) []plan.Placement {
	var out []plan.Placement
	for h, parts := range a.hosted {
		for _, p := range parts {
			out = append(out, plan.Placement{Host: a.snap.Hosts[h].Name, Pods: pods.deal(p)})
		}
	}
	return out
}

// creates turns the nodes into the plan's.
func (a *answer) creates(pods *dealer) []plan.Create {
	out := make([]plan.Create, 0, len(a.nodes))
	ids := idsOf{snap: a.snap, lists: map[string][]cluster.OfferingID{}}
	for i := range a.nodes {
		n := &a.nodes[i]
		o := &a.snap.Offerings[n.offering]
		c := plan.Create{
			Pool: a.snap.Pools[o.Pool].Name, Offerings: ids.list(n.ranked), Price: o.Price, Imputed: o.Imputed, Requests: a.requests(o, n.parts),
		}
		total := int32(0)
		for _, p := range n.parts {
			total += p.Pods
		}
		c.Pods = make([]*cluster.Pod, 0, total)
		for _, p := range n.parts {
			c.Pods = append(c.Pods, pods.deal(p)...)
		}
		cluster.SortPods(c.Pods)
		out = append(out, c)
	}
	return out
}

// requests is what pods and DaemonSets ask for on a node bought as o. Devices that are
// claimed and volumes that are attached are no part of it: a node never says that it has
// such a resource.
func (a *answer) requests(o *cluster.PoolOffering, parts []topology.Part) cluster.Resources {
	sum := slices.Clone(o.Allocatable)
	sum.Sub(o.Free)
	for _, p := range parts {
		for d, v := range a.snap.Classes[p.Class].Requests {
			sum[d] += int64(p.Pods) * v
		}
	}
	out := make(cluster.Resources, 0, len(sum))
	for d, v := range sum {
		if v != 0 && a.snap.SameDevices[d] == nil && !strings.HasPrefix(a.snap.Resources[d], cluster.AttachLimit) {
			out = append(out, cluster.Amount{Name: a.snap.Resources[d], Value: v})
		}
	}
	slices.SortFunc(out, func(x, y cluster.Amount) int { return cmp.Compare(x.Name, y.Name) })
	return out
}

// dealer hands out the pods of each class in order.
type dealer struct {
	snap *cluster.Snapshot
	next []int32
}

func (d *dealer) deal(p topology.Part) []*cluster.Pod {
	first := d.next[p.Class]
	d.next[p.Class] += p.Pods
	return d.snap.Classes[p.Class].Pods[first:d.next[p.Class]:d.next[p.Class]]
}

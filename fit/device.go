package fit

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// claimed is a claim that pods share, on the node where the first of them is.
type claimed struct {
	node int
	pods int
	took []taken
}

// taken is a number of devices, by component.
type taken struct {
	resource int
	count    int64
}

// devices tells whether a node has the devices of the class's claims.
func (v *View) devices(n *node) bool {
	free := slices.Clone(n.free)
	for i := range v.class.Claims {
		x := &v.class.Claims[i]
		if x.Nodes != nil && !anyMatches(x.Nodes, n.label) {
			return false
		}
		if x.ID != "" && v.w.claimed[x.ID] != nil {
			if v.w.claimed[x.ID].node != n.id {
				return false
			}
			continue
		}
		for _, a := range x.Asks {
			count, ok := wanted(a, n.total, free)
			if !ok {
				return false
			}
			v.w.subtract(free, taken{a.Resource, count})
		}
	}
	return true
}

// wanted is how many devices a request takes of a node, and whether it has them. Of
// all, none may be in use.
func wanted(a cluster.DeviceAsk, total, free cluster.Vector) (count int64, ok bool) {
	all := total[a.Resource]
	if cluster.Unmatched(all) {
		return 0, false
	}
	if a.Count == 0 {
		return all, all > 0 && free[a.Resource] == all
	}
	return a.Count, a.Count <= free[a.Resource]
}

// subtract takes devices off a vector, in all components that may count the same
// ones.
func (w *World) subtract(free cluster.Vector, t taken) {
	for _, at := range w.snap.SameDevices[t.resource] {
		free[at] -= t.count
	}
}

// allocate takes the devices of a claim of a pod that has been placed. Its requests
// hold those of which a number is asked for: they are given back where somebody
// else, with whom the claim is shared, has them.
func (w *World) allocate(n *node, x *cluster.ClassClaim) {
	if len(x.Asks) == 0 {
		return
	}
	var took []taken
	for _, a := range x.Asks {
		if a.Count == 0 {
			count := n.total[a.Resource]
			w.subtract(n.free, taken{a.Resource, count})
			took = append(took, taken{a.Resource, count})
		}
	}
	if x.ID == "" {
		return
	}
	if c := w.claimed[x.ID]; c != nil {
		for _, t := range took {
			w.subtract(n.free, taken{t.resource, -t.count})
		}
		w.giveBack(n, x, 1)
		c.pods++
		return
	}
	w.claimed[x.ID] = &claimed{node: n.id, pods: 1, took: took}
}

// deallocate undoes it. The requests of the pod have been given back already.
func (w *World) deallocate(n *node, x *cluster.ClassClaim) {
	if len(x.Asks) == 0 {
		return
	}
	if x.ID == "" {
		for _, a := range x.Asks {
			if a.Count == 0 {
				w.subtract(n.free, taken{a.Resource, -n.total[a.Resource]})
			}
		}
		return
	}
	c := w.claimed[x.ID]
	if c.pods--; c.pods > 0 {
		w.giveBack(n, x, -1)
		return
	}
	for _, t := range c.took {
		w.subtract(n.free, taken{t.resource, -t.count})
	}
	delete(w.claimed, x.ID)
}

// giveBack adds what the requests of one pod hold for a claim, or takes it again.
func (w *World) giveBack(n *node, x *cluster.ClassClaim, by int64) {
	for _, a := range x.Asks {
		w.subtract(n.free, taken{a.Resource, -by * a.Count})
	}
}

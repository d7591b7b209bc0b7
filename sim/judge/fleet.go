package judge

import (
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim/store"
)

// fleet counts the claims of each pool that are initialized, and knows those of them that
// are on their way out or whose node is not ready. It is told of each change of a claim or a
// node: in a large cluster nobody can look at all of them each time.
type fleet struct {
	there map[string]int                   // by pool
	down  map[string]map[*store.Claim]bool // by pool
	on    map[string]map[*store.Claim]bool // by node
}

func newFleet() fleet {
	return fleet{there: map[string]int{}, down: map[string]map[*store.Claim]bool{}, on: map[string]map[*store.Claim]bool{}}
}

// claimChanged is told after [Judge.leaving] has been kept.
func (f *fleet) claimChanged(j *Judge, o *store.Claim, old *cluster.Claim) {
	c := o.Now
	was, is := old != nil && old.Is(cluster.Initialized), c != nil && c.Is(cluster.Initialized)
	if was && is && c.Pool == old.Pool && c.NodeName == old.NodeName {
		f.look(j, o)
		return
	}
	if was {
		f.there[old.Pool]--
		delete(f.down[old.Pool], o)
		delete(f.on[old.NodeName], o)
		if len(f.on[old.NodeName]) == 0 {
			delete(f.on, old.NodeName)
		}
	}
	if is {
		f.there[c.Pool]++
		put(f.on, c.NodeName, o)
		f.look(j, o)
	}
}

// nodeChanged is told of a node that may be ready now, or not any longer.
func (f *fleet) nodeChanged(j *Judge, node string) {
	for o := range f.on[node] {
		f.look(j, o)
	}
}

func (f *fleet) look(j *Judge, o *store.Claim) {
	if n := j.nodeOf(o.Now); j.leaving[o] || n == nil || !n.Ready {
		put(f.down, o.Now.Pool, o)
	} else {
		delete(f.down[o.Now.Pool], o)
	}
}

func put(m map[string]map[*store.Claim]bool, key string, o *store.Claim) {
	if m[key] == nil {
		m[key] = map[*store.Claim]bool{}
	}
	m[key][o] = true
}

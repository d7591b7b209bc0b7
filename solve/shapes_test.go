package solve_test

import (
	"fmt"
	"path"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/solve"
)

// runs tells whether a pool can run a pod at all: what [cluster.Class.Bars] says,
// worked out from the records, as far as generated clusters have it.
func runs(pool *cluster.Pool, p *cluster.Pod) bool {
	if pool.Shape != cluster.PerPod {
		return true
	}
	like := func(pattern, text string) bool {
		ok, err := path.Match(pattern, text)
		return ok && err == nil
	}
	return len(p.Demand.HostAccess) == 0 && slices.ContainsFunc(pool.Selects, func(s cluster.PodPattern) bool {
		for _, l := range s.Labels {
			if !like(l.Value, p.Identity.Labels[l.Key]) {
				return false
			}
		}
		return like(s.Namespace, p.Namespace)
	})
}

// members: whatever the cloud chooses for a node that it chooses, the pods fit there,
// and it costs no more than the plan says.
func members(s solver, in cluster.Input) error {
	_, p := s(in)
	for i := range p.Creates {
		pool := in.Pools[slices.IndexFunc(in.Pools, func(q *cluster.Pool) bool { return q.Name == p.Creates[i].Pool })]
		if pool.Shape == cluster.Free {
			continue
		}
		chosen := 0
		for _, t := range in.Types[pool.Class] {
			if pool.Shape == cluster.PerPod && t.Name != p.Creates[i].Offerings[0].InstanceType {
				continue
			}
			for _, o := range t.Offerings {
				n, err := member(in, pool, t, o, &p.Creates[i])
				if err != nil {
					return err
				}
				chosen += n
			}
		}
		if chosen == 0 {
			return fmt.Errorf("%s of pool %s is nothing that is sold", p.Creates[i].Offerings[0], pool.Name)
		}
	}
	return nil
}

// member checks a planned node as if the cloud had chosen one way to buy one type. It
// returns 1 if it can.
func member(in cluster.Input, pool *cluster.Pool, t cluster.InstanceType, o cluster.Offering, c *plan.Create) (int, error) {
	free := *pool
	free.Shape, free.Limits = cluster.Free, nil
	t.Offerings = []cluster.Offering{o}
	only := cluster.Input{Pools: []*cluster.Pool{&free}, Types: map[cluster.ClassRef][]cluster.InstanceType{pool.Class: {t}}, Pods: c.Pods}
	if pool.Shape == cluster.NodeGroup {
		only.Daemons = in.Daemons
	}
	snap := cluster.NewSnapshot(only)
	if len(snap.Offerings) == 0 {
		return 0, nil
	}
	x := &snap.Offerings[0]
	sum := make(cluster.Vector, len(snap.Resources))
	for _, class := range snap.Classes {
		if !class.Demand.Admits(x.Label, pool.Taints) {
			return 1, fmt.Errorf("%s of pool %s may become a %s, which does not admit %s", c.Offerings[0], pool.Name, x.ID, class.Pods[0].ID())
		}
		for range class.Pods {
			sum.Add(class.Requests)
		}
	}
	if !sum.Fits(x.Free) {
		return 1, fmt.Errorf("%s of pool %s may become a %s, which is too small", c.Offerings[0], pool.Name, x.ID)
	}
	if x.Price > c.Price {
		return 1, fmt.Errorf("%s of pool %s may become a %s, which costs %s and not %s", c.Offerings[0], pool.Name, x.ID, x.Price, c.Price)
	}
	return 1, nil
}

// trustingLuck believes that the cloud will choose the last of the types.
func trustingLuck(in cluster.Input) (*cluster.Snapshot, *plan.Plan) {
	types := map[cluster.ClassRef][]cluster.InstanceType{}
	for ref, list := range in.Types {
		types[ref] = list[len(list)-1:]
	}
	in.Types = types
	snap := cluster.NewSnapshot(in)
	return snap, solve.Solve(snap, solve.Options{})
}

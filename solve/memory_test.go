package solve_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/solve"
)

// TestMemoryDecidesNothing: a plan is the same whatever was solved with its memory before: other
// clusters, the same one, or what differs from it in pods, free room or taints of a pool.
func TestMemoryDecidesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var used solve.Memory
		for range 2 {
			script := drawScript(t, anything)
			snap := cluster.NewSnapshot(mustParse(t, script))
			for i, s := range []*cluster.Snapshot{snap, without(snap), cramped(snap), tainted(snap), snap} {
				opt := solve.Options{NodeCharge: 2500, Steps: -1, Hosts: true, Unproven: true}
				fresh := solve.Solve(s, opt)
				opt.Memory = &used
				if err := same(fresh, solve.Solve(s, opt)); err != nil {
					t.Fatalf("variant %d: %v\n%s", i, err, script)
				}
			}
		}
	})
}

// without is a snapshot without every other class.
func without(snap *cluster.Snapshot) *cluster.Snapshot {
	out := *snap
	out.Classes = nil
	for i := 0; i < len(snap.Classes); i += 2 {
		out.Classes = append(out.Classes, snap.Classes[i])
	}
	return &out
}

// cramped is one whose hosts have half as much cpu free.
func cramped(snap *cluster.Snapshot) *cluster.Snapshot {
	out := *snap
	out.Hosts = slices.Clone(out.Hosts)
	for i := range out.Hosts {
		h := &out.Hosts[i]
		h.Free = slices.Clone(h.Free)
		h.Free[0] /= 2
	}
	return &out
}

// tainted is one whose first pool has one more taint.
func tainted(snap *cluster.Snapshot) *cluster.Snapshot {
	out := *snap
	out.Pools = slices.Clone(out.Pools)
	if len(out.Pools) > 0 {
		p := *out.Pools[0].Pool
		p.Taints = slices.Concat(p.Taints, []cluster.Taint{{Key: "new", Effect: cluster.NoSchedule}})
		out.Pools[0].Pool = &p
	}
	return &out
}

// Package compare says what the pods of a plan would cost elsewhere: packed
// first-fit-decreasing, on one node group of a single instance type, on Fargate.
//
// It owns these rivals, each in its simplest honest form: a rival that cannot run
// some of the pods says how many, and one that ignores a constraint says so, so that
// nothing looks better than it is. It refuses to compete: the plan is solve's.
package compare

import (
	"slices"
	"strconv"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/solve"
)

// Rival is another way to run the same pods.
type Rival struct {
	Name string
	// Price of the nodes it buys, per hour. Imputed: some of it is an estimate.
	Price   cluster.Money
	Imputed bool
	Nodes   int
	// Unplaced is how many pods it cannot run.
	Unplaced int
	Note     string // "" if there is nothing to add
}

// Self is a plan as one of its rivals.
func Self(p *plan.Plan) Rival {
	r := Rival{Name: "this plan", Price: p.CreateCost, Nodes: len(p.Creates)}
	for i := range p.Creates {
		r.Imputed = r.Imputed || p.Creates[i].Imputed
	}
	for i := range p.Unplaced {
		r.Unplaced += len(p.Unplaced[i].Pods)
	}
	return r
}

// typical are the types of which [NodeGroups] tries those that a snapshot offers: a
// node group of one of them is what people begin with.
var typical = []string{
	"m7i.large", "m7i.xlarge", "m7i.2xlarge", "m7i.4xlarge", "c7i.2xlarge", "r7i.2xlarge",
	"m6i.large", "m6i.xlarge", "m6i.2xlarge", "m6i.4xlarge", "c6i.2xlarge", "r6i.2xlarge",
	"m7g.large", "m7g.xlarge", "m7g.2xlarge", "m7g.4xlarge", "c7g.2xlarge", "r7g.2xlarge",
}

// maxGroups is how many node groups are tried unless the caller names types.
const maxGroups = 6

// NodeGroups are one managed node group of each of a few types: the same pods,
// packed by this project's own solver, but with one type to choose from. types are
// the types to try; none for typical ones.
func NodeGroups(snap *cluster.Snapshot, types []string, opt solve.Options) []Rival {
	candidates, most := types, len(types)
	if len(types) == 0 {
		candidates, most = typical, maxGroups
	}
	var out []Rival
	for _, name := range candidates {
		if len(out) == most {
			break
		}
		only := withOnly(snap, name)
		if len(only.Offerings) == 0 {
			if len(types) > 0 {
				out = append(out, Rival{Name: "node group of " + name, Unplaced: waiting(snap), Note: "no pool offers this type"})
			}
			continue
		}
		r := Self(solve.Solve(only, opt))
		r.Name = "node group of " + name
		out = append(out, r)
	}
	return out
}

// withOnly is a snapshot in which one type is sold, without a word on how many to
// choose from.
func withOnly(snap *cluster.Snapshot, name string) *cluster.Snapshot {
	out := *snap
	out.Offerings, out.Pools = nil, slices.Clone(snap.Pools)
	for i := range snap.Offerings {
		if snap.Offerings[i].Type.Name == name {
			out.Offerings = append(out.Offerings, snap.Offerings[i])
		}
	}
	for i := range out.Pools {
		p := *out.Pools[i].Pool
		p.Requirements = slices.Clone(p.Requirements)
		for j := range p.Requirements {
			p.Requirements[j].MinValues = 0
		}
		out.Pools[i].Pool = &p
	}
	return &out
}

func waiting(snap *cluster.Snapshot) int {
	n := 0
	for i := range snap.Classes {
		n += len(snap.Classes[i].Pods)
	}
	return n
}

func pods(n int) string {
	if n == 1 {
		return "1 pod"
	}
	return strconv.Itoa(n) + " pods"
}

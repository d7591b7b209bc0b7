package solve

import (
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/pack"
	"github.com/ullage-sh/ullage/plan"
)

// Options steer a solution. The zero value is ready to use.
type Options struct {
	// NodeCharge is added to the price per hour of each new node when nodes are
	// compared: what a node costs besides its price. It is part of the plan's
	// objective and bound, not of its cost.
	NodeCharge cluster.Money
	// PreferencePrice is what a preference of weight 100 may cost per node and hour,
	// unless a pod says otherwise: 0 ignores preferences, [Respect] treats them as
	// requirements that are given up only where pods fit nowhere with them.
	PreferencePrice cluster.Money
	// MaxAlternatives bounds the offerings listed for a node; 60 if 0. A pool's
	// minValues may ask for more.
	MaxAlternatives int
	// Steps bounds the search for something better than the first plan, in steps of
	// about a microsecond. If 0 it is 1,000 and 10 for each waiting pod; below 0 the
	// first plan is all that is wanted, which takes as long as it takes.
	Steps int
	// Hosts asks a first plan, too, to fill the hosts that are there as well as it can.
	Hosts bool
	// Unproven leaves out the plan's bound, which is about a third of the work of a first
	// plan. The plan is the same.
	Unproven bool
	// Memory of the solution before; nil for none.
	Memory *Memory
}

func (o Options) withDefaults(snap *cluster.Snapshot) Options {
	if o.MaxAlternatives <= 0 {
		o.MaxAlternatives = 60
	}
	if o.Steps == 0 {
		o.Steps = 1_000
		for i := range snap.Classes {
			o.Steps += 10 * len(snap.Classes[i].Pods)
		}
	}
	return o
}

// Solve answers a snapshot. It never fails: what fits nowhere is in the plan,
// with the reasons.
func Solve(snap *cluster.Snapshot, opt Options) *plan.Plan {
	a, short := whole(snap, opt)
	out := &plan.Plan{Revision: snap.Revision}
	if !opt.Unproven {
		_, proof := a.proof()
		out.Bound = cluster.Money(proof.Bound)
	}
	pods := dealer{snap: a.snap, next: make([]int32, len(snap.Classes))}
	out.Placements = a.placements(&pods)
	out.Creates = a.creates(&pods)
	out.Unplaced = a.unplaced(&pods)
	tellGangs(out.Unplaced, short)
	out.Late = a.lateOnes(out)
	for i := range out.Creates {
		out.CreateCost += out.Creates[i].Price
	}
	out.Charges = opt.NodeCharge * cluster.Money(len(out.Creates))
	out.Cost = out.CreateCost
	for i := range snap.Hosts {
		if snap.Hosts[i].Pool >= 0 {
			out.Cost += snap.Hosts[i].Price
		}
	}
	return out
}

// best packs a snapshot with preferences and, where pods are left over, gives up
// those of the pods left over, then all: only if that lets more pods in.
func best(snap *cluster.Snapshot, opt Options) *answer {
	relaxed := make([]bool, len(snap.Classes))
	a := attempt(snap, opt, relaxed)
	least := a.leftOver()
	for next := a; least > 0 && next.relax(relaxed); {
		next = attempt(snap, opt, relaxed)
		if n := next.leftOver(); n < least {
			a, least = next, n
		}
	}
	return a
}

// attempt packs a snapshot with the preferences of all classes but the relaxed ones.
func attempt(snap *cluster.Snapshot, opt Options, relaxed []bool) *answer {
	p := newProblem(snap, opt.withDefaults(snap), relaxed)
	a := newAnswer(p, pack.Pack(&p.packing, pack.Options{Steps: max(p.opt.Steps, 0), Hosts: p.opt.Hosts, Unproven: opt.Unproven || p.constrained(), Memory: opt.Memory.forPacking()}))
	a.tuckIn()
	return a
}

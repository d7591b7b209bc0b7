package solve

import (
	"slices"

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
	// MaxAlternatives bounds the offerings listed for a node; 60 if 0. A pool's
	// minValues may ask for more.
	MaxAlternatives int
	// Steps bounds the search for something better than the first plan: so many
	// classes may be looked at. 200,000 if 0 (a few milliseconds); the first plan
	// itself takes as long as it takes.
	Steps int
}

func (o Options) withDefaults() Options {
	if o.MaxAlternatives <= 0 {
		o.MaxAlternatives = 60
	}
	if o.Steps <= 0 {
		o.Steps = 200_000
	}
	return o
}

// Solve answers a snapshot. It never fails: what fits nowhere is in the plan,
// with the reasons.
func Solve(snap *cluster.Snapshot, opt Options) *plan.Plan {
	a := newAnswer(newProblem(snap, opt.withDefaults()))
	out := &plan.Plan{Revision: snap.Revision, Bound: cluster.Money(a.Bound)}
	pods := a.newDealer()
	out.Placements = a.placements(pods)
	out.Creates = a.creates(a.purchases(), pods)
	out.Unplaced = a.unplaced(pods)
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

// answer is a problem with its packing.
type answer struct {
	*problem
	*pack.Packing
	free []int64 // a row for each host: what is left of it
	room []int64 // what is left of the pools' limits
}

func newAnswer(p *problem) *answer {
	a := &answer{problem: p, Packing: pack.Pack(&p.packing, pack.Options{Steps: p.opt.Steps})}
	a.free, a.room = slices.Clone(p.hostFree), slices.Clone(p.quotas.room)
	for _, x := range a.Placed {
		free := a.row(a.free, a.hostOf[x.Host])
		for d, v := range a.row(a.request, x.Item) {
			free[d] -= int64(x.Count) * v
		}
	}
	for _, b := range a.Bought {
		for _, u := range a.packing.Shapes[b.Shape].Uses {
			a.room[u.Quota] -= int64(b.Copies) * u.Amount
		}
	}
	return a
}

// placements turns what was put on hosts into the plan's, by host and then class.
func (a *answer) placements(pods *dealer) []plan.Placement {
	var out []plan.Placement
	for _, x := range a.Placed {
		out = append(out, plan.Placement{Host: a.snap.Hosts[a.hostOf[x.Host]].Name, Pods: pods.deal(x.Take)})
	}
	return out
}

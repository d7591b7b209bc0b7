package solve

import (
	"cmp"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// Options steer a solution. The zero value is ready to use.
type Options struct {
	// NodeCharge is added to the price per hour of each new node when nodes are
	// compared: what a node costs besides its price. It is not part of the plan's
	// cost or bound.
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
	p := newProblem(snap, opt.withDefaults())
	s := newState(p)
	s.fillHosts()
	for i := range p.tiers {
		s.packTier(&p.tiers[i])
	}
	out := &plan.Plan{Revision: snap.Revision}
	pods := p.newDealer()
	out.Placements = s.placements(pods)
	bought := s.purchases()
	out.Creates = s.creates(bought, pods)
	out.Unplaced = s.unplaced(pods)
	for i := range out.Creates {
		out.CreateCost += out.Creates[i].Price
	}
	out.Bound = s.bound()
	out.Cost = out.CreateCost
	for i := range snap.Hosts {
		if snap.Hosts[i].Pool >= 0 {
			out.Cost += snap.Hosts[i].Price
		}
	}
	return out
}

// placements turns what was put on hosts into the plan's, by host and then class.
func (s *state) placements(pods *dealer) []plan.Placement {
	slices.SortFunc(s.placed, func(a, b placement) int {
		return cmp.Or(cmp.Compare(a.host, b.host), cmp.Compare(s.classes[a.class].source, s.classes[b.class].source))
	})
	var out []plan.Placement
	for _, p := range s.placed {
		out = append(out, plan.Placement{Host: s.snap.Hosts[p.host].Name, Pods: pods.deal(p.take)})
	}
	return out
}

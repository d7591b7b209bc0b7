package repack

import (
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/fit"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/solve"
)

// Options steer a pass. The zero value is ready to use.
type Options struct {
	// Solve steers how what has to be bought is found; its Steps do not count.
	Solve solve.Options
	// Search bounds what a pass over a small cluster does for better plans than the first,
	// in steps of [solve.Options]. 200,000 if 0, none below 0. Only where there is a search are
	// others than the most wasteful nodes tried together.
	Search int
	// LeastSaving is what an action has to save at the least, in millionths of what the
	// nodes cost that it gives back; 10,000 (1 %) if 0, nothing below 0.
	LeastSaving int64
	// LeastYield is what an action has to save at the least for moving pods, in millionths of
	// what these are worth at the prices of the cheapest nodes for all; 80,000 (8 %) if 0,
	// nothing below 0. Asked only of a pass whose Input.AtOnce bounds some pool: where all may go
	// at once, the best of all is found at once.
	LeastYield int64
	// Restart is what moving a pod costs: what the pod is worth in so much time, a minute
	// if 0. Priority and pod-deletion-cost make a pod count for up to ten. Overlap is how
	// long new nodes run beside those that they replace, three minutes if 0. Both have to
	// be earned back: within the time for which nothing has changed on the nodes that go,
	// see [Input.Quiet], or within Payback, an hour if 0, where that is not known.
	Restart, Overlap, Payback cluster.Duration
	// Together bounds how many nodes are replaced by one action; 40 if 0.
	Together int
	// KeepLocalStorage keeps nodes with pods that have data on them
	// ([cluster.Pod.LocalStorage]), as Cluster Autoscaler does unless it is told not to.
	// Karpenter does not ask.
	KeepLocalStorage bool
	// BoundSteps is how many steps the bound may take, 1,000 if 0; no bound below 0.
	BoundSteps int
}

func (o Options) withDefaults() Options {
	if o.Search == 0 {
		o.Search = 200_000
	}
	switch {
	case o.LeastSaving == 0:
		o.LeastSaving = 10_000
	case o.LeastSaving < 0:
		o.LeastSaving = 0
	}
	switch {
	case o.LeastYield == 0:
		o.LeastYield = 80_000
	case o.LeastYield < 0:
		o.LeastYield = 0
	}
	if o.Restart == 0 {
		o.Restart = cluster.Minute
	}
	if o.Overlap == 0 {
		o.Overlap = 3 * cluster.Minute
	}
	if o.Payback == 0 {
		o.Payback = cluster.Hour
	}
	if o.BoundSteps == 0 {
		o.BoundSteps = 1_000
	}
	if o.Together <= 0 {
		o.Together = 40
	}
	return o
}

// Input is a cluster and what is known about it beside its records.
type Input struct {
	cluster.Input
	Now cluster.Instant
	// Kept are hosts that may not go, and why.
	Kept map[string]string
	// AtOnce bounds how many nodes of a pool, by name, one action may give back; pools
	// that are not in it are not bounded.
	AtOnce map[string]int
	// Quiet is for how long no pod has come to hosts, by name, or left them. How long what
	// is there will last nobody knows; as long again is the guess that costs at most twice
	// of what knowing would (docs/decisions/0013).
	Quiet map[string]cluster.Duration
	// Memory is of the pass before over the same cluster, and becomes that of this one; nil
	// for none.
	Memory *Memory
}

// Memory is what a pass leaves to the next, so that hosts on which nothing has changed are
// not worked out again. It decides nothing. The zero value is ready to use.
type Memory struct {
	ground *cluster.Ground
	guards Guards
	solve  solve.Memory
}

// next is the ground of a pass.
func (m *Memory) next(in cluster.Input) *cluster.Ground {
	if m == nil {
		return cluster.NewGround(in)
	}
	m.ground = m.ground.Next(in)
	return m.ground
}

// forSolve is the part of it that plans want; there is one for each pass at least.
func (m *Memory) forSolve() *solve.Memory {
	if m == nil {
		return new(solve.Memory)
	}
	return &m.solve
}

// Repack looks at every node of a cluster. It never fails: a node about which nothing
// better is known stays, and the verdict says why.
func Repack(in Input, opt Options) *plan.Repacking {
	p := newPass(in, opt.withDefaults())
	p.removeAll()
	p.search = p.searchSteps()
	p.replaceAll()
	p.rehearseAll()
	return p.result()
}

// pass is one look at a cluster.
type pass struct {
	in      *Input
	opt     Options
	guards  Guards
	snap    *cluster.Snapshot // without the pods that could be moved
	world   *fit.World        // with them
	hosts   []host            // of the snapshot
	gone    []bool            // of each host: it is given back
	filled  []bool            // of each host: pods have been moved there
	shunned []bool            // of each host: the scheduler takes others where it can
	byRoom  []spot            // hosts that take pods, those with the least cpu free first
	coming  []int32           // hosts that will take pods when they are there
	index   map[string]int    // of hosts, by name
	class   map[*cluster.Pod]int
	pools   []scale               // of each pool; nil until somebody asks
	worth   []cluster.Money       // of a pod of each class
	sold    map[lot]cluster.Money // offerings at their price; nil until somebody asks
	actions []plan.Action
	spare   []chunk
	choices []choice         // what roomy found last
	search  int              // steps that are left for better plans
	later   cluster.Duration // until an action may be worth its while, 0 if none will
}

// newPass makes a snapshot with the pods of all candidates lifted off, and a world in
// which they are back where they were.
func newPass(in Input, opt Options) *pass {
	p := &pass{in: &in, opt: opt, guards: in.Memory.Guards(in.Budgets)}
	p.opt.Solve.Memory = in.Memory.forSolve()
	look, kept := p.judge()
	p.snap = in.Memory.next(look).Snapshot(in.Revision, nil, in.Promised)
	p.world = fit.New(p.snap)
	p.gone, p.filled = make([]bool, len(p.snap.Hosts)), make([]bool, len(p.snap.Hosts))
	p.settleDown(look.Lifted, kept)
	p.shunned = p.candidatesBefore()
	p.appraise()
	return p
}

// result writes down what has been found.
func (p *pass) result() *plan.Repacking {
	out := &plan.Repacking{Revision: p.in.Revision, Actions: p.actions, Later: p.later}
	for i := range p.hosts {
		h := &p.hosts[i]
		if p.filled[i] && !p.gone[i] && h.verdict.Kept == 0 {
			h.verdict = plan.Verdict{Kept: plan.KeptFilled}
		}
		h.verdict.Host = p.snap.Hosts[i].Name
		out.Verdicts = append(out.Verdicts, h.verdict)
		if p.snap.Hosts[i].Pool >= 0 {
			out.Cost += h.price
		}
	}
	for i := range p.actions {
		out.Saving += p.actions[i].Saving
	}
	slices.SortFunc(out.Verdicts, func(a, b plan.Verdict) int { return strings.Compare(a.Host, b.Host) })
	out.Bound = p.bound()
	return out
}

package pack

// stepSize is how many numbers are looked at in a step.
const stepSize = 500

// care is how much is done for a packing. All of it is counted, never timed.
type care struct {
	// first is how well what everything is worth is worked out at the beginning, again
	// how well when part of the demand is gone. With no effort it is poured.
	first, again effort
	// share is what part of the demand is left when that is worked out again.
	share int64
	// polished is what part of what a node could be worth may be missing.
	polished int64
	// trials is how many shapes are filled to find the best for a node.
	trials int
	// joins is for how many nodes, those bought last, another is looked for that could
	// be larger instead, and enlarged is how many others are looked at for that.
	joins, enlarged int
	// tail is how far the nodes for the last demand are searched for.
	tail reach
}

// quick is for a first packing, solid for another where pouring has promised too much.
// With steps to spend there are careful ones as well: neither is the best for all, but
// where classes cannot be finer the first is. There are separate efforts for proofs.
var (
	quick = care{
		share: 4, polished: 128, trials: 8, joins: 8, enlarged: 48,
		tail: reach{branches: 12, work: 120_000, attempts: 2},
	}
	solid = care{
		first: effort{12, 6, 2e-2}, again: effort{8, 4, 3e-2}, share: 4, polished: 128, trials: 8, joins: 8, enlarged: 48,
		tail: reach{branches: 12, work: 120_000, attempts: 2},
	}
	careful = []care{{
		first: effort{48, 40, 3e-3}, again: effort{40, 30, 5e-3}, share: 2, polished: 512, trials: 32, joins: 256, enlarged: 4000,
		tail: reach{branches: 300, work: 3_000_000, attempts: 16},
	}, {
		first: effort{24, 16, 8e-3}, again: effort{16, 10, 1.2e-2}, share: 2, polished: 512, trials: 16, joins: 64, enlarged: 48,
		tail: reach{branches: 300, work: 3_000_000, attempts: 16},
	}}
)

func (o Options) proof() prowess {
	if o.Steps > 0 {
		e := effort{min(64, 32+o.Steps/500), min(100, 10+o.Steps/300), 1e-3}
		return prowess{e, min(3000, 200+o.Steps/10), 100_000_000, mostLooks}
	}
	return prowess{effort{}, 1, 1_000, 50_000}
}

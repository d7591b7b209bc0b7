package seeds

import (
	"cmp"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/internal/window"
	"github.com/ullage-sh/ullage/provider/simulated"
	"github.com/ullage-sh/ullage/sim"
	"github.com/ullage-sh/ullage/sim/workload"
)

// Day is how long a seed is simulated, Calm how much of that at the end is left in
// peace.
const (
	Day  = 24 * cluster.Hour
	Calm = 2 * cluster.Hour
)

// Region whose catalogue the clusters buy from.
const Region = "ap-northeast-2"

// Types is the part of the catalogue that they use: the general-purpose families of
// two generations and two architectures, in all zones, on demand and spot.
func Types() ([]cluster.InstanceType, error) {
	c, err := catalog.Embedded()
	if err != nil {
		return nil, err
	}
	all, _, err := c.InstanceTypes(Region, catalog.DefaultSizing(), 1)
	if err != nil {
		return nil, err
	}
	families := []string{"m5", "c5", "r5", "m6g", "c6g", "r6g"}
	return slices.DeleteFunc(all, func(t cluster.InstanceType) bool {
		return !slices.Contains(families, t.Labels[catalog.LabelFamily]) || strings.Contains(t.Name, "metal")
	}), nil
}

// Ref is the node class of all pools.
var Ref = cluster.ClassRef{Group: simulated.ClassKind.Group, Kind: simulated.ClassKind.Kind, Name: "default"}

// draw returns the stream of chance of one part of a seed.
func draw(seed uint64, part string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte("seeds " + part)) // a hash does not fail
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// Pods draws how many pods a cluster has at its peak: half of the clusters have 1,500 or
// more, on some 70 nodes, and one in a hundred has twenty times that.
func Pods(seed uint64) int {
	const median, sigma, large = 1500, 1.288, 20
	times := math.Exp(sigma * draw(seed, "size").NormFloat64())
	if times > 1 && times < large {
		times = math.Pow(times, 0.6) // days between take long, and show what those of 1,500 show
	}
	return int(min(max(median*times, 20), 45_000))
}

// Scenario makes the cluster of a seed and its day. In one that disrupts, pools also
// consolidate nodes that are in use, let them expire, and nodes drift from what somebody
// edits.
func Scenario(seed uint64, types []cluster.InstanceType, disrupt bool) sim.Scenario {
	mix := workload.Mix{Rand: draw(seed, "workloads"), Pods: Pods(seed), Length: Day, Calm: Calm}
	rng := draw(seed, "cluster")
	pace := sim.DefaultPace()
	pace.Watch.P50 *= cluster.Duration(1 + rng.IntN(10))
	pace.Watch.P99 = pace.Watch.P50 * 8
	// How much is handed over at a time: small steps are more of an adversary, large ones
	// make large clusters affordable.
	pace.Gather = []cluster.Duration{5, 20, 50, 100}[rng.IntN(4)] * cluster.Millisecond
	options := engine.DefaultOptions()
	// So is how often the operator looks at all nodes.
	options.PassEvery = []cluster.Duration{10 * cluster.Second, cluster.Minute, 2 * cluster.Minute, 2 * cluster.Minute}[draw(seed, "passes").IntN(4)]
	if mix.Pods > 3000 {
		pace.Gather = 100 * cluster.Millisecond
		options.PassEvery = 2 * cluster.Minute
	}
	if rng.IntN(10) > 0 {
		// Most seeds do without the search for better plans and the proof, which would be
		// most of the work: the rules are not about what a plan costs.
		options.Solve.Steps, options.Repack.Search = -1, -1
	}
	s := sim.Scenario{
		Seed: seed, Length: Day, Start: sim.DefaultStart.Add(cluster.Duration(rng.IntN(7)) * Day),
		Region: Region, Types: types, Classes: []*cluster.NodeClass{{Ref: Ref, Generation: 1}},
		Pools: pools(draw(seed, "pools")), Workloads: mix.Generate(),
		Faults: faults(draw(seed, "faults")), Pace: pace, Options: options,
	}
	addExtras(&s)
	if !disrupt {
		for _, p := range s.Pools {
			p.Policy, p.ExpireAfter = cluster.WhenEmpty, cluster.Forever
		}
		for i := range s.Faults {
			switch f := &s.Faults[i]; f.Kind {
			case sim.ClassEdited, sim.PoolEdited:
				*f = sim.Fault{Kind: sim.Crash, At: f.At, Amount: 1}
			default:
			}
		}
	}
	return s
}

// pools draws one pool without limits and up to two others.
func pools(rng *rand.Rand) []*cluster.Pool {
	out := []*cluster.Pool{pool(rng, "default")}
	// The size of nodes is bounded, as most people do it: else thirty pods are one node.
	if rng.IntN(2) == 0 {
		p := pool(rng, "spot")
		p.Weight = 10
		p.Requirements = append(p.Requirements, cluster.Requirement{Key: cluster.LabelCapacityType, Operator: cluster.In, Values: []string{cluster.Spot}})
		out = append(out, p)
	}
	if rng.IntN(3) == 0 {
		p := pool(rng, "limited")
		p.Weight = 20
		p.Limits = cluster.NewResources(map[string]int64{cluster.CPU: int64(16+rng.IntN(100)) * 1000, cluster.NodesLimit: int64(5 + rng.IntN(20))})
		out = append(out, p)
	}
	return out
}

func pool(rng *rand.Rand, name string) *cluster.Pool {
	p := &cluster.Pool{
		Name: name, UID: "pool-" + name, Class: Ref, Hash: "as-made", ExpireAfter: cluster.Forever, TerminationGracePeriod: cluster.Forever,
		Policy:           []cluster.ConsolidationPolicy{cluster.WhenEmpty, cluster.WhenEmptyOrUnderutilized, cluster.WhenEmptyOrUnderutilized, cluster.Balanced}[rng.IntN(4)],
		ConsolidateAfter: []cluster.Duration{0, 30 * cluster.Second, cluster.Minute, 5 * cluster.Minute}[rng.IntN(4)],
		Requirements: []cluster.Requirement{
			{Key: cluster.LabelArch, Operator: cluster.In, Values: []string{[]string{"amd64", "arm64"}[rng.IntN(2)]}},
			{Key: catalog.LabelCPU, Operator: cluster.Gt, Values: []string{[]string{"1", "3", "7", "7"}[rng.IntN(4)]}},
			{Key: catalog.LabelCPU, Operator: cluster.Lt, Values: []string{[]string{"9", "9", "17", "17"}[rng.IntN(4)]}},
		},
	}
	if rng.IntN(4) == 0 {
		p.TerminationGracePeriod = cluster.Duration(5+rng.IntN(25)) * cluster.Minute
	}
	if rng.IntN(5) == 0 {
		p.ExpireAfter = cluster.Duration(4+rng.IntN(40)) * cluster.Hour
	}
	switch rng.IntN(4) {
	case 0:
		p.Budgets = []cluster.Budget{{Nodes: 1 + rng.IntN(5)}}
	case 1:
		p.Budgets = []cluster.Budget{{Nodes: 50, Percent: true}}
	default:
		p.Budgets = []cluster.Budget{{Nodes: 10, Percent: true}}
	}
	if rng.IntN(4) == 0 {
		zone := []string{"", "Asia/Seoul", "America/New_York"}[rng.IntN(3)]
		if w, err := window.New(strconv.Itoa(rng.IntN(20))+" 9 * * mon-fri", 4*cluster.Hour, zone); err == nil {
			p.Budgets = append(p.Budgets, cluster.Budget{Nodes: 0, Window: w})
		}
	}
	return p
}

// faults draws those of a day, 20 to 32 of them.
func faults(rng *rand.Rand) []sim.Fault {
	kinds := sim.Kinds()
	out := make([]sim.Fault, 20+rng.IntN(13))
	for i := range out {
		span := int64((Day - Calm - cluster.Hour) / cluster.Second)
		f := sim.Fault{Kind: kinds[rng.IntN(len(kinds))], At: cluster.Duration(rng.Int64N(span)) * cluster.Second}
		lasts := cluster.Duration(10+rng.IntN(1200)) * cluster.Second
		switch f.Kind {
		case sim.Shortage:
			f.For, f.Where = lasts, []string{"*/*/spot", "m5.*", "c6g.*", "*/" + Region + "a", "*.large", "*.2xlarge/*/on-demand"}[rng.IntN(6)]
		case sim.Reclaim:
			f.Where = []string{"", "m5.*", "*.large", "*/" + Region + "c", "r6g.*"}[rng.IntN(5)]
		case sim.Kill, sim.NodeDeleted, sim.ClaimDeleted:
			f.Amount = 1 + rng.IntN(3)
		case sim.Silence:
			f.For, f.Amount = lasts, 1+rng.IntN(3)
		case sim.Throttle, sim.LaunchError, sim.APIError, sim.LostAnswer, sim.NoBoot:
			f.For, f.Percent = lasts, 10+rng.IntN(80)
		case sim.LessMemory:
			f.For, f.Amount = lasts, 1+rng.IntN(6)
		case sim.SlowAPI:
			f.For, f.Amount = lasts, 2+rng.IntN(20)
		case sim.WatchOutage:
			f.For = lasts / 4
		case sim.Crash:
			f.Amount = 1 + rng.IntN(20)
		case sim.ClockJump:
			f.For, f.Amount = lasts, rng.IntN(240)-120
		case sim.LeaderChange, sim.ClassEdited, sim.PoolEdited:
		}
		out[i] = f
	}
	slices.SortStableFunc(out, func(a, b sim.Fault) int { return cmp.Compare(a.At, b.At) })
	return out
}

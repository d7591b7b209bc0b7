package seeds

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/internal/window"
	"github.com/ullage-sh/ullage/sim"
	"github.com/ullage-sh/ullage/sim/workload"
)

// Bloat is how a cluster came to cost more than it must.
type Bloat string

// The ways. Until [Opens] nothing is given back in any of them.
const (
	// Churned: its workloads were scaled up and down, each by itself, for hours.
	Churned Bloat = "churned"
	// Halved: an hour before, half of every workload went.
	Halved Bloat = "halved"
	// Shifted: what needs much cpu went, and what needs much memory came.
	Shifted Bloat = "shifted"
)

// Opens is when the nodes of a bloated cluster may be disrupted: until then the budget
// of its pool allows none. Nothing changes from half an hour before, to the end.
const Opens = 3 * cluster.Hour

// BloatedCluster is one of [BloatedClusters].
type BloatedCluster struct {
	Bloat Bloat
	Nodes int // about so many, with 30 pods each before they are bloated
	Seed  uint64
}

// BloatedClusters are those that end states are measured on.
func BloatedClusters() []BloatedCluster {
	return []BloatedCluster{
		{Churned, 40, 1}, {Churned, 60, 2}, {Churned, 150, 3}, {Churned, 300, 4},
		{Halved, 50, 5}, {Halved, 100, 6}, {Halved, 250, 7},
		{Shifted, 30, 8}, {Shifted, 80, 9}, {Shifted, 200, 10},
	}
}

func (b BloatedCluster) String() string {
	return fmt.Sprintf("%s-%d-%d", b.Bloat, b.Nodes, b.Seed)
}

// Scenario makes the cluster, without faults: Opens hours in which it gets what it has,
// and Settles hours in which that can be made cheaper. Half of its workloads spread over
// zones, a third has a budget, one in a hundred may not be moved.
func (b BloatedCluster) Scenario(types []cluster.InstanceType) (sim.Scenario, error) {
	closed, err := window.New("0 0 * * *", Opens, "")
	if err != nil {
		return sim.Scenario{}, fmt.Errorf("bloated cluster: %w", err)
	}
	pool := &cluster.Pool{
		Name: "default", UID: "pool-default", Class: Ref, Hash: "as-made",
		ExpireAfter: cluster.Forever, TerminationGracePeriod: cluster.Forever,
		Policy: cluster.WhenEmptyOrUnderutilized, ConsolidateAfter: 30 * cluster.Second,
		Requirements: []cluster.Requirement{
			{Key: cluster.LabelArch, Operator: cluster.In, Values: []string{"amd64"}},
			{Key: cluster.LabelCapacityType, Operator: cluster.In, Values: []string{cluster.OnDemand}},
			{Key: catalog.LabelCPU, Operator: cluster.Lt, Values: []string{"9"}},
		},
		Budgets: []cluster.Budget{{Nodes: 10, Percent: true}, {Window: closed}},
	}
	options := engine.DefaultOptions()
	options.Solve.Steps = -1 // the search for better plans is most of the work, and none of the bloat
	pace := sim.DefaultPace()
	pace.Gather = 100 * cluster.Millisecond // as in seeds that are large
	return sim.Scenario{
		Seed: b.Seed, Start: sim.DefaultStart, Length: Opens + Settles, Region: Region, Types: types,
		Classes: []*cluster.NodeClass{{Ref: Ref, Generation: 1}}, Pools: []*cluster.Pool{pool},
		Workloads: b.workloads(), Options: options, Pace: pace,
	}, nil
}

// Settles is how long a bloated cluster is simulated from Opens on.
const Settles = 21 * cluster.Hour

// workloads draws services, six pods of each at the least and 300 services at the most.
func (b BloatedCluster) workloads() []*workload.Workload {
	rng := draw(b.Seed, "bloat "+string(b.Bloat))
	pods := 30 * b.Nodes
	n := min(pods/6, 300)
	demands := &cluster.Demands{}
	out := make([]*workload.Workload, n)
	for i := range out {
		w := &workload.Workload{Namespace: "default", Name: "service-" + strconv.Itoa(i), Kind: workload.Deployment}
		peak := max(int(float64(pods)/float64(n)*(0.4+1.2*rng.Float64())), 2)
		d := b.demand(rng, i)
		if i%2 == 0 {
			d.Spreads = []cluster.TopologySpread{{Key: cluster.LabelZone, MaxSkew: 1, Pods: workload.Own(w.Namespace, w.Name), HonorAffinity: true}}
		}
		w.Pod = workload.Pod{
			Demand: demands.Intern(d), Labels: cluster.Labels{workload.App: w.Name}, Grace: 30 * cluster.Second,
			Ends: 2 * cluster.Second, Starts: 5 * cluster.Second, Protected: i%100 == 99,
		}
		switch i % 6 {
		case 1:
			w.Budget = &workload.Budget{MaxUnavailable: &workload.Share{Value: 1}}
		case 4:
			w.Budget = &workload.Budget{MaxUnavailable: &workload.Share{Value: 25, Percent: true}}
		}
		b.follow(w, rng, peak, i)
		out[i] = w
	}
	return out
}

// demand draws requests: 50 to 600 millicores with one to eight GiB a core; where loads
// shift, of every other two services those with little memory, then those with much.
func (b BloatedCluster) demand(rng *rand.Rand, i int) cluster.Demand {
	milli := 50 * int64(1+rng.IntN(12))
	ratio := 1024 + rng.Int64N(7*1024) // MiB a core
	if b.Bloat == Shifted {
		if ratio = 1024 + rng.Int64N(1024); heavy(i) {
			ratio = 5*1024 + rng.Int64N(4*1024)
		}
	}
	const page = 32 // MiB: what people write
	return cluster.Demand{Requests: requests(milli, (milli*ratio/1000/page+1)*page<<20)}
}

// heavy tells whether a service of a shifted cluster needs much memory.
func heavy(i int) bool { return i%4 >= 2 }

func requests(milli, bytes int64) cluster.Resources {
	return cluster.NewResources(map[string]int64{cluster.CPU: milli, cluster.Memory: bytes, cluster.Pods: 1})
}

// wave is how far apart changes are, at the least: several services change at a time.
const wave = 10 * cluster.Minute

// follow enters how many replicas a workload wants when.
func (b BloatedCluster) follow(w *workload.Workload, rng *rand.Rand, peak, i int) {
	part := func(share float64) int { return max(int(float64(peak)*share), 1) }
	at := func(low, high cluster.Duration) cluster.Duration {
		return low + cluster.Duration(rng.Int64N(int64((high-low)/wave)))*wave
	}
	w.Replicas = peak
	switch b.Bloat {
	case Churned:
		for range 3 {
			w.Changes = append(w.Changes, workload.Change{At: at(30*cluster.Minute, Opens-30*cluster.Minute), Replicas: part(0.3 + 0.7*rng.Float64()), Rollout: rng.IntN(12) == 0})
		}
		slices.SortStableFunc(w.Changes, func(x, y workload.Change) int { return int((x.At - y.At) / wave) })
	case Halved:
		w.Changes = []workload.Change{{At: Opens - cluster.Hour, Replicas: part(0.5)}}
	case Shifted:
		before, after := peak, part(0.2)
		if heavy(i) {
			before, after = part(0.2), peak
		}
		w.Replicas = before
		w.Changes = []workload.Change{{At: at(Opens-2*cluster.Hour, Opens-cluster.Hour), Replicas: after}}
	}
}

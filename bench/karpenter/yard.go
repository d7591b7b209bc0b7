package karpenter

import (
	"context"
	"fmt"
	"time"

	"github.com/awslabs/operatorpkg/status"
	"github.com/go-logr/logr"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/log"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/cloudprovider"
	"sigs.k8s.io/karpenter/pkg/controllers/disruption"
	"sigs.k8s.io/karpenter/pkg/controllers/provisioning"
	"sigs.k8s.io/karpenter/pkg/controllers/provisioning/scheduling"
	"sigs.k8s.io/karpenter/pkg/controllers/state"
	"sigs.k8s.io/karpenter/pkg/operator/injection"
	"sigs.k8s.io/karpenter/pkg/operator/options"
	"sigs.k8s.io/karpenter/pkg/state/cost"
	"sigs.k8s.io/karpenter/pkg/state/virtualpods"
	"sigs.k8s.io/karpenter/pkg/test/v1alpha1"
	utils "sigs.k8s.io/karpenter/pkg/utils/disruption"

	"github.com/ullage-sh/ullage/bench/record"
)

// Yard is Karpenter's disruption controller before a cluster that stands still: its
// state, its provisioner and its methods, reading from memory, at a time that passes
// only while it waits.
type Yard struct {
	c           *record.Cluster
	store       *store
	state       *state.Cluster
	market      *market
	provisioner *provisioning.Provisioner
	queue       *disruption.Queue
	cost        *cost.ClusterCost
	clock       still
	options     options.Options
}

// Gates are the feature gates that matter for what is disrupted.
type Gates struct {
	// SpotToSpot lets spot nodes be replaced by spot nodes; off by default.
	SpotToSpot bool
}

// NewYard makes the controller for a cluster. The error says what Karpenter does not
// take.
func NewYard(ctx context.Context, c *record.Cluster, gates Gates) (*Yard, error) {
	log.SetLogger(logr.Discard())
	types, err := instanceTypes(&record.Input{Types: c.Types})
	if err != nil {
		return nil, err
	}
	y := &Yard{c: c, store: newStoreOf(c), market: &market{types: types}, clock: still{clocktesting.NewFakeClock(c.Now.Time)}}
	y.options = options.Options{
		CPURequests:      1000,
		BatchMaxDuration: 10 * time.Second, BatchIdleDuration: time.Second,
		PreferencePolicy: options.PreferencePolicyRespect, MinValuesPolicy: options.MinValuesPolicyStrict,
		IgnoreDRARequests: true,
		FeatureGates:      options.FeatureGates{ReservedCapacity: true, SpotToSpotConsolidation: gates.SpotToSpot},
	}
	ctx = y.context(ctx)
	y.state = state.NewCluster(y.clock, y.store, y.market)
	y.cost = cost.NewClusterCost(ctx, y.market, y.store)
	y.provisioner = provisioning.NewProvisioner(y.store, silence{}, y.market, y.state, y.clock, nil, virtualpods.NewVirtualPodCache(y.store))
	y.queue = disruption.NewQueue(y.store, silence{}, y.state, y.clock, y.provisioner)
	return y, y.observe(ctx)
}

// observe tells state and cost what the watches would.
func (y *Yard) observe(ctx context.Context) error {
	pools := map[string]*karpv1.NodePool{}
	for _, p := range y.c.NodePools {
		pools[p.Name] = p
	}
	for _, claim := range y.c.Claims {
		claim = claim.DeepCopy()
		y.ripen(claim, pools[claim.Labels[karpv1.NodePoolLabelKey]])
		y.state.UpdateNodeClaim(claim)
		if err := y.cost.UpdateNodeClaim(ctx, claim); err != nil {
			return fmt.Errorf("node claim %s: %w", claim.Name, err)
		}
	}
	for _, n := range y.c.Nodes {
		if err := y.state.UpdateNode(ctx, n.DeepCopy()); err != nil {
			return fmt.Errorf("node %s: %w", n.Name, err)
		}
	}
	for _, p := range y.c.Pods {
		if err := y.state.UpdatePod(ctx, p.DeepCopy()); err != nil {
			return fmt.Errorf("pod %s: %w", record.PodID(p), err)
		}
	}
	y.state.MarkUnconsolidated()
	return nil
}

// ripen says whether a claim's node may be consolidated as Karpenter's claim
// controller would: when consolidateAfter has passed since its last pod came or went.
func (y *Yard) ripen(claim *karpv1.NodeClaim, pool *karpv1.NodePool) {
	if pool == nil || pool.Spec.Disruption.ConsolidateAfter.Duration == nil || utils.IsUnderConsolidateAfter(pool, claim, y.clock) {
		_ = claim.StatusConditions().Clear(karpv1.ConditionTypeConsolidatable) // it is not one that a claim must have
	}
}

// context carries what Karpenter looks for in a context.
func (y *Yard) context(ctx context.Context) context.Context {
	o := y.options
	return options.ToContext(injection.WithControllerName(ctx, "disruption"), &o)
}

// Candidates are the nodes of which single-node consolidation would simulate the end,
// in the order of its own.
func (y *Yard) Candidates(ctx context.Context) ([]*disruption.Candidate, error) {
	ctx = y.context(ctx)
	single := disruption.NewSingleNodeConsolidation(disruption.MakeConsolidation(y.clock, y.state, y.store, y.provisioner, y.market, silence{}, y.queue))
	all, err := disruption.GetCandidates(ctx, y.state, y.store, silence{}, y.clock, y.market, single.ShouldDisrupt, single.Class(), y.queue)
	if err != nil {
		return nil, fmt.Errorf("looking for candidates as Karpenter: %w", err)
	}
	return single.SortCandidates(ctx, all), nil
}

// Simulate is one step of Karpenter's consolidation: what becomes of a candidate's pods
// without its node. It copies the state, builds topology and scheduler, and solves.
func (y *Yard) Simulate(ctx context.Context, c *disruption.Candidate) (scheduling.Results, error) {
	results, err := disruption.SimulateScheduling(y.context(ctx), y.store, y.state, y.provisioner, y.clock, silence{},
		[]scheduling.Options{scheduling.IsConsolidationSimulation}, c)
	if err != nil {
		return results, fmt.Errorf("simulating the end of node %s as Karpenter: %w", c.Name(), err)
	}
	return results, nil
}

// market is a cloud provider that sells the same types to each pool and does nothing.
type market struct {
	cloudprovider.CloudProvider // nil: whatever is not answered below must not be asked
	types                       []*cloudprovider.InstanceType
}

// GetInstanceTypes answers for any pool.
func (m *market) GetInstanceTypes(context.Context, *karpv1.NodePool) ([]*cloudprovider.InstanceType, error) {
	return m.types, nil
}

// GetSupportedNodeClasses names the class of Karpenter's own tests.
func (*market) GetSupportedNodeClasses() []status.Object {
	return []status.Object{&v1alpha1.TestNodeClass{}}
}

// still is a clock that stands still but for whoever waits: Karpenter looks at a
// command again when fifteen seconds have passed.
type still struct{ *clocktesting.FakeClock }

// After lets the time pass.
func (s still) After(d time.Duration) <-chan time.Time {
	s.Step(d)
	c := make(chan time.Time, 1)
	c <- s.Now()
	return c
}

var _ clock.Clock = still{}

func newStoreOf(c *record.Cluster) *store {
	s := newStore(&record.Input{Nodes: c.Nodes, Running: c.Pods})
	s.pools = c.NodePools
	s.budgets = c.Budgets
	return s
}

package karpenter

import (
	"context"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/log"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/cloudprovider"
	"sigs.k8s.io/karpenter/pkg/controllers/provisioning/scheduling"
	"sigs.k8s.io/karpenter/pkg/controllers/state"
	"sigs.k8s.io/karpenter/pkg/events"
	"sigs.k8s.io/karpenter/pkg/operator/injection"
	"sigs.k8s.io/karpenter/pkg/operator/options"

	"github.com/ullage-sh/ullage/bench/record"
)

// workers try candidates for a pod at the same time. Karpenter takes one per core
// that it requests; its own benchmark uses five.
const workers = 5

// Side is Karpenter between two passes.
type Side struct {
	pool    *karpv1.NodePool
	types   []*cloudprovider.InstanceType
	store   *store
	state   *state.Cluster
	options options.Options
	solve   []scheduling.Options
}

// New makes the side for an input. The error says which instance type, node or
// pod Karpenter does not take.
func New(ctx context.Context, in *record.Input) (*Side, error) {
	log.SetLogger(logr.Discard())
	types, err := instanceTypes(in)
	if err != nil {
		return nil, err
	}
	s := &Side{pool: in.NodePool, types: types, store: newStore(in)}
	s.options = options.Options{
		CPURequests:      workers * 1000,
		PreferencePolicy: options.PreferencePolicyRespect,
		MinValuesPolicy:  options.MinValuesPolicyStrict,
		// The defaults of its flags.
		IgnoreDRARequests: true,
		FeatureGates:      options.FeatureGates{ReservedCapacity: true},
	}
	s.solve = []scheduling.Options{
		scheduling.DisableReservedCapacityFallback,
		scheduling.NumConcurrentReconciles(workers),
		scheduling.MinValuesPolicy(options.MinValuesPolicyStrict),
	}
	if in.Preferences == record.Ignore {
		s.options.PreferencePolicy = options.PreferencePolicyIgnore
		s.solve = append(s.solve, scheduling.IgnorePreferences)
	}
	return s, s.observe(s.context(ctx), in)
}

// observe tells the cluster state of nodes and running pods.
func (s *Side) observe(ctx context.Context, in *record.Input) error {
	s.state = state.NewCluster(clock.RealClock{}, s.store, nil) // the cloud is asked only until watches are in sync
	for _, n := range in.Nodes {
		if err := s.state.UpdateNode(ctx, n.DeepCopy()); err != nil {
			return fmt.Errorf("node %s: %w", n.Name, err)
		}
	}
	for _, p := range in.Running {
		if err := s.state.UpdatePod(ctx, p.DeepCopy()); err != nil {
			return fmt.Errorf("pod %s: %w", record.PodID(p), err)
		}
	}
	return nil
}

// context carries what Karpenter looks for in a context.
func (s *Side) context(ctx context.Context) context.Context {
	o := s.options
	return options.ToContext(injection.WithControllerName(ctx, "provisioner"), &o)
}

// Answer is what one pass came to.
type Answer struct {
	results scheduling.Results
	// Core is how long the scheduler's Solve took, without what was built for it.
	Core time.Duration
}

// Solve is one pass. It sorts pods and may write to them: they must be copies.
func (s *Side) Solve(ctx context.Context, pods []*corev1.Pod) (*Answer, error) {
	ctx = s.context(ctx)
	nodes := s.state.DeepCopyNodes().Active()
	pools := []*karpv1.NodePool{s.pool}
	types := map[string][]*cloudprovider.InstanceType{s.pool.Name: s.types}
	topology, err := scheduling.NewTopology(ctx, s.store, s.state, nodes, pools, types, pods, s.solve...)
	if err != nil {
		return nil, fmt.Errorf("building Karpenter's topology: %w", err)
	}
	scheduler := scheduling.NewScheduler(ctx, s.store, pools, s.state, nodes, topology, types, nil, silence{}, clock.RealClock{}, nil, nil, s.solve...)
	start := time.Now()
	results, err := scheduler.Solve(ctx, pods)
	core := time.Since(start)
	if err != nil {
		return nil, fmt.Errorf("solving as Karpenter: %w", err)
	}
	return &Answer{results: results.TruncateInstanceTypes(ctx, scheduling.MaxInstanceTypes), Core: core}, nil
}

// silence is a recorder that drops events.
type silence struct{}

// Publish drops them.
func (silence) Publish(...events.Event) {}

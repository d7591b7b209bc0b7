package cluster

import "strconv"

// Pool is what nodes are bought for: a karpenter.sh NodePool, or one of another
// [Shape].
type Pool struct {
	Name, UID  string
	Revision   string
	Generation int64
	Weight     int32
	Class      ClassRef

	// The template of the pool's nodes.
	Labels                 Labels
	Annotations            map[string]string
	Requirements           []Requirement
	Taints, StartupTaints  []Taint
	ExpireAfter            Duration
	TerminationGracePeriod Duration
	// Hash identifies the static part of the template: a claim with another hash
	// has drifted.
	Hash string

	// Limits bounds the sum of the capacities of the pool's nodes; the key
	// "nodes" bounds their number. Nil for none. A limit of zero is a limit, so
	// unlike other Resources these may hold zeros.
	Limits Resources

	// PreferencePrice is what a preference of weight 100 may cost per hour and node for
	// pods that say nothing themselves; nil leaves it to the solver's options.
	PreferencePrice *Money

	ConsolidateAfter Duration // Forever for Never
	Policy           ConsolidationPolicy
	Budgets          []Budget

	// Legacy: it is a Provisioner (karpenter.sh/v1alpha5). Ignored names what it asks for
	// that is not honoured, "" for nothing.
	Legacy  bool
	Ignored string

	DeletingAt Instant
	// Invalid says why the pool cannot be used; "" for a valid one.
	Invalid string

	// Replicas is how many nodes the pool has, whatever pods there are (static
	// capacity); nil for one that is bought from for pods. Its policy and
	// ConsolidateAfter mean nothing then.
	Replicas *int64

	// Shape of the pool. What follows says more about those that are not Free.
	Shape Shape
	// Min is how many nodes a NodeGroup has at the least. The most it may have is its
	// limit of "nodes".
	Min int64
	// Members are the labels that tell the nodes of a NodeGroup.
	Members Term
	// Selects are the pods that a PerPod pool runs, those that any of the patterns
	// matches; Drivers the storage drivers whose volumes they may have.
	Selects []PodPattern
	Drivers []string

	// What its status says now.
	Conditions []Condition
	Resources  Resources // capacity of its nodes, "nodes" included
}

// Kind of the object that a pool of nodes is.
func (p *Pool) Kind() string { return PoolKind(p.Legacy) }

// PoolKind is "NodePool", or what that was called once.
func PoolKind(legacy bool) string {
	if legacy {
		return "Provisioner"
	}
	return "NodePool"
}

// Closed says why no node is bought from the pool for pods; "" if one may be.
func (p *Pool) Closed() string {
	switch {
	case p.Invalid != "":
		return p.Invalid
	case p.DeletingAt != 0:
		return "being deleted"
	case p.Replicas != nil:
		return "its number of nodes is fixed (spec.replicas " + strconv.FormatInt(*p.Replicas, 10) + ")"
	}
	return ""
}

// NodesLimit is the name under which limits and status count nodes.
const NodesLimit = "nodes"

// ConsolidationPolicy says which nodes may be given back voluntarily.
type ConsolidationPolicy string

// The policies of karpenter.sh/v1.
const (
	WhenEmpty                = "WhenEmpty"
	WhenEmptyOrUnderutilized = "WhenEmptyOrUnderutilized"
	Balanced                 = "Balanced"
)

// Reason is why a node is disrupted voluntarily.
type Reason string

// The reasons that disruption budgets know.
const (
	ReasonEmpty         Reason = "Empty"
	ReasonDrifted       Reason = "Drifted"
	ReasonUnderutilized Reason = "Underutilized"
)

// Reasons for which nodes go whatever budgets allow.
const (
	ReasonExpired     Reason = "Expired"
	ReasonInterrupted Reason = "Interrupted"
)

// Budget bounds how many of a pool's nodes may be disrupted at once.
type Budget struct {
	// Nodes is the bound, a count or, if Percent, a share of the pool's nodes
	// (rounded up).
	Nodes   int
	Percent bool
	// Reasons it applies to; nil for all.
	Reasons []Reason
	// Window is when it applies; nil for always.
	Window Window
}

// Window is a set of instants, as a cron schedule and a duration give it. Its
// methods are pure: the answer depends on the argument alone.
type Window interface {
	// Contains tells whether t lies in the window.
	Contains(t Instant) bool
	// Changes returns the first instant after t at which the answer may change.
	Changes(t Instant) Instant
	// String is the schedule as it was written.
	String() string
}

// NodeClass is a node class as the cluster holds it; what its spec means only the
// provider knows.
type NodeClass struct {
	Ref        ClassRef
	UID        string
	Revision   string
	Generation int64
	Spec       string // JSON
	DeletingAt Instant
	Finalizers []string
	Conditions []Condition
}

// ClassKind is a kind of node class that a provider serves.
type ClassKind struct{ Group, Version, Kind, Plural string }

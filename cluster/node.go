package cluster

// Node is a Kubernetes node as observed.
type Node struct {
	Name, UID  string
	Revision   string
	ProviderID string

	Labels      Labels
	Annotations map[string]string
	Taints      []Taint
	Allocatable Resources
	Capacity    Resources

	Created    Instant
	DeletingAt Instant // deletionTimestamp, 0 if none
	Finalizers []string

	Ready           bool
	ReadySince      Instant // last transition of the Ready condition
	Unschedulable   bool    // cordoned
	HasOwner        bool    // carries an ownerReference to its NodeClaim
	HeartbeatIsGone bool    // Ready is Unknown: the node no longer answers
	// Conditions by type, Ready among them, without the times of their heartbeats.
	Conditions []Condition
}

// Condition returns the condition of the given type; its Status is "" when the node has
// none.
func (n *Node) Condition(kind string) Condition { return condition(n.Conditions, kind) }

// Condition is one condition of an object. Status is "True", "False" or
// "Unknown".
type Condition struct {
	Type, Status, Reason, Message string
	Since                         Instant
}

// Condition types of a NodeClaim (Karpenter's).
const (
	Launched            = "Launched"
	Registered          = "Registered"
	Initialized         = "Initialized"
	Consolidatable      = "Consolidatable"
	Drifted             = "Drifted"
	Drained             = "Drained"
	VolumesDetached     = "VolumesDetached"
	InstanceTerminating = "InstanceTerminating"
	DisruptionReason    = "DisruptionReason"
	ReadyCondition      = "Ready"
)

// Claim is a karpenter.sh NodeClaim: a node that is wanted, launched or running.
type Claim struct {
	Name, UID string
	Revision  string

	Pool        string // label karpenter.sh/nodepool
	Class       ClassRef
	Labels      Labels
	Annotations map[string]string
	Finalizers  []string

	Requirements           []Requirement
	Requests               Resources
	Taints, StartupTaints  []Taint
	ExpireAfter            Duration // Forever for Never
	TerminationGracePeriod Duration // Forever when unset

	Created    Instant
	DeletingAt Instant

	ProviderID   string
	NodeName     string
	ImageID      string
	Capacity     Resources
	Allocatable  Resources
	Conditions   []Condition
	LastPodEvent Instant

	// Launch is the batch this claim belongs to, read from its annotation; nil
	// for a claim that somebody else wrote and that has none yet.
	Launch *Launch
}

// By these annotations a claim says when its node will be gone whatever its pods do.
const (
	// TerminationTimestamp: the terminationGracePeriod ends (Karpenter's).
	TerminationTimestamp = "karpenter.sh/nodeclaim-termination-timestamp"
	// EndsAt: the cloud takes the instance back.
	EndsAt = "ullage.sh/ends-at"
)

// WaitsFor tells whether the node of a claim that is being deleted waits for a pod without end:
// nobody may evict it, and no end is set. It needs no place elsewhere.
func (c *Claim) WaitsFor(p *Pod) bool {
	return c.Deleting() && p.ProtectedUntil == Never && p.Protected(0) && c.TerminationGracePeriod == Forever &&
		c.Annotations[TerminationTimestamp] == "" && c.Annotations[EndsAt] == ""
}

// Condition returns the condition of the given type; its Status is "" when the
// claim has none.
func (c *Claim) Condition(kind string) Condition { return condition(c.Conditions, kind) }

// condition is that of a type; its Status is "" if there is none.
func condition(list []Condition, kind string) Condition {
	if c := find(list, kind); c != nil {
		return *c
	}
	return Condition{Type: kind}
}

// find is the condition of a type, nil if there is none.
func find(list []Condition, kind string) *Condition {
	for i := range list {
		if list[i].Type == kind {
			return &list[i]
		}
	}
	return nil
}

// Is tells whether the condition of the given type is True.
func (c *Claim) Is(kind string) bool {
	x := find(c.Conditions, kind)
	return x != nil && x.Status == "True"
}

// Deleting tells whether deletion has been asked for.
func (c *Claim) Deleting() bool { return c.DeletingAt != 0 }

// Launch is one request to the cloud, written on each claim it is for before
// the request is made: whoever finds the claims after a crash can repeat the
// request with the same token and get the same instances.
type Launch struct {
	Token string // idempotency token of the request
	Size  int    // claims in the batch
	// Offerings that hold the pods of every slot, best first.
	Offerings []OfferingID
}

// OfferingID names something the cloud sells.
type OfferingID struct{ InstanceType, Zone, CapacityType string }

// String is "m7i.large/ap-northeast-2a/on-demand".
func (o OfferingID) String() string { return o.InstanceType + "/" + o.Zone + "/" + o.CapacityType }

// ClassRef names a node class: the provider's half of a NodePool.
type ClassRef struct{ Group, Kind, Name string }

// String is "Kind/name".
func (r ClassRef) String() string { return r.Kind + "/" + r.Name }

// Offering is what a claim was bought as, by its labels.
func (c *Claim) Offering() OfferingID {
	return OfferingID{InstanceType: c.Labels[LabelInstanceType], Zone: c.Labels[LabelZone], CapacityType: c.Labels[LabelCapacityType]}
}

package engine

import "github.com/ullage-sh/ullage/cluster"

// Event is something that was observed. The types below are all there are.
type Event interface{ apply(*Engine) }

// PodChanged says that a pod was added or changed; Pod is nil when it is gone.
type PodChanged struct {
	ID  string // namespace/name
	Pod *cluster.Pod
}

// Noticed says what the cloud has said of an instance.
type Noticed struct{ Notice cluster.Notice }

// NodeChanged says the same of a node.
type NodeChanged struct {
	Name string
	Node *cluster.Node
}

// ClaimChanged says the same of a NodeClaim.
type ClaimChanged struct {
	Name  string
	Claim *cluster.Claim
}

// PoolChanged says the same of a NodePool or, if Legacy, of a Provisioner.
type PoolChanged struct {
	Name   string
	Legacy bool
	Pool   *cluster.Pool
}

// ClassChanged says the same of a node class of a kind that the provider serves.
type ClassChanged struct {
	Ref   cluster.ClassRef
	Class *cluster.NodeClass
}

// DaemonSetChanged says the same of a DaemonSet.
type DaemonSetChanged struct {
	ID        string // namespace/name
	DaemonSet *cluster.DaemonSet
}

// AttachmentChanged says the same of a VolumeAttachment.
type AttachmentChanged struct {
	Name       string
	Attachment *cluster.VolumeAttachment
}

// BudgetChanged says the same of a PodDisruptionBudget.
type BudgetChanged struct {
	ID     string // namespace/name
	Budget *cluster.PodDisruptionBudget
}

// Synced says that everything that existed when watching began has been told.
// Before it the engine decides nothing.
type Synced struct{}

// Suspended stops all effects while somebody else manages the nodes; an empty
// Reason resumes.
type Suspended struct{ Reason string }

// Done reports the outcome of an effect. Exactly one comes for each effect that
// was returned, Note excepted.
type Done struct {
	Effect Effect
	// Err is nil on success.
	Err *Failure
	// Revision of the object after a successful write to the cluster.
	Revision string
	// What the cloud answered, by the kind of effect.
	Resolution cluster.Resolution               // Resolve
	Instances  []cluster.Instance               // Launch, List; sorted by id
	SoldOut    []cluster.OfferingID             // Launch
	States     map[string]cluster.InstanceState // Terminate, by instance id
}

// Failure is why an effect did not happen.
type Failure struct {
	Kind    FailureKind
	Message string
}

// FailureKind tells what to do about a failure.
type FailureKind uint8

// The kinds of failure.
const (
	// Transient: try again later (unreachable, throttled, server error).
	Transient FailureKind = iota
	// Conflict: the object has changed; the watch will tell, then decide again.
	Conflict
	// Missing: the object is gone.
	Missing
	// Blocked: a PodDisruptionBudget forbids the eviction for now.
	Blocked
	// NoCapacity: none of the offerings can be had.
	NoCapacity
	// Rejected: it will never work as asked.
	Rejected
)

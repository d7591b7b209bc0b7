package engine

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// Effect is something to be done in the cluster or the cloud. The types below
// are all there are. Effects are idempotent and independent of each other: they
// may be carried out in any order and at the same time, because the engine never
// has two with one key under way.
type Effect interface {
	// Key names what the effect is about. While one is under way or its result
	// not yet observed, the engine issues none with the same key.
	Key() string
}

// CreateClaim writes a new NodeClaim.
type CreateClaim struct {
	Claim *cluster.Claim
	// PoolUID becomes the ownerReference, "" for none; to a Provisioner if Legacy.
	PoolUID string
	Legacy  bool
}

// PatchClaim changes the metadata of a claim that is still at Revision.
type PatchClaim struct {
	Name, UID, Revision string
	Labels              map[string]string // added or changed
	Annotations         map[string]string // added or changed
	Finalizers          []string          // the whole list
	RemoveAnnotations   []string
	// Launch, if set, is the batch the claim belongs to from now on.
	Launch *cluster.Launch
}

// PatchClaimStatus replaces the status of a claim that is still at Revision.
type PatchClaimStatus struct {
	Name, UID, Revision string
	ProviderID          string
	NodeName            string
	ImageID             string
	Capacity            cluster.Resources
	Allocatable         cluster.Resources
	Conditions          []cluster.Condition
	LastPodEvent        cluster.Instant
}

// DeleteClaim asks for the deletion of a claim.
type DeleteClaim struct{ Name, UID string }

// PatchNode changes a node that is still at Revision.
type PatchNode struct {
	Name, UID, Revision string
	Labels              map[string]string // added or changed
	RemoveLabels        []string
	Annotations         map[string]string // added or changed
	Taints              []cluster.Taint   // the whole list
	Finalizers          []string          // the whole list
	// Owner, if set, makes the claim the owner of the node.
	Owner *ClaimOwner
}

// ClaimOwner identifies the claim that owns a node.
type ClaimOwner struct{ Name, UID string }

// DeleteNode asks for the deletion of a node.
type DeleteNode struct{ Name, UID string }

// EvictPod asks for the eviction of a pod through the Eviction API.
type EvictPod struct{ Namespace, Name, UID string }

// DeletePod deletes a pod whatever protects it, with at most the given grace.
type DeletePod struct {
	Namespace, Name, UID string
	Grace                cluster.Duration
}

// Tolerate lets a pod that is still at Revision onto the node of a claim while that is
// reserved.
type Tolerate struct {
	Namespace, Name, UID, Revision string
	Claim                          string
}

// PatchPoolStatus replaces conditions and resources in the status of a NodePool, or a
// Provisioner if Legacy, that is still at Revision.
type PatchPoolStatus struct {
	Legacy              bool
	Name, UID, Revision string
	Conditions          []cluster.Condition
	Resources           cluster.Resources // NodesLimit included
}

// PatchClassStatus replaces conditions and the provider's part of the status of
// a node class that is still at Revision.
type PatchClassStatus struct {
	Ref           cluster.ClassRef
	UID, Revision string
	Conditions    []cluster.Condition
	Status        string // JSON object, "" for nothing
}

// PatchOverlayStatus replaces the conditions of a NodeOverlay that is still at Revision.
type PatchOverlayStatus struct {
	Name, UID, Revision string
	Conditions          []cluster.Condition
}

// Resolve asks the provider what a node class means now.
type Resolve struct{ Class *cluster.NodeClass }

// Launch asks the provider for the instances of a batch.
type Launch struct {
	Token     string
	Class     *cluster.NodeClass
	Pool      string
	Count     int
	Offerings []cluster.OfferingID
	Labels    cluster.Labels
	Taints    []cluster.Taint
}

// Terminate asks the provider to end instances, and how far they are.
type Terminate struct{ IDs []string }

// Acknowledge tells the provider which notices need not be said again, by receipt.
type Acknowledge struct{ Receipts []string }

// List asks the provider for all instances of this cluster.
type List struct{}

// Note tells people and meters that something happened. Nothing is reported back
// for it, and losing one loses nothing.
type Note struct {
	About   Object
	Warning bool
	Reason  string // CamelCase, Karpenter's word where it has one
	Message string
	// Quiet notes are logged and counted but do not become a Kubernetes Event.
	Quiet bool
	// Pool the note belongs to, "" for none.
	Pool string
	// Bought is the node that is asked for, launched or given back; nil in a note
	// about anything else.
	Bought *Bought
	// Why the node of a pod that was evicted goes, "" when somebody has deleted it.
	Why cluster.Reason
	// Lived and Ended are for how long a node or claim that is let go was there, and for how
	// long of that it was being deleted.
	Lived, Ended cluster.Duration
	// Decision is the disruption that is begun or, if Failed, given up; nil in a note about
	// anything else. Of an action over several claims one note has it.
	Decision *Decision
}

// Decision is an action as meters count it.
type Decision struct {
	Why cluster.Reason
	// Hosts is how many nodes it gives back together, 0 where that is not known any more.
	Hosts int
	// Replaces: nodes are bought for it.
	Replaces bool
	// Saving is what it takes off the cost per hour, 0 for one that is not for that.
	Saving cluster.Money
	Failed Failing
}

// Failing is how a disruption came to nothing; "" if it did not.
type Failing string

// How disruptions fail.
const (
	// Unreplaced: what was to replace the node did not come up.
	Unreplaced Failing = "unreplaced"
	// Outdated: right before its end the node had to stay after all.
	Outdated Failing = "outdated"
)

// Bought is what a node was bought as, or will be.
type Bought struct {
	Offering cluster.OfferingID
	Price    cluster.Money // per hour, 0 when nobody knows it
	Imputed  bool          // the price is an estimate
	Node     string        // its name, "" before it has registered
}

// Object names what a Note is about.
type Object struct{ Kind, Namespace, Name, UID string }

// Key implements Effect.
func (e CreateClaim) Key() string { return claimKey(e.Claim.Name) }

// Key implements Effect.
func (e PatchClaim) Key() string { return claimKey(e.Name) }

// Key implements Effect.
func (e PatchClaimStatus) Key() string { return claimKey(e.Name) }

// Key implements Effect.
func (e DeleteClaim) Key() string { return claimKey(e.Name) }

// Key implements Effect.
func (e PatchNode) Key() string { return nodeKey(e.Name) }

// Key implements Effect.
func (e DeleteNode) Key() string { return nodeKey(e.Name) }

// Key implements Effect.
func (e EvictPod) Key() string { return podKey(e.Namespace + "/" + e.Name) }

// Key implements Effect.
func (e DeletePod) Key() string { return podKey(e.Namespace + "/" + e.Name) }

// Key implements Effect.
func (e Tolerate) Key() string { return podKey(e.Namespace + "/" + e.Name) }

// Key implements Effect.
func (e PatchPoolStatus) Key() string { return poolKey(e.Legacy, e.Name) }

// Key implements Effect.
func (e PatchClassStatus) Key() string { return classKey(e.Ref) }

// Key implements Effect.
func (e PatchOverlayStatus) Key() string { return overlayKey(e.Name) }

// Key implements Effect.
func (e Resolve) Key() string { return "resolve/" + classKey(e.Class.Ref) }

// Key implements Effect.
func (e Launch) Key() string { return launchKey(e.Token) }

// Key implements Effect. A batch is known by its first instance; the engine
// keeps each instance in one batch at a time.
func (e Terminate) Key() string { return "terminate/" + slices.Min(e.IDs) }

// Key implements Effect.
func (e Acknowledge) Key() string { return "acknowledge/" + slices.Min(e.Receipts) }

// Key implements Effect.
func (e List) Key() string { return "list" }

// Key implements Effect.
func (e Note) Key() string { return "note/" + e.About.Kind + "/" + e.About.Name + "/" + e.Reason }

func claimKey(name string) string { return "claim/" + name }
func nodeKey(name string) string  { return "node/" + name }
func podKey(id string) string     { return "pod/" + id }
func poolKey(legacy bool, name string) string {
	if legacy {
		return "provisioner/" + name
	}
	return "pool/" + name
}
func overlayKey(name string) string        { return "overlay/" + name }
func launchKey(token string) string        { return "launch/" + token }
func classKey(ref cluster.ClassRef) string { return "class/" + ref.Group + "/" + ref.String() }
func instanceKey(providerID string) string { return "instance/" + providerID }

// Planned reports a plan that was made, for people and meters. Like Note it has
// no outcome.
type Planned struct {
	Plan    *plan.Plan
	Waiting int // pods it was made for
}

// Key implements Effect.
func (e Planned) Key() string { return "planned" }

// Repacked reports a pass over all nodes, for people and meters. Like Note it has no
// outcome.
type Repacked struct{ Repacking *plan.Repacking }

// Key implements Effect.
func (e Repacked) Key() string { return "repacked" }

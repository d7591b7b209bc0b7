package cluster

// Demand is everything about a pod that decides where it can run. Pods with the
// same demand form one class; a Demand is interned ([Demands]) and compared by
// pointer.
//
// Demand holds what a pod needs. What it costs to move it (owner, budget, age)
// is on [Pod]: two records, so that a hundred thousand pods stay a few hundred
// classes.
type Demand struct {
	// Key is the canonical text of all fields below: equal keys, equal demands.
	Key string
	// Requests is what the scheduler counts for the pod, one of [Pods] included.
	Requests Resources
	// bare: there are none but requests. Set with the key.
	bare bool
	// Selector must match (spec.nodeSelector).
	Selector Term
	// Affinity is the required node affinity: terms are ORed. Nil means any node;
	// non-nil and empty means none.
	Affinity []Term
	// Tolerations in the order of the spec.
	Tolerations []Toleration
	// Spreads are the topology spread constraints, hard and soft.
	Spreads []TopologySpread
	// PodAffinity and PodAntiAffinity are the required terms: all of them hold.
	PodAffinity, PodAntiAffinity []PodAffinityTerm
	// Ports of the host that the pod takes.
	Ports []HostPort
	// Volumes that are claimed, in the order of the spec.
	Volumes []VolumeUse
	// Preferences other than soft spreads.
	Preferences []Preference
	// HostAccess names what the pod wants of its host beyond a share of it, such as
	// "privileged containers", sorted: PerPod pools do not have it.
	HostAccess []string
	// PreferencePrice is what a preference of weight 100 may cost per hour and node;
	// nil leaves it to the pool and the solver's options.
	PreferencePrice *Money
	// Refused names the constraints of the pod that this version does not honour
	// yet. A pod with any is not placed, and the reason says so.
	Refused []string
}

// Admits tells whether a node with these labels and taints may run the pod, as far
// as its own selection and tolerations say.
func (d *Demand) Admits(labels Lookup, taints []Taint) bool {
	if _, bad := Untolerated(taints, d.Tolerations); bad {
		return false
	}
	return d.Selects(labels)
}

// Selects tells whether labels satisfy node selector and required affinity.
func (d *Demand) Selects(labels Lookup) bool {
	if !d.Selector.Matches(labels) {
		return false
	}
	if d.Affinity == nil {
		return true
	}
	for _, t := range d.Affinity {
		if t.Matches(labels) {
			return true
		}
	}
	return false
}

// Phase is the phase of a pod as Kubernetes reports it.
type Phase uint8

// Pod phases. Succeeded and Failed are terminal: such a pod holds nothing.
const (
	Pending Phase = iota
	Running
	Succeeded
	Failed
)

// Pod is one pod: its demand, where it is, and what it would cost to move it.
type Pod struct {
	UID, Namespace, Name string
	Revision             string // resourceVersion

	Demand *Demand
	// Identity is what selectors see of it; nil is a pod without labels.
	Identity *Identity
	Node     string // spec.nodeName, "" while unbound
	Phase    Phase
	Gated    bool // has scheduling gates: buys nothing
	Ready    bool // its condition Ready is True

	Created Instant
	// UnschedulableSince is when the scheduler last said that the pod fits
	// nowhere; 0 while it has not.
	UnschedulableSince Instant

	// DeleteAt is the deletionTimestamp (the request plus the grace period); 0
	// for a pod that is not being deleted.
	DeleteAt Instant
	// Grace is spec.terminationGracePeriodSeconds.
	Grace Duration

	Owner    Owner
	Mirror   bool // a static pod, owned by its node
	Critical bool // system-cluster-critical or system-node-critical
	Priority int32
	// ProtectedUntil is how long the pod must not be moved: Never for good, 0 if it may.
	// ProtectedBy is the annotation that says so.
	ProtectedUntil Instant
	ProtectedBy    string
	// LocalStorage: it has data on its node that goes with it, and does not say that
	// this is no harm.
	LocalStorage bool
	// ToleratesDisrupted: the pod tolerates [DisruptedTaint] and so stays
	// through a drain.
	ToleratesDisrupted bool
	DeletionCost       int32
	// Claims are the names of its ResourceClaims: "" for one that it does not need,
	// [NotMade] for one that is not there yet.
	Claims []string
	// Gang is the [Gang.ID] of the group that it runs with, "" for none.
	Gang      string
	Nominated string // status.nominatedNodeName: it waits for others to make room
	// OtherScheduler: it asks for another scheduler than Kubernetes' own.
	OtherScheduler bool
	// Reserved are the values of [ReservedTaint] that the pod has been given
	// tolerations of, oldest first. They are not part of its demand: a plan may put it
	// onto any reserved node, and it is given another.
	Reserved []string
}

// ID is "namespace/name".
func (p *Pod) ID() string { return p.Namespace + "/" + p.Name }

// Terminal tells whether the pod has ended and holds no resources.
func (p *Pod) Terminal() bool { return p.Phase == Succeeded || p.Phase == Failed }

// Deleting tells whether deletion has been asked for.
func (p *Pod) Deleting() bool { return p.DeleteAt != 0 }

// Protected tells whether an annotation forbids at t that the pod be moved.
func (p *Pod) Protected(t Instant) bool {
	return t < p.ProtectedUntil && !p.Terminal() && !p.Deleting()
}

// Drains tells whether a drain waits for the pod to go: it has not ended, is not
// static and does not tolerate [DisruptedTaint].
func (p *Pod) Drains() bool { return !p.Terminal() && !p.Mirror && !p.ToleratesDisrupted }

// Occupies tells whether the pod makes its node one that is not empty: it would
// have to run elsewhere if the node went.
func (p *Pod) Occupies() bool { return !p.Terminal() && !p.Deleting() && !p.Daemon() && !p.Mirror }

// Provisionable tells whether the pod waits for a node that does not exist:
// the scheduler has tried and failed, nothing gates it, nobody deletes it.
func (p *Pod) Provisionable() bool {
	return p.Node == "" && p.UnschedulableSince != 0 && !p.Gated && p.Nominated == "" && !p.Deleting() &&
		!p.Terminal() && !p.Daemon() && !p.Mirror
}

// Undecided tells whether the scheduler has yet to look at the pod.
func (p *Pod) Undecided() bool {
	return p.Node == "" && p.UnschedulableSince == 0 && !p.Gated && !p.Deleting() && !p.Terminal()
}

// Daemon tells whether the pod belongs to a DaemonSet.
func (p *Pod) Daemon() bool { return p.Owner.Kind == "DaemonSet" }

// Owner is the controller of a pod; all empty for a bare pod.
type Owner struct{ Kind, Name, UID string }

// DaemonSet is a pod that every matching node will carry.
type DaemonSet struct {
	UID, Namespace, Name string
	Revision             string
	Demand               *Demand
}

// VolumeAttachment keeps an instance from being stopped while a disk hangs on it.
type VolumeAttachment struct {
	Name, Node, Volume string
	Revision           string
}

// PodDisruptionBudget bounds how many of some pods may be evicted at the same time.
type PodDisruptionBudget struct {
	Namespace, Name string
	Revision        string
	// Selects the pods of the namespace, see Covers; NoPods is a budget without a
	// selector, which has none.
	Selects Term
	NoPods  bool
	// Allowed is how many more may be evicted now: status.disruptionsAllowed, and 0
	// while that is about an earlier spec.
	Allowed int32
	// Why tells, to be read after "allows no disruption: ", what keeps Allowed at 0 other
	// than that too few of its pods are healthy; "" for nothing.
	Why string
	// Unready: it lets go of pods that are not ready, whatever Allowed is
	// (spec.unhealthyPodEvictionPolicy, or enough others are healthy).
	Unready bool
}

// Guarded tells whether the Eviction API asks budgets about a pod: one that runs. Those that
// have yet to start, have ended or are going are let go by every budget.
func (p *Pod) Guarded() bool { return p.Phase == Running && !p.Deleting() }

// Covers tells whether the Eviction API asks the budget about a pod: one of its own that is
// guarded.
func (b *PodDisruptionBudget) Covers(p *Pod) bool {
	if b.NoPods || b.Namespace != p.Namespace || !p.Guarded() {
		return false
	}
	id := p.Identity
	if id == nil {
		id = &noIdentity
	}
	return b.Selects.Matches(id.Labels.Get)
}

// Allows tells whether a pod that the budget covers may be evicted now. A pod that two
// budgets cover may not, whatever they say: the Eviction API does not serve it.
func (b *PodDisruptionBudget) Allows(p *Pod) bool {
	return b.Allowed > 0 || b.Unready && !p.Ready
}

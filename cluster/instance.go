package cluster

import (
	"cmp"
	"slices"
	"strings"
)

// Instance is a machine as the cloud describes it.
type Instance struct {
	ID string
	// ProviderID is what the node will carry in spec.providerID; it ends in "/"
	// and ID.
	ProviderID string
	State      InstanceState
	Offering   OfferingID
	ImageID    string
	Launched   Instant
	// What the instance was tagged with at creation.
	Token, Pool, Hash string
	// Labels the provider knows the node will have: arch, os, type, zone …
	Labels                Labels
	Capacity, Allocatable Resources
}

// InstanceState is where an instance is in its life, in EC2's words.
type InstanceState string

// Instance states.
const (
	InstancePending      InstanceState = "pending"
	InstanceRunning      InstanceState = "running"
	InstanceShuttingDown InstanceState = "shutting-down"
	InstanceTerminated   InstanceState = "terminated"
)

// Resolution is what a node class means to the provider now.
type Resolution struct {
	// Conditions for the class's status. The class is usable when the one of type
	// Ready is True.
	Conditions []Condition
	// Status is merged into the class's status beside the conditions: JSON
	// object, "" for nothing.
	Status string
	// Hash identifies what instances of the class are launched with; an instance
	// with another hash has drifted.
	Hash string
	// ImageID of instances launched now, unless their type says otherwise.
	ImageID string
	Types   []InstanceType // sorted by name
	// Stocks that offerings of Types draw on, as they are now.
	Stocks []Stock
}

// Ready tells whether nodes can be launched, and if not, why.
func (r Resolution) Ready() (bool, Condition) {
	for _, c := range r.Conditions {
		if c.Type == ReadyCondition {
			return c.Status == "True", c
		}
	}
	return false, Condition{Type: ReadyCondition, Status: "Unknown", Reason: "NotResolved", Message: "the provider has not said whether the class is ready"}
}

// Image is the image that an instance of a type would be launched with now, "" for a type
// that is not offered.
func (r *Resolution) Image(instanceType string) string {
	i, ok := slices.BinarySearchFunc(r.Types, instanceType, func(t InstanceType, name string) int { return strings.Compare(t.Name, name) })
	if !ok {
		return ""
	}
	return cmp.Or(r.Types[i].ImageID, r.ImageID)
}

// Images are those that instances are launched with now, sorted.
func (r *Resolution) Images() []string {
	out := []string{r.ImageID}
	for i := range r.Types {
		if id := r.Types[i].ImageID; id != "" && id != out[len(out)-1] {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Notice is what the cloud says of an instance of its own accord.
type Notice struct {
	// Receipt is what it is acknowledged by.
	Receipt    string
	InstanceID string
	Kind       NoticeKind
	Ends       Instant // when the instance stops; 0 if that is not known
	Message    string
}

// NoticeKind is what a notice is about.
type NoticeKind string

// Kinds of notices. An instance that is interrupted will stop at a time that is known;
// one that is at risk might be interrupted soon (EC2's rebalance recommendation).
const (
	Interruption NoticeKind = "Interruption"
	AtRisk       NoticeKind = "AtRisk"
)

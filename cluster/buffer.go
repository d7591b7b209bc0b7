package cluster

import (
	"math"
	"slices"
	"strconv"
)

// CapacityBuffer is room that is kept free for pods to come (autoscaling.x-k8s.io): so
// many chunks, each with room for one pod of a template.
type CapacityBuffer struct {
	Namespace, Name, UID string
	Revision             string
	Generation           int64

	// Demand and Identity are those of a pod of the template; nil while Problem says why
	// nobody knows them.
	Demand   *Demand
	Identity *Identity
	Problem  BufferProblem
	// What is wanted, as the status is to say it.
	Chunks             int32
	Template           string // name of the PodTemplate, "" for the template of a workload
	TemplateGeneration int64
	Strategy           string // spec.provisioningStrategy, "" where it is left out

	// Status is what it says now.
	Status BufferStatus
}

// BufferProblem is why a buffer has no demand; empty if it has one.
type BufferProblem struct{ Reason, Message string }

// Reasons of a [BufferProblem], Karpenter's.
const (
	PodTemplateNotFound = "PodTemplateNotFound"
	ScalableRefNotFound = "ScalableRefNotFound"
	ResolutionFailed    = "ResolutionFailed"
)

// BufferStatus is the status of a CapacityBuffer.
type BufferStatus struct {
	Conditions         []Condition
	Chunks             int32
	Template           string
	TemplateGeneration int64
	Strategy           string
}

// Condition types of a CapacityBuffer.
const (
	// ReadyForProvisioning: it is known what a chunk is.
	ReadyForProvisioning = "ReadyForProvisioning"
	// Provisioning: there is room for all chunks.
	Provisioning = "Provisioning"
)

// BufferOwner is the kind of the owner of pods that stand for chunks.
const BufferOwner = "CapacityBuffer"

// BufferPriority is the priority of pods that stand for chunks: below all others.
const BufferPriority int32 = math.MinInt32

// ID is "namespace/name".
func (b *CapacityBuffer) ID() string { return b.Namespace + "/" + b.Name }

// Pods are pods that wait since the given instant, one for each chunk. They exist in
// snapshots only, and no constraint of another pod sees them: the scheduler will not. Their
// own constraints count each other as well as the pods that they stand for.
func (b *CapacityBuffer) Pods(since Instant) []*Pod {
	if b.Demand == nil {
		return nil
	}
	demand, identity := b.Demand.apart(), apart(b.Identity)
	out := make([]*Pod, b.Chunks)
	for i := range out {
		n := strconv.Itoa(i + 1)
		out[i] = &Pod{
			UID: b.UID + "-" + n, Namespace: b.Namespace, Name: "capacity-buffer-" + b.Name + "-" + n,
			Demand: demand, Identity: identity, Created: since, UnschedulableSince: max(since, 1),
			Owner: Owner{Kind: BufferOwner, Name: b.Name, UID: b.UID}, Priority: BufferPriority,
		}
	}
	return out
}

// chunksOf is the namespace in which selectors see chunks of a namespace's buffers; no real
// one can have that name.
func chunksOf(namespace string) string { return "capacity-buffers/" + namespace }

func apart(id *Identity) *Identity {
	if id == nil {
		return nil
	}
	out := NewIdentity(chunksOf(id.Namespace), id.Labels)
	return &out
}

// apart is the demand of a chunk: one whose selectors see chunks, too. It is d itself if
// that has none.
func (d *Demand) apart() *Demand {
	near := slices.ContainsFunc(d.Preferences, func(p Preference) bool { return p.Near != nil })
	if len(d.Spreads)+len(d.PodAffinity)+len(d.PodAntiAffinity) == 0 && !near {
		return d
	}
	out := *d
	out.Spreads, out.Preferences = slices.Clone(d.Spreads), slices.Clone(d.Preferences)
	for i := range out.Spreads {
		out.Spreads[i].Pods = out.Spreads[i].Pods.withChunks()
	}
	terms := func(in []PodAffinityTerm) []PodAffinityTerm {
		all := slices.Clone(in)
		for i := range all {
			all[i].Pods = all[i].Pods.withChunks()
		}
		return all
	}
	out.PodAffinity, out.PodAntiAffinity = terms(d.PodAffinity), terms(d.PodAntiAffinity)
	for i := range out.Preferences {
		if p := &out.Preferences[i]; p.Near != nil {
			p.Near = &terms([]PodAffinityTerm{*p.Near})[0]
		}
	}
	out.SetKey()
	return &out
}

// withChunks selects the chunks that stand for selected pods, too.
func (s PodSelector) withChunks() PodSelector {
	all := slices.Clone(s.Namespaces)
	for _, n := range s.Namespaces {
		all = append(all, chunksOf(n))
	}
	slices.Sort(all)
	s.Namespaces = all
	return s
}

// Virtual tells whether a pod stands for a chunk of a CapacityBuffer.
func (p *Pod) Virtual() bool { return p.Owner.Kind == BufferOwner }

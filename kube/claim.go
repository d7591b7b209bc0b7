package kube

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/awslabs/operatorpkg/status"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/api/legacy/v1alpha5"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// launchAnnotation holds the batch a claim belongs to, as JSON.
const launchAnnotation = "ullage.sh/launch"

// launch is cluster.Launch as it is written on a claim.
type launch struct {
	Token     string   `json:"token"`
	Size      int      `json:"size"`
	Offerings []string `json:"offerings"` // type/zone/capacity type
}

func encodeLaunch(l *cluster.Launch) string {
	x := launch{Token: l.Token, Size: l.Size}
	for _, o := range l.Offerings {
		x.Offerings = append(x.Offerings, o.String())
	}
	b, err := json.Marshal(x)
	if err != nil {
		panic(err) // strings and numbers
	}
	return string(b)
}

// decodeLaunch reads the annotation; nil when there is none or it was tampered
// with: the claim is then launched as one that somebody wrote by hand.
func decodeLaunch(s string) *cluster.Launch {
	var x launch
	if json.Unmarshal([]byte(s), &x) != nil || x.Token == "" || x.Size < 1 {
		return nil
	}
	l := &cluster.Launch{Token: x.Token, Size: x.Size}
	for _, o := range x.Offerings {
		part := strings.Split(o, "/")
		if len(part) != 3 {
			return nil
		}
		l.Offerings = append(l.Offerings, cluster.OfferingID{InstanceType: part[0], Zone: part[1], CapacityType: part[2]})
	}
	if len(l.Offerings) == 0 {
		return nil
	}
	return l
}

// invalidRequirement keeps a claim that says what we do not understand from being
// launched as if it had not said it.
var invalidRequirement = cluster.Requirement{Key: "ullage.sh/not-understood", Operator: cluster.In, Values: []string{"never"}}

// NodeClaim converts a NodeClaim.
func NodeClaim(nc *karpv1.NodeClaim) *cluster.Claim {
	c := &cluster.Claim{
		Name: nc.Name, UID: string(nc.UID), Revision: nc.ResourceVersion,
		Pool: nc.Labels[karpv1.NodePoolLabelKey], Class: classRef(nc.Spec.NodeClassRef),
		Labels: nc.Labels, Annotations: nc.Annotations, Finalizers: nc.Finalizers,
		Requests: resources(nc.Spec.Resources.Requests), Taints: taints(nc.Spec.Taints), StartupTaints: taints(nc.Spec.StartupTaints),
		ExpireAfter: duration(nc.Spec.ExpireAfter.Duration), TerminationGracePeriod: metaDuration(nc.Spec.TerminationGracePeriod),
		Created: instant(nc.CreationTimestamp.Time), DeletingAt: instantPtr(nc.DeletionTimestamp),
		ProviderID: nc.Status.ProviderID, NodeName: nc.Status.NodeName, ImageID: nc.Status.ImageID,
		Capacity: resources(nc.Status.Capacity), Allocatable: resources(nc.Status.Allocatable),
		LastPodEvent: instant(nc.Status.LastPodEventTime.Time),
		Launch:       decodeLaunch(nc.Annotations[launchAnnotation]),
	}
	var err error
	if c.Requirements, err = requirements(nc.Spec.Requirements); err != nil {
		c.Requirements = []cluster.Requirement{invalidRequirement}
	}
	for _, x := range nc.Status.Conditions {
		c.Conditions = append(c.Conditions, condition(metav1.Condition(x)))
	}
	return c
}

// newNodeClaim is the object that an engine.CreateClaim writes.
func newNodeClaim(f engine.CreateClaim) *karpv1.NodeClaim {
	c := f.Claim
	nc := &karpv1.NodeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: c.Name, Labels: c.Labels, Annotations: map[string]string{}, Finalizers: c.Finalizers},
		Spec: karpv1.NodeClaimSpec{
			Taints: coreTaints(c.Taints, nil), StartupTaints: coreTaints(c.StartupTaints, nil),
			Requirements: coreRequirements(c.Requirements),
			Resources:    karpv1.ResourceRequirements{Requests: resourceList(c.Requests)},
			NodeClassRef: &karpv1.NodeClassReference{Group: c.Class.Group, Kind: c.Class.Kind, Name: c.Class.Name},
		},
	}
	for k, v := range c.Annotations {
		nc.Annotations[k] = v
	}
	nc.Annotations[launchAnnotation] = encodeLaunch(c.Launch)
	nc.Spec.ExpireAfter = karpv1.MustParseNillableDuration("Never")
	if c.ExpireAfter != cluster.Forever {
		nc.Spec.ExpireAfter = karpv1.MustParseNillableDuration(goDuration(c.ExpireAfter).String())
	}
	if c.TerminationGracePeriod != cluster.Forever {
		nc.Spec.TerminationGracePeriod = &metav1.Duration{Duration: goDuration(c.TerminationGracePeriod)}
	}
	if f.PoolUID != "" {
		yes := true
		version := "karpenter.sh/v1"
		if f.Legacy {
			version = v1alpha5.SchemeGroupVersion.String()
		}
		nc.OwnerReferences = []metav1.OwnerReference{{APIVersion: version, Kind: cluster.PoolKind(f.Legacy), Name: c.Pool, UID: types.UID(f.PoolUID), BlockOwnerDeletion: &yes}}
	}
	return nc
}

func goDuration(d cluster.Duration) time.Duration { return time.Duration(d) }

// claimStatus is the status that an engine.PatchClaimStatus writes.
func claimStatus(f engine.PatchClaimStatus) karpv1.NodeClaimStatus {
	s := karpv1.NodeClaimStatus{
		ProviderID: f.ProviderID, NodeName: f.NodeName, ImageID: f.ImageID,
		Capacity: resourceList(f.Capacity), Allocatable: resourceList(f.Allocatable),
		LastPodEventTime: metaTime(f.LastPodEvent),
	}
	s.Conditions = statusConditions(f.Conditions, 1) // a claim's spec is immutable
	return s
}

func statusConditions(in []cluster.Condition, generation int64) []status.Condition {
	out := make([]status.Condition, 0, len(in))
	for _, c := range metaConditions(in, generation) {
		out = append(out, status.Condition(c))
	}
	return out
}

// class converts a node class, whatever its kind.
func class(ref cluster.ClassRef, o objectMeta, spec any, conditions []cluster.Condition) (*cluster.NodeClass, error) {
	b, err := json.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("%s: spec: %w", ref, err)
	}
	return &cluster.NodeClass{
		Ref: ref, UID: string(o.GetUID()), Revision: o.GetResourceVersion(), Generation: o.GetGeneration(), Spec: string(b),
		DeletingAt: instantPtr(o.GetDeletionTimestamp()), Finalizers: o.GetFinalizers(), Conditions: conditions,
	}, nil
}

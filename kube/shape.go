package kube

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/ullage-sh/ullage/api/v1alpha1"
	"github.com/ullage-sh/ullage/cluster"
)

const (
	labelNodeGroup         = "eks.amazonaws.com/nodegroup"
	labelGroupCapacityType = "eks.amazonaws.com/capacityType"
)

// NodeGroup converts a NodeGroup. What is wrong with it becomes Pool.Invalid.
func NodeGroup(g *v1alpha1.NodeGroup) *cluster.Pool {
	s := &g.Spec
	capacityType := s.CapacityType
	if capacityType == "" {
		capacityType = cluster.OnDemand
	}
	p := &cluster.Pool{
		Name: g.Name, UID: string(g.UID), Revision: g.ResourceVersion, Generation: g.Generation,
		Shape: cluster.NodeGroup, Min: s.MinSize, Class: cluster.ClassRef{Group: "karpenter.k8s.aws", Kind: "EC2NodeClass", Name: "default"},
		Labels: cluster.Labels{}, Taints: taints(s.Taints),
		Limits:  cluster.Resources{{Name: cluster.NodesLimit, Value: s.MaxSize}},
		Members: cluster.Term{{Key: labelNodeGroup, Operator: cluster.In, Values: []string{g.Name}}},
		Requirements: []cluster.Requirement{
			{Key: cluster.LabelInstanceType, Operator: cluster.In, Values: s.InstanceTypes},
			{Key: cluster.LabelCapacityType, Operator: cluster.In, Values: []string{capacityType}},
		},
		ExpireAfter: cluster.Forever, TerminationGracePeriod: cluster.Forever, ConsolidateAfter: cluster.Forever,
		DeletingAt: instantPtr(g.DeletionTimestamp),
	}
	if s.Weight != nil {
		p.Weight = *s.Weight
	}
	if s.NodeClassName != "" {
		p.Class.Name = s.NodeClassName
	}
	maps.Copy(p.Labels, s.Labels)
	p.Labels[labelNodeGroup] = g.Name
	p.Labels[labelGroupCapacityType] = strings.ToUpper(strings.ReplaceAll(capacityType, "-", "_"))
	if len(s.Zones) > 0 {
		p.Requirements = append(p.Requirements, cluster.Requirement{Key: cluster.LabelZone, Operator: cluster.In, Values: s.Zones})
	}
	switch {
	case len(s.InstanceTypes) == 0:
		p.Invalid = "spec.instanceTypes is empty"
	case capacityType != cluster.OnDemand && capacityType != cluster.Spot:
		p.Invalid = fmt.Sprintf("spec.capacityType: %q is neither on-demand nor spot", capacityType)
	case s.MinSize < 0:
		p.Invalid = fmt.Sprintf("spec.minSize: %d is negative", s.MinSize)
	case s.MaxSize < s.MinSize:
		p.Invalid = fmt.Sprintf("spec.maxSize: %d is less than minSize, %d", s.MaxSize, s.MinSize)
	}
	return p
}

// fargateDrivers are the storage drivers whose volumes Fargate can use.
var fargateDrivers = []string{"efs.csi.aws.com"}

// FargateProfile converts a FargateProfile. Its class stands for the sizes in which
// Fargate runs pods.
func FargateProfile(f *v1alpha1.FargateProfile) *cluster.Pool {
	p := &cluster.Pool{
		Name: f.Name, UID: string(f.UID), Revision: f.ResourceVersion, Generation: f.Generation,
		Shape: cluster.PerPod, Class: cluster.ClassRef{Group: v1alpha1.Group, Kind: "FargateProfile", Name: f.Name}, Drivers: fargateDrivers,
		ExpireAfter: cluster.Forever, TerminationGracePeriod: cluster.Forever, ConsolidateAfter: cluster.Forever,
		DeletingAt: instantPtr(f.DeletionTimestamp),
	}
	if f.Spec.Weight != nil {
		p.Weight = *f.Spec.Weight
	}
	if len(f.Spec.Zones) > 0 {
		p.Requirements = []cluster.Requirement{{Key: cluster.LabelZone, Operator: cluster.In, Values: f.Spec.Zones}}
	}
	for i, s := range f.Spec.Selectors {
		if s.Namespace == "" {
			p.Invalid = fmt.Sprintf("spec.selectors[%d].namespace is empty", i)
		}
		x := cluster.PodPattern{Namespace: s.Namespace}
		for _, key := range slices.Sorted(maps.Keys(s.Labels)) {
			x.Labels = append(x.Labels, cluster.LabelPattern{Key: key, Value: s.Labels[key]})
		}
		p.Selects = append(p.Selects, x)
	}
	if len(f.Spec.Selectors) == 0 {
		p.Invalid = "spec.selectors is empty"
	}
	return p
}

// hostAccess collects what a pod wants of its host that a node of one pod does not
// give it.
func (d *demander) hostAccess() {
	s := &d.pod.Spec
	for i, wanted := range wantsOfHost(s) {
		if wanted {
			d.out.HostAccess = append(d.out.HostAccess, hostAccesses[i])
		}
	}
}

// hostAccesses names what [wantsOfHost] tells.
var hostAccesses = [...]string{"hostIPC", "hostNetwork", "hostPID", "hostPath volumes", "privileged containers"}

func wantsOfHost(s *corev1.PodSpec) [len(hostAccesses)]bool {
	privileged, path := false, false
	for _, list := range [2][]corev1.Container{s.InitContainers, s.Containers} {
		for i := range list {
			c := list[i].SecurityContext
			privileged = privileged || c != nil && c.Privileged != nil && *c.Privileged
		}
	}
	for i := range s.Volumes {
		path = path || s.Volumes[i].HostPath != nil
	}
	return [...]bool{s.HostIPC, s.HostNetwork, s.HostPID, path, privileged}
}

package karpenter

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/cloudprovider"
	"sigs.k8s.io/karpenter/pkg/scheduling"
	"sigs.k8s.io/karpenter/pkg/utils/resources"

	"github.com/ullage-sh/ullage/bench/record"
)

// instanceTypes converts the types of an input. Every label of a type becomes a
// well-known one, as a cloud provider registers its own, and a type that lacks a
// label says so: to Karpenter, a label that is not mentioned may have any value.
func instanceTypes(in *record.Input) ([]*cloudprovider.InstanceType, error) {
	keys := map[string]bool{}
	for _, t := range in.Types {
		for key := range t.Labels {
			keys[key] = true
		}
	}
	labels := slices.Sorted(maps.Keys(keys))
	karpv1.WellKnownLabels.Insert(labels...)
	out := make([]*cloudprovider.InstanceType, len(in.Types))
	for i, t := range in.Types {
		out[i] = instanceType(t, labels)
		if got := out[i].Allocatable(); !record.SameResources(got, t.Allocatable) {
			return nil, fmt.Errorf("instance type %s: Karpenter gives pods %v, the input %v", t.Name, got, t.Allocatable)
		}
	}
	return out, nil
}

func instanceType(t record.Type, labels []string) *cloudprovider.InstanceType {
	out := &cloudprovider.InstanceType{
		Name:     t.Name,
		Capacity: t.Capacity,
		Overhead: &cloudprovider.InstanceTypeOverhead{KubeReserved: resources.Subtract(t.Capacity, t.Allocatable)},
	}
	var zones, capacityTypes []string
	for _, o := range t.Offerings {
		zones, capacityTypes = append(zones, o.Zone), append(capacityTypes, o.CapacityType)
		out.Offerings = append(out.Offerings, &cloudprovider.Offering{
			Requirements: scheduling.NewLabelRequirements(map[string]string{corev1.LabelTopologyZone: o.Zone, karpv1.CapacityTypeLabelKey: o.CapacityType}),
			Price:        o.Price.Dollars(),
			Available:    true,
		})
	}
	out.Requirements = scheduling.NewRequirements(
		scheduling.NewRequirement(corev1.LabelInstanceTypeStable, corev1.NodeSelectorOpIn, t.Name),
		scheduling.NewRequirement(corev1.LabelTopologyZone, corev1.NodeSelectorOpIn, zones...),
		scheduling.NewRequirement(karpv1.CapacityTypeLabelKey, corev1.NodeSelectorOpIn, capacityTypes...),
	)
	for _, key := range labels {
		if value, has := t.Labels[key]; has {
			out.Requirements.Add(scheduling.NewRequirement(key, corev1.NodeSelectorOpIn, value))
		} else {
			out.Requirements.Add(scheduling.NewRequirement(key, corev1.NodeSelectorOpDoesNotExist))
		}
	}
	return out
}

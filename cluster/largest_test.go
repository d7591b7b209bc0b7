package cluster

import "testing"

// TestClaimsMayBecomeTheLargest: as long as it is not known what a claim becomes, its pool
// has to have room for the largest of what it may.
func TestClaimsMayBecomeTheLargest(t *testing.T) {
	ref := ClassRef{Kind: "Test", Name: "default"}
	kind := func(name string, cpu int64) InstanceType {
		return InstanceType{Name: name, Labels: Labels{LabelArch: "amd64", LabelOS: "linux"}, Capacity: NewResources(map[string]int64{CPU: cpu}),
			Allocatable: NewResources(map[string]int64{CPU: cpu}), Offerings: []Offering{{Zone: "a", CapacityType: OnDemand, Price: Money(cpu), Available: true}}}
	}
	claim := &Claim{Name: "c", Pool: "default", Class: ref, Launch: &Launch{Token: "t", Size: 1, Offerings: []OfferingID{{"small", "a", OnDemand}, {"large", "a", OnDemand}}}}
	used := func() int64 {
		return NewSnapshot(Input{Pools: []*Pool{{Name: "default", Class: ref}}, Claims: []*Claim{claim},
			Types: map[ClassRef][]InstanceType{ref: {kind("small", 2000), kind("large", 8000)}}}).Pools[0].Used.Get(CPU)
	}
	if got := used(); got != 8000 {
		t.Errorf("a claim that may become 2 or 8 cores uses %d of the limit", got)
	}
	launched := *claim
	launched.ProviderID, launched.Labels = "i-1", Labels{LabelInstanceType: "small", LabelZone: "a", LabelCapacityType: OnDemand}
	claim = &launched
	if got := used(); got != 2000 {
		t.Errorf("one that became 2 cores uses %d", got)
	}
}

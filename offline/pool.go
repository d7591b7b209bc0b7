package offline

import (
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
)

// defaultClass is the class of the default pools: a region without settings.
var defaultClass = cluster.ClassRef{Group: groupAWS, Kind: "EC2NodeClass", Name: "default"}

// general are the instance categories of the default pool: compute optimised,
// general purpose and memory optimised. t (burstable) is not one of them: what it
// sustains is less than what a pod could request of it.
var general = []string{"c", "m", "r"}

// defaultPools are what is planned with when the input has no NodePool: "default"
// for everything, and "accelerated" for pods that ask for a device that no type of
// "default" has.
func (s *shelf) defaultPools() []*cluster.Pool {
	platform := "linux/" + s.market.Arch
	if s.market.Arch == "" {
		platform = "linux on amd64 and arm64"
	}
	if len(s.market.CapacityTypes) == 0 {
		s.market.CapacityTypes = []string{cluster.OnDemand}
	}
	s.result.note("no NodePool in the input: planned with a default one (%s, %s, categories %s of generation 5 and later, nothing burstable, no bare metal)",
		platform, strings.Join(s.market.CapacityTypes, " and "), strings.Join(general, ", "))
	pools := []*cluster.Pool{s.pool("default",
		cluster.Requirement{Key: catalog.LabelCategory, Operator: cluster.In, Values: general},
		cluster.Requirement{Key: catalog.LabelGeneration, Operator: cluster.Gt, Values: []string{"4"}},
	)}
	if categories, devices := s.accelerated(); len(categories) > 0 {
		s.result.note("pods ask for %s: a second pool, accelerated, has categories %s of any generation", strings.Join(devices, ", "), strings.Join(categories, ", "))
		pools = append(pools, s.pool("accelerated", cluster.Requirement{Key: catalog.LabelCategory, Operator: cluster.In, Values: categories}))
	}
	return pools
}

// pool is a pool of the default class with the requirements that all defaults have.
func (s *shelf) pool(name string, more ...cluster.Requirement) *cluster.Pool {
	requirements := []cluster.Requirement{
		{Key: cluster.LabelOS, Operator: cluster.In, Values: []string{"linux"}},
		{Key: cluster.LabelCapacityType, Operator: cluster.In, Values: s.market.CapacityTypes},
		{Key: catalog.LabelHypervisor, Operator: cluster.In, Values: []string{"nitro"}}, // bare metal has none
	}
	if s.market.Arch != "" {
		requirements = append(requirements, cluster.Requirement{Key: cluster.LabelArch, Operator: cluster.In, Values: []string{s.market.Arch}})
	}
	return &cluster.Pool{
		Name: name, UID: "nodepool/" + name, Class: defaultClass, Requirements: append(requirements, more...),
		ExpireAfter: cluster.Forever, TerminationGracePeriod: cluster.Forever, Policy: cluster.WhenEmptyOrUnderutilized,
	}
}

// accelerated are the categories outside the general ones that have devices which
// waiting pods ask for, and those devices, both sorted.
func (s *shelf) accelerated() (categories, devices []string) {
	asked := map[string]bool{}
	seen := map[*cluster.Demand]bool{}
	for _, p := range s.result.Input.Pods {
		if !p.Provisionable() || seen[p.Demand] {
			continue
		}
		seen[p.Demand] = true
		for _, a := range p.Demand.Requests {
			asked[a.Name] = true
		}
	}
	for _, basic := range []string{cluster.CPU, cluster.Memory, cluster.Pods, cluster.EphemeralStorage} {
		delete(asked, basic)
	}
	for i := range s.all {
		t := &s.all[i]
		for _, a := range t.Capacity {
			if asked[a.Name] && !slices.Contains(general, t.Labels[catalog.LabelCategory]) {
				categories = append(categories, t.Labels[catalog.LabelCategory])
				devices = append(devices, a.Name)
			}
		}
	}
	slices.Sort(categories)
	slices.Sort(devices)
	return slices.Compact(categories), slices.Compact(devices)
}

package offline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/manifest"
	"github.com/ullage-sh/ullage/provider/simulated"
)

// Groups of node classes that are understood.
const (
	groupAWS       = "karpenter.k8s.aws"
	groupEKS       = "eks.amazonaws.com"
	groupSimulated = "ullage.sh"
	// kindFargate is the kind whose class is the sizes of Fargate.
	kindFargate = "FargateProfile"
)

// shelf is what a region sells, sorted by name, before any class narrows it.
type shelf struct {
	market Market
	result *Result
	all    []cluster.InstanceType
}

// types are the region's instance types as nodes of a sizing, on which Linux runs.
func (s *shelf) types(sizing catalog.Sizing) ([]cluster.InstanceType, error) {
	types, _, err := s.market.Catalog.InstanceTypes(s.market.Region, sizing, s.market.Seed)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(types, func(t cluster.InstanceType) bool { return t.Labels[cluster.LabelOS] != "linux" }), nil
}

// resolve finds the types of a class, once.
func (s *shelf) resolve(ref cluster.ClassRef, classes []manifest.Class) error {
	if _, done := s.result.Input.Types[ref]; done {
		return nil
	}
	i := slices.IndexFunc(classes, func(c manifest.Class) bool { return c.Ref == ref })
	class := manifest.Class{NodeClass: cluster.NodeClass{Ref: ref}}
	if i >= 0 {
		class = classes[i]
	} else if ref != defaultClass && ref.Kind != kindFargate {
		s.result.note("%s is not in the input: planned with one that has no settings", ref)
	}
	var types []cluster.InstanceType
	var err error
	switch {
	case ref.Group == groupAWS:
		types, err = s.ec2(class)
	case ref.Group == groupEKS:
		types, err = s.auto(class)
	case ref.Kind == kindFargate:
		if types = catalog.Fargate(s.market.Region, s.market.Catalog.Zones(s.market.Region)); types == nil {
			err = fmt.Errorf("what Fargate costs in %s is not known", s.market.Region)
		}
	case ref.Group == groupSimulated:
		types, err = s.simulated(class)
	default:
		return fmt.Errorf("%s is of a kind that no catalogue is known for", ref)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", ref, err)
	}
	s.result.Input.Types[ref] = s.narrow(types, class.Zones)
	return nil
}

// narrow marks as unavailable what the market excludes; its price still counts for
// nodes that are there. zones are those that the class has subnets in, none if that
// is not known.
func (s *shelf) narrow(types []cluster.InstanceType, zones []string) []cluster.InstanceType {
	m := s.market
	out := slices.Clone(types)
	for i := range out {
		t := &out[i]
		t.Offerings = slices.Clone(t.Offerings)
		tooLarge := m.MaxNodeCPU > 0 && t.Capacity.Get(cluster.CPU) > m.MaxNodeCPU*1000
		for j := range t.Offerings {
			o := &t.Offerings[j]
			o.Available = o.Available && !tooLarge && among(m.Zones, o.Zone) && among(zones, o.Zone) && among(m.CapacityTypes, o.CapacityType)
		}
	}
	return out
}

// among tells whether x is one of list; an empty list has everything.
func among(list []string, x string) bool { return len(list) == 0 || slices.Contains(list, x) }

func unavailable(types []cluster.InstanceType) []cluster.InstanceType {
	out := slices.Clone(types)
	for i := range out {
		out[i].Offerings = slices.Clone(out[i].Offerings)
		for j := range out[i].Offerings {
			out[i].Offerings[j].Available = false
		}
	}
	return out
}

// simulated asks the simulated cloud, which knows its own class.
func (s *shelf) simulated(class manifest.Class) ([]cluster.InstanceType, error) {
	cloud, err := simulated.New(simulated.Config{Region: s.market.Region, Types: s.all, Seed: s.market.Seed}, 0)
	if err != nil {
		return nil, err
	}
	now := func() cluster.Instant { return 0 }
	sleep := func(context.Context, cluster.Duration) error { return nil }
	res, err := simulated.NewProvider(cloud, now, sleep).Resolve(context.Background(), class.NodeClass)
	if err != nil {
		return nil, err
	}
	if ok, why := res.Ready(); !ok {
		return nil, errors.New(why.Message)
	}
	return res.Types, nil
}

// ec2Spec is what decides about the size of a node in the spec of an EC2NodeClass
// (karpenter.k8s.aws/v1). Subnets, images and the like do not.
type ec2Spec struct {
	Kubelet             *kubelet `json:"kubelet"`
	InstanceStorePolicy string   `json:"instanceStorePolicy"`
	BlockDeviceMappings []struct {
		DeviceName string `json:"deviceName"`
		RootVolume bool   `json:"rootVolume"`
		EBS        struct {
			VolumeSize *resource.Quantity `json:"volumeSize"`
		} `json:"ebs"`
	} `json:"blockDeviceMappings"`
	CapacityReservationSelectorTerms []json.RawMessage `json:"capacityReservationSelectorTerms"`
	AMIFamily                        string            `json:"amiFamily"`
	AMISelectorTerms                 []struct {
		Alias string `json:"alias"`
	} `json:"amiSelectorTerms"`
}

func (s *shelf) ec2(class manifest.Class) ([]cluster.InstanceType, error) {
	var spec ec2Spec
	if class.Spec != "" {
		if err := json.Unmarshal([]byte(class.Spec), &spec); err != nil {
			return nil, fmt.Errorf("spec: %w", err)
		}
	}
	sizing := catalog.DefaultSizing()
	for _, m := range spec.BlockDeviceMappings {
		if size := m.EBS.VolumeSize; size != nil && (m.RootVolume || (m.DeviceName == "/dev/xvda" && len(spec.BlockDeviceMappings) == 1)) {
			sizing.RootVolume = size.Value()
		}
	}
	types, err := s.types(sizing)
	if err != nil {
		return nil, err
	}
	if spec.InstanceStorePolicy == "RAID0" {
		instanceStore(types)
	}
	if spec.Kubelet != nil {
		if err := spec.Kubelet.apply(types); err != nil {
			return nil, fmt.Errorf("spec.kubelet.%w", err)
		}
	}
	if build := spec.windows(); build != "" {
		types = onWindows(types, build)
		s.result.note("%s: nodes run Windows, but are sized as for Linux", class.Ref)
	}
	if len(spec.CapacityReservationSelectorTerms) > 0 {
		s.result.note("%s: capacity reservations are not counted, only their cloud knows them", class.Ref)
	}
	return types, nil
}

// auto is EKS Auto Mode's class (eks.amazonaws.com/v1): the same machines under
// labels of another group.
func (s *shelf) auto(class manifest.Class) ([]cluster.InstanceType, error) {
	var spec struct {
		EphemeralStorage struct {
			Size *resource.Quantity `json:"size"`
		} `json:"ephemeralStorage"`
	}
	if class.Spec != "" {
		if err := json.Unmarshal([]byte(class.Spec), &spec); err != nil {
			return nil, fmt.Errorf("spec: %w", err)
		}
	}
	sizing := catalog.DefaultSizing()
	sizing.RootVolume = 80 << 30 // its default
	if spec.EphemeralStorage.Size != nil {
		sizing.RootVolume = spec.EphemeralStorage.Size.Value()
	}
	types, err := s.types(sizing)
	if err != nil {
		return nil, err
	}
	for i := range types {
		labels := cluster.Labels{groupEKS + "/compute-type": "auto"}
		for key, value := range types[i].Labels {
			labels[key] = value
			if name, ok := strings.CutPrefix(key, groupAWS+"/"); ok {
				labels[groupEKS+"/"+name] = value
			}
		}
		types[i].Labels = labels
	}
	s.result.note("%s: the fee of Auto Mode is not part of the prices", class.Ref)
	return types, nil
}

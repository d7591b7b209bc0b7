package catalog

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// Omission is something that a region sells and [Catalog.InstanceTypes] leaves
// out.
type Omission struct {
	InstanceType string
	CapacityType string // "" when the whole type is left out
	Reason       string
}

// String is "type: reason".
func (o Omission) String() string {
	if o.CapacityType != "" {
		return o.InstanceType + " " + o.CapacityType + ": " + o.Reason
	}
	return o.InstanceType + ": " + o.Reason
}

// InstanceTypes returns what a region sells, sorted by name, each with its
// offerings sorted by zone and capacity type, and what it leaves out and why.
// The error names a region that the catalogue does not have.
//
// The data has one on-demand price per region, which holds in all its zones. It
// has no spot price per zone either: each zone gets one drawn from the seed and
// the names of type and zone around the region's average and within its
// extremes. What is sold as capacity blocks only is not offered.
func (c *Catalog) InstanceTypes(region string, sizing Sizing, seed uint64) ([]cluster.InstanceType, []Omission, error) {
	if !slices.Contains(c.regions, region) {
		return nil, nil, fmt.Errorf("the catalogue has no region %q; it has %s", region, strings.Join(c.regions, ", "))
	}
	var types []cluster.InstanceType
	var omitted []Omission
	for _, t := range c.types {
		sale, sold := t.Offerings[region]
		if !sold {
			continue
		}
		it := cluster.InstanceType{Name: t.Name}
		capacity, allocatable, err := sizing.Node(t)
		if err != nil {
			omitted = append(omitted, Omission{InstanceType: t.Name, Reason: err.Error()})
			continue
		}
		labels, reason := NodeLabels(t, region)
		offerings, unsold := sell(t, sale, seed)
		if reason == "" && len(offerings) == 0 {
			reason = "nothing to buy it with: no zone, no usage class or no price"
		}
		if reason != "" {
			omitted = append(omitted, Omission{InstanceType: t.Name, Reason: reason})
			continue
		}
		omitted = append(omitted, unsold...)
		it.Labels, it.Capacity, it.Allocatable, it.Offerings = labels, capacity, allocatable, offerings
		it.AttachLimits = AttachLimits(t)
		types = append(types, it)
	}
	return types, omitted, nil
}

// AttachLimits is how many EBS volumes pods can have attached: all that the type
// can, less the root volume and the first network interface, which most types
// count as well. The driver on the node knows better and says so in its CSINode.
func AttachLimits(t Type) cluster.Resources {
	const taken = 2
	return cluster.NewResources(map[string]int64{cluster.AttachLimit + "ebs.csi.aws.com": max(t.EBSMaxAttachments-taken, 0)})
}

// sell lists the offerings of t by zone and capacity type, and the capacity
// types that have no price.
func sell(t Type, s Sale, seed uint64) (offerings []cluster.Offering, omitted []Omission) {
	onDemand := slices.Contains(t.UsageClasses, "on-demand")
	spot := slices.Contains(t.UsageClasses, "spot")
	if onDemand && s.OnDemand <= 0 {
		onDemand = false
		omitted = append(omitted, Omission{t.Name, cluster.OnDemand, "no price"})
	}
	if spot && s.SpotAvg <= 0 {
		spot = false
		omitted = append(omitted, Omission{t.Name, cluster.Spot, "no price"})
	}
	for _, zone := range s.Zones {
		if onDemand {
			offerings = append(offerings, cluster.Offering{
				Zone: zone, CapacityType: cluster.OnDemand, Price: cluster.Money(s.OnDemand),
				Imputed: slices.Contains(s.Imputed, "onDemand"), Available: true,
			})
		}
		if spot {
			offerings = append(offerings, cluster.Offering{
				Zone: zone, CapacityType: cluster.Spot, Price: spotPrice(t.Name, zone, s, seed),
				Imputed: slices.Contains(s.Imputed, "spot"), Available: true,
				ReclaimPPM: ReclaimPPM(s.Interruption),
			})
		}
	}
	return offerings, omitted
}

// spotPrice draws the price of one zone: as likely below the region's average
// as above it, never outside its extremes and never above on-demand. An average
// outside the extremes (see [Sale]) is moved to the nearer one.
func spotPrice(name, zone string, s Sale, seed uint64) cluster.Money {
	low, high := s.SpotMin, s.SpotMax
	if low <= 0 || low > high {
		low, high = s.SpotAvg, s.SpotAvg
	}
	centre := min(max(s.SpotAvg, low), high)
	h := fnv.New64a()
	_, _ = h.Write([]byte(name + "/" + zone)) // a hash does not fail
	r := rand.New(rand.NewPCG(seed, h.Sum64()))
	price := centre
	if r.Uint64()&1 == 0 {
		price -= USD(r.Int64N(int64(centre-low) + 1))
	} else {
		price += USD(r.Int64N(int64(high-centre) + 1))
	}
	if s.OnDemand > 0 {
		price = min(price, s.OnDemand)
	}
	return cluster.Money(price)
}

// ReclaimPPM turns AWS's interruption band, a share of instances reclaimed a
// month, into how many of a million are reclaimed in an hour.
//
// It takes the middle of the band as p (2.5, 7.5, 12.5, 17.5 %; 25 % for the
// open one above 20 %) and the hourly hazard that leaves 1 − p after a month of
// 730 hours: h = 1 − (1 − p)^(1/730). An unpublished band counts as the middle
// one, 10–15 %.
func ReclaimPPM(band string) int64 {
	switch band {
	case "<5%":
		return 35
	case "5-10%":
		return 107
	case "15-20%":
		return 263
	case ">20%":
		return 394
	}
	return 183
}

package ec2

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/awssim/wire"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
)

// alternative is a pool that a fleet may take instances from.
type alternative struct {
	world.Pool
	from     supply
	launch   *launch
	override types.FleetLaunchTemplateOverrides
	price    cluster.Money // now
	maxPrice cluster.Money // 0 for no bound
	priority float64       // lower is tried first
	hazard   int64         // how often the pool is reclaimed: little means deep
	failed   *wire.Error   // why it cannot be used at all
}

// fleet is a CreateFleet that is under way.
type fleet struct {
	w      *world.World
	call   *world.Call
	id     string
	tags   world.Tags
	out    *ec2.CreateFleetOutput
	orders []order
}

// order is how many instances are wanted of one capacity type, in which order of pools.
type order struct {
	spot         bool
	count, least int
	// reservedFirst: what is reserved anywhere is used before anything that is not.
	reservedFirst bool
	pools         []alternative
}

// CreateFleet launches a fleet of type instant: now or never, from the pools that the
// overrides name, in the order of the allocation strategy. What has no capacity is an
// error in the answer, not of the call.
func CreateFleet(w *world.World, call *world.Call, in *ec2.CreateFleetInput) (*ec2.CreateFleetOutput, error) {
	if in.Type != types.FleetTypeInstant {
		return nil, notSimulated("a fleet of type " + string(orElse(in.Type, types.FleetTypeMaintain)))
	}
	if len(in.LaunchTemplateConfigs) == 0 {
		return nil, missing("LaunchTemplateConfigs")
	}
	tags, err := tagSets(in.TagSpecifications)
	if err != nil {
		return nil, err
	}
	f := &fleet{w: w, call: call, id: w.FleetID(), tags: tags, out: &ec2.CreateFleetOutput{Instances: []types.CreateFleetInstance{}, Errors: []types.CreateFleetError{}}}
	f.out.FleetId = aws.String(f.id)
	if err := f.plan(in); err != nil {
		return nil, err
	}
	for k := range f.orders {
		if err := f.fulfil(&f.orders[k]); err != nil {
			return nil, err
		}
	}
	w.SetTags(f.id, tags["fleet"])
	return f.out, nil
}

// plan reads how many of what are wanted.
func (f *fleet) plan(in *ec2.CreateFleetInput) error {
	target := in.TargetCapacitySpecification
	if target == nil || aws.ToInt32(target.TotalTargetCapacity) < 1 || *target.TotalTargetCapacity > 10000 {
		return wire.Errorf("InvalidParameterValue", "TotalTargetCapacity must be between 1 and 10000")
	}
	if target.TargetCapacityUnitType != "" && target.TargetCapacityUnitType != types.TargetCapacityUnitTypeUnits {
		return notSimulated("target capacity in " + string(target.TargetCapacityUnitType))
	}
	spot, onDemand := int(aws.ToInt32(target.SpotTargetCapacity)), int(aws.ToInt32(target.OnDemandTargetCapacity))
	rest := int(*target.TotalTargetCapacity) - spot - onDemand
	if spot < 0 || onDemand < 0 || rest < 0 {
		return wire.Errorf("InvalidTargetCapacitySpecification", "Spot and on-demand capacity are more than TotalTargetCapacity")
	}
	if target.DefaultTargetCapacityType == types.DefaultTargetCapacityTypeSpot {
		spot += rest
	} else {
		onDemand += rest
	}
	if o := in.OnDemandOptions; o != nil {
		if aws.ToBool(o.SingleAvailabilityZone) || aws.ToBool(o.SingleInstanceType) || o.MaxTotalPrice != nil {
			return notSimulated("an on-demand fleet in a single zone or of a single type, or with a total price")
		}
	}
	if o := in.SpotOptions; o != nil {
		if aws.ToBool(o.SingleAvailabilityZone) || aws.ToBool(o.SingleInstanceType) || o.MaxTotalPrice != nil || o.MaintenanceStrategies != nil {
			return notSimulated("a Spot fleet in a single zone or of a single type, with a total price or with maintenance")
		}
	}
	for _, wanted := range []struct {
		spot  bool
		count int
	}{{false, onDemand}, {true, spot}} {
		if wanted.count == 0 {
			continue
		}
		o, err := f.order(in, wanted.spot, wanted.count)
		if err != nil {
			return err
		}
		f.orders = append(f.orders, o)
	}
	return nil
}

// order lists the pools of one capacity type in the order of the strategy.
func (f *fleet) order(in *ec2.CreateFleetInput, spot bool, count int) (order, error) {
	o := order{spot: spot, count: count}
	strategy := "lowest-price"
	if spot && in.SpotOptions != nil {
		strategy = string(orElse(in.SpotOptions.AllocationStrategy, types.SpotAllocationStrategyLowestPrice))
		o.least = int(aws.ToInt32(in.SpotOptions.MinTargetCapacity))
	} else if !spot && in.OnDemandOptions != nil {
		strategy = string(orElse(in.OnDemandOptions.AllocationStrategy, types.FleetOnDemandAllocationStrategyLowestPrice))
		o.least = int(aws.ToInt32(in.OnDemandOptions.MinTargetCapacity))
		if c := in.OnDemandOptions.CapacityReservationOptions; c != nil {
			o.reservedFirst = c.UsageStrategy == types.FleetCapacityReservationUsageStrategyUseCapacityReservationsFirst
		}
	}
	for k := range in.LaunchTemplateConfigs {
		pools, err := f.alternatives(&in.LaunchTemplateConfigs[k], spot)
		if err != nil {
			return o, err
		}
		o.pools = append(o.pools, pools...)
	}
	return o, o.sort(f.w, strategy)
}

// sort puts the pools in the order in which they are tried. A pool counts as deep when it
// has room for all that is wanted; AWS does not say how it measures that. Its interruption
// band stands for how deep it will stay.
func (o *order) sort(w *world.World, strategy string) error {
	shallow := map[cluster.OfferingID]int{}
	var hazards []int64
	for _, p := range o.pools {
		if p.failed == nil {
			room, _ := p.from.room(w, p.OfferingID)
			shallow[p.OfferingID] = max(o.count-room, 0)
			hazards = append(hazards, p.hazard)
		}
	}
	slices.Sort(hazards)
	var first func(a, b *alternative) int
	price := func(a, b *alternative) int { return cmp.Compare(a.price, b.price) }
	switch strategy {
	case "lowest-price":
		first = price
	case "prioritized":
		first = func(a, b *alternative) int { return cmp.Compare(a.priority, b.priority) }
	case "capacity-optimized-prioritized":
		first = func(a, b *alternative) int {
			return cmp.Or(cmp.Compare(shallow[a.OfferingID], shallow[b.OfferingID]), cmp.Compare(a.priority, b.priority), cmp.Compare(a.hazard, b.hazard))
		}
	case "capacity-optimized":
		first = func(a, b *alternative) int {
			return cmp.Or(cmp.Compare(shallow[a.OfferingID], shallow[b.OfferingID]), cmp.Compare(a.hazard, b.hazard), price(a, b))
		}
	case "price-capacity-optimized":
		// The half of the pools that is interrupted least, cheapest first, then the others.
		const deep, other = 0, 1
		half := func(a *alternative) int {
			if len(hazards) == 0 || a.hazard <= hazards[(len(hazards)-1)/2] {
				return deep
			}
			return other
		}
		first = func(a, b *alternative) int {
			return cmp.Or(cmp.Compare(shallow[a.OfferingID], shallow[b.OfferingID]), cmp.Compare(half(a), half(b)), price(a, b))
		}
	default:
		return notSimulated("the allocation strategy " + strategy)
	}
	slices.SortStableFunc(o.pools, func(a, b alternative) int {
		return cmp.Or(first(&a, &b), price(&a, &b), cmp.Compare(a.InstanceType, b.InstanceType), cmp.Compare(a.Zone, b.Zone))
	})
	return nil
}

// alternatives are the pools that a template with its overrides names.
func (f *fleet) alternatives(c *types.FleetLaunchTemplateConfigRequest, spot bool) ([]alternative, error) {
	if c.LaunchTemplateSpecification == nil {
		return nil, missing("LaunchTemplateSpecification")
	}
	s := c.LaunchTemplateSpecification
	l, err := fromTemplate(f.w, s.LaunchTemplateId, s.LaunchTemplateName, s.Version)
	if err != nil {
		return nil, err
	}
	overrides := c.Overrides
	if len(overrides) == 0 {
		overrides = []types.FleetLaunchTemplateOverridesRequest{{}}
	}
	if len(overrides) > 300 {
		return nil, wire.Errorf("InvalidParameterValue", "%d overrides are more than the 300 that a launch template configuration may have", len(overrides))
	}
	var out []alternative
	for k := range overrides {
		pools, err := f.override(l, &overrides[k], spot)
		if err != nil {
			return nil, err
		}
		out = append(out, pools...)
	}
	return out, nil
}

// override are the pools that one override names: one for each subnet that it leaves
// open.
func (f *fleet) override(l launch, o *types.FleetLaunchTemplateOverridesRequest, spot bool) ([]alternative, error) {
	if o.InstanceRequirements != nil {
		return nil, notSimulated("choosing instance types by requirements")
	}
	if o.WeightedCapacity != nil && *o.WeightedCapacity != 1 {
		return nil, notSimulated("a weighted capacity other than 1")
	}
	if o.InstanceType != "" {
		l.InstanceType = o.InstanceType
	}
	if o.ImageId != nil {
		l.ImageId = o.ImageId
	}
	subnets, err := overrideSubnets(f.w, &l, o)
	if err != nil {
		return nil, err
	}
	maxPrice, err := parsePrice(o.MaxPrice)
	if err != nil {
		return nil, err
	}
	var out []alternative
	for _, s := range subnets {
		a := alternative{launch: &l, maxPrice: maxPrice, priority: math.Inf(1)}
		mirror(&a.override, o)
		a.override.InstanceType = l.InstanceType
		a.override.SubnetId, a.override.AvailabilityZone = aws.String(s.ID), aws.String(s.Zone)
		if o.Priority != nil {
			a.priority = *o.Priority
		}
		var failed error
		if a.Pool, failed = l.pool(f.w, string(l.InstanceType), s, spot); failed == nil {
			a.from, failed = l.supply(f.w, a.OfferingID)
		}
		if failed != nil {
			a.failed = wire.AsError(failed)
			a.OfferingID = cluster.OfferingID{InstanceType: string(l.InstanceType), Zone: s.Zone, CapacityType: world.CapacityType(spot)}
		}
		if offering, ok := f.w.Offering(a.OfferingID); ok {
			a.price, a.hazard = offering.Price, offering.ReclaimPPM
		}
		if spot {
			a.price = f.w.SpotPrice(string(l.InstanceType), s.Zone, f.w.Now())
		}
		out = append(out, a)
	}
	return out, nil
}

func overrideSubnets(w *world.World, l *launch, o *types.FleetLaunchTemplateOverridesRequest) ([]world.Subnet, error) {
	if id := aws.ToString(o.SubnetId); id != "" {
		var out []world.Subnet
		for each := range strings.SplitSeq(id, ",") {
			s, err := oneSubnet(w, strings.TrimSpace(each))
			if err != nil {
				return nil, err
			}
			out = append(out, s...)
		}
		return out, nil
	}
	if zone := aws.ToString(o.AvailabilityZone); zone != "" {
		s, ok := w.SubnetOf(zone)
		if !ok {
			return nil, wire.Errorf("InvalidParameterValue", "Invalid availability zone: [%s]", zone)
		}
		return []world.Subnet{s}, nil
	}
	return l.subnets(w)
}

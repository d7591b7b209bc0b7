package ec2

import (
	"cmp"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/awssim/wire"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
)

// RunInstances launches instances of one type in one zone, between MinCount and MaxCount
// of them or none.
func RunInstances(w *world.World, call *world.Call, in *ec2.RunInstancesInput) (*ec2.RunInstancesOutput, error) {
	least, most := int(aws.ToInt32(in.MinCount)), int(aws.ToInt32(in.MaxCount))
	if least < 1 || most < least || most > 1000 {
		return nil, wire.Errorf("InvalidParameterValue", "Want 1 ≤ MinCount (%d) ≤ MaxCount (%d) ≤ 1000", least, most)
	}
	l, err := runLaunch(w, in)
	if err != nil {
		return nil, err
	}
	requested, err := tagSets(in.TagSpecifications)
	if err != nil {
		return nil, err
	}
	tags, err := launchTags(&l, requested, "")
	if err != nil {
		return nil, err
	}
	pool, from, err := runPool(w, &l, least)
	if err != nil {
		return nil, err
	}
	spot := pool.CapacityType == cluster.Spot
	if _, maxPrice, err := l.spot(); err != nil {
		return nil, err
	} else if price := w.SpotPrice(pool.InstanceType, pool.Zone, w.Now()); spot && maxPrice > 0 && maxPrice < price {
		return nil, wire.Errorf("SpotMaxPriceTooLow", "Your Spot request price of %s is lower than the minimum required Spot request fulfillment price of %s.", maxPrice, price)
	}
	room, within := from.room(w, pool.OfferingID)
	switch {
	case w.MayLaunch(most) < most:
		return nil, tooMany()
	case within < least && !from.confined:
		return nil, overQuota(pool.InstanceType, spot)
	case room < least:
		short := from.short(pool.OfferingID)
		short.Status = 500
		return nil, short
	}
	launched, err := w.Launch(from.pools(pool, true), min(most, within, room), tags)
	if err != nil {
		return nil, err
	}
	call.Takes = launched.Takes
	out := &ec2.RunInstancesOutput{OwnerId: aws.String(w.Config().Account), Groups: []types.GroupIdentifier{}, Instances: []types.Instance{}}
	for _, i := range launched.Instances {
		i.Token = aws.ToString(in.ClientToken)
		out.ReservationId = aws.String(i.Reservation)
		out.Instances = append(out.Instances, describeInstance(w, world.View{Instance: i, State: provider.Pending}))
	}
	return out, nil
}

// runLaunch is what a request asks for on top of its launch template.
func runLaunch(w *world.World, in *ec2.RunInstancesInput) (launch, error) {
	var l launch
	if t := in.LaunchTemplate; t != nil {
		var err error
		if l, err = fromTemplate(w, t.LaunchTemplateId, t.LaunchTemplateName, t.Version); err != nil {
			return l, err
		}
	}
	over := *in
	over.TagSpecifications = nil // those of the template stay: they are merged, not replaced
	mirror(&l.ResponseLaunchTemplateData, &over)
	l.subnet = aws.ToString(in.SubnetId) // a template has it in its network interfaces
	return l, nil
}

// runPool is the pool for a run, and what it is supplied from: in the zone that is asked
// for, or else in the first that has room.
func runPool(w *world.World, l *launch, least int) (pool world.Pool, from supply, err error) {
	if l.InstanceType == "" {
		return pool, from, missing("InstanceType")
	}
	spot, _, err := l.spot()
	if err != nil {
		return pool, from, err
	}
	subnets, err := l.subnets(w)
	if err != nil {
		return pool, from, err
	}
	var first error
	room := 0
	for _, s := range subnets {
		p, err := l.pool(w, string(l.InstanceType), s, spot)
		var source supply
		if err == nil {
			source, err = l.supply(w, p.OfferingID)
		}
		if err != nil {
			if first == nil {
				first = err
			}
			continue
		}
		if n, _ := source.room(w, p.OfferingID); pool.InstanceType == "" || (room < least && n > room) {
			pool, from, room = p, source, n
		}
	}
	if pool.InstanceType == "" {
		return pool, from, first
	}
	return pool, from, nil
}

// subnets are those in which the launch may be: the one that it names, or all.
func (l *launch) subnets(w *world.World) ([]world.Subnet, error) {
	id := l.subnet
	for _, n := range l.NetworkInterfaces {
		id = cmp.Or(id, aws.ToString(n.SubnetId))
	}
	if id != "" {
		return oneSubnet(w, id)
	}
	if l.Placement != nil && aws.ToString(l.Placement.AvailabilityZone) != "" {
		s, ok := w.SubnetOf(*l.Placement.AvailabilityZone)
		if !ok {
			return nil, wire.Errorf("InvalidParameterValue", "Invalid availability zone: [%s]", *l.Placement.AvailabilityZone)
		}
		return []world.Subnet{s}, nil
	}
	return w.Subnets(), nil
}

func oneSubnet(w *world.World, id string) ([]world.Subnet, error) {
	s, ok := w.Subnet(id)
	if !ok {
		return nil, wire.Errorf("InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist", id)
	}
	return []world.Subnet{s}, nil
}

// tooMany is the error for more instances than may be launched now.
func tooMany() *wire.Error {
	return &wire.Error{Code: "RequestLimitExceeded", Status: 503, Message: "Request limit exceeded. The account has launched too many instances of late."}
}

// overQuota is the error for more vCPUs than the account may run.
func overQuota(instanceType string, spot bool) error {
	if spot {
		return wire.Errorf("MaxSpotInstanceCountExceeded", "Max spot instance count exceeded")
	}
	return wire.Errorf("VcpuLimitExceeded", "You have requested more vCPU capacity than your current vCPU limit allows for the instance bucket that the specified instance type (%s) belongs to.", instanceType)
}

// launchTags are the tags of a launch: those of its template, those of the request, and
// those that EC2 itself sets on instances.
func launchTags(l *launch, requested world.Tags, fleet string) (world.Tags, error) {
	fromTemplate, err := l.tags()
	if err != nil {
		return nil, err
	}
	tags := merged(fromTemplate, requested)
	for _, kind := range slices.Sorted(maps.Keys(tags)) {
		if err := fewTags(len(tags[kind])); err != nil {
			return nil, err
		}
	}
	own := map[string]string{}
	if l.template != nil {
		own["aws:ec2launchtemplate:id"] = l.template.ID
		own["aws:ec2launchtemplate:version"] = *number(l.number)
	}
	if fleet != "" {
		own["aws:ec2:fleet-id"] = fleet
	}
	return merged(tags, world.Tags{"instance": own}), nil
}

package autoscaling

import (
	"cmp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/awssim/ec2"
	"github.com/ullage-sh/ullage/awssim/world"
)

// grow launches n more members, each in the zone that has least of those that have
// capacity, and returns how many there was none for.
func (g *Groups) grow(x *Group, alive []*Member, n int, in []world.Subnet) (short int) {
	count := map[string]int{}
	onDemand := 0
	for _, m := range alive {
		count[m.Zone]++
		if !m.Spot {
			onDemand++
		}
	}
	zones := slices.Clone(in)
	total := len(alive)
	for n > 0 && len(zones) > 0 {
		slices.SortStableFunc(zones, func(a, b world.Subnet) int {
			return cmp.Or(cmp.Compare(count[a.Zone], count[b.Zone]), cmp.Compare(a.Zone, b.Zone))
		})
		spot, err := g.spotNext(x, total, onDemand)
		if err != nil {
			g.refused(x, zones[0], "", err.Error())
			break
		}
		ids, refusal := g.launch(x, zones[0], spot, total)
		if refusal != "" {
			g.refused(x, zones[0], capacityName(spot), refusal)
		}
		if len(ids) == 0 && g.w.MayLaunch(1) == 0 {
			break // in no other zone either
		}
		if len(ids) == 0 {
			zones = zones[1:]
			continue
		}
		count[zones[0].Zone]++
		total++
		n--
		if !spot {
			onDemand++
		}
	}
	x.actual = total
	return n
}

// refused writes down that nothing could be launched in a zone.
func (g *Groups) refused(x *Group, s world.Subnet, what, message string) {
	a := g.begin(x, "Launching a new EC2 instance.  Status Reason: "+message, g.because(x, "started", x.actual, x.actual+1), s.Zone, s.ID)
	g.end(a, types.ScalingActivityStatusCodeFailed, strings.TrimSpace("Could not launch "+what)+" Instances. "+message+" Launching EC2 instance failed.")
}

func capacityName(spot bool) string {
	if spot {
		return "Spot"
	}
	return "On-Demand"
}

// spotNext tells whether the next member is a Spot instance: with a mixed instances
// policy, beyond what that wants on demand; otherwise as the launch template says.
func (g *Groups) spotNext(x *Group, total, onDemand int) (bool, error) {
	if x.MixedInstancesPolicy == nil {
		t := x.LaunchTemplate
		data, err := ec2.TemplateData(g.w, t.LaunchTemplateId, t.LaunchTemplateName, t.Version)
		return data.InstanceMarketOptions != nil && data.InstanceMarketOptions.MarketType == ec2types.MarketTypeSpot, err
	}
	base, percent := 0, 100
	if d := x.MixedInstancesPolicy.InstancesDistribution; d != nil {
		base = int(aws.ToInt32(d.OnDemandBaseCapacity))
		if d.OnDemandPercentageAboveBaseCapacity != nil {
			percent = int(*d.OnDemandPercentageAboveBaseCapacity)
		}
	}
	above := max(total+1-base, 0)
	wanted := min(total+1, base) + (above*percent+99)/100
	return onDemand >= wanted, nil
}

// launch starts one member in a subnet.
func (g *Groups) launch(x *Group, s world.Subnet, spot bool, total int) (ids []string, refusal string) {
	tags := map[string]string{"aws:autoscaling:groupName": *x.AutoScalingGroupName}
	for _, t := range x.tags {
		if aws.ToBool(t.PropagateAtLaunch) {
			tags[*t.Key] = aws.ToString(t.Value)
		}
	}
	made, failed, err := ec2.Launch(g.w, x.request(s), spot, 1, world.Tags{"instance": tags})
	if err != nil {
		return nil, err.Error()
	}
	for _, m := range made {
		for _, id := range m.InstanceIds {
			g.join(x, id, g.because(x, "started", total, total+1))
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		for _, f := range failed { // that of the pool that comes first says most
			return nil, aws.ToString(f.ErrorCode) + " - " + aws.ToString(f.ErrorMessage)
		}
	}
	return ids, ""
}

// join takes an instance that was just launched into the group.
func (g *Groups) join(x *Group, id, cause string) {
	m := &Member{Instance: g.w.Instance(id), State: types.LifecycleStatePending, Protected: aws.ToBool(x.NewInstancesProtectedFromScaleIn)}
	m.activity = g.begin(x, "Launching a new EC2 instance: "+id, cause, m.Zone, m.SubnetID)
	x.members = append(x.members, m)
}

// request is what the group asks EC2 for, in one subnet.
func (x *Group) request(s world.Subnet) *awsec2.CreateFleetInput {
	in := &awsec2.CreateFleetInput{
		OnDemandOptions: &ec2types.OnDemandOptionsRequest{AllocationStrategy: ec2types.FleetOnDemandAllocationStrategyPrioritized},
		SpotOptions:     &ec2types.SpotOptionsRequest{AllocationStrategy: ec2types.SpotAllocationStrategyLowestPrice},
	}
	template, overrides := x.LaunchTemplate, []types.LaunchTemplateOverrides{{}}
	var maxPrice *string
	if p := x.MixedInstancesPolicy; p != nil {
		template = p.LaunchTemplate.LaunchTemplateSpecification
		if len(p.LaunchTemplate.Overrides) > 0 {
			overrides = p.LaunchTemplate.Overrides
		}
		if d := p.InstancesDistribution; d != nil {
			maxPrice = d.SpotMaxPrice
			if d.OnDemandAllocationStrategy != nil {
				in.OnDemandOptions.AllocationStrategy = ec2types.FleetOnDemandAllocationStrategy(*d.OnDemandAllocationStrategy)
			}
			if d.SpotAllocationStrategy != nil {
				in.SpotOptions.AllocationStrategy = ec2types.SpotAllocationStrategy(*d.SpotAllocationStrategy)
			}
		}
	}
	for k, o := range overrides {
		of := template
		if o.LaunchTemplateSpecification != nil {
			of = o.LaunchTemplateSpecification
		}
		over := ec2types.FleetLaunchTemplateOverridesRequest{SubnetId: aws.String(s.ID), Priority: aws.Float64(float64(k)), ImageId: o.ImageId, MaxPrice: maxPrice}
		if o.InstanceType != nil {
			over.InstanceType = ec2types.InstanceType(*o.InstanceType)
		}
		in.LaunchTemplateConfigs = append(in.LaunchTemplateConfigs, ec2types.FleetLaunchTemplateConfigRequest{
			LaunchTemplateSpecification: &ec2types.FleetLaunchTemplateSpecificationRequest{
				LaunchTemplateId: of.LaunchTemplateId, LaunchTemplateName: of.LaunchTemplateName, Version: of.Version,
			},
			Overrides: []ec2types.FleetLaunchTemplateOverridesRequest{over},
		})
	}
	return in
}

package fleet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/cluster"
)

// create makes the call. A launch template that was just made may not be known everywhere
// yet, and one that was there may have been deleted by somebody.
func (f *Fleet) create(ctx context.Context, o *Order, s Step, part []Alternative, left int) (*ec2.CreateFleetOutput, error) {
	const tries, pause = 5, cluster.Second
	for try := 1; ; try++ {
		in, names, err := f.request(ctx, o, s, part, left)
		if err != nil {
			return nil, err
		}
		out, err := f.cfg.Client.CreateFleet(ctx, in)
		if err == nil {
			return out, nil
		}
		if !missingTemplate(code(err)) || try == tries {
			return nil, fmt.Errorf("launching %d instances: %w", left, err)
		}
		for _, name := range names {
			f.Templates.Forget(name)
		}
		if err := f.cfg.Sleep(ctx, pause*cluster.Duration(try)); err != nil {
			return nil, err
		}
	}
}

// request writes the call, and names the launch templates in it.
func (f *Fleet) request(ctx context.Context, o *Order, s Step, part []Alternative, left int) (*ec2.CreateFleetInput, []string, error) {
	tags := maps.Clone(o.Tags)
	if tags == nil {
		tags = map[string]string{}
	}
	tags[TagCluster], tags[owned(f.cfg.Cluster)] = f.cfg.Cluster, "owned"
	tags[TagToken], tags[TagPart], tags[TagRequest] = o.Token, s.String(), o.Request
	if part[0].CapacityType == cluster.Reserved {
		tags[TagReserved] = "true"
	}
	in := &ec2.CreateFleetInput{
		Type: types.FleetTypeInstant, ClientToken: aws.String(o.clientToken(f.cfg.Cluster, s)),
		TargetCapacitySpecification: &types.TargetCapacitySpecificationRequest{
			TotalTargetCapacity: aws.Int32(int32(left)), DefaultTargetCapacityType: types.DefaultTargetCapacityTypeOnDemand,
		},
		OnDemandOptions: &types.OnDemandOptionsRequest{AllocationStrategy: types.FleetOnDemandAllocationStrategyPrioritized},
	}
	if part[0].CapacityType == cluster.Spot {
		in.TargetCapacitySpecification.DefaultTargetCapacityType = types.DefaultTargetCapacityTypeSpot
		in.OnDemandOptions = nil
		in.SpotOptions = &types.SpotOptionsRequest{AllocationStrategy: types.SpotAllocationStrategyCapacityOptimizedPrioritized}
	}
	if o.Context != "" {
		in.Context = aws.String(o.Context)
	}
	for _, kind := range []types.ResourceType{types.ResourceTypeInstance, types.ResourceTypeVolume, types.ResourceTypeFleet} {
		in.TagSpecifications = append(in.TagSpecifications, types.TagSpecification{ResourceType: kind, Tags: TagList(tags)})
	}
	at := map[*Template]int{}
	var names []string
	for k := range part {
		a := &part[k]
		c, ok := at[a.Template]
		if !ok {
			name, err := f.Templates.Ensure(ctx, a.Template)
			if err != nil {
				return nil, nil, err
			}
			c = len(names)
			at[a.Template] = c
			names = append(names, name)
			in.LaunchTemplateConfigs = append(in.LaunchTemplateConfigs, types.FleetLaunchTemplateConfigRequest{
				LaunchTemplateSpecification: &types.FleetLaunchTemplateSpecificationRequest{LaunchTemplateName: aws.String(name), Version: aws.String("$Latest")},
			})
		}
		in.LaunchTemplateConfigs[c].Overrides = append(in.LaunchTemplateConfigs[c].Overrides, types.FleetLaunchTemplateOverridesRequest{
			InstanceType: types.InstanceType(a.InstanceType), SubnetId: aws.String(a.SubnetID), Priority: aws.Float64(float64(k)),
		})
	}
	return in, names, nil
}

// digest identifies texts.
func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}

package fleet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
)

// settled is how old the newest instance of a launch is when descriptions surely show all
// of it, whatever the clocks of both sides say, and the launch will not be resumed.
const settled = 10 * cluster.Minute

// Recall returns the instances that were launched with an order's token, by id, as far as
// EC2 still shows them. When there are fewer than are asked for, it gives descriptions the
// time to show the others. It rejects an order whose token stands for another request. Of
// the order, only these are looked at.
func (f *Fleet) Recall(ctx context.Context, o Order) ([]Record, error) {
	all, err := f.recall(ctx, o)
	if err != nil || len(all) == 0 || len(all) >= o.Count || f.old(all) {
		return all, err
	}
	return f.RecallLater(ctx, o)
}

// RecallLater is Recall of what descriptions show when they have had time to catch up.
func (f *Fleet) RecallLater(ctx context.Context, o Order) ([]Record, error) {
	if err := f.cfg.Sleep(ctx, f.cfg.Lag); err != nil {
		return nil, err
	}
	return f.recall(ctx, o)
}

func (f *Fleet) recall(ctx context.Context, o Order) ([]Record, error) {
	found, err := f.byToken.ask(ctx, o.Token)
	if err != nil {
		return nil, err
	}
	for _, r := range found[o.Token] {
		if r.Request != o.Request {
			return nil, &provider.RejectedError{Reason: fmt.Sprintf("token %s was used for another request: a new request needs a new token", o.Token)}
		}
	}
	return found[o.Token], nil
}

// old tells whether a launch has been over for long.
func (f *Fleet) old(all []Record) bool {
	newest := all[0].Launched
	for _, r := range all {
		newest = max(newest, r.Launched)
	}
	return newest.Add(settled) < f.cfg.Now()
}

// Launch launches what is still to be launched of an order. before are the instances that
// Recall found: those of its earlier parts. It returns all instances of the order. An
// error says that it is not known what came of the order; the same order again finds out.
func (f *Fleet) Launch(ctx context.Context, o Order, before []Record) (Receipt, error) {
	receipt := Receipt{Instances: slices.Clone(before)}
	if wait := o.NotBefore.Sub(f.cfg.Now()); o.NotBefore != 0 && wait > 0 {
		if err := f.cfg.Sleep(ctx, wait); err != nil {
			return Receipt{}, err
		}
	}
	resume := 0
	for _, r := range before {
		resume = max(resume, r.Part+1)
	}
	if len(before) >= o.Count || (len(before) > 0 && f.old(before)) {
		return receipt, nil
	}
	for k, part := range o.parts() {
		if k < resume {
			continue
		}
		left := o.Count - len(receipt.Instances)
		if left <= 0 {
			break
		}
		goOn, err := f.part(ctx, &o, k, part, left, &receipt)
		if err != nil {
			return Receipt{}, err
		}
		if !goOn {
			break
		}
	}
	sortRecords(receipt.Instances)
	f.Shortages.Note(f.cfg.Now(), f.cfg.ShortFor, receipt.SoldOut...)
	return receipt, nil
}

// passes is how often a launch tries a part that brought nothing for a reason that passes.
const passes = 6

// part launches from the alternatives of one call. What passes is waited for: all that is
// known of a launch that brought nothing is that it did, whoever asks by its token. So the
// next try has another one, the same launch again goes on behind it, and who comes after a
// crash goes through all of the tries before.
//
// What has not passed holds for the later parts too, and there is no going on to them: a
// part that is still to be tried must not have one behind it that has launched already.
func (f *Fleet) part(ctx context.Context, o *Order, number int, part []Alternative, left int, receipt *Receipt) (goOn bool, err error) {
	for k := 1; ; k++ {
		out, err := f.create(ctx, o, number, f.tries.of(o, number), part, left)
		if code(err) == "IdempotentParameterMismatch" {
			return true, f.otherWords(ctx, o, number, part, left, receipt)
		}
		if err != nil {
			return false, err
		}
		if len(out.Instances) > 0 || !passing(out.Errors) {
			f.take(o, number, part, left, out, receipt)
			return true, nil
		}
		f.tries.failed(o, number, f.cfg.Now())
		if k == passes {
			f.take(o, number, part, left, out, receipt)
			return false, nil
		}
		if err := f.cfg.Sleep(ctx, f.cfg.Lag); err != nil {
			return false, err
		}
	}
}

// passing tells whether a launch came to nothing for a reason that passes: that EC2 lets
// nobody launch so many at once, or has not heard of the profile or its role yet.
func passing(errors []types.CreateFleetError) bool {
	return slices.ContainsFunc(errors, func(e types.CreateFleetError) bool {
		said := aws.ToString(e.ErrorMessage)
		switch aws.ToString(e.ErrorCode) {
		case "RequestLimitExceeded":
			return true
		case "InvalidParameterValue":
			return strings.Contains(said, "Invalid IAM Instance Profile") || strings.Contains(said, "has no associated IAM Roles")
		}
		return false
	})
}

// otherWords finds what an earlier process got that asked for a part in other words: it
// carries the token.
func (f *Fleet) otherWords(ctx context.Context, o *Order, number int, part []Alternative, left int, receipt *Receipt) error {
	all, err := f.RecallLater(ctx, *o)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(r Record) bool { return r.Part != number })
	receipt.Instances = append(receipt.Instances, all...)
	if len(all) < left {
		receipt.soldOut(part)
	}
	return nil
}

// take notes what a call has brought.
func (f *Fleet) take(o *Order, number int, part []Alternative, left int, out *ec2.CreateFleetOutput, receipt *Receipt) {
	made := f.made(o, number, part, out)
	receipt.Instances = append(receipt.Instances, made...)
	named := receipt.failed(part, out.Errors)
	if len(made) < left && !named {
		receipt.soldOut(part) // it does not say what was short: all of it was
	}
}

// create makes the call. A launch template that was just made may not be known everywhere
// yet, and one that was there may have been deleted by somebody.
func (f *Fleet) create(ctx context.Context, o *Order, number, pass int, part []Alternative, left int) (*ec2.CreateFleetOutput, error) {
	const tries, pause = 5, cluster.Second
	for try := 1; ; try++ {
		in, names, err := f.request(ctx, o, number, pass, part, left)
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
func (f *Fleet) request(ctx context.Context, o *Order, number, pass int, part []Alternative, left int) (*ec2.CreateFleetInput, []string, error) {
	tags := maps.Clone(o.Tags)
	if tags == nil {
		tags = map[string]string{}
	}
	tags[TagCluster], tags[owned(f.cfg.Cluster)] = f.cfg.Cluster, "owned"
	tags[TagToken], tags[TagPart], tags[TagRequest] = o.Token, strconv.Itoa(number), o.Request
	in := &ec2.CreateFleetInput{
		Type: types.FleetTypeInstant, ClientToken: aws.String(o.clientToken(f.cfg.Cluster, number, pass)),
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

// made are the instances of an answer. The answer says less of them than a description
// will; what is missing follows from the order.
func (f *Fleet) made(o *Order, number int, part []Alternative, out *ec2.CreateFleetOutput) []Record {
	var all []Record
	for _, made := range out.Instances {
		a := alternative(part, made.LaunchTemplateAndOverrides)
		if a == nil {
			// It does not say which alternative it is, or says one that was not asked for:
			// its type is all that is known, which several alternatives may have.
			k := slices.IndexFunc(part, func(a Alternative) bool { return a.InstanceType == string(made.InstanceType) })
			a = &part[max(k, 0)]
		}
		for _, id := range made.InstanceIds {
			all = append(all, Record{
				ID: id, Offering: a.OfferingID, State: cluster.InstancePending, Launched: f.cfg.Now(), ImageID: a.ImageID, SubnetID: a.SubnetID,
				Groups: a.Template.groups(), Token: o.Token, Pool: o.Tags[TagPool], Class: o.Tags[TagClass], Template: o.Tags[TagTemplate], Request: o.Request, Part: number,
			})
		}
	}
	return all
}

// groups are the security groups that instances get.
func (t *Template) groups() []string {
	groups := slices.Clone(t.Data.SecurityGroupIds)
	for _, n := range t.Data.NetworkInterfaces {
		groups = append(groups, n.Groups...)
	}
	slices.Sort(groups)
	return slices.Compact(groups)
}

// alternative finds the one that an answer speaks of, nil for none.
func alternative(part []Alternative, said *types.LaunchTemplateAndOverridesResponse) *Alternative {
	if said == nil || said.Overrides == nil {
		return nil
	}
	for k := range part {
		a := &part[k]
		if a.InstanceType == string(said.Overrides.InstanceType) && a.SubnetID == aws.ToString(said.Overrides.SubnetId) {
			return a
		}
	}
	return nil
}

// shortages are the codes of errors that say that an offering is not to be had now. What
// an account may not have more of, or a subnet has no address for, is none either.
var shortages = []string{
	"InsufficientInstanceCapacity", "InsufficientHostCapacity", "InsufficientReservedInstanceCapacity", "ReservationCapacityExceeded", "UnfulfillableCapacity",
	"MaxSpotInstanceCountExceeded", "SpotMaxPriceTooLow", "VcpuLimitExceeded", "InstanceLimitExceeded", "InsufficientFreeAddressesInSubnet", "Unsupported",
}

// failed sorts what an answer says of alternatives that brought nothing, or too little; it
// tells whether that says anything.
func (r *Receipt) failed(part []Alternative, errors []types.CreateFleetError) (named bool) {
	for _, e := range errors {
		if !slices.Contains(shortages, aws.ToString(e.ErrorCode)) {
			why := aws.ToString(e.ErrorCode) + ": " + strings.TrimSpace(aws.ToString(e.ErrorMessage))
			if !slices.Contains(r.Refused, why) {
				r.Refused = append(r.Refused, why)
			}
			named = true
			continue
		}
		if a := alternative(part, e.LaunchTemplateAndOverrides); a != nil {
			r.soldOut([]Alternative{*a})
			named = true
		}
	}
	return named
}

func (r *Receipt) soldOut(part []Alternative) {
	for _, a := range part {
		if !slices.Contains(r.SoldOut, a.OfferingID) {
			r.SoldOut = append(r.SoldOut, a.OfferingID)
		}
	}
}

// digest identifies texts.
func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}

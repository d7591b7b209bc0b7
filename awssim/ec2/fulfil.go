package ec2

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/awssim/wire"
	"github.com/ullage-sh/ullage/cluster"
)

// fulfil launches what is to be had, pool by pool.
func (f *fleet) fulfil(o *order) error {
	if f.w.MayLaunch(o.least) < o.least {
		f.fail(&o.pools[0], tooMany())
		return nil
	}
	if f.reachable(o) < o.least {
		for k := range o.pools {
			f.fail(&o.pools[k], wire.Errorf("InsufficientInstanceCapacity", "The minimum target capacity of %d cannot be met", o.least))
		}
		return nil
	}
	left := o.count
	if o.reservedFirst {
		for k := range o.pools {
			if a := &o.pools[k]; a.failed == nil && left > 0 {
				n, err := f.launch(a, min(left, a.from.reserved(f.w)), false)
				if err != nil {
					return err
				}
				left -= n
			}
		}
	}
	for k := range o.pools {
		if left == 0 {
			break
		}
		n, err := f.take(&o.pools[k], left)
		if err != nil {
			return err
		}
		if left -= n; left > 0 && f.w.MayLaunch(1) == 0 {
			f.fail(&o.pools[k], tooMany())
			break
		}
	}
	return nil
}

// take launches up to left instances from a pool, and says in the answer what kept it
// from all of them.
func (f *fleet) take(a *alternative, left int) (int, error) {
	switch {
	case a.failed != nil:
		f.fail(a, a.failed)
		return 0, nil
	case a.maxPrice > 0 && a.maxPrice < a.price:
		f.fail(a, wire.Errorf("SpotMaxPriceTooLow", "Your maximum price of %s is lower than the pool's price of %s.", a.maxPrice, a.price))
		return 0, nil
	}
	room, within := a.from.room(f.w, a.OfferingID)
	want := min(left, within)
	if want == 0 && !a.from.confined {
		f.fail(a, wire.AsError(overQuota(a.InstanceType, a.CapacityType == cluster.Spot)))
		return 0, nil
	}
	n, err := f.launch(a, min(want, room), true)
	if err == nil && (n == room && n < want || room == 0) {
		f.fail(a, a.from.short(a.OfferingID))
	}
	return n, err
}

// reachable is how many instances the pools could give.
func (f *fleet) reachable(o *order) int {
	sum := 0
	for _, a := range o.pools {
		if a.failed == nil && (a.maxPrice == 0 || a.maxPrice >= a.price) {
			room, _ := a.from.room(f.w, a.OfferingID)
			sum += min(room, o.count)
		}
	}
	return sum
}

// launch takes up to want instances from a pool, into its reservations, and beside them.
func (f *fleet) launch(a *alternative, want int, beside bool) (int, error) {
	if want = f.w.MayLaunch(want); want == 0 {
		return 0, nil
	}
	tags, err := launchTags(a.launch, f.tags, f.id)
	if err != nil {
		f.fail(a, wire.AsError(err))
		return 0, nil
	}
	a.Machine.FleetID = f.id
	launched, err := f.w.Launch(a.from.pools(a.Pool, beside), want, tags)
	if err != nil {
		return 0, err
	}
	f.call.Takes = max(f.call.Takes, launched.Takes)
	if len(launched.Instances) == 0 {
		return 0, nil
	}
	made := types.CreateFleetInstance{
		InstanceType: types.InstanceType(a.InstanceType), Lifecycle: lifecycle(a.CapacityType), LaunchTemplateAndOverrides: a.described(),
	}
	for _, i := range launched.Instances {
		made.InstanceIds = append(made.InstanceIds, i.ID)
	}
	f.out.Instances = append(f.out.Instances, made)
	return len(launched.Instances), nil
}

func lifecycle(capacityType string) types.InstanceLifecycle {
	if capacityType == cluster.Spot {
		return types.InstanceLifecycleSpot
	}
	return types.InstanceLifecycleOnDemand
}

// fail says in the answer why nothing came, or no more, from a pool.
func (f *fleet) fail(a *alternative, e *wire.Error) {
	f.out.Errors = append(f.out.Errors, types.CreateFleetError{
		ErrorCode: aws.String(e.Code), ErrorMessage: aws.String(e.Message), Lifecycle: lifecycle(a.CapacityType), LaunchTemplateAndOverrides: a.described(),
	})
}

// described is the alternative in the words of the answer.
func (a *alternative) described() *types.LaunchTemplateAndOverridesResponse {
	o := a.override
	return &types.LaunchTemplateAndOverridesResponse{
		LaunchTemplateSpecification: &types.FleetLaunchTemplateSpecification{LaunchTemplateId: aws.String(a.launch.template.ID), Version: number(a.launch.number)},
		Overrides:                   &o,
	}
}

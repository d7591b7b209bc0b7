package fleet

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/cluster"
)

// made are the instances of an answer. The answer says less of them than a description
// will; what is missing follows from the order.
func (f *Fleet) made(o *Order, s Step, part []Alternative, out *ec2.CreateFleetOutput) []Record {
	var all []Record
	for _, made := range out.Instances {
		a := alternative(part, made.LaunchTemplateAndOverrides)
		if a == nil {
			// It does not say which alternative it is, or says one that was not asked for:
			// its type is all that is known, which several alternatives may have.
			k := slices.IndexFunc(part, func(a Alternative) bool { return a.InstanceType == string(made.InstanceType) })
			a = &part[max(k, 0)]
		}
		tag, class := classOf(o.Tags)
		for _, id := range made.InstanceIds {
			all = append(all, Record{
				ID: id, Offering: a.OfferingID, State: cluster.InstancePending, Launched: f.cfg.Now(), ImageID: a.ImageID, SubnetID: a.SubnetID, Reservation: a.Reservation,
				Groups: a.Template.groups(), Token: o.Token, Pool: o.Tags[TagPool], ClassTag: tag, Class: class, Template: o.Tags[TagTemplate], Request: o.Request, Step: s,
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

// failed sorts what an answer says of alternatives that brought nothing, or too little:
// later is what passes, and is for the caller to note if it is not asked for again. named
// tells whether the answer says anything.
func (r *Receipt) failed(part []Alternative, errors []types.CreateFleetError) (later []string, named bool) {
	for k := range errors {
		e := &errors[k]
		switch a := alternative(part, e.LaunchTemplateAndOverrides); {
		case passing(e):
			later, named = append(later, reason(e)), true
		case !slices.Contains(shortages, aws.ToString(e.ErrorCode)):
			r.refuse(reason(e))
			named = true
		case a != nil:
			r.soldOut([]Alternative{*a})
			named = true
		}
	}
	return later, named
}

func reason(e *types.CreateFleetError) string {
	return aws.ToString(e.ErrorCode) + ": " + strings.TrimSpace(aws.ToString(e.ErrorMessage))
}

// passing tells whether an error is of what passes: that EC2 lets nobody launch so many at
// once, or has not heard of the profile or its role yet.
func passing(e *types.CreateFleetError) bool {
	return aws.ToString(e.ErrorCode) == exceeded || profileUnknown(e)
}

// exceeded is the code of what the account may not have now because of what it had.
const exceeded = "RequestLimitExceeded"

func profileUnknown(e *types.CreateFleetError) bool {
	said := aws.ToString(e.ErrorMessage)
	return aws.ToString(e.ErrorCode) == "InvalidParameterValue" &&
		(strings.Contains(said, "Invalid IAM Instance Profile") || strings.Contains(said, "has no associated IAM Roles"))
}

// limited tells whether EC2 has held back some of what was asked for.
func limited(errors []types.CreateFleetError) bool {
	return slices.ContainsFunc(errors, func(e types.CreateFleetError) bool { return aws.ToString(e.ErrorCode) == exceeded })
}

// unready tells whether EC2 does not know the instance profile.
func unready(errors []types.CreateFleetError) bool {
	return slices.ContainsFunc(errors, func(e types.CreateFleetError) bool { return profileUnknown(&e) })
}

// refuse notes reasons, once each.
func (r *Receipt) refuse(reasons ...string) {
	for _, why := range reasons {
		if !slices.Contains(r.Refused, why) {
			r.Refused = append(r.Refused, why)
		}
	}
}

func (r *Receipt) soldOut(part []Alternative) {
	for _, a := range part {
		if !slices.Contains(r.SoldOut, a.OfferingID) {
			r.SoldOut = append(r.SoldOut, a.OfferingID)
		}
	}
}

// had takes back that offerings are sold out of which there were more after all: in another
// reservation of the kind, or a while later.
func (r *Receipt) had(made []Record) {
	r.SoldOut = slices.DeleteFunc(r.SoldOut, func(id cluster.OfferingID) bool {
		return slices.ContainsFunc(made, func(m Record) bool { return m.Offering == id })
	})
}

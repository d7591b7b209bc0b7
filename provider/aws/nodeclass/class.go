package nodeclass

import (
	"slices"

	"github.com/ullage-sh/ullage/api/awsv1"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider/aws/userdata"
)

// Class is what an EC2NodeClass means now, or an AWSNodeTemplate. It does not change once
// it has been made.
type Class struct {
	Ref cluster.ClassRef
	// Spec is that of the class, or of the one that means what the template says.
	Spec awsv1.EC2NodeClassSpec
	// Family of the images, by which user data is written.
	Family userdata.Family
	// Cluster is what its nodes join.
	Cluster userdata.Cluster

	Subnets        []Subnet        // by id
	SecurityGroups []SecurityGroup // by id
	// Images in the order in which they are preferred: those that are not deprecated,
	// the newest first.
	Images       []Image
	Reservations []Reservation // by id
	// PlacementGroup is the id of the one that nodes are launched in, "" for none.
	PlacementGroup string
	// InstanceProfile is the name of the profile that nodes get.
	InstanceProfile string
	// ProfileGiven is when this process gave the profile its role, 0 if it did not. EC2
	// learns of that a while later.
	ProfileGiven cluster.Instant

	// Conditions for the class's status, Ready among them.
	Conditions []cluster.Condition
	// Template identifies what instances are launched with, but for their image, subnet and
	// security groups. Instances carry it as a tag: see [Class.HashOf].
	Template string
}

// Subnet is one that nodes can be launched in.
type Subnet struct {
	ID, Zone, ZoneID, VPC string
	// Free is how many addresses it had left when it was last described.
	Free int
}

// SecurityGroup is one that nodes belong to.
type SecurityGroup struct{ ID, Name, VPC string }

// Image is a machine image with what an instance type must be like to boot it.
type Image struct {
	ID, Name   string
	Created    cluster.Instant
	Deprecated bool
	// Requirements on labels of instance types: architecture, accelerators.
	Requirements []cluster.Requirement
	// RootDevice is the name of its root volume.
	RootDevice string
}

// Reservation is capacity that was reserved and that nodes can be launched into.
type Reservation struct {
	ID, InstanceType, Zone, OwnerID string
	// Criteria is open or targeted, Type default or capacity-block.
	Criteria, Type string
	Interruptible  bool
	// Total and Free are instances. Free is as it was last described.
	Total, Free int
	// Ends is when it ends, 0 for never. Expiring: it ends soon, and nothing should be
	// launched into it any more.
	Ends     cluster.Instant
	Expiring bool
}

// Ready tells whether nodes can be launched, and if not, why.
func (c *Class) Ready() (bool, string) {
	for _, x := range c.Conditions {
		if x.Type == cluster.ReadyCondition {
			return x.Status == "True", x.Message
		}
	}
	return false, "it has not been resolved"
}

// Zones lists the zones that it has subnets in, sorted.
func (c *Class) Zones() []string {
	var out []string
	for _, s := range c.Subnets {
		out = append(out, s.Zone)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// SubnetIn is the subnet of a zone that has most addresses left; false for none.
func (c *Class) SubnetIn(zone string) (Subnet, bool) {
	var best Subnet
	for _, s := range c.Subnets {
		if s.Zone == zone && (best.ID == "" || s.Free > best.Free) {
			best = s
		}
	}
	return best, best.ID != ""
}

// ImageFor is the image that an instance type with these labels boots from; false if
// there is none for it.
func (c *Class) ImageFor(labels cluster.Labels) (Image, bool) {
	for _, i := range c.Images {
		if !slices.ContainsFunc(i.Requirements, func(r cluster.Requirement) bool {
			v, ok := labels.Get(r.Key)
			return !r.Matches(v, ok)
		}) {
			return i, true
		}
	}
	return Image{}, false
}

// GroupIDs are the ids of the security groups, sorted.
func (c *Class) GroupIDs() []string {
	out := make([]string, len(c.SecurityGroups))
	for i, g := range c.SecurityGroups {
		out[i] = g.ID
	}
	return out
}

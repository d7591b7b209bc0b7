package cluster

// InstanceType is a kind of machine that a provider sells for one node class,
// and where and how it can be bought.
type InstanceType struct {
	Name string
	// Labels its nodes carry, without zone, capacity type and host name.
	Labels Labels
	// ImageID of instances of it that are launched now; "" for that of the resolution.
	ImageID string
	// Capacity of the machine and the part of it that pods may use.
	Capacity, Allocatable Resources
	// AttachLimits are the volumes that can be attached to it, under [AttachLimit] and
	// the driver's name; a driver without one has no limit. A node tells its own in its
	// CSINode.
	AttachLimits Resources
	Offerings    []Offering
}

// Offering is one way to buy an instance type.
type Offering struct {
	Zone         string
	CapacityType string
	Price        Money // per hour
	// Imputed: the price was not published but estimated from the family.
	Imputed bool
	// Available is false while the provider knows it to be sold out.
	Available bool
	// ReclaimPPM is how many of a million such nodes are expected to be reclaimed
	// in an hour; 0 for what is never reclaimed.
	ReclaimPPM int64
	// Draws are what a node bought so takes of stocks; nil for none.
	Draws []Draw
}

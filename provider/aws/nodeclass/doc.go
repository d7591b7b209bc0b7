// Package nodeclass works out what an EC2NodeClass (or what it was called in 2023, an
// AWSNodeTemplate) means now: which subnets, security
// groups, images, capacity reservations and instance profile it selects, whether nodes
// can be launched with it and if not why, and what an instance has to be like not to have
// drifted.
//
// It owns the spec's meaning, the conditions and fields of its status, and the instance
// profiles that it makes for roles. It refuses instance types, prices and launches.
package nodeclass

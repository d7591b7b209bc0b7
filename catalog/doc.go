// Package catalog says what EC2 sells: instance types, where they are sold, at
// which price, and what a Kubernetes node on one of them has for pods.
//
// It owns reading a catalogue ([Embedded], [Open], [Read]) and the node sizing
// maths from a type's raw facts to [cluster.InstanceType] ([Catalog.InstanceTypes],
// [Sizing]). It refuses to choose between types, to know about stock (that is a
// provider's) and to guess: what the data lacks is left out, and a type that
// cannot be sized is named with its reason ([Omission]).
//
// # Source and licence
//
// The embedded ec2-catalog.json.gz holds facts, prices as of May 2025: the
// hardware and the zones are from the copies of EC2's DescribeInstanceTypes and
// DescribeInstanceTypeOfferings answers that moto 5.2.1 carries (Apache-2.0), the
// on-demand and spot prices and the interruption bands from the Go module
// cristim/ec2-instances-info (its data is ec2instances.info's, MIT). README.md
// beside this file has the format and what is estimated.
package catalog

// Package ec2 is the EC2 API: one small function an operation, from the input of
// aws-sdk-go-v2 to its output, on a [world.World].
//
// It owns what EC2's parameters mean: filters, paging, what is required, which errors
// there are. It refuses protocols (awssim/wire), state (awssim/world), and what holds for
// all operations alike: DryRun, client tokens, throttling and signatures (awssim). What
// is not simulated is refused by name with UnsupportedOperation; nothing is quietly
// ignored that would change what is launched.
package ec2

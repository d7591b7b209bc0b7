// Package awssim is a simulated AWS behind AWS's own protocols: an HTTP server that the
// SDK, the aws command line and programs that others wrote take for AWS.
//
// It owns what all operations have in common: which service a request is for (by the
// scope of its signature), who sent it, how many requests there may be, DryRun, client
// tokens, and waiting. operations.go is the one table of what is served. What operations
// mean is in a package for each service (ec2, autoscaling, sqs, ssm, pricing, iam, sts,
// eks), what is so in world, the formats in wire.
//
// A server takes one question at a time, so that the world needs no locks and its log has
// one order; reading requests, writing answers and waiting are done outside of that. It
// has no clock of its own. It listens on the loopback device unless told otherwise, since
// it trusts whoever can reach it as far as its credentials say.
package awssim

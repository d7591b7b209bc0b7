// Package aws is the cloud of Amazon Web Services behind the provider contract: nodes are
// EC2 instances, node classes are Karpenter's EC2NodeClass (karpenter.k8s.aws/v1) and what
// that was called in 2023, AWSNodeTemplate (karpenter.k8s.aws/v1alpha1).
//
// It owns how its rooms work together, the clients, and how calls are made again when AWS
// turns them down. What a class means is in nodeclass, what nodes are told in userdata,
// what is sold and what it costs in instancetype and price, launches in fleet, the queue
// of interruptions in interruption, the rights that all that needs in iam.
//
// Clock, waiting and chance are arguments. Nothing is remembered that could not be asked
// for again: a process that starts where another one died does as that one would have.
package aws

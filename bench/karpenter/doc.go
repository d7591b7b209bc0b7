// Package karpenter is Karpenter's side: it gives an input to the scheduler of
// sigs.k8s.io/karpenter, as Karpenter's provisioner would, and turns the answer
// into a plan.
//
// A [Side] is what Karpenter's watches and its cloud provider keep between two
// passes: the state of the cluster, an informer cache, the instance types. It is
// made once and not timed. [Side.Solve] is one pass, from waiting pods to node
// claims: copy the state nodes, build topology and scheduler, solve, cut each
// claim's instance types to what a launch may name. As in Karpenter's own
// benchmark candidates are tried by five workers, and nothing is logged.
//
// It differs from the provisioner in ways that favour Karpenter or change nothing:
// a pass may take longer than a minute, its cache holds no waiting pods to skip, no
// events are written, and the answer is not sent to an API server.
//
// A [Yard] is Karpenter's disruption controller before a cluster that runs: its real
// state, provisioner and methods. [Yard.Simulate] is one step of consolidation,
// [Yard.Decide] what the methods come to, with a clock that moves only while they wait.
package karpenter

// Package ullage is our side: it gives an input to package solve and turns the
// answer into a plan.
//
// A [Side] is what the watches and the provider keep between two passes: records
// of the pool and of the instance types. [Side.NewPass] adds the records of nodes
// and running pods with a converter that has seen nothing else, and the ground of all
// that; none of it is timed. [Pass.Solve] is one pass, from waiting pods to the plan:
// convert the pods, make the snapshot of ground and pods, solve. No pass uses what
// another has worked out.
package ullage

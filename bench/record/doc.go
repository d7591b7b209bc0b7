// Package record owns what goes into a comparison and what comes out of it, as
// data with a JSON form: the [Input] that all sides get, and the [Plan] that a
// side makes of it. Whoever has the two files can recompute the cost of a plan
// and whether it is feasible; package check does.
//
// It refuses to know how a plan is made, and it uses Kubernetes' types and
// quantities, not those of any side.
package record

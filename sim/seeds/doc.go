// Package seeds makes whole random clusters out of single numbers, runs a day of each
// and keeps a ledger of what came of it.
//
// A cluster has workloads of every kind, one to three pools with budgets, limits and
// grace periods, and at least twenty faults a day ([Scenario]). The median has 1,500 pods, on
// 70 nodes at the most; one in a hundred has 30,000, which make 1,000 nodes and more of that
// kind. The last two hours of the day are calm, so that everything can be held against its
// end state. What only some clusters have, such as disks or gangs, is drawn beside that
// ([Extras]).
//
// What fails is made small ([Shrink]): parts of the scenario are left out as long as
// the same rule is broken. A [Cut] says what was left out; seed and cut are all that is
// needed to see it again.
//
// A [BloatedCluster] is one without faults that has come to cost more than it must, by
// churn, by less load or by another mix of it, and may be made cheaper from an hour on
// that is known: what is done about it can be compared, and held against a bound.
package seeds

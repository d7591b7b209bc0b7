// Package judge holds a simulated run against what must always be true.
//
// The rules come in pairs, so that doing nothing breaks one as surely as doing too
// much:
//
//	leaked-instance, double-claim   against   starved-pod, stuck-deletion
//	pod-killed, pdb, do-not-disrupt, budget   against   kept-empty, stuck-deletion
//	limit   against   starved-pod
//	kept-empty   against   headroom
//	needless   against   starved-pod
//	volume-attached   against   stuck-deletion
//	nodes-surplus   against   nodes-missing (of pools with a fixed number of nodes)
//	pointless-move   against   kept-empty, wasteful
//	restless (writes although nothing is under way, steps for nothing)   against   unsettled
//
// Safety is judged at the moment it matters: when an effect is issued, or lands, or the
// cloud is told something. Liveness has deadlines (see the constants in live.go) that
// count from the last fault: what is bounded in quiet times is not judged before they
// have lasted. What excuses a delay (a budget that is used up, pods that leave one by one)
// is asked for each minute, and the time counts from when it last was so.
//
// The judge looks at the truth in the store and not at what the operator believes. It
// excuses what nobody could have known: changes that the operator's watch has not shown
// yet. It refuses to decide how anything is to be done.
package judge

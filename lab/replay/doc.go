// Package replay lets the real kube-scheduler carry out plans: its default profile
// with scoring, its queue and its own scheduling loop ([oracle.Loop]), in this process and
// without an API server. A plan says where each pod goes; the scheduler
// does not read it, and nodes become ready in whatever order the cloud has them.
// What is measured is what the plan is worth then: pods that the planned nodes no
// longer hold, nodes that have to be bought for these, and what all of it costs.
//
// It owns what becomes of a plan ([Run]): nodes that become ready wave by wave, in an order
// that a seed gives, and what is bought for pods that find no place then. It refuses to wait: there is no
// back-off between attempts, which only decides how long a pod waits, and no
// preemption, for which the cases have no priorities.
//
// Whoever launches nodes can do three things about a scheduler that does not read
// plans, and all three can be tried here: leave room free on new nodes (-replay-margin),
// let nobody onto any of them until all are ready (-replay-waves 1), or reserve each for
// the pods that it was bought for until they had their turn (-replay-reserve, see
// docs/decisions/0006). Without -replay-tried a plan is made for all pods at once; with
// it, for those that the scheduler has left, as the operator does.
//
//	go test ./replay -run TestReplay -replay-cases '^(lognormal|gpu|zone|anti)' -replay-pods 0 -replay-seeds 20 -timeout 10h -v
//	go test ./replay -run TestReplay -replay-cases '^existing' -replay-pods 0 -replay-tried -replay-reserve -replay-seeds 20 -v
package replay

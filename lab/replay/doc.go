// Package replay lets the real kube-scheduler carry out plans: its default profile
// with scoring, its queue and its own scheduling loop (k8s.io/kubernetes), in this
// process and without an API server. A plan says where each pod goes; the scheduler
// does not read it, and nodes become ready in whatever order the cloud has them.
// What is measured is what the plan is worth then: pods that the planned nodes no
// longer hold, nodes that have to be bought for these, and what all of it costs.
//
// It owns what stands in for the API server ([Run]): nodes that become ready wave by
// wave, in an order that a seed gives, and bindings. It refuses to wait: there is no
// back-off between attempts, which only decides how long a pod waits, and no
// preemption, for which the cases have no priorities.
//
//	go test ./replay -run TestReplay -replay-cases 'diverse-1000|lognormal-1000' -replay-seeds 20 -v
package replay

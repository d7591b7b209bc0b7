// Package kubelet simulates the kubelets of many machines in one process: a
// [Fleet]. A machine that boots registers its Node, becomes Ready, renews its
// Lease, runs the pods bound to it and answers for their logs; one that stops or
// freezes falls silent, and the real controllers draw their conclusions.
//
// It owns nodes and pods from the kubelet's side: what is registered, reported,
// rejected, removed. What becomes of a single pod is decided in package podlife.
//
// It refuses to buy machines (a cloud starts and stops them), to move pods, and
// to run anything: exec, attach and port-forward say so.
//
// There is no goroutine per node or pod. Two work queues with timers, one for
// nodes and one for pods, are served by a fixed number of workers.
package kubelet

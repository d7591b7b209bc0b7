// Package converge lets a side save what it can in a cluster, step by step until it finds
// nothing more, and adds up what that has saved and how many pods had to move for it.
//
// The same for all sides: the cluster; the kube-scheduler, which puts evicted pods where
// it likes (package sim/schedule); ten minutes between two steps, in which nodes come up
// and consolidateAfter passes; the pools' budgets. Pods for which the scheduler finds no
// place get nodes from the side's own provisioning. One thing is ours alone, as in the
// operator (decision 0006): a new node is kept for the pods that it was bought for.
//
// Karpenter's steps are the commands of its real methods, ours are passes of repack with
// all their actions that the budgets allow.
package converge

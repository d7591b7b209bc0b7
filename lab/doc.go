// Package lab is one running lab: a real control plane, a simulated cloud,
// simulated kubelets on its instances, the objects of a fresh cluster, and the
// operator, in this process.
//
// It owns how these are put together, in which order they start and stop, and the
// directory in which they keep everything. What each of them does is their own
// business.
//
//	NodePool, pods ──▶ control plane ◀──▶ operator ──▶ cloud
//	                        ▲                            │ instances boot, stop
//	                        └────────── kubelets ◀───────┘
package lab

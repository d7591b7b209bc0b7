// Package kube is the edge to Kubernetes, and the only importer of client-go.
// Watches become engine events ([Cluster.Watch]), effects become writes
// ([Cluster.Do]), notes become Events.
//
// Kubernetes objects are converted once, here: resource.Quantity, selectors and
// owners stop at this door. A [Converter] does that for pods, whether a watch or a
// file brought them; what cannot be honoured is refused by the name of its field.
//
// The package refuses to decide anything; what to write comes from the engine, and
// every write of a list is guarded by the resourceVersion that the decision was
// based on.
package kube

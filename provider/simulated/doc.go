// Package simulated is a cloud that exists in memory: it sells what a catalogue
// says, takes as long as EC2 to launch, boot and stop machines, runs out of
// capacity and takes Spot instances back when told to.
//
// [Cloud] is the machine room: a passive state machine without a clock. Every
// method takes the time; between two calls nothing happens, and [Cloud.Next]
// tells when something will. Whatever is random is drawn from the seed and the
// name of what it is about, never from a shared stream, so that an instance has
// the same fate whatever else is asked of the cloud. With [Open] it keeps a
// journal and survives kill -9.
//
// [Provider] is the front desk: it implements provider.Provider on a Cloud with
// a clock and a sleep that the caller injects, and serves the node class kind
// SimulatedNodeClass.
//
// The package refuses to know about pods, claims or kubelets. Whoever simulates
// kubelets reads [Cloud.Machines] and [Cloud.Events].
package simulated

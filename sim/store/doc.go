// Package store is what the API server remembers: records of the cluster with
// revisions, and the rules by which they change.
//
// A write is guarded by the revision it was based on, creation by name, deletion by
// UID; an object with finalizers stays until the last is gone; an eviction asks the
// disruption budgets. Watchers hear of each change at the moment it is made: how
// late whom it reaches is the business of whoever carries it there.
//
// The package refuses to decide anything: schedulers, kubelets and controllers are
// elsewhere. It has no clock: the time is an argument. Records are never written
// again once they are here; a change makes a new one.
package store

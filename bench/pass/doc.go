// Package pass lets both sides judge every node of one cluster that runs, in one
// process, and writes what that took as rows of a table.
//
// A pass of ours is one call of repack.Repack, from the records that the watches keep to
// a verdict on each node and the actions that go together. Karpenter's single-node
// consolidation simulates the end of one candidate after the other: it copies the state
// of the cluster, builds topology and scheduler, and solves. That step is timed for each
// candidate, or for some that are chosen evenly in its own order and stand for the rest;
// listing the candidates is timed once. What it would do besides (multi-node
// consolidation, validation) is left out in its favour.
package pass

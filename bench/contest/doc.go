// Package contest lets the sides work on one case in turns, in one process, has
// their plans checked, and writes what came out as rows of a table.
//
// Each pass starts from the same waiting pods and nothing that an earlier pass has
// worked out, after a garbage collection. What a side keeps between passes in
// production (nodes, running pods, instance types) is made before and not timed;
// the packages karpenter and ullage say what that is.
package contest

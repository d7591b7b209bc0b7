// Package engine runs the life cycles of pools, claims and nodes: it buys what a
// plan asks for, follows each node from launch to its end, gives back what is
// empty, and cleans up after crashes.
//
// It is a state machine without I/O. [Engine.Step] takes what was observed and
// the time, and returns the effects to carry out and when it wants to be stepped
// again. Whoever carries out an effect reports its outcome as another event.
//
// Everything durable is in the cluster and the cloud: claims, their conditions
// and annotations, taints, tags. What an Engine remembers between steps only
// saves work and can be thrown away at any moment: a new Engine that is fed the
// same watches reaches the same end. Two things make that true:
//
//   - Effects are idempotent, and what must not happen twice is written before it
//     is asked for: a claim carries the token of the launch it belongs to before
//     the cloud is called ([cluster.Launch]).
//   - An effect that was sent is expected until the watch shows it, at the
//     revision the write returned, or until it is given up ([Engine.expect]).
//
// The engine refuses to decide which nodes are best (solve, repack), to speak to
// Kubernetes or a cloud (kube, provider) and to know the time.
//
// Where to read: step.go is the loop, claim.go the life of a node, provision.go
// how waiting pods become claims, foresee.go which wait before they are said to, launch.go the batch protocol, reserve.go how pods
// and the nodes that were bought for them find each other, doubt.go when it is doubted that
// they do, crowded.go what if others are in the way there, cramped.go whom that can concern, headroom.go how room is kept
// for pods to come, static.go how pools of a fixed number keep it, disrupt.go which nodes go,
// survey.go which may, deter.go how pods are kept off those that will later,
// pursuit.go how often they are looked for, action.go, release.go and vacate.go how they go,
// within budget.go's bounds, heir.go, absent.go, moved.go and turn.go how their pods find the
// places meant for them, regret.go and abandon.go what follows if they do not, verdict.go what people are told of
// it, podnotes.go of pods when there are many, patience.go what the status of a claim says at
// once, drift.go, expiry.go and repair.go for what other reasons nodes go, drain.go and empty.go
// the way down, blocked.go and endless.go what holds it up, collect.go what crashes leave behind, unsure.go
// what lost answers do, policy.go what may decide in the engine's place.
//
// What many ask is kept up to date instead of being looked for (docs/decisions/0023):
// census.go counts claims, outstanding.go finds effects by what they are about, gate.go and
// entry.go know which reserved nodes and which pods have to be looked at, ground.go makes
// what plans stand on out of what the last one stood on, stage.go what would be if some nodes went,
// idle.go remembers of claims that nothing had to be done for them, pair.go which claim and node
// an instance has, inventory.go what lists said of it.
package engine

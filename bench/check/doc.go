// Package check recomputes what a plan costs and whether it is feasible, from the
// input and the plan alone. It shares no code with any side: node selection,
// taints and requests are judged by the functions that Kubernetes' scheduler uses,
// everything else is counted by hand, one pod after the other.
//
// # What is checked
//
// Accounting: each waiting pod is on one node or is said to be unschedulable,
// never both; each new node is an offering of the input that the NodePool's
// requirements allow, at its price.
//
// The final state: all pods of the plan and all that ran before are in place. Each
// pod of the plan is lifted out and offered its own node again, as if it were the
// last to arrive. It counts as violated under each constraint for which the
// scheduler would refuse it:
//
//   - resources: the node's pods together ask for more than is allocatable
//   - node selection: spec.nodeSelector or required node affinity does not match
//   - taints: one is not tolerated (PreferNoSchedule aside)
//   - pod anti-affinity: a required term of the pod matches a pod in the domain, or
//     a required term of a pod in the domain matches it
//   - pod affinity: no other pod in the domain matches all required terms; the
//     first of its kind is let in if it matches its own terms
//   - topology spread (DoNotSchedule): its domain would have more matching pods
//     than the emptiest eligible domain, by more than maxSkew. Domains are those of
//     nodes that are there, as the scheduler sees it; minDomains and both node
//     inclusion policies count.
//
// The order: starting from what ran before, with all new nodes there, pods are
// placed one by one, each when the scheduler would let it onto its node; those that
// the plan says are late come after all others, in its order. The pods for which
// this finds no moment are counted. It is tried as soon as they are let in, and, if
// that leaves pods over, keeping what spread constraints count even. Neither takes
// back a choice, so a plan without such pods has an order for certain; one with
// them may still have one. A constraint that holds at the end need not hold in any
// order, and one that a pod met when it came can be broken by those that came
// later: both numbers are told, neither is judged.
//
// Preferences: the weights of preferred node affinity and preferred pod
// (anti-)affinity terms that hold in the final state, over those of all waiting
// pods. Spread that may be broken (ScheduleAnyway) has no weight and is left out.
//
// # Steps
//
// [Steps] carries decisions about a running cluster out, one after the other: new nodes
// come, nodes go, their pods are let onto others one by one. The order is looked for
// within a step, with all other pods in place.
//
// # What is refused
//
// A pod with a constraint that is not checked (host ports, volumes, resource
// claims, namespace selectors, label keys of terms) makes an error, not a report.
package check

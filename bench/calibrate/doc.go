// Package calibrate holds the policy of package sim/policy/karpenter against Karpenter
// itself: the same small clusters, and which nodes either would disrupt next, for which
// replacement; the same waiting pods, and what either would buy.
//
// Karpenter's methods run as they are, validation after fifteen seconds included, on its
// own cluster state with a clock that stands still otherwise. Its decisions are not always
// the same: candidates that are worth the same, and zones with as many pods, come in
// random order. So it is asked again if the policy differs, and one equal answer counts;
// how often it was not of one mind is told.
package calibrate

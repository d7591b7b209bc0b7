// Package duel lets autoscalers keep house for the same seeded cluster, one after the
// other, and measures them with one meter: Ullage's operator and Karpenter's controller,
// each as a process of its own against a lab's control plane and simulated AWS.
//
// It owns what is asked of them (pools, pods, phases), what is measured and how, and the
// table. README.md says so for each of its rows.
//
// It refuses to know how they decide, and to help either: they have the same cluster, the
// same machine and the same time, and their own default settings.
package duel

// Package podlife says what becomes of a pod on a simulated machine: which of its
// containers wait, run, end or start again, when, and what status a kubelet
// reports about it.
//
// It owns a [State] and its three functions: [Recall] reads one from what the API
// server holds, [State.Advance] moves it to a point in time, [State.Status]
// writes it down. All of them are pure: time is an argument, nothing is stored,
// and looking later or more often leads to the same history.
//
// It refuses to talk to anybody, to keep pods and to know when to look: that is
// package kubelet. Where the real kubelet or scheduler has the rule as a library
// function (conditions, admission), that function is called.
package podlife

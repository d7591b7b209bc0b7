// Package sim runs the engine in virtual time: a whole cluster, its cloud and the
// operator, for days, from a seed.
//
//	Scenario ─▶ Run ─▶ Result
//
// The engine is the real one ([Brain]); everything around it is simulated as far as the
// engine can tell: an API server with revisions, finalizers and evictions (sim/store), a
// kube-scheduler (sim/schedule), kubelets, the controllers that recreate pods and look
// after nodes, a driver of disks (disks.go), and the cloud (provider/simulated). Watches are
// late and out of order between objects, writes conflict, calls fail, answers get lost,
// operators crash between any two effects ([Fault]).
//
// One event after the other: agenda.go has them in order of time, then of entry. There
// is no clock, no goroutine and no chance but what follows from the seed, where each
// concern has a stream of its own (chance.go). The same scenario gives the same journal,
// byte for byte, and so the same [Result.Digest].
//
// sim/judge holds a run against invariants, sim/workload says what runs, sim/seeds makes
// random clusters.
//
// Where to read: run.go is the loop and how changes reach everybody, operator.go the
// operator's process, effect.go how its effects are carried out, cloud.go the cloud.
//
// The package refuses to know Kubernetes' types and to keep real time.
package sim

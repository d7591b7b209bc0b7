// Package oracle asks the kube-scheduler what it thinks of our answers: the filter
// plugins of the real one (k8s.io/kubernetes), in this process and without an API
// server, judge pods on nodes, and whatever package fit or a plan of package solve
// says is compared with that.
//
// It owns the objects of a small cluster ([Objects]), the scheduler's plugins over
// them ([Scheduler]), how a decision changes them ([Objects.Bind], [Objects.Buy]),
// and which constraint of ours stands for which plugin ([Compare]). It refuses to
// know what the right answer is: there is no model of the scheduler here, only the
// scheduler. [Loop] is the whole of it, with its queue and its scores, for whoever wants
// decisions.
//
// Random clusters come from oracle/random. The tests are the point of the package:
//
//	go test ./oracle -run TestFilters -oracle-cases 1000000 -oracle-seed 1
//	go test ./oracle -run TestPlans   -oracle-plans 100000  -oracle-seed 1
package oracle

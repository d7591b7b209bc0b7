package clustertest

import (
	"fmt"
	"strconv"

	"github.com/ullage-sh/ullage/cluster"
)

// demand reads what pods and DaemonSets have in common.
func (s *reader) demand(l *line) *cluster.Demand {
	amounts := l.amounts()
	amounts[cluster.Pods] = 1
	d := cluster.Demand{
		Requests:    cluster.NewResources(amounts),
		Affinity:    parsed(l, "affinity", parseTerm),
		Tolerations: parsed(l, "tolerate", parseToleration),
		Refused:     l.list("refused"),
		HostAccess:  l.list("host-access"),
	}
	for _, t := range parsed(l, "selector", parseTerm) {
		d.Selector = append(d.Selector, t...)
	}
	s.constraints(l, &d)
	return s.demands.Intern(d)
}

func (s *reader) addDaemonSet(l *line) {
	s.in.Daemons = append(s.in.Daemons, &cluster.DaemonSet{
		UID: "daemonset-" + l.name, Namespace: "kube-system", Name: l.name, Demand: s.demand(l),
	})
}

func (s *reader) addPods(l *line) {
	count := l.count()
	requests, shared := parsed(l, "device", parseDevice), l.list("claim")
	priority, err := strconv.ParseInt(l.one("priority", "0"), 10, 32)
	l.fail(err)
	labels := l.labels()
	if _, ok := labels["app"]; !ok {
		labels["app"] = l.name
	}
	deletion, err := strconv.ParseInt(l.one("deletion-cost", "0"), 10, 32)
	l.fail(err)
	demand, namespace := s.demand(l), l.one("ns", "default")
	p := cluster.Pod{
		Namespace: namespace, Demand: demand, Identity: s.identities.Intern(namespace, labels), Node: l.one("node", ""), Created: Born,
		Gated: l.flag("gated"), Ready: l.flag("ready"), LocalStorage: l.flag("local-storage"), Priority: int32(priority), DeletionCost: int32(deletion),
		Owner: cluster.Owner{Kind: "ReplicaSet", Name: l.name, UID: "replicaset-" + l.name},
	}
	if gang := l.one("gang", ""); gang != "" {
		p.Gang = cluster.GangID(cluster.PodGroups, namespace, gang)
	}
	_, leaves := cluster.Untolerated([]cluster.Taint{cluster.DisruptedTaint}, p.Demand.Tolerations)
	p.ToleratesDisrupted = !leaves
	if l.flag("do-not-disrupt") {
		p.ProtectedUntil, p.ProtectedBy = cluster.Never, "karpenter.sh/do-not-disrupt"
	}
	if p.Node != "" {
		p.Phase = cluster.Running
	}
	if !l.flag("untried") && p.Node == "" {
		p.UnschedulableSince = Born
	}
	if l.flag("bare") {
		p.Owner = cluster.Owner{}
	}
	if l.flag("deleting") {
		p.DeleteAt = Born
	}
	if name := l.one("daemon", ""); name != "" {
		p.Owner = cluster.Owner{Kind: "DaemonSet", Name: name, UID: "daemonset-" + name}
	}
	width := len(strconv.Itoa(max(count-1, 0)))
	for i := range count {
		q := p
		// Padded, so that pods sort by their number.
		q.Name = fmt.Sprintf("%s-%0*d", l.name, width, i)
		q.UID = q.Namespace + "/" + q.Name
		s.claim(&q, requests, shared)
		s.in.Pods = append(s.in.Pods, &q)
	}
}

func (s *reader) addBudget(l *line) {
	b := &cluster.PodDisruptionBudget{Namespace: l.one("ns", "default"), Name: l.name}
	for _, t := range parsed(l, "selector", parseTerm) {
		b.Selects = append(b.Selects, t...)
	}
	allowed, err := strconv.ParseInt(l.one("allowed", "0"), 10, 32)
	l.fail(err)
	b.Allowed = int32(allowed)
	s.in.Budgets = append(s.in.Budgets, b)
}

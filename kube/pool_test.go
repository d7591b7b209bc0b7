package kube

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/yaml"

	"github.com/ullage-sh/ullage/cluster"
)

func poolFrom(t *testing.T, spec string) *cluster.Pool {
	t.Helper()
	np := &karpv1.NodePool{ObjectMeta: metav1.ObjectMeta{Name: "p"}}
	np.Annotations = map[string]string{budgetZone: "Asia/Seoul"}
	if err := yaml.UnmarshalStrict([]byte(spec), &np.Spec); err != nil {
		t.Fatal(err)
	}
	return NodePool(np)
}

func TestPool(t *testing.T) {
	p := poolFrom(t, `
weight: 10
limits: {cpu: "100", memory: 1Ti, nodes: "7", nvidia.com/gpu: "0"}
template:
  metadata: {labels: {team: a}}
  spec:
    nodeClassRef: {group: ullage.sh, kind: SimulatedNodeClass, name: default}
    expireAfter: 720h
    terminationGracePeriod: 5m
    taints: [{key: k, value: v, effect: NoSchedule}]
    requirements:
    - {key: cpus, operator: Gte, values: ["4"]}
    - {key: family, operator: Exists, minValues: 3}
disruption:
  consolidateAfter: Never
  budgets:
  - {nodes: "20%", reasons: [Empty]}
  - {nodes: "0", schedule: "0 9 * * mon-fri", duration: 8h}`)
	if p.Invalid != "" {
		t.Fatal(p.Invalid)
	}
	if p.Weight != 10 || p.ConsolidateAfter != cluster.Forever || p.ExpireAfter != 720*cluster.Hour || p.TerminationGracePeriod != 5*cluster.Minute {
		t.Errorf("%+v", p)
	}
	if p.Limits.Get("cpu") != 100_000 || p.Limits.Get(cluster.NodesLimit) != 7 {
		t.Errorf("limits %v", p.Limits)
	}
	if len(p.Limits) != 4 {
		t.Errorf("a limit of 0 is gone: %v", p.Limits)
	}
	if len(p.Requirements) != 2 || p.Requirements[0].Operator != cluster.Gte || p.Requirements[1].MinValues != 3 {
		t.Errorf("requirements %+v", p.Requirements)
	}
	if b := p.Budgets; len(b) != 2 || !b[0].Percent || b[0].Nodes != 20 || b[1].Window == nil {
		t.Fatalf("budgets %+v", b)
	}
	// 10:00 on a Friday in Seoul is 01:00 in UTC.
	if at := instant(time.Date(2026, 11, 20, 1, 0, 0, 0, time.UTC)); !p.Budgets[1].Window.Contains(at) {
		t.Error("the window is not read in the pool's time zone")
	}
}

func TestStaticPool(t *testing.T) {
	p := poolFrom(t, `{replicas: 0, limits: {nodes: 3}, template: {spec: {nodeClassRef: {group: g, kind: K, name: n}, requirements: []}}, disruption: {consolidateAfter: 0s}}`)
	if p.Invalid != "" || p.Replicas == nil || *p.Replicas != 0 {
		t.Errorf("%+v", p)
	}
	if p.Closed() == "" {
		t.Error("nodes may be bought for pods from a pool of a fixed number of nodes")
	}
}

func TestInvalidPools(t *testing.T) {
	const class = `nodeClassRef: {group: g, kind: K, name: n}`
	for want, spec := range map[string]string{
		"limits.cpu is negative":            `{limits: {cpu: "-1"}, template: {spec: {` + class + `, requirements: []}}, disruption: {consolidateAfter: 0s}}`,
		"operator \"Like\" is none of":      `{template: {spec: {` + class + `, requirements: [{key: a, operator: Like}]}}, disruption: {consolidateAfter: 0s}}`,
		"want a number or a percentage":     `{template: {spec: {` + class + `, requirements: []}}, disruption: {consolidateAfter: 0s, budgets: [{nodes: some}]}}`,
		"schedule and duration go together": `{template: {spec: {` + class + `, requirements: []}}, disruption: {consolidateAfter: 0s, budgets: [{nodes: "1", schedule: "@daily"}]}}`,
		"spec.replicas is -1":               `{replicas: -1, template: {spec: {` + class + `, requirements: []}}, disruption: {consolidateAfter: 0s}}`,
		"spec.weight: a pool with":          `{replicas: 1, weight: 5, template: {spec: {` + class + `, requirements: []}}, disruption: {consolidateAfter: 0s}}`,
		"spec.limits.cpu: a pool with":      `{replicas: 1, limits: {cpu: 5, nodes: 3}, template: {spec: {` + class + `, requirements: []}}, disruption: {consolidateAfter: 0s}}`,
		"never fires":                       `{template: {spec: {` + class + `, requirements: []}}, disruption: {consolidateAfter: 0s, budgets: [{nodes: "1", schedule: "0 0 30 2 *", duration: 1h}]}}`,
		"restricted":                        `{template: {metadata: {labels: {kubernetes.io/hostname: a}}, spec: {` + class + `, requirements: []}}, disruption: {consolidateAfter: 0s}}`,
	} {
		got := poolFrom(t, spec).Invalid
		if want == "restricted" {
			if got == "" {
				t.Error("a label of kubernetes.io/hostname is accepted")
			}
			continue
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: invalid is %q", want, got)
		}
	}
}

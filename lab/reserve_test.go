package lab_test

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/kube"
	"github.com/ullage-sh/ullage/lab"
	"github.com/ullage-sh/ullage/runner"
)

// What reservation costs in writes and time is told of a larger mixture:
// go test -run TestReservedNodes -mixture 4 -v .
var mixtures = flag.Int("mixture", 1, "pods of the mixture, in multiples of 286")

// keptNodes is a pool whose nodes stay, so that what was bought can be counted.
const keptNodes = `
apiVersion: ullage.sh/v1alpha1
kind: SimulatedNodeClass
metadata: {name: default}
spec: {}
---
apiVersion: karpenter.sh/v1
kind: NodePool
metadata: {name: kept}
spec:
  template:
    spec:
      nodeClassRef: {group: ullage.sh, kind: SimulatedNodeClass, name: default}
      requirements:
      - {key: karpenter.k8s.aws/instance-category, operator: In, values: [c, m, r, g]}
      - {key: karpenter.k8s.aws/instance-generation, operator: Gt, values: ["3"]}
      - {key: kubernetes.io/arch, operator: In, values: [amd64]}
      - {key: karpenter.sh/capacity-type, operator: In, values: [on-demand]}
  disruption:
    consolidateAfter: Never
`

// purse adds up what an operator buys.
type purse struct {
	mu        sync.Mutex
	plans     int // that bought nodes
	first     cluster.Money
	all       cluster.Money
	nodes     int
	tolerated int
	writes    int           // to the API server, tolerations included
	took      time.Duration // until all pods ran
}

func (p *purse) observe(s runner.Step) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range s.Effects {
		switch f := f.(type) {
		case engine.Planned:
			if len(f.Plan.Creates) == 0 {
				continue
			}
			p.plans++
			p.nodes += len(f.Plan.Creates)
			p.all += f.Plan.CreateCost
			if p.first == 0 {
				p.first = f.Plan.CreateCost
			}
		case engine.Tolerate:
			p.tolerated++
			p.writes++
		default:
			if written(f) {
				p.writes++
			}
		}
	}
}

// TestReservedNodes lets the real scheduler carry out plans for a mixture of pods:
// hungry for memory, for cpu, for GPUs, and some that keep apart. Reserved nodes cost
// what was planned; when any pod may go anywhere, more have to be bought.
func TestReservedNodes(t *testing.T) {
	var cost [2]cluster.Money
	for i, reserve := range []bool{true, false} {
		p := mixture(t, reserve)
		cost[i] = p.all
		t.Logf("reserved: %t: %d nodes bought in %d plans for %s per hour, %s of it in the first; all pods run after %.1f s, %d writes by the operator, %d of them tolerations",
			reserve, p.nodes, p.plans, p.all, p.first, p.took.Seconds(), p.writes, p.tolerated)
		if reserve && p.plans != 1 {
			t.Errorf("nodes were bought %d times, want once", p.plans)
		}
		if !reserve && p.tolerated > 0 {
			t.Errorf("%d tolerations were written although nothing is to be reserved", p.tolerated)
		}
	}
	if cost[1] <= cost[0] {
		t.Errorf("%s per hour with reserved nodes, %s without: the mixture needs none", cost[0], cost[1])
	}
}

// mixture plans for pods that wait together and returns what was bought until all ran.
func mixture(t *testing.T, reserve bool) *purse {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	p := &purse{}
	l, err := lab.Start(ctx, lab.Config{
		Seed: 7, Speed: 30, Bare: true, Observe: p.observe,
		Engine: func(o *engine.Options) { o.ReserveNodes = reserve },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Stop(); err != nil {
			t.Error(err)
		}
	}()
	c := l.Client()
	if err := l.StopOperator(); err != nil {
		t.Fatal(err)
	}
	if _, err := kube.Apply(ctx, c, []byte(keptNodes)); err != nil {
		t.Fatal(err)
	}
	all := 0
	for _, d := range []*appsv1.Deployment{
		asking("memory", 100, "500m", "6Gi", ""), asking("cpu", 100, "1800m", "512Mi", ""),
		asking("gpu", 6, "1", "2Gi", "1"), apart(asking("apart", 20, "250m", "256Mi", "")), asking("small", 60, "100m", "200Mi", ""),
	} {
		*d.Spec.Replicas *= int32(*mixtures)
		all += int(*d.Spec.Replicas)
		if err := c.Create(ctx, d); err != nil {
			t.Fatal(err)
		}
	}
	await(t, ctx, 2*time.Minute, "all pods to wait", func(ctx context.Context) (bool, error) { return decided(ctx, c, all) })
	if err := l.StartOperator(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	await(t, ctx, 3*time.Minute, "all pods to run", func(ctx context.Context) (bool, error) { return running(ctx, c, all) })
	took := time.Since(began)
	await(t, ctx, time.Minute, "nodes to be opened", func(ctx context.Context) (bool, error) { return open(ctx, c) })
	p.mu.Lock()
	defer p.mu.Unlock()
	return &purse{plans: p.plans, first: p.first, all: p.all, nodes: p.nodes, tolerated: p.tolerated, writes: p.writes, took: took}
}

// asking is a Deployment of pods with these requests, gpus "" for none.
func asking(name string, replicas int32, cpu, memory, gpus string) *appsv1.Deployment {
	d := inflate(replicas)
	d.Name = name
	labels := map[string]string{"app": name}
	d.Spec.Selector, d.Spec.Template.Labels = &metav1.LabelSelector{MatchLabels: labels}, labels
	r := &d.Spec.Template.Spec.Containers[0].Resources
	r.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)}
	if gpus != "" {
		r.Limits = corev1.ResourceList{"nvidia.com/gpu": resource.MustParse(gpus)}
		r.Requests["nvidia.com/gpu"] = resource.MustParse(gpus)
	}
	return d
}

// startHalves starts two Deployments without pods. Theirs are not alike, so that nodes
// are reserved for them.
func startHalves(t *testing.T, ctx context.Context, c client.Client) {
	t.Helper()
	for _, d := range []*appsv1.Deployment{inflate(0), asking("hungry", 0, "1", "2Gi", "")} {
		if err := c.Create(ctx, d); err != nil {
			t.Fatal(err)
		}
	}
}

// scaleHalves gives them n pods together.
func scaleHalves(t *testing.T, ctx context.Context, c client.Client, n int) {
	t.Helper()
	scale(t, ctx, c, int32(n/2))
	scaleOf(t, ctx, c, asking("hungry", 0, "1", "2Gi", ""), int32(n-n/2))
}

// apart makes each pod want a node without another of its Deployment.
func apart(d *appsv1.Deployment) *appsv1.Deployment {
	d.Spec.Template.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
		RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{TopologyKey: corev1.LabelHostname, LabelSelector: d.Spec.Selector}},
	}}
	return d
}

// decided tells whether the scheduler has looked at so many pods.
func decided(ctx context.Context, c client.Client, want int) (bool, error) {
	var pods corev1.PodList
	if err := c.List(ctx, &pods, client.InNamespace("default")); err != nil {
		return false, err
	}
	n := 0
	for i := range pods.Items {
		if slices.ContainsFunc(pods.Items[i].Status.Conditions, func(x corev1.PodCondition) bool { return x.Type == corev1.PodScheduled }) {
			n++
		}
	}
	return n == want, nil
}

// open tells whether no node is reserved, and fails for one whose taint is not what
// people would look for.
func open(ctx context.Context, c client.Client) (bool, error) {
	var nodes corev1.NodeList
	if err := c.List(ctx, &nodes); err != nil {
		return false, err
	}
	for _, n := range nodes.Items {
		for _, x := range n.Spec.Taints {
			if x.Key != cluster.ReservedKey {
				continue
			}
			if x.Effect != corev1.TaintEffectNoSchedule || x.Value == "" {
				return false, fmt.Errorf("node %s: taint %s", n.Name, x.ToString())
			}
			return false, nil
		}
	}
	return true, nil
}

package lab_test

import (
	"context"
	"flag"
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/kube"
	"github.com/ullage-sh/ullage/lab"
	"github.com/ullage-sh/ullage/provider/simulated"
)

// The test as CI runs it is a small one; the real one, at the pace of a real cloud, is
// go test -run 'TestFleet$' -fleet-nodes 500 -fleet-share 10 -fleet-speed 1 -timeout 90m -v .
var (
	fleetNodes = flag.Int("fleet-nodes", 20, "nodes of the fleet, a tenth of them spot")
	fleetShare = flag.Int("fleet-share", 34, "budget of each pool, in percent of its nodes")
	fleetSpeed = flag.Int("fleet-speed", 6, "what the cloud's latencies and the operator's waits are divided by")
	fleetDir   = flag.String("fleet-dir", "", "keep the lab in this directory, to look at afterwards")
)

// fleetPool is a pool of nodes of two cores: name, capacity type, percent of its budget.
const fleetPool = `
apiVersion: karpenter.sh/v1
kind: NodePool
metadata:
  name: %s
  annotations: {ullage.sh/budget-time-zone: Asia/Seoul}
spec:
  template:
    spec:
      nodeClassRef: {group: ullage.sh, kind: SimulatedNodeClass, name: default}
      requirements:
      - {key: karpenter.k8s.aws/instance-category, operator: In, values: [c, m, r]}
      - {key: karpenter.k8s.aws/instance-generation, operator: Gt, values: ["4"]}
      - {key: karpenter.k8s.aws/instance-cpu, operator: In, values: ["2"]}
      - {key: kubernetes.io/arch, operator: In, values: [amd64]}
      - {key: karpenter.sh/capacity-type, operator: In, values: [%s]}
  disruption:
    consolidateAfter: 30s
    budgets:
    - {nodes: %d%%}
`

// fleetClass pins the image, as those do who roll out another by hand.
const fleetClass = `
apiVersion: ullage.sh/v1alpha1
kind: SimulatedNodeClass
metadata: {name: default}
spec: {image: al2023@%s}
`

// fleetApp is a Deployment with its budget: name, replicas, pool, cpu, what the budget
// says. Two of its pods fill a node.
const fleetApp = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: %[1]s, namespace: default}
spec:
  replicas: %[2]d
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec:
      terminationGracePeriodSeconds: 2
      nodeSelector: {karpenter.sh/nodepool: %[3]s}
      containers: [{name: app, image: pause, resources: {requests: {cpu: 800m, memory: 1Gi}}}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: %[1]s, namespace: default}
spec: {selector: {matchLabels: {app: %[1]s}}, %[4]s}
`

// appBudgets are what people write into the budgets of Deployments of twenty. A budget of
// one is not among those of spot: no autoscaler moves twenty pods one after the other
// between the boot of new nodes and the end of a two-minute warning.
var appBudgets = map[bool][]string{
	true:  {"maxUnavailable: 25%", "minAvailable: 75%"},
	false: {"maxUnavailable: 3", "maxUnavailable: 10%", "minAvailable: 80%", "maxUnavailable: 1"},
}

// fleet is what the test looks at: a lab with three pools of nodes.
type fleet struct {
	*lab.Lab
	t     *testing.T
	sizes map[string]int // nodes, by pool
	pods  int
	seen  *chronicle
	meter *meter
}

var fleetPools = []string{"office", "spot", "web"} // sorted

// TestFleet rolls a new image through three pools under their budgets, one of them only
// when its weekly window is over, and then has the cloud take all spot nodes back.
func TestFleet(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 85*time.Minute)
	defer cancel()
	m := &meter{}
	l, err := lab.Start(ctx, lab.Config{Dir: *fleetDir, Seed: 5, Speed: *fleetSpeed, Bare: true, Observe: m.observe, Progress: func(s string) { t.Log(s) }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Stop(); err != nil {
			t.Error(err)
		}
	}()
	t.Logf("%d cores, speed %d, boot p50 %v p99 %v", runtime.NumCPU(), l.Speed(), l.Boot(0.5), l.Boot(0.99))
	n := *fleetNodes
	f := &fleet{Lab: l, t: t, meter: m, sizes: map[string]int{"spot": max(n/10, 3), "office": n * 3 / 10}}
	f.sizes["web"] = n - f.sizes["spot"] - f.sizes["office"]
	f.start(ctx)
	f.drift(ctx)
	f.reclaim(ctx)
	consistent(t, ctx, l)
}

// start buys the nodes.
func (f *fleet) start(ctx context.Context) {
	f.t.Helper()
	began := time.Now()
	f.apply(ctx, fmt.Sprintf(fleetClass, "v20261001"))
	for _, pool := range fleetPools {
		kind := "on-demand"
		if pool == "spot" {
			kind = "spot"
		}
		f.apply(ctx, fmt.Sprintf(fleetPool, pool, kind, *fleetShare))
		f.apps(ctx, pool)
	}
	f.seen = watchChronicle(f.t, ctx, f.Lab, *fleetShare)
	f.await(ctx, "the fleet to run", f.running)
	f.t.Logf("%d pods run on %d instances after %.1f s", f.pods, f.Instances(), time.Since(began).Seconds())
}

// apps makes the Deployments of a pool, of at most twenty pods each.
func (f *fleet) apps(ctx context.Context, pool string) {
	f.t.Helper()
	for i, left := 0, 2*f.sizes[pool]; left > 0; i++ {
		n := min(left, 20)
		left -= n
		f.pods += n
		budgets := appBudgets[pool == "spot"]
		f.apply(ctx, fmt.Sprintf(fleetApp, fmt.Sprintf("%s-%d", pool, i), n, pool, budgets[i%len(budgets)]))
	}
}

func (f *fleet) apply(ctx context.Context, manifest string) {
	f.t.Helper()
	if _, err := kube.Apply(ctx, f.Client(), []byte(manifest)); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fleet) await(ctx context.Context, what string, done func(context.Context) (bool, error)) {
	f.t.Helper()
	await(f.t, ctx, 60*time.Minute, what, done)
}

func (f *fleet) running(ctx context.Context) (bool, error) { return running(ctx, f.Client(), f.pods) }

// drift rolls a new image out, as people do who change it in the node class, while one
// pool's window is open.
func (f *fleet) drift(ctx context.Context) {
	f.t.Helper()
	closes := f.window(ctx)
	f.seen.arm()
	f.meter.take()
	writes, cpu, began := apiWrites(f.t, ctx, f.Lab), cpuTime(f.t), time.Now()
	f.apply(ctx, fmt.Sprintf(fleetClass, "v20261115"))
	f.await(ctx, "every claim to have the new image", func(ctx context.Context) (bool, error) { return f.renewed(ctx, "al2023@v20261115") })
	f.await(ctx, "all pods to run", f.running)
	took := time.Since(began)
	x, nodes := f.meter.take(), f.sizes["office"]+f.sizes["spot"]+f.sizes["web"]
	app, low, want := f.seen.slack()
	f.t.Logf("drift: %d nodes have the new image after %.1f s; %d evictions; at most %v nodes of a pool went at once; tightest budget: %s had %d ready, %d wanted; "+
		"operator: %.1f writes and %.1f events a node (%v), steps took %.1f s in all, the longest %v; API server: %.1f writes a node; process: %.0f s of CPU, %d MiB",
		nodes, took.Seconds(), f.seen.evictions(), f.seen.atOnce(), app, low, want,
		float64(x.writes)/float64(nodes), float64(x.notes)/float64(nodes), x.by, x.took.Seconds(), x.longest.Round(time.Millisecond), float64(apiWrites(f.t, ctx, f.Lab)-writes)/float64(nodes),
		(cpuTime(f.t) - cpu).Seconds(), resident(f.t)>>20)
	f.check()
	if first := f.seen.began("office"); first.Before(closes) {
		f.t.Errorf("a node of pool office went at %v, its window closed at %v", first, closes)
	} else {
		f.t.Logf("the window closed %.1f s after the change, the first node of its pool went %.1f s later", closes.Sub(began).Seconds(), first.Sub(closes).Seconds())
	}
	if first := f.seen.began("web"); !first.Before(closes) {
		f.t.Errorf("no node of pool web went before %v: nothing was tried while the window was open", closes)
	}
}

// window gives pool office a budget of no node for eight hours on the days of the week
// on which it is now in Seoul, as 9 to 17 would be, but so that it closes in a moment. It
// returns when.
func (f *fleet) window(ctx context.Context) time.Time {
	f.t.Helper()
	seoul, err := time.LoadLocation("Asia/Seoul")
	if err != nil {
		f.t.Fatal(err)
	}
	const open = 8 * time.Hour
	closes := time.Now().Add(5 * time.Second).Truncate(time.Minute).Add(time.Minute)
	from, days := closes.Add(-open).In(seoul), "mon-fri"
	if d := from.Weekday(); d == time.Saturday || d == time.Sunday {
		days = "sat,sun"
	}
	patch := fmt.Appendf(nil, `{"spec":{"disruption":{"budgets":[{"nodes":"%d%%"},{"nodes":"0","schedule":"%d %d * * %s","duration":"8h"}]}}}`, *fleetShare, from.Minute(), from.Hour(), days)
	p := &karpv1.NodePool{}
	p.Name = "office"
	if err := f.Client().Patch(ctx, p, client.RawPatch(types.MergePatchType, patch)); err != nil {
		f.t.Fatal(err)
	}
	return closes
}

// renewed tells whether every claim has an image, none is going, and each has its node.
func (f *fleet) renewed(ctx context.Context, image string) (bool, error) {
	var claims karpv1.NodeClaimList
	if err := f.Client().List(ctx, &claims); err != nil {
		return false, err
	}
	for i := range claims.Items {
		c := &claims.Items[i]
		if c.Status.ImageID != image || c.DeletionTimestamp != nil || !c.StatusConditions().Get(karpv1.ConditionTypeInitialized).IsTrue() {
			return false, nil
		}
	}
	return len(claims.Items) > 0, nil
}

// check fails for what the chronicle has seen and must not be.
func (f *fleet) check() {
	f.t.Helper()
	for _, b := range f.seen.breaches() {
		f.t.Error(b)
	}
}

// reclaim has the cloud take all spot nodes back.
func (f *fleet) reclaim(ctx context.Context) {
	f.t.Helper()
	f.seen.unbound() // what the cloud takes back asks no budget
	var nodes corev1.NodeList
	if err := f.Client().List(ctx, &nodes, client.MatchingLabels{"karpenter.sh/nodepool": "spot"}); err != nil {
		f.t.Fatal(err)
	}
	taken := map[string]bool{}
	for _, n := range nodes.Items {
		taken[n.Name] = true
	}
	evicted := f.seen.evictions()
	f.meter.take()
	writes, began := apiWrites(f.t, ctx, f.Lab), time.Now()
	ids, err := f.Cloud().Reclaim(cluster.Instant(began.UnixNano()), simulated.Pattern{CapacityType: cluster.Spot})
	if err != nil {
		f.t.Fatal(err)
	}
	warning := time.Duration(f.Cloud().Delays().Warning)
	for _, n := range nodes.Items {
		if !slices.Contains(ids, path.Base(n.Spec.ProviderID)) {
			f.t.Errorf("node %s is not taken back", n.Name)
		}
	}
	f.await(ctx, "the nodes to go", func(context.Context) (bool, error) { return f.seen.gone(taken), nil })
	f.await(ctx, "all pods to run", f.running)
	f.check()
	ready, moved := f.seen.replaced("spot", taken, began)
	f.t.Logf("reclaim: %d nodes were warned; their %d replacements were ready after %s, their last pod had gone after %s, of %v; %d evictions; operator: %.1f writes a node; API server: %.1f",
		len(ids), len(ready), quantiles(ready), quantiles(moved[max(len(moved)-1, 0):]), warning, f.seen.evictions()-evicted,
		float64(f.meter.take().writes)/float64(len(ids)), float64(apiWrites(f.t, ctx, f.Lab)-writes)/float64(len(ids)))
	if len(ready) == 0 || len(moved) == 0 {
		f.t.Error("nothing was replaced")
	}
	for _, d := range slices.Concat(ready, moved) {
		if d > warning {
			f.t.Errorf("it took %v of a warning of %v", d, warning)
		}
	}
	if n := f.seen.failed(); n > 0 {
		f.t.Errorf("%d pods ended with their node", n)
	}
}

// quantiles are the least, the middle and the greatest of sorted durations.
func quantiles(list []time.Duration) string {
	if len(list) == 0 {
		return "none"
	}
	var out []string
	for _, i := range slices.Compact([]int{0, len(list) / 2, len(list) - 1}) {
		out = append(out, fmt.Sprintf("%.1f s", list[i].Seconds()))
	}
	return strings.Join(out, ", ")
}

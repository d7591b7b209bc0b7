package lab_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/kube"
	"github.com/ullage-sh/ullage/lab"
	"github.com/ullage-sh/ullage/runner"
)

var (
	figures  = flag.Bool("figures", false, "measure the figures of the README")
	profiles = flag.String("figure-profiles", "", "write CPU profiles of the lab at rest to this directory")
	nodes100 = flag.Bool("figures-small", false, "stop at a hundred nodes")
)

// figurePools is a pool of one size of node; the number of cpus is filled in.
const figurePools = `
apiVersion: ullage.sh/v1alpha1
kind: SimulatedNodeClass
metadata: {name: default}
spec: {}
---
apiVersion: karpenter.sh/v1
kind: NodePool
metadata: {name: sized}
spec:
  template:
    spec:
      nodeClassRef: {group: ullage.sh, kind: SimulatedNodeClass, name: default}
      requirements:
      - {key: karpenter.k8s.aws/instance-category, operator: In, values: [c, m, r]}
      - {key: karpenter.k8s.aws/instance-generation, operator: Gt, values: ["4"]}
      - {key: karpenter.k8s.aws/instance-cpu, operator: In, values: ["%d"]}
      - {key: kubernetes.io/arch, operator: In, values: [amd64]}
      - {key: karpenter.sh/capacity-type, operator: In, values: [on-demand]}
  disruption:
    consolidateAfter: 30s
    budgets: [{nodes: 100%%}]
`

// meter counts what the operator does.
type meter struct {
	mu sync.Mutex
	counts
}

type counts struct {
	writes, notes int
	plans         int
	longest       time.Duration // step that planned or looked at all nodes
	took          time.Duration // by all steps
	// by is writes by kind of effect.
	by map[string]int
}

func (m *meter) observe(s runner.Step) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.took += s.Took
	for _, f := range s.Effects {
		switch f := f.(type) {
		case engine.Planned:
			m.plans++
			m.longest = max(m.longest, s.Took)
		case engine.Repacked:
			m.longest = max(m.longest, s.Took)
		case engine.Note:
			if !f.Quiet {
				m.notes++
			}
		default:
			if !written(f) {
				continue
			}
			m.writes++
			if m.by == nil {
				m.by = map[string]int{}
			}
			m.by[strings.TrimPrefix(fmt.Sprintf("%T", f), "engine.")]++
		}
	}
}

// written tells whether an effect is a write to the API server: most are, but for what is
// asked of the cloud and what is only told. Events are counted apart.
func written(f engine.Effect) bool {
	switch f.(type) {
	case engine.Resolve, engine.Launch, engine.Terminate, engine.List, engine.Acknowledge, engine.Planned, engine.Repacked, engine.Note:
		return false
	}
	return true
}

// take returns the counts since it was called last.
func (m *meter) take() counts {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.counts
	m.counts = counts{}
	return out
}

// TestFigures measures what the README tells of the lab.
func TestFigures(t *testing.T) {
	if !*figures {
		t.Skip("takes ten minutes: go test -run TestFigures -figures -v -timeout 60m .")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Minute)
	defer cancel()
	m := &meter{}
	const speed = 30
	l, err := lab.Start(ctx, lab.Config{Dir: t.TempDir(), Seed: 1, Speed: speed, Bare: true, Zones: []string{"ap-northeast-2a", "ap-northeast-2b", "ap-northeast-2c"},
		Observe: m.observe, Progress: func(s string) { t.Log(s) }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Stop(); err != nil {
			t.Error(err)
		}
	}()
	t.Logf("%d cores, speed %d, boot p50 %v p99 %v", runtime.NumCPU(), speed, l.Boot(0.5), l.Boot(0.99))
	atRest(t, ctx, "empty")
	if _, err := kube.Apply(ctx, l.Client(), fmt.Appendf(nil, figurePools, 16)); err != nil {
		t.Fatal(err)
	}
	d := inflate(0)
	if err := l.Client().Create(ctx, d); err != nil {
		t.Fatal(err)
	}
	out := func(pods int) {
		scaleTo(t, ctx, l, m, pods)
		zones(t, ctx, l.Client())
	}
	out(1000)
	scaleTo(t, ctx, l, m, 300)
	away(t, ctx, l, m)
	// A hundred nodes of 8 cpus, then a thousand, with ten pods each.
	if _, err := kube.Apply(ctx, l.Client(), fmt.Appendf(nil, figurePools, 8)); err != nil {
		t.Fatal(err)
	}
	patch := client.RawPatch("application/json-patch+json", []byte(`[{"op":"replace","path":"/spec/template/spec/containers/0/resources/requests","value":{"cpu":"750m","memory":"512Mi"}}]`))
	if err := l.Client().Patch(ctx, d, patch); err != nil {
		t.Fatal(err)
	}
	out(1000)
	atRest(t, ctx, "100 nodes")
	if *nodes100 {
		return
	}
	out(10000)
	atRest(t, ctx, "1,000 nodes and 10,000 pods")
	away(t, ctx, l, m)
}

func scaleTo(t *testing.T, ctx context.Context, l *lab.Lab, m *meter, pods int) {
	t.Helper()
	m.take()
	writes := apiWrites(t, ctx, l)
	defer profile(t, fmt.Sprintf("to %d pods", pods))()
	began := time.Now()
	scale(t, ctx, l.Client(), int32(pods))
	var bound, run time.Duration
	await(t, ctx, 20*time.Minute, "pods", func(ctx context.Context) (bool, error) {
		var list corev1.PodList
		if err := l.Client().List(ctx, &list, client.InNamespace("default")); err != nil {
			return false, err
		}
		b, r := 0, 0
		for _, p := range list.Items {
			if p.DeletionTimestamp != nil || p.Status.Phase == corev1.PodFailed {
				continue
			}
			if p.Spec.NodeName != "" {
				b++
			}
			if p.Status.Phase == corev1.PodRunning {
				r++
			}
		}
		if b == pods && bound == 0 {
			bound = time.Since(began)
		}
		run = time.Since(began)
		return r == pods && b == pods, nil
	})
	x := m.take()
	t.Logf("to %d pods on %d instances: all bound after %.1f s, all running after %.1f s; %d plans, longest step %v; operator: %.2f writes and %.2f events a pod; API server: %.2f writes a pod",
		pods, l.Instances(), bound.Seconds(), run.Seconds(), x.plans, x.longest.Round(100*time.Microsecond),
		float64(x.writes)/float64(pods), float64(x.notes)/float64(pods), float64(apiWrites(t, ctx, l)-writes)/float64(pods))
}

func away(t *testing.T, ctx context.Context, l *lab.Lab, m *meter) {
	t.Helper()
	m.take()
	nodes := l.Instances()
	began := time.Now()
	scale(t, ctx, l.Client(), 0)
	await(t, ctx, 20*time.Minute, "nodes to be given back", func(ctx context.Context) (bool, error) { return given(ctx, l) })
	t.Logf("to 0 pods: all %d nodes given back after %.1f s; operator: %.1f writes a node", nodes, time.Since(began).Seconds(), float64(m.take().writes)/float64(max(nodes, 1)))
}

// zones tells how the nodes are spread.
func zones(t *testing.T, ctx context.Context, c client.Client) {
	t.Helper()
	var nodes corev1.NodeList
	if err := c.List(ctx, &nodes, client.HasLabels{"karpenter.sh/nodepool"}); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, n := range nodes.Items {
		count[n.Labels[corev1.LabelTopologyZone]]++
	}
	t.Logf("nodes by zone: %v", count)
}

// atRest measures memory and CPU of this process while nothing happens.
func atRest(t *testing.T, ctx context.Context, what string) {
	t.Helper()
	const settle, watch = 20 * time.Second, 30 * time.Second
	pause(ctx, settle)
	stop := profile(t, what)
	cpu, began := cpuTime(t), time.Now()
	pause(ctx, watch)
	stop()
	t.Logf("at rest, %s: %d MiB resident, %.1f %% of a core", what, resident(t)>>20, 100*(cpuTime(t)-cpu).Seconds()/time.Since(began).Seconds())
}

// profile writes a CPU profile until stop is called, if one is asked for.
func profile(t *testing.T, what string) (stop func()) {
	t.Helper()
	if *profiles == "" {
		return func() {}
	}
	f, err := os.Create(filepath.Join(*profiles, strings.ReplaceAll(what, " ", "-")+".pprof"))
	if err != nil {
		t.Fatal(err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		t.Fatal(err)
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close() // a profile that is cut off does not open
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func resident(t *testing.T) int64 {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

// apiWrites reads from the API server how many writes it has answered; leases, by
// which kubelets say that they live, are left out.
func apiWrites(t *testing.T, ctx context.Context, l *lab.Lab) int64 {
	t.Helper()
	cs, err := kubernetes.NewForConfig(l.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	text, err := cs.RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	lines := bufio.NewScanner(strings.NewReader(string(text)))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if !strings.HasPrefix(line, "apiserver_request_total{") || strings.Contains(line, `resource="leases"`) || !isWrite(line) {
			continue
		}
		if v, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64); err == nil {
			total += int64(v)
		}
	}
	return total
}

func isWrite(line string) bool {
	for _, verb := range []string{"POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"} {
		if strings.Contains(line, `verb="`+verb+`"`) {
			return true
		}
	}
	return false
}

package oracle_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	featuregatetesting "k8s.io/component-base/featuregate/testing"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/features"

	"github.com/ullage-sh/ullage/lab/oracle"
	"github.com/ullage-sh/ullage/lab/oracle/random"
)

var (
	cases = flag.Int("oracle-cases", 4000, "pods that are judged by both sides")
	seed  = flag.Uint64("oracle-seed", 1, "seed of the random clusters")
	only  = flag.Int64("oracle-only", -1, "number of the one cluster to look at")
)

// TestFilters compares what package fit says of random pods with what the
// scheduler's plugins say, plugin by plugin, node by node, and for nodes that could
// be bought. The long run, a million cases:
//
//	go test ./oracle -run TestFilters -oracle-cases 1000000 -oracle-seed 1 -timeout 60m
func TestFilters(t *testing.T) {
	f := newFilters(t, random.Small)
	start := time.Now()
	for n := uint64(0); f.cases < *cases && !t.Failed(); n++ {
		if *only >= 0 {
			n = uint64(*only)
		}
		f.cluster(*seed, n)
		if *only >= 0 {
			return
		}
	}
	t.Logf("seed %d: %d cases on %d nodes and %d offerings in %.1fs, %.0f a second", *seed, f.cases, f.nodes, f.offerings, time.Since(start).Seconds(), float64(f.cases)/time.Since(start).Seconds())
	f.tally.check(t, f.cases)
}

// TestTaintsWithNumbers does the same with a scheduler in which taints are compared
// as numbers (KEP-5471), which a cluster has to enable.
func TestTaintsWithNumbers(t *testing.T) {
	featuregatetesting.SetFeatureGateDuringTest(t, utilfeature.DefaultFeatureGate, features.TaintTolerationComparisonOperators, true)
	opt := random.Small
	opt.Compare = true
	f := newFilters(t, opt)
	for n := uint64(0); f.cases < min(*cases, 4000) && !t.Failed(); n++ {
		f.cluster(*seed, n)
	}
}

// filters runs the comparison of both sides, cluster by cluster.
type filters struct {
	t         *testing.T
	ctx       context.Context
	scheduler *oracle.Scheduler
	options   random.Options
	// distort, if any, changes the cluster that package fit sees.
	distort func(*oracle.Objects)
	tally   tally
	// What was compared.
	cases, nodes, offerings int
}

// quiet is a context in which the scheduler logs nothing.
func quiet(t *testing.T) context.Context { return klog.NewContext(t.Context(), logr.Discard()) }

func newFilters(t *testing.T, opt random.Options) *filters {
	t.Helper()
	ctx := quiet(t)
	s, err := oracle.NewScheduler(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if left := oracle.Unpaired(s.Plugins()); len(left) > 0 {
		t.Fatalf("nothing of ours is compared with the plugins %v of the default profile", left)
	}
	return &filters{t: t, ctx: ctx, scheduler: s, options: opt}
}

// cluster makes a cluster and compares both sides about it; what they differ about
// fails the test.
func (f *filters) cluster(seed, n uint64) {
	if trial, pod, bad := f.compare(seed, n); len(bad) > 0 {
		f.report(seed, n, trial, pod, bad)
	}
}

// compare places the pods of a cluster one after another where the scheduler would
// allow it; before each it compares both sides, until they differ.
func (f *filters) compare(seed, n uint64) (*oracle.Trial, *corev1.Pod, []oracle.Disagreement) {
	steps := rand.New(rand.NewPCG(seed, ^n))
	trial := f.trial(random.Cluster(seed, n, f.options))
	for _, pod := range trial.Objects.Waiting() {
		if len(trial.Snapshot.Offerings) > 0 && steps.IntN(4) == 0 {
			trial.Buy(steps.IntN(len(trial.Snapshot.Offerings)))
		}
		if bad := f.judge(trial, pod, steps); len(bad) > 0 {
			return trial, pod, bad
		}
	}
	return trial, nil, nil
}

func (f *filters) trial(o *oracle.Objects) *oracle.Trial {
	seen := o
	if f.distort != nil {
		seen = o.Clone()
		f.distort(seen)
	}
	return oracle.NewTrial(f.scheduler, o, seen)
}

// judge compares both sides about one pod, and places it.
func (f *filters) judge(trial *oracle.Trial, pod *corev1.Pod, steps *rand.Rand) []oracle.Disagreement {
	verdicts, bad := trial.Judge(f.ctx, pod)
	f.cases++
	f.nodes += len(trial.Objects.Nodes)
	f.tally.add(verdicts)
	if len(bad) > 0 {
		return bad
	}
	if len(trial.Snapshot.Offerings) > 0 {
		f.offerings++
		if bad = trial.JudgeOffering(f.ctx, pod, steps.IntN(len(trial.Snapshot.Offerings))); len(bad) > 0 {
			return bad
		}
	}
	if fits := oracle.Fits(verdicts, len(trial.Objects.Nodes)); len(fits) > 0 && !trial.Refuses(pod) {
		trial.Place(pod, trial.Objects.Nodes[fits[steps.IntN(len(fits))]].Name)
	}
	return nil
}

// report fails the test with the smallest cluster that shows the disagreement.
func (f *filters) report(seed, n uint64, trial *oracle.Trial, pod *corev1.Pod, bad []oracle.Disagreement) {
	var b strings.Builder
	for _, d := range bad {
		fmt.Fprintln(&b, d)
	}
	fmt.Fprintf(&b, "repeat it: go test ./oracle -run '%s' -oracle-seed %d -oracle-only %d\n", f.t.Name(), seed, n)
	start, steps := trial.Objects, []oracle.Step(nil)
	if !f.showsAgain(start, steps, string(pod.UID), bad[0].Rule) {
		b.WriteString("a fresh snapshot does not show it: package fit is wrong about what it has placed or bought\n")
		start, steps = random.Cluster(seed, n, f.options), trial.Steps
	}
	small := oracle.Shrink(start, func(p *corev1.Pod) bool { return p.UID == pod.UID }, func(o *oracle.Objects) bool {
		return f.showsAgain(o, steps, string(pod.UID), bad[0].Rule)
	})
	for _, s := range steps {
		fmt.Fprintf(&b, "after %+v\n", s)
	}
	b.WriteString("the smallest cluster that shows it:\n" + small.YAML())
	f.t.Error(b.String())
}

// showsAgain tells whether both sides differ about a pod after some steps, by the
// same rule.
func (f *filters) showsAgain(o *oracle.Objects, steps []oracle.Step, uid, rule string) bool {
	trial := f.trial(o)
	trial.Repeat(steps)
	for _, p := range trial.Objects.Waiting() {
		if string(p.UID) != uid {
			continue
		}
		_, bad := trial.Judge(f.ctx, p)
		for i := range trial.Snapshot.Offerings {
			bad = append(bad, trial.JudgeOffering(f.ctx, p, i)...)
		}
		return slices.ContainsFunc(bad, func(d oracle.Disagreement) bool { return d.Rule == rule })
	}
	return false
}

// tally counts the cases in which a plugin accepts and rejects some node.
type tally map[string]*[2]int

func (c *tally) add(verdicts []oracle.Verdict) {
	if *c == nil {
		*c = tally{}
	}
	for i := range verdicts {
		v := &verdicts[i]
		if (*c)[v.Plugin] == nil {
			(*c)[v.Plugin] = new([2]int)
		}
		if v.Skip {
			continue // it has nothing to look at; that it accepts says little
		}
		if v.Pod == "" && slices.Contains(v.Nodes, "") {
			(*c)[v.Plugin][0]++
		}
		if v.Pod != "" || slices.ContainsFunc(v.Nodes, func(s string) bool { return s != "" }) {
			(*c)[v.Plugin][1]++
		}
	}
}

// oneSided are plugins that never reject a pod that waits, or never accept one that
// they look at: NodeName reads spec.nodeName; for what the other looks at, no node is
// made that would do, because we refuse such pods as a whole.
var oneSided = []string{"NodeName", "NodeDeclaredFeatures"}

// few is the number of cases below which shares say nothing.
const few = 2000

// check prints the shares and fails where one is below a hundredth.
func (c tally) check(t *testing.T, cases int) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(c)) {
		n := c[name]
		t.Logf("%-22s accepts a node in %5.2f%% of cases, rejects one in %5.2f%%", name, percent(n[0], cases), percent(n[1], cases))
		if slices.Contains(oneSided, name) || cases < few {
			continue
		}
		if percent(n[0], cases) < 1 || percent(n[1], cases) < 1 {
			t.Errorf("%s accepts or rejects too rarely for the comparison to mean anything", name)
		}
	}
}

func percent(n, of int) float64 { return 100 * float64(n) / float64(max(of, 1)) }

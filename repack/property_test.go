package repack_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/cluster/clustertest"
	"github.com/ullage-sh/ullage/repack"
	"github.com/ullage-sh/ullage/solve"
)

// draw draws a cluster with running pods, some of them with constraints between each
// other, and what keeps nodes where they are.
func draw(t *rapid.T, nodes int, constrained bool) string {
	n := func(what string, low, high int) int { return rapid.IntRange(low, high).Draw(t, what) }
	word := func(what string, words ...string) string { return rapid.SampledFrom(words).Draw(t, what) }
	var b strings.Builder
	b.WriteString("type small cpu=2 mem=8Gi pods=8 price.on-demand=0.10 zones=a,b\n")
	fmt.Fprintf(&b, "type large cpu=4 mem=%dGi pods=16 price.on-demand=0.%d zones=%s\n", n("mem", 8, 32), n("price", 12, 25), word("zones", "a", "a,b", "b,c"))
	fmt.Fprintf(&b, "pool default%s\n", word("policy", "", "", " policy=Balanced", " policy=WhenEmpty"))
	b.WriteString("pool other weight=1\n")
	app := 0
	for i := range n("nodes", 1, nodes) {
		fmt.Fprintf(&b, "node n%d type=%s pool=%s zone=%s%s\n", i, word("type", "small", "large"), word("pool", "default", "default", "other"), word("zone", "a", "b"), word("state", "", "", "", "", " taint=x:NoSchedule", " notready", " deleting", " young"))
		cpu := 2000
		for range n("pods on it", 0, 3) {
			size := 100 * n("cpu", 1, 8)
			if size > cpu {
				break
			}
			cpu -= size
			constraint := ""
			if constrained {
				constraint = word("constraint", "", "", "", " spread=zone;skew=2", " spread=host;skew=2", " apart=host", " port=80", " selector=zone=a", " selector=zone=b", " near=zone;app=w0", " apart=zone;app=w1", " spread=zone;honor-taints")
			}
			fmt.Fprintf(&b, "pods w%d 1 cpu=%dm mem=1Gi label.app=w%d node=n%d%s%s\n", app, size, app%3, i, constraint,
				word("kind", "", "", "", "", "", "", " do-not-disrupt", " bare", " tolerate=*", " deleting", " priority=1000", " deletion-cost=-100"))
			app++
		}
	}
	if n("budget", 0, 3) == 0 {
		fmt.Fprintf(&b, "pdb some selector=app=w1 allowed=%d\n", n("allowed", 0, 2))
	}
	return b.String()
}

// TestRepack: whatever the cluster, its actions can be carried out one after the other,
// each pod moves only to where it passes its filters and nothing is moved that may not
// be; each node has one verdict; neither the order of the input makes a difference nor what
// is remembered of the pass before; and pass after pass comes to an end.
func TestRepack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		script := draw(t, 6, true)
		records, err := clustertest.Parse(script)
		if err != nil {
			t.Fatalf("%v\n%s", err, script)
		}
		in := repack.Input{Input: records, Now: clustertest.Born, Memory: &repack.Memory{}}
		opt := repack.Options{Solve: solve.Options{NodeCharge: 2500}}
		for pass := 0; ; pass++ {
			r := repack.Repack(in, opt)
			if err := check(in, r); err != nil {
				t.Fatalf("pass %d: %v\n%s\n%s", pass, err, script, r.Text())
			}
			if len(r.Verdicts) != len(cluster.NewSnapshot(in.Input).Hosts) {
				t.Fatalf("%d verdicts\n%s\n%s", len(r.Verdicts), script, r.Text())
			}
			if len(r.Actions) == 0 {
				return
			}
			if pass == 10 {
				t.Fatalf("there is no end\n%s\n%s", script, r.Text())
			}
			other := in
			other.Memory = nil
			other.Pods, other.Nodes, other.Claims = slices.Clone(in.Pods), slices.Clone(in.Nodes), slices.Clone(in.Claims)
			slices.Reverse(other.Pods)
			slices.Reverse(other.Nodes)
			slices.Reverse(other.Claims)
			if q := repack.Repack(other, opt); q.Text() != r.Text() {
				t.Fatalf("another order of the input gives another result\n%s\n%s\n%s", script, r.Text(), q.Text())
			}
			for i := range r.Actions {
				if in, err = act(in, &r.Actions[i]); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

package solve_test

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/cluster/clustertest"
)

// scale is how large and how tangled generated clusters are.
type scale struct {
	types, pools, nodes, workloads, pods int
	limits, minValues                    bool
	shapes                               bool // node groups and nodes for one pod each
}

var (
	anything = scale{types: 6, pools: 3, nodes: 5, workloads: 6, pods: 12, limits: true, minValues: true}
	// busy has enough pods for all ways of packing.
	busy = scale{types: 6, pools: 2, nodes: 4, workloads: 12, pods: 60, limits: true}
	// tiny is small enough for [cheapest], and without what it does not know.
	tiny = scale{types: 4, pools: 2, nodes: 2, workloads: 3, pods: 2, limits: true}
	// The same with pools of all shapes.
	shapely     = scale{types: 5, pools: 2, nodes: 4, workloads: 6, pods: 12, limits: true, shapes: true}
	tinyShapely = scale{types: 3, pools: 1, nodes: 2, workloads: 3, pods: 2, limits: true, shapes: true}
)

// drawScript draws a cluster as a script, so that a failure shows one that can be
// read and pasted into testdata.
func drawScript(t *rapid.T, s scale) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	word := func(label string, words ...string) string { return rapid.SampledFrom(words).Draw(t, label) }
	some := func(label string, most int) int { return rapid.IntRange(0, most).Draw(t, label) }

	types := 1 + some("types", s.types-1)
	for i := range types {
		cpu := rapid.SampledFrom([]int{1, 2, 4, 8}).Draw(t, "cpu")
		line("type t%d cpu=%d mem=%dGi pods=%d price.on-demand=0.%02d%s zones=%s arch=%s label.family=f%d%s", i, cpu,
			cpu*rapid.SampledFrom([]int{1, 2, 4}).Draw(t, "ratio"), 2+some("density", 8), cpu*3+some("price", 8),
			word("spot", "", fmt.Sprintf(" price.spot=0.%02d", cpu+some("spot price", 4))),
			word("zones", "a", "a,b", "a,b,c"), word("arch", "amd64", "amd64", "arm64"), some("family", 2),
			word("gpu", "", "", "", " example.com/gpu=1"))
	}
	pools := 1 + some("pools", s.pools-1)
	for i := range pools {
		limit, least := "", ""
		if s.limits {
			limit = word("limit", "", "", " limit.cpu=8", " limit.nodes=2", " limit.cpu=0", " limit.cpu=20 limit.mem=30Gi")
		}
		if s.minValues {
			least = word("minValues", "", "", " require=type;min=2", " require=family=f0,f1;min=2", " require=zone=a,b,c;min=2 require=type;min=2")
		}
		line("pool p%d weight=%d%s%s%s%s", i, some("weight", 2), limit, least,
			word("pool taint", "", "", " taint=dedicated=db:NoSchedule", " taint=soft:PreferNoSchedule"),
			word("requirement", "", "", " require=zone=a,b", " require=capacity-type=spot", " require=team=x,y"))
	}
	if s.shapes {
		for i := range 1 + some("groups", 1) {
			line("pool g%d shape=group weight=%d min=%d limit.nodes=%d members=group=g%d label.group=g%d require=type=t%d,t%d%s", i, some("group weight", 1),
				some("least", 1), some("most", 3), i, i, some("group type", types-1), some("group type", types-1),
				word("group requirement", "", " require=zone=a", " require=capacity-type=on-demand", " taint=dedicated=db:NoSchedule"))
		}
		for i, cpu := range []int{1, 2, 4} {
			line("type f%d class=fargate cpu=%d mem=%dGi pods=1 price.on-demand=0.%02d zones=%s", i, cpu, 2*cpu, 3*cpu+some("per pod", 2), word("per pod zones", "a", "a,b"))
		}
		line("pool s class=fargate shape=per-pod weight=%d selects=default;app=%s selects=%s", some("per pod weight", 1), word("who", "w*", "w0", "?1", "w?", "*"), word("other", "kube-*", "d*t"))
	}
	if some("daemons", 1) == 1 {
		line("daemonset agent cpu=%dm mem=100Mi%s", 50*some("daemon cpu", 4), word("daemon", "", " tolerate=*", " selector=arch=arm64"))
	}
	for i := range some("nodes", s.nodes) {
		line("node n%d type=t%d%s%s%s", i, some("node type", types-1), word("node pool", "", fmt.Sprintf(" pool=p%d", some("pool", pools-1)), groupOf(s)),
			word("node taint", "", "", " taint=dedicated=db:NoSchedule"), word("node state", "", "", " cordoned", " notready", " deleting"))
		if some("running", 1) == 1 {
			line("pods r%d %d cpu=%dm mem=200Mi node=n%d", i, 1+some("load", 2), 100*some("load cpu", 8), i)
		}
	}
	for i := range 1 + some("workloads", s.workloads-1) {
		line("pods w%d %d cpu=%dm mem=%dMi%s%s%s%s%s", i, 1+some("count", s.pods-1), 100*some("pod cpu", 25), 128*some("pod mem", 40),
			word("selector", "", "", "", " selector=zone=a", " selector=arch=arm64", " selector=capacity-type=on-demand", " selector=team=x"),
			word("affinity", "", "", "", " affinity=zone=b affinity=family=f1", " affinity=zone!=c&arch=amd64"),
			word("toleration", "", "", " tolerate=dedicated=db:NoSchedule", " tolerate=*"),
			hostAccess(s, word)+word("pod gpu", "", "", "", "", " example.com/gpu=1"), word("refused", "", "", "", "", "", " refused=podAffinity"))
	}
	return b.String()
}

// groupOf makes a node one of the first node group.
func groupOf(s scale) string {
	if s.shapes {
		return " label.group=g0"
	}
	return ""
}

func hostAccess(s scale, word func(string, ...string) string) string {
	if !s.shapes {
		return ""
	}
	return word("host access", "", "", "", " host-access=privileged")
}

func mustParse(t interface{ Fatalf(string, ...any) }, script string) cluster.Input {
	in, err := clustertest.Parse(script)
	if err != nil {
		t.Fatalf("%v in\n%s", err, script)
	}
	return in
}

package solve_test

import (
	"testing"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/solve"
)

// general are the requirements of a pool for everyday pods: categories c, m and
// r, younger than the second generation, Linux on amd64 or arm64.
var general = []cluster.Requirement{
	{Key: "karpenter.k8s.aws/instance-category", Operator: cluster.In, Values: []string{"c", "m", "r"}},
	{Key: "karpenter.k8s.aws/instance-generation", Operator: cluster.Gt, Values: []string{"2"}},
	{Key: cluster.LabelOS, Operator: cluster.In, Values: []string{"linux"}},
}

// seoul is a market before what EC2 sells in ap-northeast-2.
func seoul(tb testing.TB, pods []*cluster.Pod, more ...cluster.Requirement) *cluster.Snapshot {
	c, err := catalog.Embedded()
	if err != nil {
		tb.Fatal(err)
	}
	types, _, err := c.InstanceTypes("ap-northeast-2", catalog.DefaultSizing(), 1)
	if err != nil {
		tb.Fatal(err)
	}
	snap := market(pods, types, append(general[:len(general):len(general)], more...)...)
	if len(snap.Offerings) < 100 {
		tb.Fatalf("only %d offerings are left by the pool's requirements", len(snap.Offerings))
	}
	return snap
}

// BenchmarkCatalog solves before the real catalogue and reports the distance
// from the bound.
func BenchmarkCatalog(b *testing.B) {
	for _, m := range []struct {
		name string
		pods []*cluster.Pod
		more []cluster.Requirement
	}{
		{"inflate-5", inflate(5), nil},
		{"inflate-100", inflate(100), nil},
		{"inflate-100-on-demand", inflate(100), []cluster.Requirement{onDemand}},
		{"services-1000x20", services(1000, 20, 1), nil},
		{"lognormal-100", logNormal(100, 1), nil},
		{"lognormal-100-on-demand", logNormal(100, 1), []cluster.Requirement{onDemand}},
		{"lognormal-1000", logNormal(1000, 1), nil},
		{"lognormal-1000-on-demand", logNormal(1000, 1), []cluster.Requirement{onDemand}},
		{"lognormal-20000", logNormal(20000, 1), nil},
	} {
		b.Run(m.name, func(b *testing.B) {
			snap := seoul(b, m.pods, m.more...)
			b.ReportAllocs()
			for b.Loop() {
				p := solve.Solve(snap, solve.Options{})
				b.ReportMetric(p.Gap()*100, "%gap")
				b.ReportMetric(float64(len(p.Creates)), "nodes")
				b.ReportMetric(float64(len(snap.Offerings)), "offerings")
			}
		})
	}
}

// TestCatalog: plans before the real catalogue are right too.
func TestCatalog(t *testing.T) {
	for _, pods := range [][]*cluster.Pod{inflate(100), services(300, 20, 1), logNormal(100, 1)} {
		snap := seoul(t, pods)
		p := solve.Solve(snap, solve.Options{})
		if err := checkPlan(snap, p, solve.Options{}); err != nil {
			t.Error(err)
		}
		if len(p.Unplaced) > 0 || p.Bound == 0 {
			t.Errorf("%d classes unplaced, bound %s", len(p.Unplaced), p.Bound)
		}
	}
}

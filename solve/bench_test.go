package solve_test

import (
	"fmt"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/solve"
)

var onDemand = cluster.Requirement{Key: cluster.LabelCapacityType, Operator: cluster.In, Values: []string{cluster.OnDemand}}

// markets are the sizes that timings and gaps are told for.
var markets = []struct {
	name  string
	build func() *cluster.Snapshot
}{
	{"inflate-100", func() *cluster.Snapshot { return market(inflate(100), machines(200)) }},
	{"services-1000x20", func() *cluster.Snapshot { return market(services(1000, 20, 1), machines(200)) }},
	{"services-20000x500", func() *cluster.Snapshot { return market(services(20000, 500, 1), machines(400)) }},
	{"services-1000x200-hosts-2000", func() *cluster.Snapshot { return crowded(services(1000, 200, 1), 2000) }},
	{"lognormal-100", func() *cluster.Snapshot { return market(logNormal(100, 1), machines(200), onDemand) }},
	{"lognormal-1000", func() *cluster.Snapshot { return market(logNormal(1000, 1), machines(200), onDemand) }},
	{"lognormal-20000", func() *cluster.Snapshot { return market(logNormal(20000, 1), machines(200), onDemand) }},
}

func BenchmarkSolve(b *testing.B) {
	for _, m := range markets {
		snap := m.build()
		b.Run(fmt.Sprintf("%s/offerings=%d", m.name, len(snap.Offerings)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				solve.Solve(snap, solve.Options{})
			}
		})
	}
}

// BenchmarkGap reports what plans cost above their bound, in percent.
func BenchmarkGap(b *testing.B) {
	for _, m := range markets {
		snap := m.build()
		b.Run(m.name, func(b *testing.B) {
			for b.Loop() {
				p := solve.Solve(snap, solve.Options{})
				b.ReportMetric(p.Gap()*100, "%gap")
				b.ReportMetric(float64(len(p.Creates)), "nodes")
				b.ReportMetric(float64(p.CreateCost)/1e6, "USD/h")
			}
		})
	}
}

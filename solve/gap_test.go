package solve_test

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/solve"
)

// samples are workloads drawn anew for each seed.
var samples = []struct {
	name  string
	build func(seed uint64) *cluster.Snapshot
}{
	{"services-100x5", func(s uint64) *cluster.Snapshot { return market(services(100, 5, s), machines(200)) }},
	{"services-1000x20", func(s uint64) *cluster.Snapshot { return market(services(1000, 20, s), machines(200)) }},
	{"lognormal-30", func(s uint64) *cluster.Snapshot { return market(logNormal(30, s), machines(200), onDemand) }},
	{"lognormal-100", func(s uint64) *cluster.Snapshot { return market(logNormal(100, s), machines(200), onDemand) }},
	{"lognormal-1000", func(s uint64) *cluster.Snapshot { return market(logNormal(1000, s), machines(200), onDemand) }},
}

// BenchmarkGapOver10 reports the mean and the worst distance from the bound over
// ten seeds, in percent.
func BenchmarkGapOver10(b *testing.B) {
	for _, m := range samples {
		b.Run(m.name, func(b *testing.B) {
			for b.Loop() {
				sum, worst := 0.0, 0.0
				for seed := range uint64(10) {
					gap := solve.Solve(m.build(seed), solve.Options{}).Gap() * 100
					sum, worst = sum+gap, max(worst, gap)
				}
				b.ReportMetric(sum/10, "%mean")
				b.ReportMetric(worst, "%worst")
			}
		})
	}
}

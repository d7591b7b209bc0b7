package pack_test

import (
	"strconv"
	"testing"

	"github.com/ullage-sh/ullage/pack"
)

func itoa(n int) string { return strconv.Itoa(n) }

// BenchmarkPack times packing and tells the distance from the bound, in percent:
// go test ./pack -run '^$' -bench Pack/lognormal-1000
func BenchmarkPack(b *testing.B) {
	for _, c := range cases() {
		for _, mode := range []struct {
			name  string
			steps int
		}{{"first", 0}, {"improved", 200_000}} {
			b.Run(c.name+"/"+mode.name, func(b *testing.B) {
				p := c.build(b, 1)
				b.ReportAllocs()
				for b.Loop() {
					out := pack.Pack(p, pack.Options{Steps: mode.steps})
					nodes := 0
					for _, x := range out.Bought {
						nodes += int(x.Copies)
					}
					b.ReportMetric(100*(float64(out.Objective)/float64(out.Bound)-1), "%gap")
					b.ReportMetric(float64(nodes), "nodes")
				}
			})
		}
	}
}

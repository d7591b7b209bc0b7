package contest_test

import (
	"cmp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/ullage-sh/ullage/bench/cases"
	"github.com/ullage-sh/ullage/bench/karpenter"
	"github.com/ullage-sh/ullage/bench/record"
	"github.com/ullage-sh/ullage/bench/ullage"
)

func input(b *testing.B, c cases.Case, pods int) *record.Input {
	b.Helper()
	in, err := c.MakeSized(1, pods)
	if err != nil {
		b.Fatal(err)
	}
	return in
}

// BenchmarkUllage is one pass of ours, from pods to plan, for profiles:
//
//	go test ./contest -run '^$' -bench 'Ullage/diverse-20000/first' -cpuprofile cpu.out
func BenchmarkUllage(b *testing.B) {
	for _, c := range cases.All() {
		if c.Alone {
			continue // minutes: bench-peers -case has them
		}
		b.Run(c.Name, func(b *testing.B) {
			in := input(b, c, c.Pods)
			side, err := ullage.New(in)
			if err != nil {
				b.Fatal(err)
			}
			for _, e := range ullage.Efforts {
				b.Run(cmp.Or(strings.TrimPrefix(e.String(), "/"), "improved"), func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						b.StopTimer()
						pass := side.NewPass()
						b.StartTimer()
						pass.Solve(in.Pods, e, 0)
					}
					b.ReportMetric(float64(len(in.Pods)*b.N)/b.Elapsed().Seconds(), "pods/s")
				})
			}
		})
	}
}

// BenchmarkKarpenter is one pass of Karpenter's for a hundred pods: it would take
// minutes for what the cases have. The table of bench-peers has those.
func BenchmarkKarpenter(b *testing.B) {
	for _, c := range cases.All() {
		if c.Alone {
			continue
		}
		b.Run(c.Name+"-of-100", func(b *testing.B) {
			in := input(b, c, 100)
			side, err := karpenter.New(b.Context(), in)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				pods := []*corev1.Pod(nil)
				for _, p := range in.Pods {
					pods = append(pods, p.DeepCopy())
				}
				b.StartTimer()
				if _, err := side.Solve(b.Context(), pods); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(in.Pods)*b.N)/b.Elapsed().Seconds(), "pods/s")
		})
	}
}

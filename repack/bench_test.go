package repack_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/cluster/clustertest"
	"github.com/ullage-sh/ullage/repack"
	"github.com/ullage-sh/ullage/solve"
)

// bloated is a cluster of so many nodes with about 30 pods each, of 300 classes of which
// every other one spreads over zones; full is how full the nodes are.
func bloated(t testing.TB, nodes int, full float64, seed uint64) cluster.Input {
	rng := rand.New(rand.NewPCG(seed, 1))
	var b strings.Builder
	for _, family := range []struct {
		name  string
		mem   int
		price float64
	}{{"c", 2, 0.048}, {"m", 4, 0.059}, {"r", 8, 0.076}} {
		for _, cpu := range []int{2, 4, 8, 16} {
			fmt.Fprintf(&b, "type %s%d cpu=%d mem=%dGi pods=%d price.on-demand=%.4f zones=a,b,c\n", family.name, cpu, cpu, cpu*family.mem, 14*cpu, family.price*float64(cpu))
		}
	}
	b.WriteString("pool default\n")
	// Nodes are filled from classes at random, half of them in one zone.
	type size struct{ cpu, mem int }
	sizes := make([]size, 300)
	for i := range sizes {
		sizes[i] = size{50 * (1 + rng.IntN(12)), 128 * (1 + rng.IntN(14))}
	}
	kinds := []string{"c8", "m8", "r8", "m16", "c16", "m4"}
	cpus := map[string]int{"c8": 8, "m8": 8, "r8": 8, "m16": 16, "c16": 16, "m4": 4}
	mems := map[string]int{"c8": 16, "m8": 32, "r8": 64, "m16": 64, "c16": 32, "m4": 16}
	for n := range nodes {
		kind := kinds[rng.IntN(len(kinds))]
		fmt.Fprintf(&b, "node n%05d type=%s pool=default zone=%c\n", n, kind, 'a'+rune(n%3))
		cpu, mem := int(full*float64(cpus[kind]*1000)), int(full*float64(mems[kind]*1024))
		for range 30 {
			i := rng.IntN(len(sizes))
			if sizes[i].cpu > cpu || sizes[i].mem > mem {
				continue
			}
			cpu -= sizes[i].cpu
			mem -= sizes[i].mem
			spread := ""
			if i%2 == 0 {
				spread = " spread=zone;skew=5"
			}
			fmt.Fprintf(&b, "pods w%d 1 cpu=%dm mem=%dMi label.app=w%d node=n%05d%s\n", i, sizes[i].cpu, sizes[i].mem, i, n, spread)
		}
	}
	in, err := clustertest.Parse(b.String())
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range in.Pods {
		p.Name = fmt.Sprintf("%s-%d", p.Owner.Name, i)
		p.UID = p.Name
	}
	return in
}

// BenchmarkRepack is a pass over a cluster.
func BenchmarkRepack(b *testing.B) {
	for _, nodes := range []int{100, 1000, 10000} {
		for _, full := range []float64{0.5, 0.95} {
			b.Run(fmt.Sprintf("%d-%.0f%%", nodes, 100*full), func(b *testing.B) {
				in := repack.Input{Input: bloated(b, nodes, full, 1), Now: clustertest.Born}
				b.ReportAllocs()
				for b.Loop() {
					r := repack.Repack(in, repack.Options{BoundSteps: -1, Solve: solve.Options{NodeCharge: 2500}})
					b.ReportMetric(100*float64(r.Saving)/float64(r.Cost), "%saved")
					b.ReportMetric(float64(len(r.Actions)), "actions")
				}
			})
		}
	}
}

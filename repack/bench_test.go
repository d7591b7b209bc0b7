package repack_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/cluster/clustertest"
	"github.com/ullage-sh/ullage/repack"
	"github.com/ullage-sh/ullage/solve"
)

// bloated is a cluster of so many nodes with 30 pods each, of 300 classes of which every
// other one spreads over zones. Of a node's cpu or memory, whichever is used more, full is
// what its pods ask for at the most and nearly.
func bloated(t testing.TB, nodes int, full float64, seed uint64) cluster.Input {
	rng := rand.New(rand.NewPCG(seed, 1))
	var b strings.Builder
	families := []struct {
		name  string
		mem   int // GiB for each cpu
		price float64
	}{{"c", 2, 0.048}, {"m", 4, 0.059}, {"r", 8, 0.076}}
	for _, f := range families {
		for _, cpu := range []int{2, 4, 8, 16} {
			fmt.Fprintf(&b, "type %s%d cpu=%d mem=%dGi pods=%d price.on-demand=%.4f zones=a,b,c\n", f.name, cpu, cpu, cpu*f.mem, max(58, 14*cpu), f.price*float64(cpu))
		}
	}
	b.WriteString("pool default\n")
	type size struct{ cpu, mem int }
	sizes := make([]size, 300)
	for i := range sizes {
		sizes[i] = size{50 * (1 + rng.IntN(12)), 128 * (1 + rng.IntN(14))}
	}
	const pods = 30
	for n := range nodes {
		f, cpus := families[rng.IntN(len(families))], 8<<rng.IntN(2)
		fmt.Fprintf(&b, "node n%05d type=%s%d pool=default zone=%c\n", n, f.name, cpus, 'a'+rune(n%3))
		cpu, mem := int(full*float64(cpus*1000)), int(full*float64(cpus*f.mem*1024))
		for k := range pods {
			// Of some classes the one that comes nearest to an even share of what is left.
			rest, best, far := pods-k, -1, 0
			for range 20 {
				i := rng.IntN(len(sizes))
				x := sizes[i]
				if x.cpu > cpu-50*(rest-1) || x.mem > mem-128*(rest-1) {
					continue
				}
				if d := abs(x.cpu-cpu/rest) + abs(x.mem-mem/rest); best < 0 || d < far {
					best, far = i, d
				}
			}
			if best < 0 {
				best = slices.IndexFunc(sizes, func(x size) bool { return x.cpu <= 100 && x.mem <= 256 })
			}
			cpu, mem = cpu-sizes[best].cpu, mem-sizes[best].mem
			spread := ""
			if best%2 == 0 {
				spread = " spread=zone;skew=5"
			}
			fmt.Fprintf(&b, "pods w%d 1 cpu=%dm mem=%dMi label.app=w%d node=n%05d%s\n", best, sizes[best].cpu, sizes[best].mem, best, n, spread)
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

func abs(n int) int { return max(n, -n) }

// BenchmarkRepack is a pass over a cluster, the bound aside.
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
					b.ReportMetric(float64(len(in.Pods)), "pods")
				}
			})
		}
	}
}

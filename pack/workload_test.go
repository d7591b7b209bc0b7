package pack_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/ullage-sh/ullage/pack"
)

const mebi, gibi = int64(1) << 20, int64(1) << 30

func item(count int, milli, bytes int64) pack.Item {
	return pack.Item{Count: int32(count), Size: []pack.Amount{{Dim: cpu, Value: milli}, {Dim: memory, Value: bytes}, {Dim: pods, Value: 1}}}
}

// podSize draws what a pod asks for: cpu with median 250m (σ 1.0, 10m to 16 cores),
// memory with median 512 MiB (σ 1.1, 16 MiB to 64 GiB), half correlated.
func podSize(r *rand.Rand) (milli, bytes int64) {
	a, b := r.NormFloat64(), r.NormFloat64()
	c := 250 * math.Exp(a)
	m := 512 * math.Exp(1.1*(0.5*a+math.Sqrt(0.75)*b))
	milli = min(max(int64(c), 10), 16_000)
	bytes = min(max(int64(m), 16), 64<<10) << 20
	return milli, bytes
}

// logNormal draws n pods, each its own item.
func logNormal(n int, seed uint64) []pack.Item {
	r := rand.New(rand.NewPCG(seed, 11))
	var out []pack.Item
	for range n {
		milli, bytes := podSize(r)
		out = append(out, item(1, milli, bytes))
	}
	return out
}

// counted draws n pods of k items.
func counted(n, k int, seed uint64) []pack.Item {
	r := rand.New(rand.NewPCG(seed, 12))
	var out []pack.Item
	for i := range k {
		milli, bytes := podSize(r)
		out = append(out, item((n-i+k-1)/k, milli, bytes))
	}
	return out
}

// coarse draws n pods of k items in the round sizes that people write.
func coarse(n, k int, seed uint64) []pack.Item {
	r := rand.New(rand.NewPCG(seed, 13))
	cpus := []int64{100, 250, 500, 1000, 1500, 2000, 4000}
	mib := []int64{128, 256, 512, 1024, 2048, 4096, 8192}
	var out []pack.Item
	for i := range k {
		out = append(out, item((n-i+k-1)/k, cpus[r.IntN(len(cpus))], mib[r.IntN(len(mib))]<<20))
	}
	return out
}

// gpuMix is log-normal pods of which one in five wants GPUs.
func gpuMix(n int, seed uint64) []pack.Item {
	r := rand.New(rand.NewPCG(seed, 14))
	out := logNormal(n-n/5, seed)
	for range n / 5 {
		g := []int64{1, 1, 1, 1, 2, 4, 8}[r.IntN(7)]
		x := item(1, g*[]int64{1000, 2000, 4000}[r.IntN(3)], g*[]int64{4, 8, 16}[r.IntN(3)]<<30)
		x.Size = append(x.Size, pack.Amount{Dim: gpus, Value: g})
		out = append(out, x)
	}
	return out
}

// withHosts adds n hosts of 16 cores and 64 GiB that have some room left.
func withHosts(p *pack.Problem, n int, seed uint64) *pack.Problem {
	r := rand.New(rand.NewPCG(seed, 15))
	for range n {
		left := 0.3 * r.Float64()
		p.Hosts = append(p.Hosts, pack.Host{Kind: int32(r.IntN(4)), Room: []pack.Amount{
			{Dim: cpu, Value: int64(15890 * left)}, {Dim: memory, Value: int64(58 * float64(gibi) * min(1, left*2*r.Float64()))}, {Dim: pods, Value: int64(r.IntN(60))},
		}})
	}
	return p
}

// apart makes k of the items keep apart: each becomes n replicas of which a node
// may hold one, in a dimension of its own.
func apart(p *pack.Problem, k, n int, seed uint64) *pack.Problem {
	r := rand.New(rand.NewPCG(seed, 16))
	for _, i := range r.Perm(len(p.Items))[:k] {
		p.Room = append(p.Room, 1)
		p.Items[i].Count = int32(n)
		p.Items[i].Size = append(p.Items[i].Size, pack.Amount{Dim: int32(len(p.Room) - 1), Value: 1})
	}
	return p
}

// zoned gives each item a zone or none.
func zoned(p *pack.Problem, seed uint64) *pack.Problem {
	r := rand.New(rand.NewPCG(seed, 17))
	for i := range p.Items {
		p.Items[i].Profile = int32(r.IntN(4))
	}
	return p
}

// ruled adds rules between labels: each item carries one of seven, and every
// third also a rule on one of them.
func ruled(p *pack.Problem, seed uint64) *pack.Problem {
	const labels = 7
	r := rand.New(rand.NewPCG(seed, 18))
	for range labels {
		p.Rules = append(p.Rules, pack.Rule{Holders: pack.NewSet(len(p.Items)), Members: pack.NewSet(len(p.Items)), Cap: 1})
	}
	for i := range p.Items {
		p.Rules[r.IntN(labels)].Members.Add(i)
		if i%3 == 0 {
			p.Rules[r.IntN(labels)].Holders.Add(i)
		}
	}
	return p
}

// diverse is 20,000 pods in about 5,000 items: 30 sizes × 7 labels × 7 rules × 3
// zones, a fifth of them in one dimension of which a node may hold one, before
// machines × 3 zones whose price is linear in cpu and memory.
func diverse(n, machines int, seed uint64) *pack.Problem {
	const labels, zones = 7, 3
	r := rand.New(rand.NewPCG(seed, 19))
	cpus := []int64{100, 250, 500, 1000, 1500}
	mib := []int64{100, 256, 512, 1024, 2048, 4096}
	p := &pack.Problem{Room: make([]int64, numDims+1), NodeCharge: nodeCharge}
	p.Room[numDims] = 1
	type key struct {
		milli, bytes    int64
		label, on, zone int
		alone           bool
	}
	index := map[key]int{}
	var keys []key
	for i := range n {
		k := key{cpus[r.IntN(len(cpus))], mib[r.IntN(len(mib))] << 20, r.IntN(labels), r.IntN(labels), r.IntN(zones), false}
		if k.alone = i%5 == 0; k.alone {
			k.label, k.on = labels, -1
		}
		if i%5 < 4 && !k.alone && i%5 != 1 {
			k.on = -1
		}
		at, ok := index[k]
		if !ok {
			at = len(keys)
			index[k] = at
			keys = append(keys, k)
			x := item(0, k.milli, k.bytes)
			x.Profile = int32(1 + k.zone)
			if k.alone {
				x.Size = append(x.Size, pack.Amount{Dim: numDims, Value: 1})
			}
			p.Items = append(p.Items, x)
		}
		p.Items[at].Count++
	}
	for range labels {
		p.Rules = append(p.Rules, pack.Rule{Holders: pack.NewSet(len(keys)), Members: pack.NewSet(len(keys)), Cap: 1})
	}
	for i, k := range keys {
		if k.label < labels {
			p.Rules[k.label].Members.Add(i)
		}
		if k.on >= 0 {
			p.Rules[k.on].Holders.Add(i)
		}
	}
	for range zones + 1 {
		p.Admits = append(p.Admits, pack.NewSet(zones+1))
	}
	for zone := range zones {
		p.Admits[1+zone].Add(1 + zone)
		for i := range machines {
			cores := int64(i + 1)
			p.Shapes = append(p.Shapes, pack.Shape{
				Kind: int32(1 + zone), Price: 25_000*cores + 2_000*cores,
				Room: []pack.Amount{{Dim: cpu, Value: 1000*cores - 100}, {Dim: memory, Value: 2*cores*gibi - 10*mebi}, {Dim: pods, Value: 10 * cores}},
			})
		}
	}
	return p
}

// cases are what figures are told for.
type packCase struct {
	name  string
	build func(tb testing.TB, seed uint64) *pack.Problem
}

func plain(m market, items func(seed uint64) []pack.Item) func(testing.TB, uint64) *pack.Problem {
	return func(tb testing.TB, seed uint64) *pack.Problem { return m.problem(tb, items(seed)) }
}

func logNormals(n int) func(uint64) []pack.Item {
	return func(seed uint64) []pack.Item { return logNormal(n, seed) }
}

func coarsely(n, k int) func(uint64) []pack.Item {
	return func(seed uint64) []pack.Item { return coarse(n, k, seed) }
}

func cases() []packCase {
	var out []packCase
	add := func(name string, build func(testing.TB, uint64) *pack.Problem) {
		out = append(out, packCase{name, build})
	}
	for _, m := range []market{onDemand, withSpot, all, allOD} {
		add("lognormal-30/"+m.name, plain(m, logNormals(30)))
		add("lognormal-100/"+m.name, plain(m, logNormals(100)))
		add("lognormal-1000/"+m.name, plain(m, logNormals(1000)))
		add("lognormal-5000/"+m.name, plain(m, logNormals(5000)))
		add("lognormal-20000/"+m.name, plain(m, logNormals(20000)))
	}
	for _, m := range []market{onDemand, withSpot} {
		for _, k := range []int{1, 3, 20} {
			for _, n := range []int{30, 100, 300, 1000} {
				add("coarse-"+itoa(k)+"x"+itoa(n)+"/"+m.name, plain(m, coarsely(n, k)))
			}
		}
		add("counted-20000x500/"+m.name, plain(m, func(seed uint64) []pack.Item { return counted(20000, 500, seed) }))
	}
	add("gpu-100", plain(all, func(seed uint64) []pack.Item { return gpuMix(100, seed) }))
	add("gpu-1000", plain(all, func(seed uint64) []pack.Item { return gpuMix(1000, seed) }))
	add("hosts-200x500", func(tb testing.TB, seed uint64) *pack.Problem {
		return withHosts(onDemand.problem(tb, logNormal(500, seed)), 200, seed)
	})
	add("hosts-1000x500c", func(tb testing.TB, seed uint64) *pack.Problem {
		return withHosts(onDemand.problem(tb, coarse(3000, 20, seed)), 1000, seed)
	})
	add("apart-5x50", func(tb testing.TB, seed uint64) *pack.Problem {
		return apart(onDemand.problem(tb, logNormal(1000, seed)), 5, 50, seed)
	})
	add("apart-20x100", func(tb testing.TB, seed uint64) *pack.Problem {
		return apart(onDemand.problem(tb, logNormal(1000, seed)), 20, 100, seed)
	})
	add("apart-1x30", func(tb testing.TB, seed uint64) *pack.Problem {
		return apart(onDemand.problem(tb, coarse(200, 5, seed)), 1, 30, seed)
	})
	add("zoned-1000", func(tb testing.TB, seed uint64) *pack.Problem {
		return zoned(zonal.problem(tb, logNormal(1000, seed)), seed)
	})
	add("mixed", func(tb testing.TB, seed uint64) *pack.Problem {
		return ruled(apart(withHosts(zoned(zonal.problem(tb, logNormal(2000, seed)), seed), 100, seed), 5, 60, seed), seed)
	})
	add("diverse-1000", func(_ testing.TB, seed uint64) *pack.Problem { return diverse(1000, 400, seed) })
	add("diverse-20000", func(_ testing.TB, seed uint64) *pack.Problem { return diverse(20000, 400, seed) })
	add("unmerged-20000", plain(unmerged, logNormals(20000)))
	add("counted-1000000x500", plain(onDemand, func(seed uint64) []pack.Item { return counted(1_000_000, 500, seed) }))
	add("counted-100000x50000", plain(onDemand, func(seed uint64) []pack.Item { return counted(100_000, 50_000, seed) }))
	return out
}

package repack_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/cluster/clustertest"
	"github.com/ullage-sh/ullage/repack"
	"github.com/ullage-sh/ullage/solve"
)

// everyWay is the least that nodes cost that hold all pods, found by trying every way to
// put each pod on a node that is there or on a new one. Only room counts.
type everyWay struct {
	pods   []cluster.Resources
	types  []cluster.InstanceType
	charge cluster.Money
	hosts  []cluster.Resources // room of the nodes that are there
	prices []cluster.Money
	used   []int // pods on each of them
	loads  []cluster.Resources
	least  cluster.Money
}

func (w *everyWay) place(i int) {
	if i == len(w.pods) {
		w.least = min(w.least, w.cost())
		return
	}
	p := w.pods[i]
	for h := range w.hosts {
		if room := w.hosts[h]; fits(p, room) {
			w.hosts[h] = room.Minus(p)
			w.used[h]++
			w.place(i + 1)
			w.used[h]--
			w.hosts[h] = room
		}
	}
	for n := range w.loads {
		load := w.loads[n]
		w.loads[n] = load.Plus(p)
		w.place(i + 1)
		w.loads[n] = load
	}
	w.loads = append(w.loads, p)
	w.place(i + 1)
	w.loads = w.loads[:len(w.loads)-1]
}

func (w *everyWay) cost() cluster.Money {
	sum := cluster.Money(0)
	for h, n := range w.used {
		if n > 0 {
			sum += w.prices[h] + w.charge
		}
	}
	for _, load := range w.loads {
		best := 1000 * cluster.USD
		for i := range w.types {
			if t := &w.types[i]; fits(load, t.Allocatable) {
				best = min(best, t.Offerings[0].Price+w.charge)
			}
		}
		sum += best
	}
	return sum
}

func fits(p, room cluster.Resources) bool {
	for _, a := range p {
		if room.Get(a.Name) < a.Value {
			return false
		}
	}
	return true
}

// TestEveryWay: the bound is never above what the best way costs, and nothing that
// repacking leaves to pay is below it. How often it finds the best is told with -v.
func TestEveryWay(t *testing.T) {
	best, all := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		n := func(what string, low, high int) int { return rapid.IntRange(low, high).Draw(t, what) }
		var b strings.Builder
		fmt.Fprintf(&b, "type small cpu=2 mem=4Gi pods=8 price.on-demand=0.1\ntype large cpu=4 mem=%dGi pods=8 price.on-demand=0.%d\ntype wide cpu=2 mem=16Gi pods=8 price.on-demand=0.%d\npool default\n", n("mem", 8, 16), n("large", 15, 25), n("wide", 11, 20))
		left := n("pods", 1, 6)
		for i := range n("nodes", 1, 4) {
			fmt.Fprintf(&b, "node n%d type=%s pool=default\n", i, rapid.SampledFrom([]string{"small", "large", "wide"}).Draw(t, "type"))
			cpu, mem := 2000, 4096
			for range 3 {
				c, m := 100*n("cpu", 1, 12), 256*n("memory", 1, 10)
				if left == 0 || c > cpu || m > mem {
					break
				}
				cpu, mem, left = cpu-c, mem-m, left-1
				fmt.Fprintf(&b, "pods w%d-%d 1 cpu=%dm mem=%dMi node=n%d\n", i, left, c, m, i)
			}
		}
		records, err := clustertest.Parse(b.String())
		if err != nil {
			t.Fatal(err)
		}
		in := repack.Input{Input: records, Now: clustertest.Born}
		opt := repack.Options{Solve: solve.Options{NodeCharge: 2500}, LeastSaving: -1, LeastYield: -1, Restart: 1}
		w := everyWay{types: records.Types[records.Pools[0].Class], charge: 2500, least: 1000 * cluster.USD}
		for _, p := range records.Pods {
			w.pods = append(w.pods, p.Demand.Requests)
		}
		for _, c := range records.Claims {
			price, _, _ := cluster.Price(w.types, c.Offering())
			w.hosts, w.prices, w.used = append(w.hosts, c.Allocatable), append(w.prices, price), append(w.used, 0)
		}
		w.place(0)
		if first := repack.Repack(in, opt); first.Bound > w.least {
			t.Fatalf("the bound is %s, the best way costs %s\n%s\n%s", first.Bound, w.least, b.String(), first.Text())
		}
		var r = repack.Repack(in, opt)
		for ; len(r.Actions) > 0; r = repack.Repack(in, opt) {
			for i := range r.Actions {
				if in, err = act(in, &r.Actions[i]); err != nil {
					t.Fatal(err)
				}
			}
		}
		if r.Cost < w.least {
			t.Fatalf("%s are left to pay, the best way costs %s: pods got lost\n%s", r.Cost, w.least, b.String())
		}
		if all++; r.Cost == w.least {
			best++
		}
	})
	t.Logf("the best way was found in %d of %d clusters", best, all)
}

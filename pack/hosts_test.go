package pack_test

import (
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/ullage-sh/ullage/pack"
)

// TestHostsOfOne: where each host has room for one item, hosts hold those that cost
// most to buy for.
func TestHostsOfOne(t *testing.T) {
	moved := 0
	rapid.Check(t, func(t *rapid.T) {
		const items = 12 // too many to try all
		length := rapid.Int64Range(6, 10)
		p := &pack.Problem{Room: []int64{0, 0}, Admits: []pack.Set{pack.FullSet(1)}}
		for range items {
			size := []pack.Amount{{Dim: 0, Value: length.Draw(t, "size")}, {Dim: 1, Value: length.Draw(t, "size")}}
			p.Items = append(p.Items, pack.Item{Size: size, Count: 1})
			p.Shapes = append(p.Shapes, pack.Shape{Room: size, Price: 1_000_000 * (4*size[0].Value + size[1].Value)})
		}
		for range rapid.IntRange(3, 8).Draw(t, "hosts") {
			p.Hosts = append(p.Hosts, pack.Host{Room: []pack.Amount{{Dim: 0, Value: length.Draw(t, "room") + 1}, {Dim: 1, Value: length.Draw(t, "room") + 1}}})
		}
		out := pack.Pack(p, pack.Options{Steps: 1000})
		least := cheapestMatching(p)
		if out.Objective != least {
			t.Fatalf("objective %d, the best is %d\n%+v", out.Objective, least, p)
		}
		if pack.Pack(p, pack.Options{}).Objective > least {
			moved++
		}
	})
	t.Logf("%d first packings were dearer", moved)
	if moved == 0 {
		t.Error("the first packing is the best each time: nothing was tested")
	}
}

// TestHostsOfTheChoosy: the first packing, too, leaves the hosts of those with little choice to
// them if nothing has to be bought then.
func TestHostsOfTheChoosy(t *testing.T) {
	room := func(v int64) []pack.Amount { return []pack.Amount{{Dim: 0, Value: v}} }
	anywhere := pack.Item{Size: room(150), Count: 13, Profile: 0}
	choosy := pack.Item{Size: room(100), Count: 6, Profile: 1}
	p := &pack.Problem{
		Room:   []int64{0},
		Items:  []pack.Item{anywhere, choosy},
		Admits: []pack.Set{pack.FullSet(2), pack.NewSet(2)},
		Hosts:  []pack.Host{{Room: room(2420), Kind: 1}, {Room: room(620)}},
		Shapes: []pack.Shape{{Room: room(2000), Price: 77_000}},
	}
	p.Admits[1].Add(0)
	if out := pack.Pack(p, pack.Options{}); out.Objective != 0 {
		t.Errorf("for %d something is bought, and there is room for all: %+v", out.Objective, out)
	}
}

// cheapestMatching is what must be bought when each host holds one item at most, each
// item is bought for alone, and all ways are tried.
func cheapestMatching(p *pack.Problem) int64 {
	cost := make([]int64, 1<<len(p.Hosts)) // of the items so far, by hosts that are still empty
	for i := range p.Items {
		next := make([]int64, len(cost))
		for empty := range cost {
			next[empty] = cost[empty] + p.Shapes[i].Price
			for h := range p.Hosts {
				if empty&(1<<h) != 0 && inside(p.Items[i].Size, p.Hosts[h].Room) {
					next[empty] = min(next[empty], cost[empty&^(1<<h)])
				}
			}
		}
		cost = next
	}
	return cost[len(cost)-1]
}

func inside(size, room []pack.Amount) bool {
	for i, a := range size {
		if a.Value > room[i].Value {
			return false
		}
	}
	return true
}

// TestHostsOfMany: hosts that have room for many items hold more of them if that is asked
// for, and what is placed is what fits.
func TestHostsOfMany(t *testing.T) {
	plain, asked := int64(0), int64(0)
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 3))
		p := &pack.Problem{Room: []int64{0, 0}, Admits: []pack.Set{pack.FullSet(1)}}
		amounts := func(x, y int64) []pack.Amount { return []pack.Amount{{Dim: 0, Value: x}, {Dim: 1, Value: y}} }
		for range 120 { // cores are worth four of the other
			x := 1 + rng.Int64N(12)
			p.Items = append(p.Items, pack.Item{Size: amounts(10*x, x*(10+rng.Int64N(70))), Count: 1 + rng.Int32N(6)})
		}
		for range 40 {
			x := 100 + rng.Int64N(300)
			p.Hosts = append(p.Hosts, pack.Host{Room: amounts(x, x*(1+rng.Int64N(8)))})
		}
		for _, ratio := range []int64{2, 4, 8} {
			p.Shapes = append(p.Shapes, pack.Shape{Room: amounts(800, 800*ratio), Price: 800 * (4 + ratio) * 1000})
		}
		a, b := pack.Pack(p, pack.Options{}), pack.Pack(p, pack.Options{Hosts: true})
		plain, asked = plain+a.Objective, asked+b.Objective
		free := make([][2]int64, len(p.Hosts))
		for h := range p.Hosts {
			free[h] = [2]int64{p.Hosts[h].Room[0].Value, p.Hosts[h].Room[1].Value}
		}
		for _, x := range b.Placed {
			for d := range 2 {
				free[x.Host][d] -= int64(x.Count) * p.Items[x.Item].Size[d].Value
			}
			if free[x.Host][0] < 0 || free[x.Host][1] < 0 {
				t.Fatalf("seed %d: host %d is overfull", seed, x.Host)
			}
		}
	}
	t.Logf("new nodes for %d, and for %d if hosts are filled with care", plain, asked)
	if asked > plain*97/100 {
		t.Errorf("new nodes cost %d if hosts are filled with care, and %d if not: that should save 3 %%", asked, plain)
	}
}

package solve

import (
	"fmt"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/cluster/clustertest"
)

const certified = `
	type c.large cpu=2 mem=4Gi pods=29 alloc.cpu=1930m price.on-demand=0.085 price.spot=0.031 zones=a,b
	type m.large cpu=2 mem=8Gi pods=29 alloc.cpu=1930m price.on-demand=0.096 price.spot=0.037 zones=a,b
	type r.xlarge cpu=4 mem=32Gi pods=58 alloc.cpu=3920m price.on-demand=0.252 price.spot=0.09 zones=a,b
	type gpu cpu=8 mem=64Gi pods=58 nvidia.com/gpu=4 price.on-demand=31.2
	pool default
	pods web 40 cpu=700m mem=1Gi
	pods cache 10 cpu=200m mem=5Gi selector=zone=a
	pods safe 7 cpu=1500m mem=1500001k selector=capacity-type=on-demand
	pods train 3 cpu=1 mem=3Gi nvidia.com/gpu=1`

// TestCertificate: however wrong the prices are that a certificate is made of,
// in the end no offering's room is worth more than it costs. Checked against the
// offerings themselves in big integers.
func TestCertificate(t *testing.T) {
	in, err := clustertest.Parse(certified)
	if err != nil {
		t.Fatal(err)
	}
	p := newProblem(cluster.NewSnapshot(in), Options{}.withDefaults())
	sets, demand := make([]bitset, len(p.shapeKinds.list)), make([]int32, len(p.classes))
	for k := range sets {
		sets[k] = p.shapeKinds.list[k].classes
	}
	for c := range demand {
		demand[c] = p.classes[c].count
	}
	m := newMarket(p, 0, int32(len(p.shapes)), sets, demand, demand)
	good := newTariff(m)
	right := append([]float64(nil), good.worth...)
	if c := newCertificate(good); c == nil || worthLess(c, 1) {
		t.Fatal("the solved tariff is worth next to nothing")
	}
	// The mutant: prices too high by a thousandth that are only rounded.
	broken := *good
	broken.worth = append([]float64(nil), right...)
	for i := range broken.worth {
		broken.worth[i] = right[i] * 1.001
	}
	mutant := &certificate{tariff: &broken, shift: 30}
	mutant.round(1)
	if provenAgainst(mutant) == nil {
		t.Error("prices that are too high pass")
	}
	proven := 0
	rapid.Check(t, func(t *rapid.T) {
		bad := *good
		bad.worth = append([]float64(nil), right...)
		for i := range bad.worth {
			switch rapid.IntRange(0, 5).Draw(t, "how wrong") {
			case 0:
				bad.worth[i] *= rapid.Float64Range(0, 3).Draw(t, "factor")
			case 1:
				bad.worth[i] = rapid.Float64Range(0, 1e7).Draw(t, "price")
			case 2:
				bad.worth[i] *= 1 + rapid.Float64Range(-1e-6, 1e-6).Draw(t, "rounding")
			}
		}
		c := newCertificate(&bad)
		if c == nil {
			return
		}
		proven++
		if err := provenAgainst(c); err != nil {
			t.Fatal(err)
		}
	})
	if proven == 0 {
		t.Error("no certificate was proven: nothing was tested")
	}
}

// worthLess tells whether all pods together are worth less than a price.
func worthLess(c *certificate, price cluster.Money) bool {
	sum := 0.0
	for class, n := range c.demand {
		sum += math.Ldexp(float64(c.podWorth[class]), -int(c.shift)) * float64(n)
	}
	return sum < float64(price)
}

// provenAgainst says which offering's room is worth more than it costs.
func provenAgainst(c *certificate) error {
	for i := range c.snap.Offerings {
		if worth, price := offeringWorth(c, i); worth.Cmp(price) > 0 {
			return fmt.Errorf("%s: room is worth %v, the price is %v", c.snap.Offerings[i].ID, worth, price)
		}
	}
	return nil
}

// offeringWorth returns what the room of an offering is worth to the classes that
// may use it, and its price, both × 2^shift.
func offeringWorth(c *certificate, i int) (worth, price *big.Int) {
	worth = new(big.Int)
	for d := range c.dims {
		best := uint64(0)
		for class, g := range c.group {
			if c.profiles[c.classes[class].profile].offerings.has(i) {
				best = max(best, c.unitWorth[int(g)*len(c.dims)+d])
			}
		}
		room := min(c.row(c.offerFree, int32(i))[d]/c.unit[d], c.total[d])
		worth.Add(worth, new(big.Int).Mul(new(big.Int).SetUint64(best), big.NewInt(room)))
	}
	price = big.NewInt(int64(c.snap.Offerings[i].Price))
	return worth, price.Lsh(price, c.shift)
}

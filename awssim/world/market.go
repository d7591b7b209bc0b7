package world

import (
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// priceStep is how long a Spot price stays the same. AWS's change a few times a day.
const priceStep = 3 * cluster.Hour

// knotSteps is how many steps lie between two knots of the walk: prices wander from day
// to day, not from hour to hour.
const knotSteps = 8

// swing is how far a Spot price wanders from where the catalogue has it, in parts per
// thousand.
const swing = 150

// SpotPrice is the price of a Spot pool at an instant, USD per hour; 0 if there is none.
//
// It is a slow walk around the catalogue's price, within the extremes that the catalogue
// has seen in the region and never above on-demand. It follows from the seed, the pool
// and the time alone: nobody needs to remember it, and history is there from the start.
func (w *World) SpotPrice(instanceType, zone string, at cluster.Instant) cluster.Money {
	o, ok := w.Offering(cluster.OfferingID{InstanceType: instanceType, Zone: zone, CapacityType: cluster.Spot})
	if !ok {
		return 0
	}
	t, _ := w.cfg.Catalog.Type(instanceType)
	sale := t.Offerings[w.cfg.Region]
	step := w.step(instanceType, zone, at)
	knot, part := floorDiv(step, knotSteps)
	from, to := w.knot(instanceType, zone, knot), w.knot(instanceType, zone, knot+1)
	wander := from + (to-from)*part/knotSteps
	price := o.Price + o.Price*cluster.Money(wander)/1000
	if low := cluster.Money(sale.SpotMin); low > 0 && low < o.Price {
		price = max(price, low)
	}
	if high := cluster.Money(sale.SpotMax); high > o.Price {
		price = min(price, high)
	}
	if onDemand := cluster.Money(sale.OnDemand); onDemand > 0 {
		price = min(price, onDemand)
	}
	return max(price, 1)
}

// PriceChanges lists the instants in [from, to] at which the price of a pool was set,
// newest first, and the last one before them.
func (w *World) PriceChanges(instanceType, zone string, from, to cluster.Instant) []cluster.Instant {
	var out []cluster.Instant
	for at := w.stepBegins(instanceType, zone, to); ; at = at.Add(-priceStep) {
		out = append(out, at)
		if at <= from {
			return out
		}
	}
}

// step numbers the spans in which a pool's price stays the same. Pools do not change in
// lockstep.
func (w *World) step(instanceType, zone string, at cluster.Instant) int64 {
	n, _ := floorDiv(int64(at)+w.phase(instanceType, zone), int64(priceStep))
	return n
}

func (w *World) stepBegins(instanceType, zone string, at cluster.Instant) cluster.Instant {
	return cluster.Instant(w.step(instanceType, zone, at)*int64(priceStep) - w.phase(instanceType, zone))
}

func (w *World) phase(instanceType, zone string) int64 {
	return int64(hash(w.cfg.Seed, "phase", instanceType, zone, 0) % uint64(priceStep/cluster.Second) * uint64(cluster.Second))
}

// knot is how far the walk is from its centre at a knot, in parts per thousand.
func (w *World) knot(instanceType, zone string, n int64) int64 {
	return int64(hash(w.cfg.Seed, "knot", instanceType, zone, n)%(2*swing+1)) - swing
}

func hash(seed uint64, purpose, instanceType, zone string, n int64) uint64 {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%d\x00%s\x00%s\x00%s\x00%d", seed, purpose, instanceType, zone, n) // a hash does not fail
	v := h.Sum64()
	// FNV's last bytes hardly reach its high bits: they are mixed once more.
	v ^= v >> 33
	v *= 0xff51afd7ed558ccd
	return v ^ v>>33
}

func floorDiv(a, b int64) (quotient, remainder int64) {
	quotient, remainder = a/b, a%b
	if remainder < 0 {
		quotient, remainder = quotient-1, remainder+b
	}
	return quotient, remainder
}

// Quota names a bound on running vCPUs.
type Quota struct {
	Class string
	Spot  bool
}

// QuotaClass is the class of an instance type in EC2's vCPU quotas: standard (A, C, D, H,
// I, M, R, T, Z), g (with VT), or the family's own letters.
func QuotaClass(instanceType string) string {
	letters := instanceType[:strings.IndexFunc(instanceType+"0", func(r rune) bool { return r < 'a' || r > 'z' })]
	switch letters {
	case "a", "c", "d", "h", "i", "m", "r", "t", "z", "im", "is":
		return "standard"
	case "g", "gr", "vt":
		return "g"
	}
	return letters
}

// Within tells how many instances of a type a quota leaves room for. Reserved capacity
// counts, whether it is used or not.
func (w *World) Within(instanceType string, spot bool) int {
	q := Quota{QuotaClass(instanceType), spot}
	bound, bounded := w.cfg.Quotas[q]
	t, ok := w.Type(instanceType)
	if !bounded || !ok {
		return 1 << 30
	}
	for _, i := range w.order {
		if i.Terminated != 0 || i.Spot != spot || QuotaClass(i.Type) != q.Class {
			continue
		}
		if used, ok := w.Type(i.Type); ok {
			bound -= used.VCPU
		}
	}
	for _, r := range w.reservations {
		if spot || !r.Active() || QuotaClass(r.Type) != q.Class {
			continue
		}
		if kept, ok := w.Type(r.Type); ok {
			bound -= kept.VCPU * int64(w.Unused(r))
		}
	}
	return int(max(bound, 0) / t.VCPU)
}

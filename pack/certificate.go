package pack

import "math"

// certificate is a tariff in integers, proven: for every shape on sale, the
// worth of its room is at most its price. All are in micro-USD per hour × 2^shift.
type certificate struct {
	*tariff
	shift     uint
	unitWorth []uint64 // of a unit of room, a row for each group
	podWorth  []uint64 // of a pod of each item
}

// newCertificate rounds a tariff down and proves it, or returns nil when it
// cannot.
func newCertificate(t *tariff) *certificate {
	c := &certificate{tariff: t, shift: 48}
	for top := c.largest(); c.shift > 1 && math.Ldexp(top, int(c.shift)) >= 1<<61; {
		c.shift--
	}
	// Rounding moved the prices by less than this; what it moved further is found
	// and taken back.
	factor := 1 - 1e-9
	for range 4 {
		c.round(factor)
		over := c.worst()
		if over <= 1 {
			c.addItems()
			return c
		}
		factor /= over * (1 + 1e-9)
	}
	return nil
}

// largest is the largest worth of a pod or of a unit.
func (c *certificate) largest() float64 {
	top := 0.0
	for _, v := range c.worth {
		top = max(top, v)
	}
	for item, g := range c.group {
		sum := 0.0
		for d, v := range c.row(c.unitRequest, int32(item)) {
			if g >= 0 {
				sum += float64(float64(v) * c.worth[int(g)*len(c.dense)+d])
			}
		}
		top = max(top, sum)
	}
	return top
}

func (c *certificate) round(factor float64) {
	c.unitWorth = c.unitWorth[:0]
	scale := math.Ldexp(factor, int(c.shift))
	for _, v := range c.worth {
		c.unitWorth = append(c.unitWorth, uint64(v*scale))
	}
}

// worst returns by what factor the worst shape's room is worth more than its
// price; exactly 1 or less when none is.
func (c *certificate) worst() float64 {
	worst := 1.0
	best := make([]uint64, len(c.dense))
	for i, s := range c.onSale {
		clear(best)
		for _, g := range c.admits[c.shapes[s].kind] {
			for d := range best {
				best[d] = max(best[d], c.unitWorth[int(g)*len(c.dense)+d])
			}
		}
		sum := wide{}
		for d, v := range c.row(c.unitRoom, int32(i)) {
			sum = sum.plus(mul(best[d], uint64(v)))
		}
		price := wide{lo: uint64(c.priceOf(s))}.shifted(c.shift)
		if sum.bad || price.bad {
			return math.Inf(1)
		}
		if price.less(sum) {
			worst = max(worst, math.Nextafter(1, 2), sum.float()/price.float())
		}
	}
	return worst
}

func (c *certificate) addItems() {
	c.podWorth = make([]uint64, len(c.items))
	for item, g := range c.group {
		if g < 0 {
			continue
		}
		for d, v := range c.row(c.unitRequest, int32(item)) {
			c.podWorth[item] += c.unitWorth[int(g)*len(c.dense)+d] * uint64(v)
		}
	}
}

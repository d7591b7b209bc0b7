package pack

import (
	"cmp"
	"math/bits"
	"slices"
)

// class is items that are enough alike to have one price: they may use the same
// shapes, in the same dimensions, and are of similar size.
type class struct {
	items []int32
	count float64   // of all of its items
	size  []float64 // mean, in units
	// uniform: all of its items are of the same size.
	uniform bool
}

// mostUniform is up to how many classes there may be if all are uniform.
const mostUniform = 128

// classify parts the items with demand into about that many classes.
func (m *market) classify(most int) []class {
	c := classifier{market: m}
	things := 0
	for _, n := range m.demand {
		things += int(n)
	}
	if groups := c.groups(true, max(most, min(mostUniform, things/2))); groups != nil {
		out := make([]class, len(groups))
		for i, items := range groups {
			out[i] = m.newClass(items)
		}
		return out
	}
	groups := c.groups(false, len(m.items))
	c.measure()
	parts := make([]part, 0, most)
	for _, items := range c.merged(groups, most) {
		parts = append(parts, c.newPart(items))
	}
	for len(parts) > 0 && len(parts) < most {
		at := 0
		for i := range parts {
			if parts[i].spread > parts[at].spread {
				at = i
			}
		}
		if parts[at].spread == 0 {
			break
		}
		low, high := c.split(&parts[at])
		parts[at] = c.newPart(low)
		parts = append(parts, c.newPart(high))
	}
	out := make([]class, len(parts))
	for i := range parts {
		out[i] = m.newClass(parts[i].items)
	}
	return out
}

func (m *market) newClass(items []int32) class {
	c := class{items: items, size: make([]float64, m.dims), uniform: true}
	for _, item := range items {
		c.uniform = c.uniform && m.alike[item] == m.alike[items[0]]
		n := float64(m.demand[item])
		c.count += n
		for d, v := range m.sizeOf(item) {
			c.size[d] += float64(n * float64(v))
		}
	}
	for d := range c.size {
		c.size[d] /= c.count
	}
	return c
}

// classifier holds what classes are made by.
type classifier struct {
	*market
	features []int32   // a row for each item
	weight   []float64 // of each item: how much of the demand it is
}

// groups parts the items with demand by the kinds they may use and the dimensions
// that they use, or also by size; nil if that makes more groups than most.
func (c *classifier) groups(bySize bool, most int) [][]int32 {
	type key struct {
		dims        uint64
		kinds, size int32
	}
	var out [][]int32
	index := map[key]int{}
	var last key
	lastAt := 0
	apart := c.apart
	for i, n := range c.demand {
		if len(apart) > 0 && apart[0] == int32(i) {
			apart = apart[1:]
			if n > 0 && !bySize {
				out = append(out, []int32{int32(i)})
				continue
			}
		}
		if n == 0 || c.group[i] < 0 {
			continue
		}
		k := key{kinds: c.group[i]}
		for d, v := range c.sizeOf(int32(i)) {
			if v > 0 {
				k.dims |= 1 << (d % 64)
			}
		}
		if bySize {
			k.size = c.alike[i]
		}
		if k == last && len(out) > 0 {
			out[lastAt] = append(out[lastAt], int32(i))
			continue
		}
		at, ok := index[k]
		last, lastAt = k, at
		if !ok {
			if at, lastAt = len(out), len(out); at == most {
				return nil
			}
			index[k] = at
			out = append(out, nil)
		}
		out[at] = append(out[at], int32(i))
	}
	return out
}

// measure computes the numbers by which items are compared, as logarithms: first
// their size in the first dimension that they use, then their proportions.
func (c *classifier) measure() {
	c.features = make([]int32, len(c.items)*c.dims)
	c.weight = make([]float64, len(c.items))
	for i, n := range c.demand {
		if n == 0 {
			continue
		}
		row := c.features[i*c.dims : (i+1)*c.dims]
		first := -1
		for d, v := range c.sizeOf(int32(i)) {
			if v == 0 {
				continue
			}
			c.weight[i] += float64(n) * (float64(v) / float64(c.total[d]))
			row[d] = log2(v)
			if first < 0 {
				first = d
				continue
			}
			row[d] -= row[first]
		}
		if first >= 0 {
			row[first] /= 2 // proportions tell more
		}
	}
}

// log2 is 256·log₂(v) for v > 0, linear between powers of two.
func log2(v int64) int32 {
	n := bits.Len64(uint64(v)) - 1
	return int32(n)<<8 + int32(uint64(v)<<(63-n)<<1>>56)
}

// merged keeps the groups with most demand, two thirds as many as there may be
// classes, and makes one of all others.
func (c *classifier) merged(groups [][]int32, most int) [][]int32 {
	most = max(1, most*2/3)
	if len(groups) <= most {
		return groups
	}
	weight, order := make([]float64, len(groups)), make([]int, len(groups))
	for g, items := range groups {
		order[g] = g
		for _, i := range items {
			weight[g] += c.weight[i]
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return -cmp.Compare(weight[a], weight[b]) })
	out := make([][]int32, most)
	for i, g := range order {
		at := min(i, most-1)
		out[at] = append(out[at], groups[g]...)
	}
	return out
}

// part is a class on its way: items, and how far they are from being alike.
type part struct {
	items   []int32
	feature int   // in which they differ most
	mean    int32 // of it
	spread  float64
}

func (c *classifier) newPart(items []int32) part {
	p := part{items: items}
	for f := range c.dims {
		weight, sum, square := 0.0, 0.0, 0.0
		low, high := int32(1<<30), int32(-1<<30)
		for _, i := range items {
			at := c.features[int(i)*c.dims+f]
			low, high = min(low, at), max(high, at)
			w, v := c.weight[i], float64(at)
			weight += w
			sum += float64(w * v)
			square += float64(w * float64(v*v))
		}
		if low == high {
			continue
		}
		mean := sum / weight
		if spread := square - float64(mean*sum); spread > p.spread {
			p.feature, p.mean, p.spread = f, min(int32(mean), high-1), spread
		}
	}
	return p
}

// split parts the items at the mean of the feature that they differ most in.
func (c *classifier) split(p *part) (low, high []int32) {
	for _, i := range p.items {
		if c.features[int(i)*c.dims+p.feature] <= p.mean {
			low = append(low, i)
		} else {
			high = append(high, i)
		}
	}
	return low, high
}

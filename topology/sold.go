package topology

import (
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/pack"
)

// Memory is what one split leaves to the next of what is sold: as long as the snapshots' offerings
// are the same memory, so are their domains. It decides nothing. The zero value is ready to use.
type Memory struct {
	offerings []cluster.PoolOffering
	goods     *goods
	in        map[string]*soldIn // by label
}

// goods are the offerings told apart as [alikeElsewhere] does, with what those of each number cost
// together, and how many they are.
type goods struct {
	of        []int32
	sum, sold []int64
}

// soldIn is the domains that a label makes of offerings, in the order in which they are met.
type soldIn struct {
	values []string
	sets   []pack.Set
	share  []int64 // of each, see [domains]
}

// about makes it a memory of these offerings, and returns it.
func (m *Memory) about(offerings []cluster.PoolOffering) *Memory {
	if m == nil {
		m = new(Memory)
	}
	same := len(offerings) == len(m.offerings) && (len(offerings) == 0 || &offerings[0] == &m.offerings[0])
	if !same || m.in == nil {
		*m = Memory{offerings: offerings, in: map[string]*soldIn{}}
	}
	return m
}

// sold is the domains that a label makes of the offerings.
func (m *Memory) sold(key string) *soldIn {
	d := m.in[key]
	if d != nil {
		return d
	}
	d = &soldIn{}
	ids := map[string]int{}
	for i := range m.offerings {
		value, ok := m.offerings[i].Label(key)
		if !ok {
			continue
		}
		id, known := ids[value]
		if !known {
			id = len(d.values)
			ids[value] = id
			d.values, d.sets = append(d.values, value), append(d.sets, pack.NewSet(len(m.offerings)))
		}
		d.sets[id].Add(i)
	}
	m.addShares(d)
	m.in[key] = d
	return d
}

// whole is a share in thousandths.
const whole = 1000

// addShares compares the prices in each domain with the mean of what is sold alike elsewhere.
func (m *Memory) addShares(d *soldIn) {
	g := m.allGoods()
	for _, set := range d.sets {
		share, offers := int64(0), int64(0)
		for i := range set.All {
			if w := g.of[i]; g.sum[w] > 0 {
				share += int64(m.offerings[i].Price) * g.sold[w] * whole / g.sum[w]
				offers++
			}
		}
		if offers == 0 {
			share, offers = nothingSold, 1
		}
		d.share = append(d.share, share/offers)
	}
}

// nothingSold is the share of a domain in which nothing can be bought: it comes last.
const nothingSold = 2 * whole

func (m *Memory) allGoods() *goods {
	if m.goods != nil {
		return m.goods
	}
	of, n := alikeElsewhere(m.offerings)
	m.goods = &goods{of: of, sum: make([]int64, n), sold: make([]int64, n)}
	for i, w := range of {
		m.goods.sum[w] += int64(m.offerings[i].Price)
		m.goods.sold[w]++
	}
	return m.goods
}

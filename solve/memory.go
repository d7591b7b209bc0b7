package solve

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/pack"
	"github.com/ullage-sh/ullage/topology"
)

// Memory is what one solution leaves to the next: room to work in, what was packed, and what is
// known of offerings, as long as those of the snapshots are the same memory. It decides nothing, and
// is for one solution at a time. The zero value is ready to use.
type Memory struct {
	packing  pack.Memory
	topology topology.Memory
	sold     sold
}

// forPacking is the part of it that packing wants.
func (m *Memory) forPacking() *pack.Memory {
	if m == nil {
		return nil
	}
	return &m.packing
}

// forTopology is the part of it that splitting classes wants.
func (m *Memory) forTopology() *topology.Memory {
	if m == nil {
		return nil
	}
	return &m.topology
}

// sold is offerings as node selection sees them.
type sold struct {
	offerings []cluster.PoolOffering
	taints    [][]cluster.Taint // of each pool
	side      *side
}

// mostAsked bounds how many requirements and tolerations are remembered.
const mostAsked = 10_000

// sideOf is the offerings of a snapshot as node selection sees them.
func (m *Memory) sideOf(snap *cluster.Snapshot) *side {
	if m == nil {
		return sideOf(snap)
	}
	if !m.sold.is(snap) || len(m.sold.side.matches)+len(m.sold.side.tolerates) > mostAsked {
		m.sold = sold{offerings: snap.Offerings, side: sideOf(snap)}
		for i := range snap.Pools {
			m.sold.taints = append(m.sold.taints, snap.Pools[i].Taints)
		}
	}
	return m.sold.side
}

// is tells whether it is what a snapshot sells.
func (x *sold) is(snap *cluster.Snapshot) bool {
	return x.side != nil && len(x.offerings) == len(snap.Offerings) && (len(x.offerings) == 0 || &x.offerings[0] == &snap.Offerings[0]) &&
		slices.EqualFunc(x.taints, snap.Pools, func(t []cluster.Taint, p cluster.PoolState) bool { return slices.Equal(t, p.Taints) })
}

func sideOf(snap *cluster.Snapshot) *side {
	offerings := snap.Offerings
	s := newSide(len(offerings), false, func(i int, key string) (string, bool) { return offerings[i].Label(key) })
	s.wares = make([]int32, len(offerings))
	for i := range offerings {
		s.wares[i] = offerings[i].Ware
		s.addPlace(snap.Pools[offerings[i].Pool].Taints, offerings[i].Ports)
	}
	return s
}

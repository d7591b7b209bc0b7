package cluster

import (
	"encoding/binary"
	"slices"
	"strings"
)

// Resell returns the snapshot as a market in which nodes like these hosts can be had as
// well, for what they cost now, and without what pools add: weights and limits. It is
// for bounds: who stays where it is need not pay more than the market asks, nor less.
func (s *Snapshot) Resell(hosts []int) *Snapshot {
	out := *s
	out.Pools = slices.Clone(s.Pools)
	for i := range out.Pools {
		p := *out.Pools[i].Pool
		p.Weight, p.Limits = 0, nil
		out.Pools[i].Pool = &p
	}
	out.Offerings = slices.Clone(s.Offerings)
	for i := range out.Offerings {
		out.Offerings[i].pool = out.Pools[out.Offerings[i].Pool].Pool
	}
	type sold struct {
		pool int
		id   OfferingID
	}
	market := map[sold]int{}
	for i := range s.Offerings {
		o := &s.Offerings[i]
		market[sold{o.Pool, o.ID}] = i
	}
	seen := map[string]bool{}
	for _, at := range hosts {
		h := &s.Hosts[at]
		id := OfferingID{h.Labels[LabelInstanceType], h.Labels[LabelZone], h.Labels[LabelCapacityType]}
		if i, ok := market[sold{h.Pool, id}]; ok && s.Offerings[i].Price <= h.Price && h.Free.Fits(s.Offerings[i].Free) {
			continue
		}
		key := h.resaleKey(id)
		if seen[key] {
			continue
		}
		seen[key] = true
		typ := &InstanceType{Name: id.InstanceType, Labels: h.Labels}
		out.Offerings = append(out.Offerings, PoolOffering{
			Pool: h.Pool, Type: typ, ID: id, Price: h.Price, Allocatable: h.Allocatable, Free: h.Free, Imputed: h.Imputed, pool: out.Pools[h.Pool].Pool,
		})
	}
	sortOfferings(&out)
	return &out
}

// resaleKey is the same for hosts that are alike as something to buy.
func (h *Host) resaleKey(id OfferingID) string {
	key := binary.LittleEndian.AppendUint64([]byte(id.String()+"\x00"), uint64(h.Pool))
	key = binary.LittleEndian.AppendUint64(key, uint64(h.Price))
	for _, v := range h.Free {
		key = binary.LittleEndian.AppendUint64(key, uint64(v))
	}
	labels := make([]string, 0, len(h.Labels))
	for k, v := range h.Labels {
		if k != LabelHostname {
			labels = append(labels, k+"="+v)
		}
	}
	slices.Sort(labels)
	return string(key) + strings.Join(labels, "\x00")
}

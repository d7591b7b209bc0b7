package solve

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/pack"
)

// quotas are what nodes use up: the pools' limits and, after them, stocks, as the
// room they leave. The rooms of all are one slice, as packing wants them.
type quotas struct {
	start []int32 // of each pool, its first limit; one more at the end
	names []string
	limit []int64
	room  []int64 // negative where a limit is exceeded already
	stock map[string]int32
	// used is what a node of each offering takes, those of one from its index in at to
	// the next.
	used []pack.Use
	at   []int32
}

func newQuotas(snap *cluster.Snapshot) quotas {
	q := quotas{stock: map[string]int32{}}
	for i := range snap.Pools {
		p := &snap.Pools[i]
		q.start = append(q.start, int32(len(q.names)))
		for _, l := range p.Limits {
			q.names = append(q.names, l.Name)
			q.limit = append(q.limit, l.Value)
			q.room = append(q.room, l.Value-p.Used.Get(l.Name))
		}
	}
	q.start = append(q.start, int32(len(q.names)))
	for _, s := range snap.Stocks {
		q.stock[s.Name] = int32(len(q.names))
		q.names = append(q.names, s.Name)
		q.limit = append(q.limit, s.Left)
		q.room = append(q.room, max(s.Left, 0)) // what is overdrawn is empty
	}
	q.at = make([]int32, len(snap.Offerings)+1)
	for i := range snap.Offerings {
		q.used = q.appendUses(q.used, &snap.Offerings[i])
		q.at[i+1] = int32(len(q.used))
	}
	return q
}

// uses is what one node of an offering takes of all quotas: of its pool's limits, in
// their order, and then of stocks.
func (q *quotas) uses(offering int32) []pack.Use {
	return slices.Clip(q.used[q.at[offering]:q.at[offering+1]])
}

func (q *quotas) appendUses(list []pack.Use, o *cluster.PoolOffering) []pack.Use {
	first := q.start[o.Pool]
	for i, name := range q.names[first:q.start[o.Pool+1]] {
		amount := int64(1)
		if name != cluster.NodesLimit {
			amount = o.Type.Capacity.Get(name)
		}
		list = append(list, pack.Use{Quota: first + int32(i), Amount: amount})
	}
	for _, d := range o.Draws {
		if at, ok := q.stock[d.Stock]; ok {
			list = append(list, pack.Use{Quota: at, Amount: d.Amount})
		}
	}
	return list
}

// affordable tells whether there is room for a node that uses so much. Of what is
// exceeded already nothing can be had.
func affordable(room []int64, uses []pack.Use) bool {
	return !slices.ContainsFunc(uses, func(u pack.Use) bool { return room[u.Quota] < 0 || u.Amount > room[u.Quota] })
}

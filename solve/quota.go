package solve

import "github.com/ullage-sh/ullage/cluster"

// quotas are the pools' limits, as the room they leave. The rooms of all pools
// are one slice, as packing wants them.
type quotas struct {
	start []int32 // of each pool, its first limit; one more at the end
	names []string
	limit []int64
	room  []int64 // negative where a limit is exceeded already
}

func newQuotas(pools []cluster.PoolState) quotas {
	var q quotas
	for i := range pools {
		q.start = append(q.start, int32(len(q.names)))
		for _, l := range pools[i].Limits {
			q.names = append(q.names, l.Name)
			q.limit = append(q.limit, l.Value)
			q.room = append(q.room, l.Value-pools[i].Used.Get(l.Name))
		}
	}
	q.start = append(q.start, int32(len(q.names)))
	return q
}

// of returns the part of a slice like q.room that belongs to a pool.
func (q *quotas) of(all []int64, pool int32) []int64 { return all[q.start[pool]:q.start[pool+1]] }

// capacity appends what one node of this offering takes of its pool's limits.
func (q *quotas) capacity(row []int64, o *cluster.PoolOffering) []int64 {
	for _, name := range q.names[q.start[o.Pool]:q.start[o.Pool+1]] {
		if name == cluster.NodesLimit {
			row = append(row, 1)
		} else {
			row = append(row, o.Type.Capacity.Get(name))
		}
	}
	return row
}

// affordable tells whether a pool has room for a node of that capacity. A pool
// that exceeds any limit has room for none.
func affordable(room, capacity []int64) bool {
	for i, c := range capacity {
		if room[i] < 0 || c > room[i] {
			return false
		}
	}
	return true
}

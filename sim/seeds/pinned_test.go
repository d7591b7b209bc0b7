package seeds

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim"
)

// TestPinnedSeeds are days that broke a rule once, as far as they are quick to simulate. What
// was wrong is beside them.
func TestPinnedSeeds(t *testing.T) {
	types := sold(t)
	const often = 10 * cluster.Second
	for _, x := range []struct {
		seed uint64
		cut  string
		pass cluster.Duration // from one look at all nodes to the next; 0 as drawn
	}{
		// An empty node to which pods were about to move was given back, another bought. And while
		// pods of StatefulSets were still to come, nodes were looked at all the time.
		{20778028, "faults=0,2-3,14-15,18-21", often},
		// Moves that failed were paid for with nodes like those that had gone.
		{20005, "", often},
		{5565, "", often},
		// Pods were let onto one new node each, and a spread wanted them on each other's. And pods
		// that had new nodes took the room of chunks, as most was free there.
		{40325, "until=19h30m", often},
		// A node was given back as one too many in the moment in which another was deleted, which
		// nobody could have seen.
		{700398, "until=8h30m", often},
		// Of two nodes of two pools that go together one went, and the other pool's budget closed.
		{703240, "until=0h30m", often},
		// A node was bought for pods of others, which wait for them without end.
		{703373, "until=18h0m", often},
		// Nodes that were kept seemed to have room, which was that of pods still to come.
		{30224, "", often},
		// Nodes were deleted by hand before what was to replace them was bought, and plans
		// counted on that ever after.
		{5535, "", 0},
		// A pod tried the place of another like it, which was not told to leave it alone.
		{400490, "", 0},
		// A pod that may never be evicted kept the node that was meant for it.
		{400453, "", 0},
		// Of two nodes that replace one the first was ready, and the second never was.
		{705443, "workloads=0-6,12,14-31 faults=0-18,21-23 until=17h54m", 0},
		// An empty node was kept for a chunk, and there were others, of a fixed number, for which
		// chunks are too large.
		{408015, "workloads=4,7-14,21-27 faults=2-3,6,8,10-22 until=8h26m", 5 * cluster.Minute},
		// A pool was to have no nodes any more, the replacement of one of them ended with the
		// others, and that one was held to be still waiting for it.
		{706666, "workloads=10-14,16-17,30-34 faults=4,10,17-23 until=10h32m", 0},
		// Drifted nodes of a fixed number that had no room for a replacement used up what pods'
		// budgets allow: nothing could be saved.
		{625, "workloads=0-4,8,10 faults=0-2,4-5,9-14,17-22,24-26,29-30", often},
		// A node that is held up by its pods uses up the pool's budget: nothing could be saved.
		{20093, "", often},
		// Pods of a StatefulSet come one after the other, and others were evicted before the last of
		// them, and took its room.
		{706652, "faults=5,7-9,11-30 until=6h16m", 0},
		// Two of nine pods that spread over zones had to go to one zone, where another pod that moved
		// with them took the only place.
		{260, "faults=2-19 until=4h27m", 0},
		// The operator ended in the moment in which a node was empty and one of its pods had no place:
		// the next one gave the node back, and bought the same again.
		{324, "faults=8-30 until=5h37m", 0},
		// The same as in 260 where three nodes were replaced by three others.
		{327, "faults=12-25 until=10h49m", 0},
		// A pool that gives back only empty nodes kept one for a chunk that had room elsewhere.
		{489, "workloads=0-21 faults=3-4,6-7,9-10,12,14-28 until=19h36m", 0},
		// A node of a pool with a fixed number went before its successor was there, and what ran then
		// was taken for what runs when all is settled.
		{87, "until=7h50m", 0},
		// Three pods whose places a spread forbade for now were all given the one place of another like
		// them: whose it was did not get theirs in exchange, and was asked again.
		{3171, "workloads=0-1,6-8,18-20 faults=4,6-9,11,16-26 until=3h36m", 0},
		// A budget lets nine pods go one by one: the last were asked for so often that those whose turn
		// came after were evicted before them, and had taken their places.
		{2005, "faults=2-30 until=3h29m", 0},
		// The answer to an eviction was lost, and the pod that came for the one that had gone was planned
		// for before that was seen.
		{2497, "faults=3-23 until=2h43m", 0},
		// Whenever the claim of a node that is replaced alone changed, the places of those who were to come
		// for its pods were forgotten.
		{4543, "workloads=0-17,20-28,30 faults=2-25 until=6h51m", 0},
		// Room kept free on empty nodes that go was sought on others that were about to go as well, and bought
		// again, every two minutes.
		{5747, "workloads=0-5 faults=1,3-27 until=0h18m", 0},
		// Pods of a StatefulSet with volumes are each one of its kind: that one was ready, and the next still
		// to come, was not noticed.
		{7680, "workloads=0-12 faults=2-3,5,10-30 until=6h9m", 0},
		// Pods whose places others like them had taken went before those whose turn it was.
		{7740, "faults=2-3,8,12-20 until=12h9m", 0},
		// Of the judge: a node that was too old by a clock that was set back before it went.
		{7950, "workloads=0-5,7,9-12 faults=0-3,5-20 extras=volumes until=4h1m", 0},
		// A new leader took back that nodes had drifted before it knew of what they are, and went on giving
		// them back.
		{1992, "workloads=2,4,21-23 faults=9-25 until=4h39m", 0},
		// Of two nodes emptied at the same time the first began before the taint of the other was there,
		// whose pods would have come first.
		{2269, "faults=2-25 until=2h34m", 0},
		// A node bought in vain waited for a budget to go, and another was emptied onto it.
		{5109, "faults=1-2,5-6,8,10-28 until=7h55m", 0},
		// Of the judge: what was bought waited for a quarter of an hour, until pods had gone one by one whose turn came first.
		{8533, "faults=0-24 until=0h32m", 0},
		// Places of pods that a budget does not let go yet were given to others, as if these stayed for ever.
		{8269, "faults=3,9,15-26 until=12h13m", 0},
	} {
		cut, err := ParseCut(x.cut)
		if err != nil {
			t.Fatal(err)
		}
		s := cut.Apply(Scenario(x.seed, types, true))
		again := Again(x.seed, true, cut)
		if x.pass > 0 {
			s.Options.PassEvery, again = x.pass, again+" --pass-every "+x.pass.String()
		}
		r, err := sim.Run(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range r.Violations {
			t.Errorf("seed %d: %s at %s: %s: %s\nsee it again: %s", x.seed, v.Rule, v.At.RFC3339(), v.About, v.Why, again)
		}
	}
}

package topology

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/pack"
)

// domains are those that one label makes of hosts and offerings.
type domains struct {
	number int32 // of the topology
	key    string
	n      int     // how many there are
	hosts  []int32 // domain of each host, −1 without the label
	// The hosts and offerings of each domain. They are not written to.
	hostSets, offeringSets []pack.Set
	values                 []string
	// rank orders domains by how dear their offerings are, the cheapest first; share
	// is that as a share of the mean, in thousandths.
	rank  []int32
	share []int64
}

// onNode tells whether a key makes a domain of each node.
func onNode(key string) bool { return key == cluster.LabelHostname }

// topology returns the domains of a label that is not of single nodes.
func (a *assigner) topology(key string) *domains {
	if d := a.topologies[key]; d != nil {
		return d
	}
	d := &domains{number: int32(len(a.topologies)), key: key, hosts: make([]int32, len(a.snap.Hosts))}
	a.topologies[key] = d
	ids := map[string]int32{}
	of := func(value string) int32 {
		id, ok := ids[value]
		if !ok {
			id = int32(len(ids))
			ids[value] = id
			d.values = append(d.values, value)
			d.hostSets = append(d.hostSets, pack.NewSet(len(a.snap.Hosts)))
		}
		return id
	}
	for i := range a.snap.Hosts {
		d.hosts[i] = -1
		if value, ok := a.snap.Hosts[i].Label(key); ok {
			d.hosts[i] = of(value)
			d.hostSets[d.hosts[i]].Add(i)
		}
	}
	d.addSold(a.memory.sold(key), of, pack.NewSet(len(a.snap.Offerings)))
	d.addRank()
	return d
}

// addSold adds what is sold in each domain; nothing is none of it.
func (d *domains) addSold(x *soldIn, of func(value string) int32, nothing pack.Set) {
	at := make([]int32, len(x.values))
	for i, value := range x.values {
		at[i] = of(value)
	}
	d.n = len(d.values)
	d.offeringSets, d.share = slices.Repeat([]pack.Set{nothing}, d.n), slices.Repeat([]int64{nothingSold}, d.n)
	for i, id := range at {
		d.offeringSets[id], d.share[id] = x.sets[i], x.share[i]
	}
}

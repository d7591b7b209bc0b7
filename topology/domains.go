package topology

import (
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/pack"
)

// domains are those that one label makes of hosts and offerings.
type domains struct {
	number int32 // of the topology
	key    string
	n      int     // how many there are
	hosts  []int32 // domain of each host, −1 without the label
	// The hosts and offerings of each domain.
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
	of := func(label cluster.Lookup) int32 {
		value, ok := label(key)
		if !ok {
			return -1
		}
		id, ok := ids[value]
		if !ok {
			id = int32(len(ids))
			ids[value] = id
			d.values = append(d.values, value)
			d.hostSets = append(d.hostSets, pack.NewSet(len(a.snap.Hosts)))
			d.offeringSets = append(d.offeringSets, pack.NewSet(len(a.snap.Offerings)))
		}
		return id
	}
	for i := range a.snap.Hosts {
		d.hosts[i] = of(a.snap.Hosts[i].Label)
		if d.hosts[i] >= 0 {
			d.hostSets[d.hosts[i]].Add(i)
		}
	}
	for i := range a.snap.Offerings {
		if at := of(a.snap.Offerings[i].Label); at >= 0 {
			d.offeringSets[at].Add(i)
		}
	}
	d.n = len(ids)
	d.addRank(a.snap)
	return d
}

package topology

import (
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/pack"
)

// counter counts the pods of a group on the nodes that spreads look at. Spreads of
// classes with the same selection share one.
type counter struct {
	group int32
	// eligible are the domains with such nodes, or where they could be bought; there
	// the pods on hosts, dealt those that have been dealt out, by domain.
	eligible     []bool
	there, dealt []int32
	// affinity: only nodes among places count, as the classes' affinity is honoured.
	affinity bool
	places   int32
}

type counterKey struct {
	group, places    int32
	affinity, taints bool
	keys             string // of all hard spreads of the class
}

// counterOf returns the counter of the j-th spread of a class.
func (x *dealing) counterOf(class int32, j int) *counter {
	c, k := &x.snap.Classes[class], &x.classes[class]
	s := &c.Demand.Spreads[j]
	keys := spreadKeys(c.Demand)
	// Pods count on hosts, too, that only others may use: whose ports are taken, say.
	looked := Places{k.Selected, k.Places.Offerings}
	if s.HonorTaints {
		looked.Hosts = meet(looked.Hosts, k.Tolerated)
	}
	places := x.id(looked)
	key := counterKey{c.Spreads[j], places, s.HonorAffinity, s.HonorTaints, strings.Join(keys, " ")}
	if have := x.counters[key]; have != nil {
		return have
	}
	n := &counter{
		group: c.Spreads[j], eligible: make([]bool, x.n), there: make([]int32, x.n), dealt: make([]int32, x.n),
		affinity: s.HonorAffinity, places: key.places,
	}
	others := slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return key == x.key })
	counts := func(h int) bool {
		return x.hosts[h] >= 0 && labelled(&x.snap.Hosts[h], others) && (!s.HonorAffinity || k.Selected.Has(h)) && (!s.HonorTaints || k.Tolerated.Has(h))
	}
	for h := range x.snap.Hosts {
		if counts(h) {
			n.eligible[x.hosts[h]] = true
		}
	}
	for _, g := range x.snap.Groups[n.group].Hosts {
		if counts(int(g.Host)) {
			n.there[x.hosts[g.Host]] += g.Pods
		}
	}
	for at := range x.n {
		bought := meets(k.Places.Offerings, x.offeringSets[at]) || !s.HonorAffinity && !x.offeringSets[at].Empty()
		n.eligible[at] = n.eligible[at] || bought
	}
	x.counters[key] = n
	x.byGroup[n.group] = append(x.byGroup[n.group], n)
	return n
}

// spreadKeys are the labels over which pods are spread.
func spreadKeys(d *cluster.Demand) []string {
	var keys []string
	for i := range d.Spreads {
		if !d.Spreads[i].Soft {
			keys = append(keys, d.Spreads[i].Key)
		}
	}
	return keys
}

// labelled tells whether a host has all of these labels: spreads do not look at any
// other.
func labelled(h *cluster.Host, keys []string) bool {
	return !slices.ContainsFunc(keys, func(key string) bool { _, ok := h.Label(key); return !ok })
}

// tell counts pods of a group that are dealt to places in a domain, or taken back.
func (x *dealing) tell(group, places, domain, pods int32) {
	x.row(x.dealt, group)[domain] += pods
	for _, n := range x.byGroup[group] {
		if n.affinity && !x.overlap(places, n.places, domain) {
			continue
		}
		n.dealt[domain] += pods
	}
}

// overlap tells whether two sets of places have any in common in a domain. Where
// they do, but not all, nobody knows on which side pods will come to lie.
func (x *dealing) overlap(a, b, domain int32) bool {
	if a == b {
		return true
	}
	p, q := &x.list[x.in(a, x.domains, domain)], &x.list[x.in(b, x.domains, domain)]
	if !meets(p.Hosts, q.Hosts) && !meets(p.Offerings, q.Offerings) {
		return false
	}
	x.uncertain = x.uncertain || !within(p.Hosts, q.Hosts) || !within(p.Offerings, q.Offerings)
	return true
}

func within(a, b pack.Set) bool {
	for i := range a {
		if a[i]&^b[i] != 0 {
			return false
		}
	}
	return true
}

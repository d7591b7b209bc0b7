package karpenter

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// rule is how a constraint between pods reads its tally.
type rule uint8

const (
	spreads rule = iota // no domain has many more than the others
	near                // some are in the domain
	apart               // none is in the domain
)

// tally is pods of a group, counted by the domains that a label makes of nodes. What it
// counts at a moment is in [trial.counts]; this is what stays.
type tally struct {
	key   string
	group int32
	rule  rule
	// at is the domain of each host, −1 for one that is in none. Domains are numbered;
	// names has them. Of host names each host and each claim is a domain of its own.
	at    []int32
	names []string
	ids   map[string]int32
	hosts bool
	// owner is the demand whose node selection says which nodes count; nil for all.
	owner *cluster.Demand
	first []int32 // what hosts hold in the beginning, by domain
}

// tallyKey tells tallies apart.
type tallyKey struct {
	key   string
	group int32
	rule  rule
	repel bool
	owner *cluster.Demand
}

// constraint is a tally as one class has to keep to it.
type constraint struct {
	tally   int32
	rule    rule
	skew    int32
	domains int32 // MinDomains
	itself  int32 // 1 if the pod is one of those counted
	// open are the domains that the pod's own node selection leaves, by number; nil for
	// all.
	open []bool
}

// tallyOf returns the number of a tally, and makes it if it is not there.
func (b *board) tallyOf(k tallyKey) int32 {
	if i, ok := b.index[k]; ok {
		return i
	}
	t := &tally{key: k.key, group: k.group, rule: k.rule, owner: k.owner, hosts: k.key == cluster.LabelHostname, ids: map[string]int32{}}
	t.at = make([]int32, len(b.snap.Hosts))
	if t.hosts {
		for h := range t.at {
			t.at[h] = int32(h)
		}
		t.first = make([]int32, len(t.at))
	} else {
		b.nameDomains(t)
		t.first = make([]int32, len(t.names))
	}
	i := int32(len(b.tallies))
	b.tallies = append(b.tallies, t)
	b.index[k] = i
	if !k.repel {
		for _, c := range b.snap.Groups[k.group].Hosts {
			t.start(c.Host, c.Pods)
		}
	}
	return i
}

func (t *tally) start(host, pods int32) {
	if d := t.at[host]; d >= 0 {
		t.first[d] += pods
	}
}

// nameDomains finds the domains of a label: those of nodes that could be bought, and of
// the hosts that count.
func (b *board) nameDomains(t *tally) {
	names := map[string]bool{}
	for _, v := range b.sold(t.key) {
		names[v] = true
	}
	values := make([]string, len(t.at))
	for h := range b.snap.Hosts {
		x := &b.snap.Hosts[h]
		if v, ok := x.Label(t.key); ok && (t.owner == nil || t.owner.Selects(x.Label)) {
			values[h] = v
			names[v] = true
		}
	}
	for v := range names {
		t.names = append(t.names, v)
	}
	slices.Sort(t.names)
	for i, v := range t.names {
		t.ids[v] = int32(i)
	}
	for h, v := range values {
		t.at[h] = -1
		if id, ok := t.ids[v]; ok && v != "" {
			t.at[h] = id
		}
	}
}

// sold are the values that a label has on nodes that could be bought.
func (b *board) sold(key string) []string {
	if v, ok := b.values[key]; ok {
		return v
	}
	seen := map[string]bool{}
	for i := range b.snap.Offerings {
		if v, ok := b.snap.Offerings[i].Label(key); ok {
			seen[v] = true
		}
	}
	out := make([]string, 0, len(seen))
	for v := range seen {
		out = append(out, v)
	}
	slices.Sort(out)
	b.values[key] = out
	return out
}

// repulsions makes the tallies of pods on hosts that want to be apart from others.
func (b *board) repulsions() {
	for i := range b.snap.Repulsions {
		r := &b.snap.Repulsions[i]
		t := b.tallies[b.tallyOf(tallyKey{key: r.Key, group: r.Group, rule: apart, repel: true})]
		for _, h := range r.Hosts {
			t.start(h, 1)
		}
	}
}

// allows tells whether a constraint lets a pod into a domain.
func (t *trial) allows(x *constraint, domain int32) bool {
	if domain < 0 {
		return false
	}
	counts := t.counts[x.tally]
	switch x.rule {
	case spreads:
		return counts[domain]+x.itself-t.least(x) <= x.skew
	case near:
		return counts[domain] > 0 || x.itself == 1 && !t.anywhere(x)
	}
	return counts[domain] == 0
}

// least is how many pods the domain with the fewest has. Of host names a new one can
// always be had.
func (t *trial) least(x *constraint) int32 {
	if t.board.tallies[x.tally].hosts {
		return 0
	}
	least, n := int32(-1), int32(0)
	for d, pods := range t.counts[x.tally] {
		if x.open != nil && !x.open[d] {
			continue
		}
		n++
		if least < 0 || pods < least {
			least = pods
		}
	}
	if n < x.domains {
		return 0
	}
	return max(least, 0)
}

// anywhere tells whether pods that others want to be near are in any domain that is
// open to them.
func (t *trial) anywhere(x *constraint) bool {
	for d, pods := range t.counts[x.tally] {
		if pods > 0 && (x.open == nil || d >= len(x.open) || x.open[d]) {
			return true
		}
	}
	return false
}

// count notes that a pod of a class came to a host (1) or left it (-1).
func (t *trial) count(c *class, host, by int32) {
	for _, list := range [][]int32{c.counted, c.repels} {
		for _, i := range list {
			if d := t.board.tallies[i].at[host]; d >= 0 {
				t.counts[i][d] += by
			}
		}
	}
}

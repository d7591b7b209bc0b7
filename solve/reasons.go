package solve

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/pack"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/topology"
)

// unplaced lists the pods without a place, in the order of the snapshot's
// classes, and why.
func (a *answer) unplaced(pods *dealer) []plan.Unplaced {
	v := verdicts{answer: a, known: map[int32]*verdict{}}
	var out []plan.Unplaced
	for i := range a.snap.Classes {
		c := &a.snap.Classes[i]
		switch n := a.left[i]; {
		case n == 0:
		case len(c.Refused) > 0:
			refused := plan.Reason{Constraint: plan.Refused, Detail: strings.Join(c.Refused, ", ")}
			out = append(out, plan.Unplaced{Pods: c.Pods, Reasons: []plan.Reason{refused}})
		default:
			out = append(out, plan.Unplaced{Pods: pods.deal(topology.Part{Class: int32(i), Pods: n}), Reasons: v.reasons(int32(i))})
		}
	}
	return out
}

// verdicts finds why classes fit nowhere, in the state that a plan ends in.
type verdicts struct {
	*answer
	known map[int32]*verdict // by profile
	free  []int64            // a row for each host: what the plan leaves of it
}

// verdict is what the constraints so far leave, and what they ruled out. Each
// place counts once, under the first constraint that rules it out.
type verdict struct {
	hosts, offerings pack.Set
	reasons          []plan.Reason
}

// reasons returns why a class fits nowhere, most frequent first. What node
// selection rules out is worked out once for each profile.
func (v *verdicts) reasons(class int32) []plan.Reason {
	profile := v.profile[class]
	common := v.known[profile]
	if common == nil {
		common = v.selection(v.profiles[profile].class)
		v.known[profile] = common
	}
	x := verdict{slices.Clone(common.hosts), slices.Clone(common.offerings), slices.Clone(common.reasons)}
	v.resources(&x, class)
	v.limits(&x)
	v.minValues(&x, class)
	v.others(&x, class)
	slices.SortStableFunc(x.reasons, func(a, b plan.Reason) int {
		return cmp.Or(-cmp.Compare(a.Hosts+a.Offerings, b.Hosts+b.Offerings), cmp.Compare(a.Constraint, b.Constraint))
	})
	return x.reasons
}

// selection applies what does not depend on room.
func (v *verdicts) selection(c *cluster.Class) *verdict {
	d := c.Demand
	x := &verdict{hosts: pack.FullSet(len(v.snap.Hosts)), offerings: pack.FullSet(len(v.snap.Offerings))}
	v.closed(x)
	v.barred(x, c)
	taint := func(s *side, i int) string {
		t, _ := cluster.Untolerated(s.lists[s.taints[i]], d.Tolerations)
		return taintText(t)
	}
	selector := func(s *side, i int) string {
		for _, r := range d.Selector {
			if value, ok := s.label(i, r.Key); !r.Matches(value, ok) {
				return requirementText(r)
			}
		}
		return ""
	}
	affinity := func(*side, int) string { return affinityText(d.Affinity) }
	v.narrow(x, plan.Taints, taint, func(s *side, set pack.Set) { set.And(s.tolerated(d.Tolerations)) })
	v.narrow(x, plan.NodeSelector, selector, func(s *side, set pack.Set) { s.selected(set, d) })
	v.narrow(x, plan.NodeAffinity, affinity, func(s *side, set pack.Set) { s.affine(set, d) })
	return x
}

// closed rules out pools and hosts that take nothing.
func (v *verdicts) closed(x *verdict) {
	if len(v.pools) == 0 {
		x.reasons = append(x.reasons, plan.Reason{Constraint: plan.NoPool, Detail: "there is no NodePool"})
	}
	for i := range v.pools {
		p := &v.pools[i]
		r := plan.Reason{Constraint: plan.NoPool, Offerings: int(p.end - p.first)}
		switch {
		case p.closed != "":
			r.Detail = v.snap.Pools[i].Name + ": " + p.closed
			for o := p.first; o < p.end; o++ {
				x.offerings.Remove(int(o))
			}
		case p.first == p.end:
			r.Detail = v.snap.Pools[i].Name + ": its requirements leave nothing that is sold"
		default:
			continue
		}
		x.reasons = append(x.reasons, r)
	}
	var why tallyText
	for i := range v.snap.Hosts {
		if h := &v.snap.Hosts[i]; h.Closed != "" {
			x.hosts.Remove(i)
			why.add(h.Closed)
		}
	}
	x.rule(plan.Closed, why.most(), why.total, 0)
}

// barred rules out pools whose nodes cannot run the pods.
func (v *verdicts) barred(x *verdict, c *cluster.Class) {
	var why tallyText
	for _, p := range c.Barred {
		for range v.pools[p.Pool].leave(x.offerings) {
			why.add(p.Why)
		}
	}
	x.rule(plan.Barred, why.most(), 0, why.total)
}

// narrow applies one constraint to hosts and offerings. why tells for one place
// that it rules out what was missing.
func (v *verdicts) narrow(x *verdict, c plan.Constraint, why func(*side, int) string, keep func(*side, pack.Set)) {
	var text tallyText
	count := func(s *side, set pack.Set) int {
		out := slices.Clone(set)
		keep(s, set)
		out.AndNot(set)
		for i := range out.All {
			text.add(why(s, i))
		}
		return out.Count()
	}
	hosts := count(v.hosts, x.hosts)
	offerings := count(v.offerings, x.offerings)
	x.rule(c, text.most(), hosts, offerings)
}

// rule records what a constraint ruled out, if anything.
func (x *verdict) rule(c plan.Constraint, detail string, hosts, offerings int) {
	if hosts+offerings > 0 {
		x.reasons = append(x.reasons, plan.Reason{Constraint: c, Detail: detail, Hosts: hosts, Offerings: offerings})
	}
}

// resources rules out what is too small or too full, and says which resource
// lacks most often and how much of it there is at most where it lacks.
func (v *verdicts) resources(x *verdict, class int32) {
	want := v.load([]topology.Part{{Class: class, Pods: 1}})
	lacking, most := make([]int, len(want)), make([]int64, len(want))
	count := func(set pack.Set, rows []int64) int {
		n := 0
		for i := range set.All {
			free := v.row(rows, int32(i))
			if holds(free, want) {
				continue
			}
			set.Remove(i)
			n++
			for d := range want {
				if want[d] > 0 && want[d] > free[d] {
					most[d] = max(most[d], free[d])
					lacking[d]++
				}
			}
		}
		return n
	}
	hosts, offerings := count(x.hosts, v.leftover()), count(x.offerings, v.offerFree)
	if hosts+offerings == 0 {
		return
	}
	d := slices.Index(lacking, slices.Max(lacking))
	name := v.snap.Resources[v.dims[d]]
	detail := name + " " + cluster.FormatAmount(name, want[d]) + " wanted, at most " + cluster.FormatAmount(name, most[d]) + " free"
	x.rule(plan.Resources, detail, hosts, offerings)
}

// leftover is what the plan leaves free on hosts.
func (v *verdicts) leftover() []int64 {
	if v.free == nil {
		v.free = slices.Clone(v.hostFree)
		for h, parts := range v.hosted {
			row := v.row(v.free, int32(h))
			for i, n := range v.load(parts) {
				row[i] -= n
			}
		}
	}
	return v.free
}

// limits rules out what the pools' limits and stocks forbid.
func (v *verdicts) limits(x *verdict) {
	var text tallyText
	for o := range x.offerings.All {
		uses := v.quotas.uses(int32(o))
		if affordable(v.room, uses) {
			continue
		}
		x.offerings.Remove(o)
		text.add(v.limitText(int32(v.snap.Offerings[o].Pool), uses))
	}
	x.rule(plan.PoolLimit, text.most(), 0, text.total)
}

// limitText says which quota a node that uses so much would exceed: one that is
// exceeded already before one that leaves too little.
func (v *verdicts) limitText(pool int32, uses []pack.Use) string {
	by := func(u pack.Use) bool { return v.room[u.Quota] < 0 }
	at := slices.IndexFunc(uses, by)
	if at < 0 {
		at = slices.IndexFunc(uses, func(u pack.Use) bool { return u.Amount > v.room[u.Quota] })
	}
	quota := uses[at].Quota
	name, room := v.quotas.names[quota], v.room[quota]
	if quota >= v.quotas.start[len(v.pools)] {
		return name + ": " + strconv.FormatInt(room, 10) + " left"
	}
	text := v.snap.Pools[pool].Name + ": limit " + name + " " + cluster.FormatAmount(name, v.quotas.limit[quota])
	if room < 0 {
		return text + " is exceeded by " + cluster.FormatAmount(name, -room)
	}
	return text + " leaves " + cluster.FormatAmount(name, room)
}

// minValues rules out what would leave too few alternatives.
func (v *verdicts) minValues(x *verdict, class int32) {
	var text tallyText
	usable, want := v.profiles[v.profile[class]].offerings, v.load([]topology.Part{{Class: class, Pods: 1}})
	for i := range v.pools {
		p := &v.pools[i]
		if len(p.keys) == 0 || v.varied(int32(i), usable, want) {
			continue
		}
		n := v.newTally(int32(i))
		for o := range v.alternatives(int32(i), usable, want) {
			n.add(o)
		}
		why := n.missing(v.snap.Pools[i].Name)
		for o := p.first; o < p.end; o++ {
			if x.offerings.Has(int(o)) {
				x.offerings.Remove(int(o))
				text.add(why)
			}
		}
	}
	x.rule(plan.MinValues, text.most(), 0, text.total)
}

// others rules out what volumes, ports and other pods forbid.
func (v *verdicts) others(x *verdict, class int32) {
	c := &v.snap.Classes[class]
	if !v.bound(c) || x.hosts.Empty() && x.offerings.Empty() {
		return
	}
	view := v.view().View(int(class))
	type ruled struct{ hosts, offerings int }
	by := map[plan.Constraint]ruled{}
	for i := range x.hosts.All {
		if k := view.Node(i); k != 0 {
			by[k] = ruled{by[k].hosts + 1, by[k].offerings}
		}
	}
	for o := range x.offerings.All {
		if k := view.Offering(o); k != 0 {
			by[k] = ruled{by[k].hosts, by[k].offerings + 1}
		}
	}
	for _, k := range slices.Sorted(maps.Keys(by)) {
		text := constraintText(k, c)
		if k == plan.Devices {
			text = v.devicesText(c)
		}
		x.rule(k, text, by[k].hosts, by[k].offerings)
	}
}

// devicesText names the devices that a class claims.
func (v *verdicts) devicesText(c *cluster.Class) string {
	var parts []string
	for _, x := range c.Claims {
		if x.Nodes != nil {
			parts = append(parts, "those that are allocated already")
		}
		for _, a := range x.Asks {
			n := "" // "all" is in the name
			if a.Count > 0 {
				n = strconv.FormatInt(a.Count, 10) + " "
			}
			parts = append(parts, n+v.snap.Resources[a.Resource])
		}
	}
	return strings.Join(parts, " and ")
}

// missing says which requirement has too few values.
func (t *tally) missing(pool string) string {
	for i, v := range t.pool.keys {
		if t.left[i] > 0 {
			return pool + ": " + v.key + " has " + strconv.Itoa(v.least-t.left[i]) + " of " + strconv.Itoa(v.least) + " values"
		}
	}
	return ""
}

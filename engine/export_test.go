package engine

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// Check holds what is kept up to date against what it is to be, found out the slow way by
// looking at everything. It returns the first thing that differs, "" if nothing does. With
// ground it looks at that as well, which takes longest.
func (e *Engine) Check(ground bool) string {
	for _, check := range []func() string{e.checkExpectations, e.checkCensus, e.checkGates, e.checkEntries, e.checkAnswers} {
		if wrong := check(); wrong != "" {
			return wrong
		}
	}
	if ground {
		return e.checkGround()
	}
	return ""
}

func (e *Engine) checkExpectations() string {
	want := newExpectations()
	for key, x := range e.expected.by {
		want.put(key, x)
	}
	want.written = e.expected.written
	if !reflect.DeepEqual(want, e.expected) {
		return fmt.Sprintf("expectations: %+v, want %+v", e.expected, want)
	}
	return ""
}

func (e *Engine) checkCensus() string {
	for name := range e.pools {
		var want headcount
		var u usage
		var resting = cluster.Never
		for _, c := range e.claims {
			if c.Pool != name {
				continue
			}
			n := e.nodeOfClaim(c)
			if !released(c) {
				want.nodes++
				if n != nil {
					want.holds = want.holds.Plus(n.Capacity)
				} else {
					want.holds = want.holds.Plus(c.Capacity)
				}
			}
			if c.Is(cluster.Drifted) {
				want.drifted++
			}
			if n == nil || !c.Is(cluster.Initialized) {
				continue
			}
			resting = min(resting, e.quietSince(c).Add(e.opts.scaled(e.pools[name].ConsolidateAfter)))
			want.initialized++
			u.total++
			_, doomed := doom(c)
			ending := c.Deleting() || n.DeletingAt != 0 || !n.Ready
			if ending {
				want.ending++
			}
			if ending || doomed || slices.Contains(n.Taints, cluster.DisruptedTaint) {
				want.leaving++
			}
			if ending || e.deletionExpected(c) {
				u.going++
			} else if x := e.disruptor.vacating[c.Name]; x != nil && x.kept == "" {
				u.emptying++
			}
		}
		got := e.headcount(name)
		if len(got.holds)+len(want.holds) == 0 {
			got.holds, want.holds = nil, nil
		}
		if !reflect.DeepEqual(got, want) {
			return fmt.Sprintf("census of %s: %+v, want %+v", name, got, want)
		}
		if got := e.usageOf(name); got != u {
			return fmt.Sprintf("usage of %s: %+v, want %+v", name, got, u)
		}
		if e.disruptor.restUntil > resting {
			return fmt.Sprintf("all rest until %s, one until %s only", e.disruptor.restUntil.RFC3339(), resting.RFC3339())
		}
	}
	return ""
}

// checkGates: what is not going to be looked at is as it was.
func (e *Engine) checkGates() string {
	if at, planned := e.agenda.at[job{jobReserve, ""}]; planned && at <= e.now || e.outlook() != e.reserved.outlook {
		return ""
	}
	for name, at := range e.reserved.nodes {
		c := e.claims[name]
		if e.reserved.due[name] || len(e.disruptor.waitFor[name]) > 0 || c == nil || c.Deleting() {
			continue
		}
		n := e.nodeOfClaim(c)
		if n == nil || e.answered.stirred[name] || e.answered.stirred[n.Name] {
			continue
		}
		if want := opensAt(c, n, e.reserves(c, n)); at != want {
			return fmt.Sprintf("node %s opens at %d, want %d", n.Name, at, want)
		}
	}
	return ""
}

// checkEntries: right after a plan everybody who lacks a toleration is to get it.
func (e *Engine) checkEntries() string {
	q := &e.reserved.entries
	if !slices.IsSortedFunc(q.line, entry.compare) {
		return fmt.Sprintf("entries are not in order: %v", q.line)
	}
	if e.provision.planned != e.now || e.provision.planned.IsZero() {
		return ""
	}
	for id := range e.answered.of {
		x := entry{e.answered.of[id].host, id}
		if e.lacks(id) != "" && !slices.Contains(q.line, x) && !slices.Contains(q.late, x) && !q.asked[x] && !e.reserved.underway[id] {
			return "pod " + id + " lacks a toleration and is not queued for one"
		}
	}
	return ""
}

func (e *Engine) checkAnswers() string {
	want := newAnswers()
	for id, a := range e.answered.of {
		want.set(id, a)
	}
	if !reflect.DeepEqual(want.on, e.answered.on) || want.depending != e.answered.depending || !reflect.DeepEqual(want.promised, e.answered.promised) {
		return fmt.Sprintf("answers by host: %+v, want %+v", e.answered, want)
	}
	for host, at := range e.answered.due {
		ready, there := e.readySince(host)
		due := cluster.Never
		for id := range e.answered.on[host] {
			due = min(due, max(ready, e.answered.of[id].at).Add(doubtAfter))
		}
		if !there || due != at {
			return fmt.Sprintf("answers for %s are doubted at %d, want %d (there: %v)", host, at, due, there)
		}
	}
	return ""
}

// checkGround compares what plans stand on with a new ground of everything.
func (e *Engine) checkGround() string {
	got := e.Snapshot()
	in := e.standing()
	slices.SortFunc(in.Nodes, func(a, b *cluster.Node) int { return strings.Compare(a.Name, b.Name) }) // as ordered does
	slices.SortFunc(in.Claims, func(a, b *cluster.Claim) int { return strings.Compare(a.Name, b.Name) })
	in.Pods = append(in.Pods, slices.Collect(maps.Values(e.unbound))...)
	in.Promised = e.promises()
	if want := cluster.NewSnapshot(in); !reflect.DeepEqual(got, want) {
		for i := range min(len(got.Hosts), len(want.Hosts)) {
			if !reflect.DeepEqual(got.Hosts[i], want.Hosts[i]) {
				return fmt.Sprintf("ground: host %+v, want %+v", got.Hosts[i], want.Hosts[i])
			}
		}
		a, b := reflect.ValueOf(*got), reflect.ValueOf(*want)
		for i := range a.NumField() {
			if !reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface()) {
				return fmt.Sprintf("ground: %s: %+v, want %+v", a.Type().Field(i).Name, a.Field(i), b.Field(i))
			}
		}
	}
	return ""
}

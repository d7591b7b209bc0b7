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
	for _, check := range []func() string{e.checkInventory, e.checkExpectations, e.checkCensus, e.checkGates, e.checkEntries, e.checkAnswers, e.checkSurvey, e.checkIdle} {
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
	going, on := map[string]bool{}, map[string]bool{}
	for _, n := range e.goingNodes() {
		going[n.Name] = true
	}
	var saving int
	for _, c := range e.claims {
		if n := e.nodeOfClaim(c); n != nil && (c.Deleting() || n.DeletingAt != 0 || e.emptied(c)) {
			on[n.Name] = true
		}
		if unhurried(c) && !c.Deleting() {
			saving++
		}
	}
	if !maps.Equal(going, on) || saving != len(e.census.saving) {
		return fmt.Sprintf("on their way out are %v, want %v; %d to save money, want %d", going, on, len(e.census.saving), saving)
	}
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
			held := e.endlessly[c.Name] && n.Ready
			ending := (c.Deleting() || n.DeletingAt != 0 || !n.Ready) && !held
			if ending {
				want.ending++
			}
			if !held && (ending || doomed || slices.Contains(n.Taints, cluster.DisruptedTaint)) {
				want.leaving++
			}
			if ending || e.deletionExpected(c) {
				u.going++
			} else if x := e.disruptor.vacating[c.Name]; x != nil && x.kept == "" && !held {
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

// checkSurvey: it counts what asking about every claim counts.
func (e *Engine) checkSurvey() string {
	if len(e.claims) == 0 {
		return ""
	}
	rest := e.disruptor.restUntil
	got, resting := e.survey(), e.allRest()
	e.disruptor.restUntil = rest
	if e.allRest() || resting {
		return "" // nothing is asked about any of them
	}
	want, kept := e.surveyPools(), e.kept(got)
	want.settled = got.settled
	for _, c := range e.claims {
		n := e.nodeOfClaim(c)
		if n == nil || !c.Is(cluster.Initialized) {
			continue
		}
		if c.Is(cluster.Drifted) && !e.disrupting(c, n) {
			want.drifted++
		}
		why, until := e.sparesNow(c, n, want)
		if kept[n.Name] != why {
			return fmt.Sprintf("node %s is kept because %q, want %q", n.Name, kept[n.Name], why)
		}
		if why != "" {
			want.again = min(want.again, until)
			continue
		}
		want.candidates++
		want.pods += len(e.podsOn[n.Name])
		if e.isEmpty(c, n) && e.headroom.hosts[c.Name] == 0 {
			want.empty++
		}
	}
	if !reflect.DeepEqual(got, want) {
		return fmt.Sprintf("survey: %+v, want %+v", got, want)
	}
	return ""
}

// checkInventory: claims without an instance are counted, instances go by their names, and what
// is idle is calm.
func (e *Engine) checkInventory() string {
	empty := map[string]int{}
	for _, c := range e.claims {
		if c.Launch != nil && awaitsInstance(c) {
			empty[c.Launch.Token]++
		}
	}
	if !maps.Equal(empty, e.empty) {
		return fmt.Sprintf("claims without an instance: %v, want %v", e.empty, empty)
	}
	for id, x := range e.instances.byProvider {
		if x.ProviderID != id || x.alive > e.instances.lists {
			return fmt.Sprintf("instance %s: %+v", id, x)
		}
	}
	known := 0
	for id, ids := range e.providers {
		known += len(ids)
		if slices.ContainsFunc(ids, func(p string) bool { return e.pairs[p] == nil || instanceID(p) != id }) {
			return fmt.Sprintf("instance %s is on %v", id, ids)
		}
	}
	if known != len(e.pairs) {
		return fmt.Sprintf("%d instances are known by their ids, want %d", known, len(e.pairs))
	}
	moving := e.moving()
	for name, x := range e.idle {
		if c := e.claims[name]; e.now < x.until && !moving[name] && !e.tied && (!e.calm(c) || released(c)) {
			return "idle claim " + name + " is not calm"
		}
	}
	return ""
}

// checkIdle: a look that asks everything finds nothing to do for those either.
func (e *Engine) checkIdle() string {
	if !e.synced || e.suspended != "" {
		return ""
	}
	held := e.held
	defer func() { e.held = held }()
	for _, name := range slices.Sorted(maps.Keys(e.idle)) {
		x, c := e.idle[name], e.claims[name]
		if c != x.claim {
			return "another claim " + name + " is idle"
		}
		got, still := e.stillIdle(x)
		if !still || e.busy(claimKey(name)) {
			continue
		}
		sent := len(e.out)
		if want := min(e.nameEvicted(c, false), e.stepClaim(c)); got != want || len(e.out) != sent {
			return fmt.Sprintf("idle claim %s is looked at again at %d, want %d, with %d effects", name, got, want, len(e.out)-sent)
		}
	}
	return ""
}

// checkGates: what is not going to be looked at is as it was.
func (e *Engine) checkGates() string {
	if at, planned := e.agenda.at[jobReserve][""]; planned && at <= e.now || e.outlook() != e.reserved.outlook {
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
	if e.now.IsZero() || e.provision.planned != e.now && (e.headroom.planned != e.now || e.headroom.changed) {
		return ""
	}
	for id := range e.answered.of {
		x := entry{e.answered.host(id), id}
		if e.lacks(id) != "" && !slices.Contains(q.line, x) && !slices.Contains(q.late, x) && !q.asked[x] && !e.reserved.underway[id] {
			return "pod " + id + " lacks a toleration and is not queued for one"
		}
	}
	return ""
}

func (e *Engine) checkAnswers() string {
	want := newAnswers()
	for id, a := range e.answered.of {
		want.set(id, *a)
		if a.pod != e.waiting.pods[id] || a.id != id {
			return "the answer for pod " + id + " is for another record"
		}
	}
	if !reflect.DeepEqual(want.on, e.answered.on) || want.depending != e.answered.depending || !reflect.DeepEqual(want.promised, e.answered.promised) {
		return fmt.Sprintf("answers by host: %+v, want %+v", e.answered, want)
	}
	for host, at := range e.answered.doubts.due {
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
	if wrong := e.compareGround("ground", e.standing(), e.Snapshot(), e.promises()); wrong != "" {
		return wrong
	}
	if wrong := e.checkStage(); wrong != "" {
		return wrong
	}
	if got, want := e.barred(), e.barredOfAll(); !maps.Equal(got, want) {
		return fmt.Sprintf("cannot come: %v, want %v", got, want)
	}
	in := e.standing()
	in.Staying = e.leaving(func(*cluster.Pod) bool { return true })
	return e.compareGround("present", in, e.present().Snapshot("", values(e.unbound), nil), nil)
}

// checkStage: it is what all records say, with nobody leaving and with every third claim.
func (e *Engine) checkStage() string {
	var leave []*cluster.Claim
	for i, name := range slices.Sorted(maps.Keys(e.claims)) {
		if c := e.claims[name]; i%3 == 0 && c.NodeName != "" {
			leave = append(leave, c)
		}
	}
	for _, claims := range [][]*cluster.Claim{nil, leave} {
		in := e.placed()
		in.Emptied = maps.Clone(in.Emptied)
		for _, c := range claims {
			in.Emptied[c.NodeName] = true
		}
		slices.SortFunc(in.Nodes, func(a, b *cluster.Node) int { return strings.Compare(a.Name, b.Name) })
		slices.SortFunc(in.Claims, func(a, b *cluster.Claim) int { return strings.Compare(a.Name, b.Name) })
		if got, want := e.staged(claims, nil).snapshot(), cluster.NewSnapshot(in); !reflect.DeepEqual(got, want) {
			return fmt.Sprintf("stage: %+v, want %+v", got, want)
		}
	}
	return ""
}

func (e *Engine) compareGround(what string, in cluster.Input, got *cluster.Snapshot, promised map[string]string) string {
	slices.SortFunc(in.Nodes, func(a, b *cluster.Node) int { return strings.Compare(a.Name, b.Name) }) // as ordered does
	slices.SortFunc(in.Claims, func(a, b *cluster.Claim) int { return strings.Compare(a.Name, b.Name) })
	in.Pods = append(in.Pods, slices.Collect(maps.Values(e.unbound))...)
	in.Promised = promised
	if want := cluster.NewSnapshot(in); !reflect.DeepEqual(got, want) {
		for i := range min(len(got.Hosts), len(want.Hosts)) {
			if !reflect.DeepEqual(got.Hosts[i], want.Hosts[i]) {
				return fmt.Sprintf("%s: host %+v, want %+v", what, got.Hosts[i], want.Hosts[i])
			}
		}
		a, b := reflect.ValueOf(*got), reflect.ValueOf(*want)
		for i := range a.NumField() {
			if !reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface()) {
				return fmt.Sprintf("%s: %s: %+v, want %+v", what, a.Type().Field(i).Name, a.Field(i), b.Field(i))
			}
		}
	}
	return ""
}

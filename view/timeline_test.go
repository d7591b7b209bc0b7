package view_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/view"
)

const begin = cluster.Instant(1000 * int64(cluster.Second))

func texts(t *view.Timeline) []string {
	var out []string
	for _, l := range t.Story().Lines {
		s := l.Text
		if l.Warning {
			s = "! " + s
		}
		out = append(out, s)
	}
	return out
}

func expect(t *testing.T, tl *view.Timeline, want ...string) {
	t.Helper()
	if got := texts(tl); !slices.Equal(got, want) {
		t.Errorf("lines:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func pods(name string, n int) []*cluster.Pod {
	out := make([]*cluster.Pod, n)
	for i := range out {
		out[i] = &cluster.Pod{Namespace: "default", Name: fmt.Sprintf("%s-%d", name, i)}
	}
	return out
}

func aboutPod(name string) engine.Object {
	return engine.Object{Kind: "Pod", Namespace: "default", Name: name}
}

func aboutClaim(name string) engine.Object { return engine.Object{Kind: "NodeClaim", Name: name} }

func offering(kind string) cluster.OfferingID {
	return cluster.OfferingID{InstanceType: kind, Zone: "eu-1a", CapacityType: "spot"}
}

// nodes are creates that a plan makes, one pod each unless said otherwise.
func nodes(n int, kind string, price cluster.Money, imputed bool, podsEach int) []plan.Create {
	var out []plan.Create
	for range n {
		out = append(out, plan.Create{
			Pool: "default", Offerings: []cluster.OfferingID{offering(kind), offering("other")},
			Price: price, Imputed: imputed, Pods: pods("web", podsEach),
		})
	}
	return out
}

func TestPlannedIsToldWithItsPurchases(t *testing.T) {
	tl := view.NewTimeline(begin, 50)
	p := &plan.Plan{
		Creates: append(nodes(1, "m.large", 100_000, true, 11), nodes(3, "m.xlarge", 378_000, false, 28)...),
		Bound:   1_201_000, CreateCost: 1_234_000,
	}
	effects := []engine.Effect{engine.Planned{Plan: p, Waiting: 95}}
	for _, c := range p.Creates {
		effects = append(effects, engine.Note{About: engine.Object{Kind: "NodePool", Name: "default"}, Reason: "Created", Message: "…"})
		for range c.Pods {
			effects = append(effects, engine.Note{About: aboutPod("web"), Reason: "Nominated", Message: "…"})
		}
	}
	tl.Observe(begin, effects)
	expect(t, tl,
		"planned 95 pods on 4 new nodes: ~$1.2340 per hour, bound $1.2010, gap 2.7 %",
		"buying 3 × m.xlarge eu-1a spot for 84 pods, $1.1340 per hour (pool default, 1 alternative)",
		"buying 1 × m.large eu-1a spot for 11 pods, ~$0.1000 per hour (pool default, 1 alternative)",
	)
	got := tl.Story().Plan
	if got.Nodes != 4 || got.New != 95 || got.Cost.PerHour != p.CreateCost || got.Bound != p.Bound {
		t.Errorf("the plan in numbers is %+v", got)
	}
}

func TestPlannedInParts(t *testing.T) {
	place := func(host string, n int) plan.Placement { return plan.Placement{Host: host, Pods: pods(host, n)} }
	none := []plan.Unplaced{{Pods: pods("big", 2)}}
	for want, p := range map[string]plan.Plan{
		"planned 1 pod on 1 new node: $0.1000 per hour, bound $0.1000, gap 0.0 %": {Creates: nodes(1, "m.large", 100_000, false, 1), Bound: 100_000, CreateCost: 100_000},
		"planned 1 pod on 1 new node: ? per hour, no bound known":                 {Creates: nodes(1, "m.large", 0, false, 1)},
		"planned 5 pods on 2 nodes there or coming":                               {Placements: []plan.Placement{place("a", 2), place("b", 1), place("a", 2)}},
		"planned 2 pods nowhere":                                                  {Unplaced: none},
		"planned 10 pods: 3 on 1 new node, 5 on 1 node there or coming, 2 nowhere: $0.1000 per hour, bound $0.0800, gap 25.0 %": {
			Creates: nodes(1, "m.large", 100_000, false, 3), Placements: []plan.Placement{place("a", 5)}, Unplaced: none, Bound: 80_000, CreateCost: 100_000,
		},
	} {
		tl := view.NewTimeline(begin, 50)
		tl.Observe(begin, []engine.Effect{engine.Planned{Plan: &p}})
		if got := texts(tl)[0]; got != want {
			t.Errorf("%s\nwant\n%s", got, want)
		}
	}
}

func TestManyKindsBecomeFewLines(t *testing.T) {
	p := &plan.Plan{Bound: 1}
	for i := range 9 {
		p.Creates = append(p.Creates, nodes(2, fmt.Sprintf("m%d.large", i), cluster.Money(100_000*(i+1)), false, 5)...)
	}
	tl := view.NewTimeline(begin, 50)
	tl.Observe(begin, []engine.Effect{engine.Planned{Plan: p}})
	got := texts(tl)
	if len(got) != 5 {
		t.Fatalf("%d lines, want the plan and four more:\n%s", len(got), strings.Join(got, "\n"))
	}
	if want := "buying 2 × m8.large eu-1a spot for 10 pods, $1.8000 per hour (pool default, 1 alternative)"; got[1] != want {
		t.Errorf("first the dearest: %s\nwant %s", got[1], want)
	}
	if want := "buying 12 nodes of 6 other kinds for 60 pods, $4.2000 per hour"; got[4] != want {
		t.Errorf("%s\nwant %s", got[4], want)
	}
}

// TestFutilePlansAreToldOnce, however often they are made.
func TestFutilePlansAreToldOnce(t *testing.T) {
	tl := view.NewTimeline(begin, 50)
	futile := engine.Planned{Plan: &plan.Plan{Unplaced: []plan.Unplaced{{Pods: pods("big", 2)}}}}
	for i := range 20 {
		tl.Observe(begin.Add(cluster.Duration(i)*cluster.Second), []engine.Effect{futile})
	}
	expect(t, tl, "planned 2 pods nowhere")
	if got := tl.Story().Plan; got != nil {
		t.Errorf("%v has bought nothing", got)
	}
	tl.Observe(begin.Add(cluster.Minute), []engine.Effect{engine.Planned{Plan: &plan.Plan{Unplaced: []plan.Unplaced{{Pods: pods("big", 3)}}}}})
	expect(t, tl, "planned 2 pods nowhere", "planned 3 pods nowhere")
}

// TestPlansThatBuyNothing share a line within a second, the last word counts, and
// they do not hide what the last purchase cost.
func TestPlansThatBuyNothing(t *testing.T) {
	tl := view.NewTimeline(begin, 50)
	tl.Observe(begin, []engine.Effect{engine.Planned{Plan: &plan.Plan{Creates: nodes(1, "m.large", 100_000, false, 9), Bound: 100_000, CreateCost: 100_000}}})
	for i := range 12 {
		placed := plan.Plan{Placements: []plan.Placement{{Host: "a", Pods: pods("web", 9-i/2)}}}
		tl.Observe(begin.Add(cluster.Duration(i)*100*cluster.Millisecond), []engine.Effect{engine.Planned{Plan: &placed}})
	}
	expect(t, tl,
		"planned 9 pods on 1 new node: $0.1000 per hour, bound $0.1000, gap 0.0 %",
		"buying 1 × m.large eu-1a spot for 9 pods, $0.1000 per hour (pool default, 1 alternative)",
		"planned 5 pods on 1 node there or coming",
		"planned 4 pods on 1 node there or coming",
	)
	if got := tl.Story().Plan; got == nil || got.New != 9 {
		t.Errorf("the last purchase is %v, want the one for 9 pods", got)
	}
	if got := tl.Story().Lines[2].Count; got != 10 {
		t.Errorf("the line stands for %d plans, want 10", got)
	}
}

func TestNotesOfAKindAreOneLine(t *testing.T) {
	tl := view.NewTimeline(begin, 50)
	var effects []engine.Effect
	for i := range 60 {
		effects = append(effects, engine.Note{About: aboutPod(fmt.Sprint("web-", i)), Reason: "Evicted", Message: "Evicted pod: …"})
	}
	tl.Observe(begin, effects)
	expect(t, tl, "evicted 60 pods from nodes that are being given back")
	if l := tl.Story().Lines[0]; l.Count != 60 || l.Number != 1 || l.At != begin {
		t.Errorf("the line is %+v", l)
	}
}

// TestLinesGrowForASecond: the nodes of a batch come one by one.
func TestLinesGrowForASecond(t *testing.T) {
	tl := view.NewTimeline(begin, 50)
	say := func(ms int, reason string, about engine.Object, bought *engine.Bought) {
		tl.Observe(begin.Add(cluster.Duration(ms)*cluster.Millisecond), []engine.Effect{
			engine.Note{About: about, Reason: reason, Message: "node " + about.Name + " " + strings.ToLower(reason), Bought: bought},
		})
	}
	large := &engine.Bought{Offering: offering("m.large"), Price: 100_000}
	spot := &engine.Bought{Offering: offering("m.xlarge"), Price: 200_000, Imputed: true}
	say(0, "Launched", aboutClaim("a"), large)
	expect(t, tl, "launched a as m.large eu-1a spot, $0.1000 per hour")
	first := tl.Story()
	say(300, "Registered", aboutClaim("a"), nil)
	say(500, "Launched", aboutClaim("b"), spot)
	say(999, "Launched", aboutClaim("c"), large)
	expect(t, tl, "launched 3 nodes: 2 × m.large eu-1a spot, 1 × m.xlarge eu-1a spot, ~$0.4000 per hour", "node a registered")
	say(1000, "Launched", aboutClaim("d"), nil)
	say(1200, "Registered", aboutClaim("b"), nil)
	expect(t, tl,
		"launched 3 nodes: 2 × m.large eu-1a spot, 1 × m.xlarge eu-1a spot, ~$0.4000 per hour",
		"2 nodes registered",
		"NodeClaim d: Launched: node d launched",
	)
	if got := first.Lines[0].Text; !strings.HasPrefix(got, "launched a") {
		t.Errorf("a story that was given away has changed: %q", got)
	}
	l := tl.Story().Lines[0]
	if l.Settled(begin.Add(cluster.Second-1)) || !l.Settled(begin.Add(cluster.Second)) {
		t.Error("a line is settled exactly when it takes in nothing more")
	}
}

func TestLifeOfNodesInWords(t *testing.T) {
	bought := func(node string) *engine.Bought {
		return &engine.Bought{Offering: offering("m.large"), Price: 100_000, Node: node}
	}
	note := func(reason string, n int, message string) []engine.Effect {
		var out []engine.Effect
		for i := range n {
			name := fmt.Sprint("n", i)
			out = append(out, engine.Note{About: aboutClaim("claim-" + name), Reason: reason, Message: strings.ReplaceAll(message, "NAME", name), Bought: bought(name)})
		}
		return out
	}
	for _, x := range []struct{ reason, message, one, many string }{
		{"Initialized", "node NAME initialized", "node n0 ready for pods", "3 nodes ready for pods"},
		{"Reserved", "node NAME is reserved for 2 pods", "node n0 is reserved for 2 pods", "3 nodes reserved for the pods that were planned for them"},
		{"Opened", "node NAME is open to all pods", "node n0 is open to all pods", "3 nodes open to all pods"},
		{"DisruptionTerminating", "Disrupting NodeClaim: empty/delete, node NAME has held no pods for 30s", "Disrupting NodeClaim: empty/delete, node n0 has held no pods for 30s", "giving back 3 nodes that hold no pods"},
		{"Empty", "…", "gave back node n0, which is empty, $0.1000 per hour less", "gave back 3 empty nodes, $0.3000 per hour less"},
		{"Terminated", "…", "node n0 and its instance are gone", "3 nodes and their instances are gone"},
		{"Drained", "…", "", ""},
		{"DisruptionBlocked", "kept NAME", "NodeClaim claim-n0: DisruptionBlocked: kept n0", "3 × NodeClaim: DisruptionBlocked, first NodeClaim claim-n0: kept n0"},
	} {
		for n, want := range map[int]string{1: x.one, 3: x.many} {
			tl := view.NewTimeline(begin, 50)
			tl.Observe(begin, note(x.reason, n, x.message))
			if want == "" {
				expect(t, tl)
			} else {
				expect(t, tl, want)
			}
		}
	}
}

func TestWarningsKeepTheirReasons(t *testing.T) {
	tl := view.NewTimeline(begin, 50)
	var effects []engine.Effect
	for i := range 12 {
		why := "84 offerings: resources (cpu 200 wanted, at most 192 free)"
		if i == 3 {
			why = "no pool"
		}
		effects = append(effects, engine.Note{About: aboutPod(fmt.Sprint("web-", i)), Warning: true, Reason: "FailedScheduling", Message: "Failed to schedule pod: " + why})
	}
	tl.Observe(begin, effects)
	tl.Observe(begin, []engine.Effect{
		engine.Note{About: aboutClaim("a"), Warning: true, Reason: "LaunchTimeout", Message: "no instance came up within 5m"},
		engine.Note{About: aboutClaim("b"), Warning: true, Reason: "InsufficientCapacityError", Message: "sold out"},
		engine.Note{About: aboutClaim("c"), Warning: true, Reason: "InsufficientCapacityError", Message: "sold out"},
	})
	expect(t, tl,
		"! 11 pods fit nowhere: 84 offerings: resources (cpu 200 wanted, at most 192 free)",
		"! Pod default/web-3 fits nowhere: no pool",
		"! NodeClaim a: LaunchTimeout: no instance came up within 5m",
		"! 2 × NodeClaim: InsufficientCapacityError: sold out",
	)
}

// TestManyDifferentWarnings do not flood the timeline.
func TestManyDifferentWarnings(t *testing.T) {
	tl := view.NewTimeline(begin, 50)
	for i := range 40 {
		tl.Observe(begin, []engine.Effect{engine.Note{About: aboutClaim(fmt.Sprint("c", i)), Warning: true, Reason: "LaunchFailed", Message: fmt.Sprint("request ", i)}})
	}
	expect(t, tl,
		"! NodeClaim c0: LaunchFailed: request 0",
		"! NodeClaim c1: LaunchFailed: request 1",
		"! NodeClaim c2: LaunchFailed: request 2",
		"! 37 × NodeClaim: LaunchFailed, first NodeClaim c3: request 3",
	)
}

func TestTimelineKeepsTheLast(t *testing.T) {
	tl := view.NewTimeline(begin, 3)
	for i := range 10 {
		tl.Say(begin.Add(cluster.Duration(i)*cluster.Second), fmt.Sprint("step ", i))
	}
	expect(t, tl, "step 7", "step 8", "step 9")
	if got := tl.Story().Lines[0].Number; got != 8 {
		t.Errorf("the first line kept is number %d, want 8", got)
	}
}

// TestTextIsOneHarmlessLine: messages come from clouds and from whoever may write
// to the cluster, and end up in a terminal.
func TestTextIsOneHarmlessLine(t *testing.T) {
	tl := view.NewTimeline(begin, 10)
	tl.Observe(begin, []engine.Effect{engine.Note{About: aboutClaim("a"), Warning: true, Reason: "LaunchFailed", Message: "bad\r\nthing\x1b[2J\u202egnp.exe\t\x00" + strings.Repeat("é", 1000)}})
	got := texts(tl)[0]
	if strings.ContainsAny(got, "\r\n\t\x00\x1b\u202e") {
		t.Errorf("control characters remain: %q", got)
	}
	if n := len([]rune(got)); n > 502 || !strings.HasSuffix(got, "…") {
		t.Errorf("%d runes, want at most 500, the last an ellipsis", n-2)
	}
}

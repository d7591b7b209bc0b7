package sim_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/sim"
	"github.com/ullage-sh/ullage/sim/judge"
	"github.com/ullage-sh/ullage/sim/workload"
)

// mutant is the engine with something wrong about it.
type mutant struct {
	*engine.Engine
	options engine.Options
	// spoil changes what the engine decided. It may look at what has been observed.
	spoil func(m *mutant, effects []engine.Effect) []engine.Effect
	now   cluster.Instant
	pods  map[string]*cluster.Pod
	nodes map[string]*cluster.Node
	// claims as last seen, by name.
	claims map[string]*cluster.Claim
	done   bool
	last   cluster.Instant
	// hear, if set, changes what the engine is told.
	hear func(engine.Event) engine.Event
}

func (m *mutant) Step(now cluster.Instant, events []engine.Event) ([]engine.Effect, cluster.Instant) {
	m.now = now
	for _, ev := range events {
		switch ev := ev.(type) {
		case engine.PodChanged:
			keep(m.pods, ev.ID, ev.Pod)
		case engine.NodeChanged:
			keep(m.nodes, ev.Name, ev.Node)
		case engine.ClaimChanged:
			keep(m.claims, ev.Name, ev.Claim)
		}
	}
	if m.hear != nil {
		heard := make([]engine.Event, len(events))
		for i, ev := range events {
			heard[i] = m.hear(ev)
		}
		events = heard
	}
	effects, wake := m.Engine.Step(now, events)
	return m.spoil(m, effects), wake
}

func keep[T any](m map[string]*T, key string, x *T) {
	if x == nil {
		delete(m, key)
	} else {
		m[key] = x
	}
}

func mutated(spoil func(*mutant, []engine.Effect) []engine.Effect) func(engine.Options) sim.Brain {
	return func(o engine.Options) sim.Brain {
		return &mutant{
			Engine: engine.New(o), options: o, spoil: spoil,
			pods: map[string]*cluster.Pod{}, nodes: map[string]*cluster.Node{}, claims: map[string]*cluster.Claim{},
		}
	}
}

// without drops the effects of one type.
func without[T engine.Effect](_ *mutant, effects []engine.Effect) []engine.Effect {
	return slices.DeleteFunc(effects, func(f engine.Effect) bool { _, is := f.(T); return is })
}

// running returns the names of claims whose nodes are in order, sorted.
func (m *mutant) running() []string {
	var out []string
	for name, c := range m.claims {
		if n := m.nodes[c.NodeName]; c.Is(cluster.Initialized) && !c.Deleting() && n != nil && n.Ready {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// on returns the pods of a node that a drain would wait for.
func (m *mutant) on(node string) []*cluster.Pod {
	var out []*cluster.Pod
	for _, p := range m.pods {
		if p.Node == node && p.Phase == cluster.Running && !p.Deleting() {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b *cluster.Pod) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// day is a small cluster to which everything happens that the rules speak of: it grows,
// shrinks, somebody deletes a claim, and then there is calm.
func day(t *testing.T) sim.Scenario {
	s := simple(t, 7)
	s.Length = 5 * cluster.Hour
	s.Pools[0].Budgets = []cluster.Budget{{Nodes: 1}}
	s.Pools[0].ConsolidateAfter = 30 * cluster.Second
	s.Pools[0].Requirements = append(s.Pools[0].Requirements,
		cluster.Requirement{Key: "karpenter.k8s.aws/instance-cpu", Operator: cluster.Lt, Values: []string{"3"}})
	one := 1
	web, guarded := pod("web", 900, 1024), pod("guarded", 900, 1024)
	guarded.Protected = true
	s.Workloads = []*workload.Workload{
		{Namespace: "default", Name: "web", Kind: workload.Deployment, Pod: web, Replicas: 40, Budget: &workload.Budget{MaxUnavailable: &workload.Share{Value: one}},
			Changes: []workload.Change{{At: 90 * cluster.Minute, Replicas: 0}, {At: 150 * cluster.Minute, Replicas: 20}}},
		{Namespace: "default", Name: "guarded", Kind: workload.Deployment, Pod: guarded, Replicas: 2},
	}
	s.Faults = []sim.Fault{{Kind: sim.ClaimDeleted, At: 40 * cluster.Minute, Amount: 3}}
	return s
}

// TestHealthyDay: without a mutant nothing is wrong with the day.
func TestHealthyDay(t *testing.T) {
	for name, set := range map[string]func(*sim.Scenario){"as it is": func(*sim.Scenario) {}, "scattered": scattered, "late": late, "guarded": guardedGo} {
		t.Run(name, func(t *testing.T) {
			s := day(t)
			set(&s)
			r, err := sim.Run(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			healthy(t, r)
			if r.Evictions == 0 || r.Ended < 4 {
				t.Errorf("%d evictions, %d nodes ended: the day does not try the rules", r.Evictions, r.Ended)
			}
		})
	}
}

// TestMutants: each rule is broken on purpose and has to be the one that is reported.
func TestMutants(t *testing.T) {
	tryMutants(t, []mutation{
		{name: "never ends instances", rule: judge.StuckDeletion, spoil: without[engine.Terminate]},
		{name: "never creates claims", rule: judge.StarvedPod, spoil: without[engine.CreateClaim]},
		{name: "never gives back", rule: judge.KeptEmpty, spoil: without[engine.DeleteClaim]},
		{name: "never evicts", rule: judge.StuckDeletion, spoil: without[engine.EvictPod]},
		{name: "launches twice", rule: judge.LeakedInstance, spoil: launchTwice, set: noOrphans},
		{name: "deletes instead of evicting", rule: judge.PDB, spoil: deleteInstead},
		{name: "evicts what is protected", rule: judge.DoNotDisrupt, spoil: evictAll},
		{name: "ends instances without a drain", rule: judge.PodKilled, spoil: endEarly},
		{name: "gives everything back at once", rule: judge.Budget, spoil: deleteMany},
		{name: "gives back a node with a protected pod", rule: judge.DoNotDisrupt, spoil: deleteGuarded},
		{name: "writes without end", rule: judge.Restless, spoil: scribble},
		{name: "one instance for two claims", rule: judge.DoubleClaim, spoil: sameInstance},
		{name: "replaces for nothing", rule: judge.PointlessMove, spoil: deleteOne},
		{name: "never finishes", rule: judge.Unsettled, spoil: forgetful, set: lateLoss},
		{name: "never moves anybody", rule: judge.Wasteful, spoil: keepAll, set: scattered},
		{name: "writes now and then between moves", rule: judge.Restless, spoil: scribble, set: late},
		{name: "waits for the node that does not go", rule: judge.KeptEmpty, spoil: patient, set: guardedGo},
		{name: "knows no limits", rule: judge.Limit, spoil: unlimited, set: limited},
	})
}

// mutation is something wrong about the engine, and the rule that it breaks.
type mutation struct {
	name  string
	rule  judge.Rule
	why   string // part of what is said of it
	spoil func(*mutant, []engine.Effect) []engine.Effect
	set   func(*sim.Scenario)
	hear  func(engine.Event) engine.Event // nil to be told what is so
}

func tryMutants(t *testing.T, all []mutation) {
	for _, x := range all {
		t.Run(x.name, func(t *testing.T) {
			s := day(t)
			if x.set != nil {
				x.set(&s)
			}
			s.Brain = func(o engine.Options) sim.Brain {
				m := mutated(x.spoil)(o).(*mutant)
				m.hear = x.hear
				return m
			}
			r, err := sim.Run(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(r.Violations, func(v judge.Violation) bool { return v.Rule == x.rule && strings.Contains(v.Why, x.why) }) {
				t.Errorf("nobody noticed; wanted %s (%s), got %v", x.rule, x.why, r.Violations)
			}
		})
	}
}

// forgetful does nothing at all from some time on, when nothing waits and nobody watches
// for anything any more: what happens then leaves things as nobody wants them.
func forgetful(m *mutant, effects []engine.Effect) []engine.Effect {
	if m.now > sim.DefaultStart.Add(210*cluster.Minute) {
		return nil
	}
	return effects
}

// lateLoss lets machines vanish, long before the end.
func lateLoss(s *sim.Scenario) {
	s.Faults = append(s.Faults, sim.Fault{Kind: sim.Kill, At: 211 * cluster.Minute, Amount: 2})
}

// keepAll never gives back a node that is in use.
func keepAll(_ *mutant, effects []engine.Effect) []engine.Effect {
	return slices.DeleteFunc(effects, func(f engine.Effect) bool {
		p, is := f.(engine.PatchClaim)
		return is && p.Annotations["ullage.sh/disruption"] != ""
	})
}

// scattered leaves a few pods on each of many nodes.
func scattered(s *sim.Scenario) {
	s.Pools[0].Policy = cluster.WhenEmptyOrUnderutilized
	s.Workloads[0].Pod = pod("web", 400, 512)
	s.Workloads[0].Changes = []workload.Change{{At: 90 * cluster.Minute, Replicas: 12}}
}

// late lets pods go a while before the end, so that there are moves in the time of rest.
func late(s *sim.Scenario) {
	scattered(s)
	s.Workloads[0].Changes[0].At = 2 * cluster.Hour
}

// guardedGo has somebody delete all nodes, those too whose pods nobody may evict.
func guardedGo(s *sim.Scenario) { s.Faults[0].Amount = 100 }

// patient gives nothing back while a node is on its way out.
func patient(m *mutant, effects []engine.Effect) []engine.Effect {
	return slices.DeleteFunc(effects, func(f engine.Effect) bool {
		_, is := f.(engine.DeleteClaim)
		return is && slices.ContainsFunc(sortedKeys(m.claims), func(name string) bool { return m.claims[name].Deleting() })
	})
}

// noOrphans makes the engine leave instances alone that belong to nobody.
func noOrphans(s *sim.Scenario) { s.Options.OrphanGrace = 100 * cluster.Hour }

func launchTwice(_ *mutant, effects []engine.Effect) []engine.Effect {
	for _, f := range slices.Clone(effects) {
		if l, ok := f.(engine.Launch); ok {
			l.Token += "-again"
			effects = append(effects, l)
		}
	}
	return effects
}

func deleteInstead(_ *mutant, effects []engine.Effect) []engine.Effect {
	for i, f := range effects {
		if e, ok := f.(engine.EvictPod); ok {
			effects[i] = engine.DeletePod{Namespace: e.Namespace, Name: e.Name, UID: e.UID, Grace: 30 * cluster.Second}
		}
	}
	return effects
}

func evictAll(m *mutant, effects []engine.Effect) []engine.Effect {
	for _, f := range slices.Clone(effects) {
		if _, ok := f.(engine.EvictPod); !ok {
			continue
		}
		for _, id := range sortedKeys(m.pods) {
			if p := m.pods[id]; p.Protected(m.now) {
				effects = append(effects, engine.EvictPod{Namespace: p.Namespace, Name: p.Name, UID: p.UID})
			}
		}
	}
	return effects
}

// endEarly ends the instances of claims as soon as they are being deleted.
func endEarly(m *mutant, effects []engine.Effect) []engine.Effect {
	for _, name := range sortedKeys(m.claims) {
		if c := m.claims[name]; c.Deleting() && len(m.on(c.NodeName)) > 0 {
			effects = append(effects, engine.Terminate{IDs: []string{c.ProviderID}})
		}
	}
	return effects
}

// deleteMany gives all nodes back when it would give back one.
func deleteMany(m *mutant, effects []engine.Effect) []engine.Effect {
	if !slices.ContainsFunc(effects, func(f engine.Effect) bool { _, is := f.(engine.DeleteClaim); return is }) {
		return effects
	}
	for _, name := range m.running() {
		effects = append(effects, engine.DeleteClaim{Name: name, UID: m.claims[name].UID})
	}
	return effects
}

// deleteOne gives a node back that is in use, long after anything has happened.
func deleteOne(m *mutant, effects []engine.Effect) []engine.Effect {
	if m.done || m.now < sim.DefaultStart.Add(4*cluster.Hour) {
		return effects
	}
	for _, name := range m.running() {
		c := m.claims[name]
		pods := m.on(c.NodeName)
		if len(pods) > 0 && !slices.ContainsFunc(pods, func(p *cluster.Pod) bool { return p.Protected(m.now) }) {
			m.done = true
			return append(effects, engine.DeleteClaim{Name: name, UID: c.UID})
		}
	}
	return effects
}

func deleteGuarded(m *mutant, effects []engine.Effect) []engine.Effect {
	for _, name := range m.running() {
		c := m.claims[name]
		if !m.done && slices.ContainsFunc(m.on(c.NodeName), func(p *cluster.Pod) bool { return p.Protected(m.now) && p.Created.Add(10*cluster.Minute) < m.now }) {
			m.done = true
			effects = append(effects, engine.DeleteClaim{Name: name, UID: c.UID})
		}
	}
	return effects
}

// scribble writes something on a node every minute.
func scribble(m *mutant, effects []engine.Effect) []engine.Effect {
	if m.now < m.last.Add(cluster.Minute) {
		return effects
	}
	for _, name := range sortedKeys(m.nodes) {
		n := m.nodes[name]
		m.last = m.now
		return append(effects, engine.PatchNode{Name: n.Name, UID: n.UID, Revision: n.Revision, Taints: n.Taints, Finalizers: n.Finalizers,
			Annotations: map[string]string{"seen-at": m.now.Add(cluster.Second).RFC3339()}})
	}
	return effects
}

func sameInstance(m *mutant, effects []engine.Effect) []engine.Effect {
	first := ""
	for i, f := range effects {
		if s, ok := f.(engine.PatchClaimStatus); ok && s.ProviderID != "" && m.claims[s.Name] != nil && m.claims[s.Name].ProviderID == "" {
			if first == "" {
				first = s.ProviderID
			}
			s.ProviderID = first
			effects[i] = s
		}
	}
	return effects
}

// unlimited creates two more claims like each.
func unlimited(_ *mutant, effects []engine.Effect) []engine.Effect {
	for _, f := range slices.Clone(effects) {
		if c, ok := f.(engine.CreateClaim); ok {
			for _, suffix := range []string{"x", "y"} {
				more := *c.Claim
				launch := *c.Claim.Launch
				launch.Token += suffix
				more.Name, more.Launch = more.Name+suffix, &launch
				effects = append(effects, engine.CreateClaim{Claim: &more, PoolUID: c.PoolUID})
			}
		}
	}
	return effects
}

func limited(s *sim.Scenario) {
	s.Pools[0].Limits = cluster.NewResources(map[string]int64{cluster.NodesLimit: 8})
}

func sortedKeys[T any](m map[string]*T) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

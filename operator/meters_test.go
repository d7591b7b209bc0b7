package operator

import (
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/runner"
)

// observed are meters that have seen a step with something of everything, on a cluster
// with one pool of static capacity and a buffer.
func observed(t *testing.T) *Meters {
	t.Helper()
	m := NewMeters()
	opts := engine.DefaultOptions()
	opts.Kinds = []string{"ullage.sh/TestClass"}
	e := engine.New(opts)
	replicas, ref := int64(3), cluster.ClassRef{Group: "ullage.sh", Kind: "TestClass", Name: "default"}
	at := cluster.Instant(1_700_000_000 * int64(cluster.Second))
	e.Step(at, []engine.Event{
		engine.PoolChanged{Name: "still", Pool: &cluster.Pool{Name: "still", UID: "p", Class: ref, Replicas: &replicas, Limits: cluster.Resources{{Name: cluster.CPU, Value: 4500}},
			Budgets: []cluster.Budget{{Nodes: 50, Percent: true}}}},
		engine.BufferChanged{ID: "shop/room", Buffer: &cluster.CapacityBuffer{Namespace: "shop", Name: "room", UID: "b", Chunks: 4, Demand: &cluster.Demand{}}},
		engine.Synced{},
	})
	claim := engine.Object{Kind: "NodeClaim", Name: "c"}
	was := &engine.Bought{Offering: cluster.OfferingID{InstanceType: "m5.large", Zone: "a", CapacityType: "spot"}, Price: 50_000}
	effects := []engine.Effect{
		engine.CreateClaim{Claim: &cluster.Claim{Name: "c", Pool: "still"}},
		engine.Planned{Plan: &plan.Plan{Creates: []plan.Create{{}}, CreateCost: 300_000, Bound: 250_000}},
		engine.Repacked{Repacking: &plan.Repacking{Cost: 1_000_000, Saving: 200_000, Bound: 640_000,
			Actions:  []plan.Action{{Why: cluster.ReasonUnderutilized, Hosts: []string{"x", "y"}}},
			Verdicts: []plan.Verdict{{Host: "x"}, {Host: "y"}, {Host: "z", Kept: plan.KeptFull}}}},
		engine.Note{About: claim, Reason: "DisruptionLaunching", Decision: &engine.Decision{Why: cluster.ReasonUnderutilized, Hosts: 2, Replaces: true, Saving: 120_000}},
		engine.Note{About: claim, Reason: "DisruptionTerminating", Decision: &engine.Decision{Why: cluster.ReasonEmpty, Saving: 80_000}},
		engine.Note{About: claim, Reason: "DisruptionBlocked", Decision: &engine.Decision{Why: cluster.ReasonDrifted, Replaces: true, Failed: engine.Unreplaced}},
		engine.Note{About: claim, Reason: "DisruptionBlocked", Decision: &engine.Decision{Why: cluster.ReasonDrifted, Failed: engine.Outdated}},
		engine.Note{About: claim, Reason: "Underutilized", Pool: "still", Bought: was},
		engine.Note{About: claim, Reason: "Terminated", Pool: "still", Bought: was, Ended: 2 * cluster.Minute},
		engine.Note{About: claim, Reason: "Drained", Pool: "still", Lived: cluster.Hour, Ended: 90 * cluster.Second},
		engine.Note{Reason: "Evicted", Why: cluster.ReasonUnderutilized},
	}
	for _, reason := range []string{"Registered", "Evicted", "FailedDraining", "Unhealthy", "LaunchTimeout"} {
		effects = append(effects, engine.Note{About: claim, Reason: reason, Pool: "still"})
	}
	m.Observe(runner.Step{At: at, Effects: effects, Took: time.Millisecond, Engine: e})
	return m
}

// value is what the registry shows under a name, for labels in the order of their names;
// −1 for nothing.
func (m *Meters) value(t *testing.T, name string, labels ...string) float64 {
	t.Helper()
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, x := range f.GetMetric() {
			var have []string
			for _, l := range x.GetLabel() {
				have = append(have, l.GetValue())
			}
			if f.GetName() == name && slices.Equal(have, labels) {
				return x.GetCounter().GetValue() + x.GetGauge().GetValue() + x.GetSummary().GetSampleSum() + x.GetHistogram().GetSampleSum()
			}
		}
	}
	return -1
}

// TestMetersCount under Karpenter's names where it has one.
func TestMetersCount(t *testing.T) {
	m := observed(t)
	for _, x := range []struct {
		name   string
		labels []string
		want   float64
	}{
		{"karpenter_voluntary_disruption_decisions_total", []string{"multi", "replace", "underutilized"}, 1},
		{"karpenter_voluntary_disruption_decisions_total", []string{"empty", "delete", "empty"}, 1},
		{"karpenter_voluntary_disruption_decisions_total", []string{"", "replace", "drifted"}, -1},
		{"karpenter_voluntary_disruption_queue_failures_total", []string{"", "replace", "drifted"}, 1},
		{"karpenter_pods_drained_total", []string{"Underutilized"}, 1},
		{"karpenter_pods_drained_total", []string{"Forceful Termination"}, 1},
		{"karpenter_nodes_termination_duration_seconds", []string{"still"}, 90},
		{"karpenter_nodes_lifetime_duration_seconds", []string{"still"}, 3600},
		{"karpenter_nodeclaims_termination_duration_seconds", []string{"still"}, 120},
		{"karpenter_nodeclaims_disrupted_total", []string{"", "still", "launch_timeout"}, 1},
		{"karpenter_voluntary_disruption_failed_validations_total", nil, 1},
		{"karpenter_voluntary_disruption_eligible_nodes", []string{"underutilized"}, 2},
		{"karpenter_voluntary_disruption_eligible_nodes", []string{"empty"}, 0},
		{"karpenter_nodeclaims_disrupted_total", []string{"spot", "still", "underutilized"}, 1},
		{"karpenter_nodeclaims_terminated_total", []string{"spot", "still", "a"}, 1},
		{"karpenter_nodepools_allowed_disruptions", []string{"still", "Drifted"}, 0},
		{"karpenter_nodepools_limit", []string{"still", "cpu"}, 4.5},
		{"karpenter_pods_eviction_requests_total", []string{"429"}, 1},
		{"ullage_writes_total", []string{"CreateClaim"}, 1},
		{"ullage_writes_total", []string{"Planned"}, -1},
		{"ullage_disruption_savings_total", nil, 0.2},
		{"ullage_cluster_cost", nil, 1},
		{"ullage_cluster_bound", nil, 0.64},
		{"ullage_cluster_gap_ratio", nil, 0.25},
		{"ullage_cluster_saving", nil, 0.2},
		{"ullage_plan_gap_ratio", nil, 0.2},
		{"ullage_nodepools_replicas", []string{"still"}, 3},
		{"ullage_nodepools_reserved_nodes", []string{"still"}, 0},
		{"ullage_capacity_buffer_chunks", []string{"room", "shop"}, 4},
		{"ullage_capacity_buffer_ready_chunks", []string{"room", "shop"}, 0},
	} {
		if got := m.value(t, x.name, x.labels...); got < x.want-1e-9 || got > x.want+1e-9 {
			t.Errorf("%s%q is %v, want %v", x.name, x.labels, got, x.want)
		}
	}
}

// TestMetersLint: names and help texts are as Prometheus wants them, apart from names that
// Karpenter has given.
func TestMetersLint(t *testing.T) {
	families, err := observed(t).registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	given := map[string]bool{"karpenter_nodepools_cost_total": false, "karpenter_cluster_state_node_count": false, "karpenter_scheduler_unschedulable_pods_count": false}
	for _, p := range problems {
		if _, ok := given[p.Metric]; ok {
			given[p.Metric] = true
			continue
		}
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	for name, wrong := range given {
		if !wrong {
			t.Errorf("%s is fine by now", name)
		}
	}
}

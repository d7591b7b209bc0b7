package operator

import (
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/runner"
)

// Meters are the metrics of one operator. Those that Karpenter has too carry its
// names and labels, so that its dashboards work; the others begin with ullage_.
type Meters struct {
	registry *prometheus.Registry

	claimsCreated                                  *prometheus.CounterVec // nodepool, reason
	claimsTerminated                               *prometheus.CounterVec // nodepool, capacity_type, zone
	claimsDisrupted                                *prometheus.CounterVec // nodepool, reason, capacity_type
	nodesCreated, nodesTerminated, nodesDrained    *prometheus.CounterVec // nodepool
	evictions                                      *prometheus.CounterVec // code
	drained                                        *prometheus.CounterVec // reason
	decisions, unreplaced                          *prometheus.CounterVec // decision, reason, consolidation_type
	outdated, saved                                prometheus.Counter
	notes                                          *prometheus.CounterVec   // reason
	writes                                         *prometheus.CounterVec   // kind
	scheduling                                     prometheus.Histogram     // seconds
	steps                                          prometheus.Histogram     // seconds
	ending                                         *prometheus.SummaryVec   // of nodes, seconds: nodepool
	lived, claimsEnding                            *prometheus.HistogramVec // of nodes, of claims, seconds: nodepool
	queue, unschedulable, synced, nodes, suspended prometheus.Gauge
	usage, limit                                   *prometheus.GaugeVec // nodepool, resource_type
	allowed                                        *prometheus.GaugeVec // nodepool, reason
	consuming, cost, reserved, replicas            *prometheus.GaugeVec // nodepool
	chunks, chunksReady                            *prometheus.GaugeVec // namespace, name
	planCost, planBound, planGap                   prometheus.Gauge
	passes                                         prometheus.Histogram // seconds
	paid, saving, paidBound, paidGap               prometheus.Gauge
	verdicts                                       *prometheus.GaugeVec // verdict
	eligible                                       *prometheus.GaugeVec // reason

	lastStatus cluster.Instant
}

// NewMeters returns meters in a registry of their own.
func NewMeters() *Meters {
	m := &Meters{registry: prometheus.NewRegistry()}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		m.registry.MustRegister(c)
		return c
	}
	gauges := func(name, help string, labels ...string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
		m.registry.MustRegister(g)
		return g
	}
	gauge := func(name, help string) prometheus.Gauge { return gauges(name, help).WithLabelValues() }
	seconds := func(name, help string) prometheus.Histogram {
		h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: prometheus.ExponentialBuckets(0.0001, 2, 20)})
		m.registry.MustRegister(h)
		return h
	}
	m.claimsCreated = counter("karpenter_nodeclaims_created_total", "NodeClaims created.", "nodepool", "reason")
	m.claimsTerminated = counter("karpenter_nodeclaims_terminated_total", "NodeClaims that have ended.", "nodepool", "capacity_type", "zone")
	m.claimsDisrupted = counter("karpenter_nodeclaims_disrupted_total", "NodeClaims whose deletion was decided here.", "nodepool", "reason", "capacity_type")
	m.nodesCreated = counter("karpenter_nodes_created_total", "Nodes that registered.", "nodepool")
	m.nodesTerminated = counter("karpenter_nodes_terminated_total", "Nodes that were drained and let go.", "nodepool")
	m.nodesDrained = counter("karpenter_nodes_drained_total", "Nodes that were drained.", "nodepool")
	m.evictions = counter("karpenter_pods_eviction_requests_total", "Evictions asked for and granted.", "code")
	m.drained = counter("karpenter_pods_drained_total", "Pods evicted from nodes that go, by what these go for.", "reason")
	m.decisions = counter("karpenter_voluntary_disruption_decisions_total", "Voluntary disruptions decided.", "decision", "reason", "consolidation_type")
	m.unreplaced = counter("karpenter_voluntary_disruption_queue_failures_total", "Disruptions given up since what was to replace the node did not come up.", "decision", "reason", "consolidation_type")
	m.outdated = counter("karpenter_voluntary_disruption_failed_validations_total", "Disruptions given up since the node had to stay after all, found right before its end.").WithLabelValues()
	m.saved = counter("ullage_disruption_savings_total", "What the disruptions that were begun take off the price of all nodes, USD per hour.").WithLabelValues()
	m.notes = counter("ullage_notes_total", "What happened, by reason.", "reason")
	m.writes = counter("ullage_writes_total", "Writes to the API server that were decided on, by kind; Note is an Event.", "kind")
	m.ending = prometheus.NewSummaryVec(prometheus.SummaryOpts{
		Name: "karpenter_nodes_termination_duration_seconds", Help: "Time from a node's deletion to its end.",
		Objectives: map[float64]float64{0.5: 0.05, 0.9: 0.01, 0.99: 0.001},
	}, []string{"nodepool"})
	m.lived = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "karpenter_nodes_lifetime_duration_seconds", Help: "Time from a node's registration to its end.",
		Buckets: prometheus.ExponentialBuckets(60, 2, 15), // a minute to eleven days
	}, []string{"nodepool"})
	m.claimsEnding = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "karpenter_nodeclaims_termination_duration_seconds", Help: "Time from a NodeClaim's deletion to its end.",
		Buckets: prometheus.ExponentialBuckets(1, 2, 12),
	}, []string{"nodepool"})
	m.registry.MustRegister(m.ending, m.lived, m.claimsEnding)
	m.scheduling = seconds("karpenter_scheduler_scheduling_duration_seconds", "Time to plan for the pods that wait.")
	m.steps = seconds("ullage_engine_step_duration_seconds", "Time of one step of the engine.")
	m.queue = gauge("karpenter_scheduler_queue_depth", "Pods that wait for nodes.")
	m.unschedulable = gauge("karpenter_scheduler_unschedulable_pods_count", "Pods that fit nowhere.")
	m.synced = gauge("karpenter_cluster_state_synced", "1 when the state of the cluster is known.")
	m.nodes = gauge("karpenter_cluster_state_node_count", "Nodes in the cluster.")
	m.suspended = gauge("ullage_suspended", "1 while another autoscaler holds its lease and nothing is done.")
	m.usage = gauges("karpenter_nodepools_usage", "Capacity of the pool's nodes: cores, bytes, counts.", "nodepool", "resource_type")
	m.limit = gauges("karpenter_nodepools_limit", "Limits of the pool.", "nodepool", "resource_type")
	m.allowed = gauges("karpenter_nodepools_allowed_disruptions", "Nodes that may be disrupted at the same time now.", "nodepool", "reason")
	m.consuming = gauges("karpenter_nodepools_nodes_consuming_budgets", "Nodes that use the pool's budgets.", "nodepool")
	m.cost = gauges("karpenter_nodepools_cost_total", "Price of the pool's nodes, USD per hour.", "nodepool")
	m.reserved = gauges("ullage_nodepools_reserved_nodes", "Nodes that only the pods may use that they were bought for.", "nodepool")
	m.replicas = gauges("ullage_nodepools_replicas", "Nodes that a pool of static capacity is to have.", "nodepool")
	m.chunks = gauges("ullage_capacity_buffer_chunks", "Chunks that a CapacityBuffer is to keep free.", "namespace", "name")
	m.chunksReady = gauges("ullage_capacity_buffer_ready_chunks", "Chunks that have room on nodes that are ready.", "namespace", "name")
	m.planCost = gauge("ullage_plan_new_cost", "What the nodes of the last plan that bought any cost, USD per hour.")
	m.planBound = gauge("ullage_plan_bound", "Proven lower bound of that, USD per hour.")
	m.planGap = gauge("ullage_plan_gap_ratio", "Cost over bound, minus 1.")
	m.passes = seconds("karpenter_voluntary_disruption_decision_evaluation_duration_seconds", "Time to look at all nodes for some to give back.")
	m.paid = gauge("ullage_cluster_cost", "What the nodes of all pools cost, charges included, USD per hour.")
	m.saving = gauge("ullage_cluster_saving", "What the last pass found to take off that.")
	m.paidBound = gauge("ullage_cluster_bound", "Proven lower bound of what the same pods must cost, given the nodes that may not go.")
	m.paidGap = gauge("ullage_cluster_gap_ratio", "Cost less saving over bound, minus 1.")
	m.verdicts = gauges("ullage_nodes_by_verdict", "Nodes by what the last pass found.", "verdict")
	m.eligible = gauges("karpenter_voluntary_disruption_eligible_nodes", "Nodes that could be disrupted.", "reason")
	return m
}

// statusEvery bounds how often gauges are taken: they cost a walk over all
// claims.
const statusEvery = cluster.Second

// Observe counts what a step did.
func (m *Meters) Observe(s runner.Step) {
	m.steps.Observe(s.Took.Seconds())
	for _, f := range s.Effects {
		if kind := written(f); kind != "" {
			m.writes.WithLabelValues(kind).Inc()
		}
		switch f := f.(type) {
		case engine.CreateClaim:
			m.claimsCreated.WithLabelValues(f.Claim.Pool, "provisioned").Inc()
		case engine.Note:
			m.note(f)
		case engine.Planned:
			m.planned(f, s.Took)
		case engine.Repacked:
			m.repacked(f, s.Took)
		}
	}
	if s.At.Sub(m.lastStatus) >= statusEvery {
		m.lastStatus = s.At
		m.status(s.Engine.Status())
	}
}

// written is the kind of a write to the API server, "" for what is none: what is asked of
// the cloud, and what is only told.
func written(f engine.Effect) string {
	switch f := f.(type) {
	case engine.Resolve, engine.Launch, engine.Terminate, engine.List, engine.Acknowledge, engine.Planned, engine.Repacked:
		return ""
	case engine.Note:
		if f.Quiet {
			return ""
		}
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", f), "engine.")
}

func (m *Meters) planned(f engine.Planned, took time.Duration) {
	m.scheduling.Observe(took.Seconds())
	if len(f.Plan.Creates) > 0 {
		m.planCost.Set(dollars(f.Plan.CreateCost))
		m.planBound.Set(dollars(f.Plan.Bound))
		m.planGap.Set(f.Plan.Gap())
	}
}

func (m *Meters) repacked(f engine.Repacked, took time.Duration) {
	r := f.Repacking
	m.passes.Observe(took.Seconds())
	m.paid.Set(dollars(r.Cost))
	m.saving.Set(dollars(r.Saving))
	if r.Bound > 0 { // most passes have none
		m.paidBound.Set(dollars(r.Bound))
		m.paidGap.Set(r.Gap())
	}
	m.verdicts.Reset()
	for i := range r.Verdicts {
		m.verdicts.WithLabelValues(r.Verdicts[i].Kept.String()).Inc()
	}
	eligible := map[cluster.Reason]int{cluster.ReasonEmpty: 0, cluster.ReasonUnderutilized: 0}
	for i := range r.Actions {
		eligible[r.Actions[i].Why] += len(r.Actions[i].Hosts)
	}
	for why, n := range eligible {
		m.eligible.WithLabelValues(lower(why)).Set(float64(n))
	}
}

func (m *Meters) status(s engine.Status) {
	m.queue.Set(float64(s.Waiting))
	m.unschedulable.Set(float64(s.Unplaced))
	m.nodes.Set(float64(s.Nodes))
	m.synced.Set(truth(s.Synced))
	m.suspended.Set(truth(s.Suspended != ""))
	for _, g := range []*prometheus.GaugeVec{m.usage, m.limit, m.allowed, m.consuming, m.cost, m.reserved, m.replicas, m.chunks, m.chunksReady} {
		g.Reset() // pools and buffers come and go
	}
	drifted := 0
	for _, p := range s.Pools {
		for _, a := range p.Usage {
			m.usage.WithLabelValues(p.Name, a.Name).Set(base(a))
		}
		for _, a := range p.Limits {
			m.limit.WithLabelValues(p.Name, a.Name).Set(base(a))
		}
		for why, n := range p.Allowed {
			m.allowed.WithLabelValues(p.Name, string(why)).Set(float64(n))
		}
		m.consuming.WithLabelValues(p.Name).Set(float64(p.Disrupting))
		m.cost.WithLabelValues(p.Name).Set(dollars(p.Price))
		m.reserved.WithLabelValues(p.Name).Set(float64(p.Reserved))
		if p.Replicas >= 0 {
			m.replicas.WithLabelValues(p.Name).Set(float64(p.Replicas))
		}
		drifted += p.Drifted
	}
	m.eligible.WithLabelValues(lower(cluster.ReasonDrifted)).Set(float64(drifted))
	for _, b := range s.Buffers {
		m.chunks.WithLabelValues(b.Namespace, b.Name).Set(float64(b.Wanted))
		m.chunksReady.WithLabelValues(b.Namespace, b.Name).Set(float64(b.Ready))
	}
}

// lower is a reason as Karpenter's counters have it.
func lower(why cluster.Reason) string { return strings.ToLower(string(why)) }

// base is an amount in the unit that Prometheus users expect: cores, bytes.
func base(a cluster.Amount) float64 {
	if a.Name == cluster.CPU {
		return float64(a.Value) / 1000
	}
	return float64(a.Value)
}

func dollars(m cluster.Money) float64 { return float64(m) / float64(cluster.USD) }

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

package script

import (
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim"
	"github.com/ullage-sh/ullage/sim/workload"
)

func embedded(t testing.TB) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const full = `
seed: 3
length: 12h
start: "2026-03-02T00:00:00Z"
families: [m5]
pools:
- name: a
  weight: 5
  capacityTypes: [spot]
  arch: [amd64]
  zones: [ap-northeast-2a]
  maxNodeCPU: 8
  taints: [{key: team, value: x, effect: NoSchedule}]
  limits: {cpu: 64, memory: 256Gi, nodes: 9}
  consolidateAfter: never
  expireAfter: 720h
  terminationGracePeriod: 5m
  budgets: [{nodes: 20%}, {nodes: 0, schedule: "0 9 * * *", duration: 1h, timeZone: Asia/Seoul, reasons: [Empty]}]
- name: fixed
  replicas: 3
  changes: [{at: 2h, replicas: 5}]
workloads:
- name: web
  replicas: 10
  requests: {cpu: 250m, memory: 1.5Gi, gpu: 1}
  nodeSelector: {b: "2", a: "1"}
  tolerations: [{key: team, operator: Exists}]
  spread: zone
  apart: hostname
  soft: true
  maxUnavailable: 25%
  doNotDisrupt: true
  priority: 100
  gang: 4
  coscheduling: true
  changes: [{at: 1h, rollout: true}, {at: 30m, replicas: 12}]
- {name: set, kind: StatefulSet, replicas: 2, volume: 8Gi}
- name: night
  kind: Job
  requests: {cpu: 1}
  batches: [{at: 1h, every: 4h, pods: 5, runs: 10m}]
buffers:
- {name: spare, of: web, percent: 20, chunks: 1, changes: [{at: 3h, chunks: 9}]}
- {name: own, requests: {cpu: 2, memory: 1Gi}, chunks: 2}
reservations:
- {type: m5.large, zone: ap-northeast-2a, count: 3, changes: [{at: 2h, count: 0}]}
faults:
- {kind: shortage, at: 2h, for: 30m, where: "m5.*"}
`

func TestEveryField(t *testing.T) {
	s, err := Read("full.yaml", []byte(full), embedded(t))
	if err != nil {
		t.Fatal(err)
	}
	p := s.Pools[0]
	if p.Weight != 5 || p.ConsolidateAfter != cluster.Forever || p.ExpireAfter != 720*cluster.Hour || p.TerminationGracePeriod != 5*cluster.Minute {
		t.Errorf("pool %+v", p)
	}
	if p.Limits.Get(cluster.CPU) != 64_000 || p.Limits.Get(cluster.Memory) != 256<<30 || p.Limits.Get(cluster.NodesLimit) != 9 {
		t.Errorf("limits %v", p.Limits)
	}
	if len(p.Requirements) != 4 || len(p.Budgets) != 2 || p.Budgets[1].Window == nil || !p.Budgets[0].Percent || len(p.Taints) != 1 {
		t.Errorf("requirements %v, budgets %v", p.Requirements, p.Budgets)
	}
	if p := s.Pools[1]; p.Replicas == nil || *p.Replicas != 3 || len(s.Resizes) != 1 || s.Resizes[0] != (sim.Resize{At: 2 * cluster.Hour, Pool: "fixed", Replicas: 5}) {
		t.Errorf("pool %+v, resizes %+v", p, s.Resizes)
	}
	web := s.Workloads[0]
	d := web.Pod.Demand
	if d.Requests.Get(cluster.CPU) != 250 || d.Requests.Get(cluster.Memory) != 3<<29 || d.Requests.Get("nvidia.com/gpu") != 1 || len(d.Selector) != 2 || d.Selector[0].Key != "a" {
		t.Errorf("demand %s", d.Key)
	}
	if !d.Spreads[0].Soft || len(d.PodAntiAffinity) != 0 || !d.Preferences[0].Apart || !web.Pod.Protected || !web.Pod.Preempts || web.GangID() != "scheduling.x-k8s.io/default/web" || web.Gang != 4 || web.Budget.MaxUnavailable.Value != 25 {
		t.Errorf("web %+v, demand %s", web, d.Key)
	}
	if len(web.Changes) != 2 || web.Changes[0].Replicas != 12 || !web.Changes[1].Rollout || web.Changes[1].Replicas != 10 {
		t.Errorf("changes %+v", web.Changes)
	}
	if set := s.Workloads[1]; set.Volume != 8<<30 {
		t.Errorf("volume %d", set.Volume)
	}
	night := s.Workloads[2]
	if night.Kind != workload.Job || len(night.Batches) != 3 || night.Batches[2].At != 9*cluster.Hour {
		t.Errorf("night %+v", night)
	}
	if b := s.Buffers[0]; len(s.Buffers) != 2 || b.Of != "web" || b.Wants(b.Chunks, 12) != 3 || b.Changes[0].Chunks != 9 || s.Buffers[1].Pod.Demand.Requests.Get(cluster.CPU) != 2000 {
		t.Errorf("buffers %+v", s.Buffers)
	}
	if r := s.Reserved; len(r) != 2 || r[0].Count != 3 || r[1].Count != 0 || r[1].At != 2*cluster.Hour || r[1].Offering().String() != "m5.large/ap-northeast-2a/reserved" {
		t.Errorf("reserved %+v", r)
	}
	if s.Faults[0].For != 30*cluster.Minute || s.Length != 12*cluster.Hour || s.Seed != 3 || len(s.Types) == 0 {
		t.Errorf("scenario %+v", s.Faults)
	}
}

// TestDaily: as many as wanted at the peak, few twelve hours later.
func TestDaily(t *testing.T) {
	s, err := Read("daily.yaml", []byte("workloads: [{name: w, replicas: 100, requests: {cpu: 1}, daily: {low: 10, peak: 6h, step: 1h}}]"), embedded(t))
	if err != nil {
		t.Fatal(err)
	}
	w := s.Workloads[0]
	most, least := w.Replicas, w.Replicas
	for _, c := range w.Changes {
		most, least = max(most, c.Replicas), min(least, c.Replicas)
		if c.At == 6*cluster.Hour && c.Replicas != 100 || c.At == 18*cluster.Hour && c.Replicas != 10 {
			t.Errorf("at %s there are %d", c.At, c.Replicas)
		}
	}
	if most != 100 || least != 10 {
		t.Errorf("from %d to %d, want 10 to 100", least, most)
	}
}

func TestMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"length: soon":         `"soon" is not a length of time`,
		"length: 5":            "5 is not a length of time",
		"color: red":           `unknown field "color"`,
		"start: yesterday":     "start: \"yesterday\" is not a time",
		"region: mars":         `no region "mars"`,
		"pools: [{weight: 1}]": "pools[0] : name is missing",
		"pools: [{name: a, limits: {cpu: lots}}]":                                  `pools[0] a: limits.cpu: "lots" is not a quantity`,
		"pools: [{name: a, budgets: [{nodes: some}]}]":                             `budgets[0]: nodes: "some" is neither`,
		"pools: [{name: a, budgets: [{nodes: 101%}]}]":                             "neither a number nor a percentage",
		"pools: [{name: a, budgets: [{nodes: 1, schedule: '* *', duration: 1h}]}]": "schedule",
		"pools: [{name: a, consolidationPolicy: Always}]":                          `consolidationPolicy: "Always" is none of`,
		"pools: [{name: a, replicas: -1}]":                                         "replicas: -1 is less than none",
		"pools: [{name: a, changes: [{at: 1h, replicas: 1}]}]":                     "only a pool with replicas has them",
		"buffers: [{name: a, chunks: 1}]":                                          "buffers[0] a: what there is to be room for",
		"buffers: [{name: a, requests: {cpu: 1}, percent: 1}]":                     "percent is of a workload's replicas",
		"buffers: [{name: a, of: b, chunks: -1}]":                                  "must not be negative",
		"workloads: [{name: w, preemptionPolicy: Always}]":                         "is neither Never nor PreemptLowerPriority",
		"workloads: [{name: w, kind: StatefulSet, gang: 2}]":                       "only the pods of a Deployment",
		"workloads: [{name: w, volume: 8Gi}]":                                      "no size of a disk of a StatefulSet's pods",
		"workloads: [{requests: {cpu: 1}}]":                                        "workloads[0] : name is missing",
		"workloads: [{name: w, kind: CronJob}]":                                    `kind: "CronJob" is none of`,
		"workloads: [{name: w, requests: {cpu: x}}]":                               `requests.cpu: "x" is not a quantity`,
		"workloads: [{name: w, spread: rack}]":                                     `spread: "rack" is neither zone nor hostname`,
		"workloads: [{name: w, kind: Job, replicas: 3}]":                           "a Job has batches, not replicas",
		"workloads: [{name: w, batches: [{at: 1h, pods: 1, runs: 1m}]}]":           "a Deployment has no batches",
		"workloads: [{name: w, minAvailable: 1, maxUnavailable: 1}]":               "exclude each other",
	} {
		if _, err := Read("x.yaml", []byte(text), embedded(t)); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "x.yaml: ") {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(full)
	f.Add("workloads: [{name: w, replicas: 100, requests: {cpu: 1}, daily: {low: 10}}]")
	c := embedded(f)
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := Read("x.yaml", []byte(text), c); err == nil && len(s.Pools) == 0 {
			t.Error("a scenario without a pool")
		}
	})
}

package policy_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim"
	"github.com/ullage-sh/ullage/sim/policy"
	"github.com/ullage-sh/ullage/sim/report"
	"github.com/ullage-sh/ullage/sim/script"
	"github.com/ullage-sh/ullage/sim/workload"
)

const small = `
length: 2h
families: [m5, c5, r5]
pools:
- name: default
  maxNodeCPU: 8
workloads:
- name: site
  replicas: 40
  requests: {cpu: 500m, memory: 1Gi}
  spread: zone
  maxUnavailable: 20%
  changes:
  - {at: 50m, replicas: 12}
- name: database
  kind: StatefulSet
  replicas: 3
  requests: {cpu: "1", memory: 4Gi}
  apart: hostname
  nodeSelector: {karpenter.sh/capacity-type: on-demand}
- name: agent
  kind: DaemonSet
  requests: {cpu: 100m, memory: 128Mi}
  tolerations: [{operator: Exists}]
faults:
- {kind: reclaim, at: 30m, where: "m5.*"}
- {kind: shortage, at: 40m, for: 30m, where: "c5.*/*/spot"}
`

func scenario(t *testing.T) func(uint64) (sim.Scenario, io.Closer, error) {
	t.Helper()
	c, err := catalog.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	return func(seed uint64) (sim.Scenario, io.Closer, error) {
		s, err := script.Read("small", []byte(small), c)
		s.Seed = seed
		return s, nil, err
	}
}

func compared(t *testing.T, workers int, seeds ...uint64) *policy.Comparison {
	t.Helper()
	r, err := policy.Compare(t.Context(), policy.Contest{Name: "small", Policies: policy.All(), Seeds: seeds, Workers: workers, Scenario: scenario(t)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestCompare: the same contest gives the same bytes, however many runs there are at a
// time; each policy has the same pods to run, runs them, and is nowhere below the floor.
func TestCompare(t *testing.T) {
	one, other := compared(t, 1, 1, 2), compared(t, 3, 1, 2)
	a, err := report.CompareJSON(one)
	if err != nil {
		t.Fatal(err)
	}
	b, err := report.CompareJSON(other)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Error("the same contest came out otherwise")
	}
	digests := map[string]bool{}
	for i := range one.Standings {
		s := &one.Standings[i]
		for j := range s.Runs {
			r := &s.Runs[j]
			digests[r.Digest] = true
			last := r.Series[len(r.Series)-1]
			if pods := last.Pods - 2*last.Nodes; last.Pending > 0 || pods > 15 || last.Pods < 15 {
				t.Errorf("%s, seed %d: %d pods run and %d wait in the end on %d nodes, want 15 beside DaemonSets'", s.Title, r.Seed, last.Pods, last.Pending, last.Nodes)
			}
			for k, p := range r.Series {
				if r.Floor[k] > p.Rate {
					t.Errorf("%s, seed %d, after %s: nodes cost %s, and could not cost less than %s", s.Title, r.Seed, p.At, p.Rate, r.Floor[k])
				}
				if k > 1 && r.Floor[k] <= 0 {
					t.Errorf("%s, seed %d, after %s: there is no floor", s.Title, r.Seed, p.At)
				}
			}
			if r.Least <= 0 || r.Least >= r.Cost {
				t.Errorf("%s, seed %d: cost %s, the floor adds up to %s", s.Title, r.Seed, r.Cost, r.Least)
			}
		}
	}
	if want := 2 * (len(one.Standings) - 1); len(digests) < want { // spot to spot may come to the same
		t.Errorf("%d runs differ, want %d at the least: are policies used?", len(digests), want)
	}
	for i := range one.Unmoved.Runs {
		if n, most := one.Unmoved.Runs[i].Evictions, one.Standings[0].Runs[i].Evictions; n >= most {
			t.Errorf("%d pods were evicted where nothing is moved, %d where it may be", n, most)
		}
	}
}

// TestLookChangesNothing: the engine's own policy in a comparison is what runs alone.
func TestLookChangesNothing(t *testing.T) {
	s, _, err := scenario(t)(7)
	if err != nil {
		t.Fatal(err)
	}
	alone, err := sim.Run(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if got := compared(t, 2, 7).Standings[0].Runs[0].Digest; got != alone.Digest {
		t.Errorf("compared it has digest %s, alone %s", got, alone.Digest)
	}
}

// TestPolicyNames: mistakes in names are told with those that there are.
func TestPolicyNames(t *testing.T) {
	for _, names := range [][]string{{"ullag"}, {"ullage", "ullage"}, nil} {
		if _, err := policy.Named(names); err == nil {
			t.Errorf("%q are policies", names)
		}
	}
}

// TestFloor: a floor is of what runs, whatever constraints say about pods that come:
// four pods that are spread over hosts may stand on one.
func TestFloor(t *testing.T) {
	s, _, err := scenario(t)(1)
	if err != nil {
		t.Fatal(err)
	}
	own := workload.Own("default", "x")
	demands, identities := &cluster.Demands{}, &cluster.Identities{}
	pods := func(n int, d cluster.Demand) sim.Moment {
		d.Requests = cluster.NewResources(map[string]int64{cluster.CPU: 1000, cluster.Memory: 1 << 30, cluster.Pods: 1})
		var m sim.Moment
		for i := range n {
			m.Pods = append(m.Pods, &cluster.Pod{
				UID: string(rune('a' + i)), Namespace: "default", Name: string(rune('a' + i)), Node: "n", Phase: cluster.Running,
				Demand: demands.Intern(d), Identity: identities.Intern("default", cluster.Labels{workload.App: "x"}), Owner: cluster.Owner{Kind: "ReplicaSet"},
			})
		}
		rand.Shuffle(n, func(i, j int) { m.Pods[i], m.Pods[j] = m.Pods[j], m.Pods[i] })
		return m
	}
	f := policy.NewFloor(&s)
	plain := f.At(pods(4, cluster.Demand{}))
	spread := f.At(pods(4, cluster.Demand{Spreads: []cluster.TopologySpread{{Key: cluster.LabelHostname, MaxSkew: 1, Pods: own}}}))
	apart := f.At(pods(4, cluster.Demand{PodAntiAffinity: []cluster.PodAffinityTerm{{Key: cluster.LabelHostname, Pods: own}}}))
	more := f.At(pods(8, cluster.Demand{}))
	if plain <= 0 || spread != plain || apart <= plain || more <= plain {
		t.Errorf("four pods cost %s at the least, spread %s, apart %s, eight %s", plain, spread, apart, more)
	}
	prices := []cluster.Money{}
	for i := range s.Types {
		for _, o := range s.Types[i].Offerings {
			prices = append(prices, o.Price)
		}
	}
	if nodes := 4 * slices.Min(prices); apart < nodes {
		t.Errorf("four pods apart cost %s at the least, the four cheapest nodes %s", apart, nodes)
	}
}

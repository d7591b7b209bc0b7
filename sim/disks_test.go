package sim_test

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/sim"
	"github.com/ullage-sh/ullage/sim/judge"
	"github.com/ullage-sh/ullage/sim/workload"
)

// withDisks adds twelve pods with disks in all zones to a day, whose nodes drift later.
func withDisks(s *sim.Scenario) {
	p := pod("db", 900, 1024)
	d := *p.Demand
	d.Spreads = []cluster.TopologySpread{{Key: cluster.LabelZone, MaxSkew: 1, Pods: workload.Own("default", "db"), Soft: true, HonorAffinity: true}}
	d.SetKey()
	p.Demand = &d
	s.Workloads = append(s.Workloads[:1], &workload.Workload{Namespace: "default", Name: "db", Kind: workload.StatefulSet, Pod: p, Replicas: 12, Volume: 8 << 30})
	s.Faults = []sim.Fault{{Kind: sim.ClassEdited, At: 2 * cluster.Hour}}
	s.Pools[0].Budgets = []cluster.Budget{{Nodes: 30, Percent: true}}
}

// TestDisks: pods come again where their disks are, and no instance ends with one.
func TestDisks(t *testing.T) {
	for seed := uint64(1); seed <= 2; seed++ {
		s := day(t)
		s.Seed = seed
		withDisks(&s)
		var left cluster.Input
		s.Left = func(in cluster.Input) { left = in }
		r := run(t, s)
		healthy(t, r)
		zones, used := map[string]string{}, map[string]bool{}
		for _, n := range left.Nodes {
			zones[n.Name] = n.Labels[cluster.LabelZone]
		}
		volumes := map[string]string{}
		for _, v := range left.PersistentVolumes {
			volumes[v.Claim] = v.Affinity[0][0].Values[0]
		}
		for _, p := range left.Pods {
			for _, v := range p.Demand.Volumes {
				if zone := volumes[p.Namespace+"/"+v.Claim]; zone == "" || zone != zones[p.Node] {
					t.Errorf("seed %d: %s is in zone %q, its disk in %q", seed, p.ID(), zones[p.Node], zone)
				}
				used[zones[p.Node]] = true
			}
		}
		if len(volumes) != 12 || len(used) < 2 || len(left.Attachments) != 12 || r.Evictions < 6 {
			t.Errorf("seed %d: %d disks in %d zones, %d attached, %d evictions", seed, len(volumes), len(used), len(left.Attachments), r.Evictions)
		}
	}
}

// TestDisksOfTwoNamespaces: pods of one name in two namespaces have disks of their own.
func TestDisksOfTwoNamespaces(t *testing.T) {
	s := day(t)
	withDisks(&s)
	s.Length, s.Faults = 2*cluster.Hour, nil
	for _, w := range s.Workloads[1:] {
		other := *w
		other.Namespace = "other"
		s.Workloads = append(s.Workloads, &other)
	}
	var left cluster.Input
	s.Left = func(in cluster.Input) { left = in }
	healthy(t, run(t, s))
	running := map[string]int{}
	for _, p := range left.Pods {
		if len(p.Demand.Volumes) > 0 && p.Phase == cluster.Running {
			running[p.Namespace]++
		}
	}
	if running["default"] != 12 || running["other"] != 12 || len(left.PersistentVolumes) != 24 {
		t.Errorf("%v pods run with %d disks, want 12 in either namespace with one each", running, len(left.PersistentVolumes))
	}
}

// TestMutantsOfDisks: an engine that is mistaken about where disks are buys nodes elsewhere, and
// one that does not see them ends instances that they hang on.
func TestMutantsOfDisks(t *testing.T) {
	nothing := func(_ *mutant, effects []engine.Effect) []engine.Effect { return effects }
	tryMutants(t, []mutation{
		{name: "does not wait for disks", rule: judge.Attached, set: withDisks, spoil: nothing, hear: func(ev engine.Event) engine.Event {
			if a, is := ev.(engine.AttachmentChanged); is {
				a.Attachment = nil
				return a
			}
			return ev
		}},
		{name: "takes disks to be elsewhere", rule: judge.StarvedPod, set: withDisks, spoil: nothing, hear: func(ev engine.Event) engine.Event {
			if v, is := ev.(engine.PersistentVolumeChanged); is && v.Volume != nil {
				x := *v.Volume
				x.Affinity = []cluster.Term{{{Key: cluster.LabelZone, Operator: cluster.In, Values: []string{"ap-northeast-2b"}}}}
				v.Volume = &x
				return v
			}
			return ev
		}},
	})
}

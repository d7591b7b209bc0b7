package seeds

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider/simulated"
	"github.com/ullage-sh/ullage/sim"
	"github.com/ullage-sh/ullage/sim/workload"
)

// extra is what only some clusters have. Each is drawn from a stream of its own, so that
// the days of the others are what they would be without it.
type extra struct {
	name string
	add  func(*sim.Scenario, *rand.Rand)
	drop func(*sim.Scenario)
}

// oneIn is in how many clusters there is one that has an extra.
const oneIn = 8

// all are the extras there are, in the order in which they are added.
var all = []extra{
	{"fixed", addFixed, dropFixed},
	{"preempt", addPreemption, dropPreemption},
	{"gangs", addGangs, dropGangs},
	{"volumes", addVolumes, dropVolumes},
	{"buffers", addBuffers, func(s *sim.Scenario) { s.Buffers = nil }},
	{"reserved", addReserved, func(s *sim.Scenario) { s.Reserved = nil }},
}

// Extras names what the cluster of a seed has that only some have:
//
//	fixed     a pool with a fixed number of nodes
//	preempt   pods that make less important ones go
//	gangs     pods that run together or not at all
//	volumes   pods with disks of their own
//	buffers   room that is kept for pods to come
//	reserved  capacity that is paid for whether it is used or not
func Extras(seed uint64) []string {
	var out []string
	for _, x := range all {
		if x.of(seed) != nil {
			out = append(out, x.name)
		}
	}
	return out
}

// KnownExtras are the names of all extras.
func KnownExtras() []string {
	out := make([]string, len(all))
	for i, x := range all {
		out[i] = x.name
	}
	return out
}

// CheckExtras says which of some names is no extra's.
func CheckExtras(names []string) error {
	for _, name := range names {
		if known := KnownExtras(); !slices.Contains(known, name) {
			return fmt.Errorf("there is no %q: there are %s", name, strings.Join(known, ", "))
		}
	}
	return nil
}

// of returns the stream of chance of the extra of a seed, nil if that does not have it.
func (x *extra) of(seed uint64) *rand.Rand {
	rng := draw(seed, x.name)
	if rng.IntN(oneIn) > 0 {
		return nil
	}
	return rng
}

// addExtras adds what the cluster of a seed has.
func addExtras(s *sim.Scenario) {
	for _, x := range all {
		if rng := x.of(s.Seed); rng != nil {
			x.add(s, rng)
		}
	}
}

// moment draws a time at which something changes: before the calm at the end.
func moment(rng *rand.Rand) cluster.Duration {
	return cluster.Duration(rng.Int64N(int64((Day-Calm-cluster.Hour)/cluster.Second))) * cluster.Second
}

// fixedPool is the name of the pool with a fixed number of nodes.
const fixedPool = "fixed"

// addFixed adds a pool with a fixed number of nodes, which changes a few times a day.
func addFixed(s *sim.Scenario, rng *rand.Rand) {
	p := pool(rng, fixedPool)
	n := 1 + rng.Int64N(8)
	p.Replicas = &n
	most := n
	for range rng.IntN(4) {
		x := rng.Int64N(10)
		most = max(most, x)
		s.Resizes = append(s.Resizes, sim.Resize{At: moment(rng), Pool: p.Name, Replicas: x})
	}
	switch rng.IntN(3) {
	case 0: // there is no room for a replacement beside the old one
		p.Limits = cluster.Resources{{Name: cluster.NodesLimit, Value: most}}
	case 1:
		p.Limits = cluster.Resources{{Name: cluster.NodesLimit, Value: most + 1 + rng.Int64N(3)}}
	}
	if rng.IntN(3) == 0 {
		p.Annotations = map[string]string{"ullage.sh/replace": "terminate-first"}
	}
	s.Pools = append(s.Pools, p)
}

func dropFixed(s *sim.Scenario) {
	s.Resizes = nil
	s.Pools = slices.DeleteFunc(slices.Clone(s.Pools), func(p *cluster.Pool) bool { return p.Name == fixedPool })
}

// addBuffers keeps room for pods of a service or two, or of a kind that never comes.
func addBuffers(s *sim.Scenario, rng *rand.Rand) {
	var services []*workload.Workload
	for _, w := range s.Workloads {
		if w.Kind == workload.Deployment {
			services = append(services, w)
		}
	}
	for i := range 1 + rng.IntN(2) {
		b := &workload.Buffer{Namespace: "default", Name: "room-" + strconv.Itoa(i)}
		if len(services) > 0 && rng.IntN(4) > 0 {
			b.Of = services[rng.IntN(len(services))].Name
			b.Percent = rng.IntN(30)
		} else {
			demand := &cluster.Demand{Requests: requests(int64(100+rng.IntN(1000)), int64(128+rng.IntN(2048))<<20)}
			demand.SetKey()
			b.Pod = &workload.Pod{Demand: demand, Labels: cluster.Labels{workload.App: b.Name}}
		}
		b.Chunks = 1 + rng.IntN(8)
		for range rng.IntN(3) {
			b.Changes = append(b.Changes, workload.BufferChange{At: moment(rng), Chunks: rng.IntN(12)})
		}
		slices.SortFunc(b.Changes, func(x, y workload.BufferChange) int { return cmp.Compare(x.At, y.At) })
		s.Buffers = append(s.Buffers, b)
	}
}

// addReserved reserves some capacity of a few types and zones, which becomes more or less a few
// times a day.
func addReserved(s *sim.Scenario, rng *rand.Rand) {
	types := slices.DeleteFunc(slices.Clone(s.Types), func(t cluster.InstanceType) bool {
		return t.Allocatable.Get(cluster.CPU) > 16_000 // pools buy no larger ones
	})
	var all []simulated.Reservation
	for range 1 + rng.IntN(6) {
		t := types[rng.IntN(len(types))]
		o := t.Offerings[rng.IntN(len(t.Offerings))]
		r := simulated.Reservation{InstanceType: t.Name, Zone: o.Zone}
		if slices.Contains(all, r) {
			continue
		}
		all = append(all, r)
		for at := cluster.Duration(0); at < Day-Calm; at += cluster.Hour + moment(rng)/2 {
			r.Count = rng.IntN(10)
			s.Reserved = append(s.Reserved, sim.Reserved{At: at, Reservation: r})
		}
	}
	with, err := simulated.WithReserved(s.Types, all)
	if err != nil {
		panic(err) // they are made of what is sold
	}
	s.Types = with
}

// addPreemption lets pods that have a priority make others go, and gives some more of them
// one.
func addPreemption(s *sim.Scenario, rng *rand.Rand) {
	for _, w := range s.Workloads {
		if w.Kind != workload.DaemonSet && rng.IntN(3) == 0 {
			w.Pod.Priority = int32(1000 * (1 + rng.IntN(3)))
		}
		w.Pod.Preempts = w.Kind != workload.DaemonSet && w.Pod.Priority > 0 && rng.IntN(5) > 0
	}
}

func dropPreemption(s *sim.Scenario) {
	change(s, func(w *workload.Workload) { w.Pod.Preempts = false })
}

// change gives a scenario workloads that are others. Those that it had stay as they are: who
// cuts a scenario again and again begins with them each time.
func change(s *sim.Scenario, f func(*workload.Workload)) {
	s.Workloads = slices.Clone(s.Workloads)
	for i, w := range s.Workloads {
		x := *w
		f(&x)
		s.Workloads[i] = &x
	}
}

// addGangs adds a few groups of pods that come a few times a day, together.
func addGangs(s *sim.Scenario, rng *rand.Rand) {
	demands := &cluster.Demands{}
	for i := range 1 + rng.IntN(3) {
		n := 2 + rng.IntN(11)
		w := &workload.Workload{Namespace: "default", Name: "gang-" + strconv.Itoa(i), Kind: workload.Deployment, Gang: n - rng.IntN(min(n-1, 3)), Coscheduling: rng.IntN(3) == 0}
		milli := int64(200 + rng.IntN(3000))
		d := cluster.Demand{Requests: requests(milli, milli*(1+rng.Int64N(4))<<20)}
		if rng.IntN(3) == 0 {
			d.PodAntiAffinity = []cluster.PodAffinityTerm{{Key: cluster.LabelHostname, Pods: workload.Own(w.Namespace, w.Name)}}
		}
		w.Pod = workload.Pod{Demand: demands.Intern(d), Labels: cluster.Labels{workload.App: w.Name}, Grace: 30 * cluster.Second, Ends: 5 * cluster.Second, Starts: 10 * cluster.Second}
		for at := moment(rng) / 2; at < Day-Calm-cluster.Hour; at += cluster.Hour + cluster.Duration(rng.Int64N(int64(6*cluster.Hour/cluster.Second)))*cluster.Second {
			c := workload.Change{At: at, Replicas: n}
			if len(w.Changes)%2 == 1 {
				c.Replicas = 0
			}
			w.Changes = append(w.Changes, c)
		}
		s.Workloads = append(s.Workloads, w)
	}
}

func dropGangs(s *sim.Scenario) {
	s.Workloads = slices.DeleteFunc(slices.Clone(s.Workloads), func(w *workload.Workload) bool { return w.Gang > 0 })
}

// addVolumes gives the pods of StatefulSets disks, and adds one that has many. Those that must
// be spread over zones get none: where their first pods came before there were nodes in all
// zones, one that has to come again may be one too many in the zone of its disk for ever.
func addVolumes(s *sim.Scenario, rng *rand.Rand) {
	for _, w := range s.Workloads {
		if w.Kind == workload.StatefulSet && rng.IntN(4) > 0 && len(w.Pod.Demand.Spreads) == 0 {
			w.Volume = 8 << 30
		}
	}
	d := &cluster.Demand{Requests: requests(int64(20+rng.IntN(400)), int64(64+rng.IntN(1024))<<20)}
	d.SetKey()
	n := 3 + rng.IntN(38) // nodes take some 25 disks
	s.Workloads = append(s.Workloads, &workload.Workload{
		Namespace: "default", Name: "disks", Kind: workload.StatefulSet, Replicas: n, Volume: 8 << 30, Budget: &workload.Budget{MaxUnavailable: &workload.Share{Value: 1}},
		Pod:     workload.Pod{Demand: d, Labels: cluster.Labels{workload.App: "disks"}, Grace: 30 * cluster.Second, Ends: 4 * cluster.Second, Starts: 8 * cluster.Second},
		Changes: []workload.Change{{At: moment(rng), Replicas: n, Rollout: true}},
	})
}

func dropVolumes(s *sim.Scenario) {
	s.Workloads = slices.DeleteFunc(slices.Clone(s.Workloads), func(w *workload.Workload) bool { return w.Name == "disks" })
	change(s, func(w *workload.Workload) { w.Volume = 0 })
}

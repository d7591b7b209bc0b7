package workload

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/ullage-sh/ullage/cluster"
)

// Mix generates workloads the way clusters have them: services that follow the day,
// sets with ordinals, batches, and DaemonSets on every node. Everything is drawn from
// one stream; the same stream gives the same workloads.
type Mix struct {
	Rand *rand.Rand
	// Pods that run at the peak of the day, more or less.
	Pods int
	// Length of the run, and the time before its end from which nothing changes any more.
	Length, Calm cluster.Duration

	demands cluster.Demands
	names   int
}

// namespace of all that is generated.
const namespace = "default"

// Generate returns the workloads, the DaemonSets first.
func (m *Mix) Generate() []*Workload {
	out := m.daemons()
	for left := m.Pods; left > 0; {
		n := min(left, m.size())
		left -= n
		switch x := m.Rand.IntN(100); {
		case x < 70:
			out = append(out, m.service(n))
		case x < 82:
			out = append(out, m.set(min(n, 20)))
		default:
			out = append(out, m.batches(n))
		}
	}
	return out
}

// size draws the number of replicas: most services are small, a few have hundreds.
func (m *Mix) size() int {
	return int(min(max(math.Round(8*math.Exp(1.3*m.Rand.NormFloat64())), 1), 400))
}

func (m *Mix) name(kind string) string {
	m.names++
	return kind + "-" + strconv.Itoa(m.names)
}

// chance tells true so many times in a hundred.
func (m *Mix) chance(percent int) bool { return m.Rand.IntN(100) < percent }

func (m *Mix) between(low, high cluster.Duration) cluster.Duration {
	const step = cluster.Second
	return low + cluster.Duration(m.Rand.Int64N(int64((high-low)/step)+1))*step
}

// daemons are what runs on every node.
func (m *Mix) daemons() []*Workload {
	var out []*Workload
	for _, x := range []struct {
		name       string
		milli, mib int64
	}{{"cni", 50, 64}, {"proxy", 50, 32}, {"logs", 100, 128}} {
		d := m.demands.Intern(cluster.Demand{
			Requests:    requests(x.milli, x.mib<<20),
			Tolerations: []cluster.Toleration{{Operator: cluster.Exists}},
		})
		out = append(out, &Workload{Namespace: "kube-system", Name: x.name, Kind: DaemonSet, Pod: Pod{
			Demand: d, Labels: cluster.Labels{App: x.name}, Grace: 30 * cluster.Second, Ends: cluster.Second, Starts: 3 * cluster.Second,
			Critical: true, Priority: 2_000_001_000,
		}})
	}
	return out
}

func requests(milli, bytes int64) cluster.Resources {
	return cluster.NewResources(map[string]int64{cluster.CPU: milli, cluster.Memory: bytes, cluster.Pods: 1})
}

// demand draws requests: a hundred millicores or two mostly, one to eight GiB a core.
func (m *Mix) demand() cluster.Demand {
	sizes := []int64{20, 50, 50, 100, 100, 100, 150, 200, 200, 250, 300, 500, 1000}
	milli := sizes[m.Rand.IntN(len(sizes))]
	ratio := []int64{1024, 2048, 2048, 4096, 4096, 8192}[m.Rand.IntN(6)] // MiB a core
	return cluster.Demand{Requests: requests(milli, (milli*ratio/1000)<<20)}
}

// pod makes the template of a workload's pods, with constraints that name it.
func (m *Mix) pod(name string, d cluster.Demand, replicas int) Pod {
	own := Own(namespace, name)
	switch x := m.Rand.IntN(100); {
	case replicas >= 3 && x < 30:
		d.Spreads = []cluster.TopologySpread{{Key: cluster.LabelZone, MaxSkew: 1, Pods: own, HonorAffinity: true}}
	case replicas >= 2 && x < 40:
		d.Spreads = []cluster.TopologySpread{{Key: cluster.LabelHostname, MaxSkew: 1 + int32(m.Rand.IntN(3)), Pods: own, Soft: true, HonorAffinity: true}}
	case replicas >= 2 && replicas <= 12 && x < 52:
		d.PodAntiAffinity = []cluster.PodAffinityTerm{{Key: cluster.LabelHostname, Pods: own}}
	case replicas >= 2 && x < 60:
		d.Preferences = []cluster.Preference{{Weight: 100, Near: &cluster.PodAffinityTerm{Key: cluster.LabelHostname, Pods: own}, Apart: true}}
	}
	if m.chance(10) {
		d.Selector = cluster.Term{{Key: cluster.LabelCapacityType, Operator: cluster.In, Values: []string{cluster.OnDemand}}}
	}
	grace := []cluster.Duration{5, 30, 30, 30, 60, 120}[m.Rand.IntN(6)] * cluster.Second
	p := Pod{
		Demand: m.demands.Intern(d), Labels: cluster.Labels{App: name}, Grace: grace,
		Ends: min(m.between(0, 20*cluster.Second), grace), Deaf: m.chance(3), Starts: m.between(cluster.Second, 30*cluster.Second),
		Protected: m.chance(3),
	}
	if m.chance(15) {
		p.Priority = int32(1000 * (1 + m.Rand.IntN(3)))
	}
	if m.chance(10) {
		p.DeletionCost = int32(m.Rand.IntN(2000) - 1000)
	}
	return p
}

// budget draws a PodDisruptionBudget that leaves room for some eviction.
func (m *Mix) budget(replicas int) *Budget {
	if replicas < 2 || !m.chance(50) {
		return nil
	}
	switch m.Rand.IntN(4) {
	case 0:
		return &Budget{MaxUnavailable: &Share{Value: 1}}
	case 1:
		return &Budget{MaxUnavailable: &Share{Value: 25, Percent: true}}
	case 2:
		return &Budget{MinAvailable: &Share{Value: 50, Percent: true}}
	}
	return &Budget{MinAvailable: &Share{Value: 1}}
}

// service is a Deployment that follows the day, as an autoscaler would make it, and
// is rolled out now and then.
func (m *Mix) service(peak int) *Workload {
	w := &Workload{Namespace: namespace, Name: m.name("service"), Kind: Deployment}
	w.Pod = m.pod(w.Name, m.demand(), peak)
	w.Budget = m.budget(peak)
	low, phase := 0.3+0.6*m.Rand.Float64(), m.Rand.Float64()*24
	at := func(t cluster.Duration) int {
		hour := float64(t)/float64(cluster.Hour) + phase
		level := low + (1-low)*(1+math.Sin(2*math.Pi*hour/24))/2
		return max(int(math.Round(level*float64(peak))), 1)
	}
	w.Replicas = at(0)
	now := w.Replicas
	for t := m.between(10*cluster.Minute, cluster.Hour); t < m.Length-m.Calm; t += m.between(30*cluster.Minute, 90*cluster.Minute) {
		c := Change{At: t, Replicas: at(t), Rollout: m.chance(1)}
		if c.Replicas != now || c.Rollout {
			w.Changes = append(w.Changes, c)
			now = c.Replicas
		}
	}
	return w
}

// set is a StatefulSet that keeps its size.
func (m *Mix) set(n int) *Workload {
	w := &Workload{Namespace: namespace, Name: m.name("set"), Kind: StatefulSet, Replicas: n}
	w.Pod = m.pod(w.Name, m.demand(), n)
	w.Budget = m.budget(n)
	if m.chance(20) {
		w.Changes = []Change{{At: m.between(cluster.Hour, max(m.Length-m.Calm, cluster.Hour)), Replicas: n, Rollout: true}}
	}
	return w
}

// batches is work that comes a few times a day and ends.
func (m *Mix) batches(n int) *Workload {
	w := &Workload{Namespace: namespace, Name: m.name("batch"), Kind: Job}
	w.Pod = m.pod(w.Name, m.demand(), 1)
	last := m.Length - m.Calm
	for range 1 + m.Rand.IntN(4) {
		runs := m.between(cluster.Minute, cluster.Hour)
		at := m.between(5*cluster.Minute, max(last-2*cluster.Hour, 5*cluster.Minute))
		w.Batches = append(w.Batches, Batch{At: at, Pods: n, Runs: runs})
	}
	slices.SortFunc(w.Batches, func(a, b Batch) int { return int((a.At - b.At) / cluster.Second) })
	return w
}

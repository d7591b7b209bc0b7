package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/fit"
	"github.com/ullage-sh/ullage/sim/schedule"
)

// town is a random cluster that changes: what the cache has to keep up with.
type town struct {
	rng        *rand.Rand
	cache      *schedule.Cache
	demands    cluster.Demands
	identities cluster.Identities
	nodes      map[string]*cluster.Node
	pods       map[string]*cluster.Pod // by UID
	names      int
}

func newTown(seed uint64) *town {
	rng := rand.New(rand.NewPCG(seed, 1))
	return &town{rng: rng, cache: schedule.NewCache(rng), nodes: map[string]*cluster.Node{}, pods: map[string]*cluster.Pod{}}
}

func (w *town) one(percent int) bool { return w.rng.IntN(100) < percent }

func of[T any](w *town, list ...T) T { return list[w.rng.IntN(len(list))] }

// node makes or changes one node.
func (w *town) node() {
	name := fmt.Sprintf("node-%d", w.rng.IntN(9))
	n := &cluster.Node{Name: name, UID: name, Ready: true, Labels: cluster.Labels{cluster.LabelHostname: name}}
	if w.one(90) {
		n.Labels[cluster.LabelZone] = of(w, "a", "b", "c")
	}
	if w.one(50) {
		n.Labels["disk"] = of(w, "ssd", "hdd")
	}
	if w.one(20) {
		n.Taints = append(n.Taints, cluster.Taint{Key: of(w, "team", "gpu"), Value: of(w, "x", "y"), Effect: of(w, cluster.NoSchedule, cluster.NoExecute, cluster.PreferNoSchedule)})
	}
	n.Unschedulable = w.one(5)
	n.Allocatable = cluster.NewResources(map[string]int64{cluster.CPU: int64(1+w.rng.IntN(8)) * 1000, cluster.Memory: int64(1+w.rng.IntN(16)) << 30, cluster.Pods: int64(3 + w.rng.IntN(10)), "gpu": int64(w.rng.IntN(2))})
	n.Capacity = n.Allocatable
	w.nodes[name] = n
	w.cache.SetNode(n)
}

func (w *town) selector() cluster.PodSelector {
	s := cluster.PodSelector{Namespaces: []string{of(w, "red", "blue")}}
	switch w.rng.IntN(6) {
	case 0: // selects nothing
	case 1:
		s.Labels = cluster.Term{}
	case 2:
		s.Labels = cluster.Term{{Key: "app", Operator: cluster.Exists}}
	default:
		s.Labels = cluster.Term{{Key: "app", Operator: of(w, cluster.In, cluster.In, cluster.NotIn), Values: []string{of(w, "web", "db")}}}
	}
	return s
}

func (w *town) term() cluster.PodAffinityTerm {
	return cluster.PodAffinityTerm{Key: of(w, cluster.LabelZone, cluster.LabelHostname, "disk"), Pods: w.selector()}
}

// pod makes a pod without a node.
func (w *town) pod() *cluster.Pod {
	w.names++
	d := cluster.Demand{Requests: cluster.NewResources(map[string]int64{cluster.CPU: int64(w.rng.IntN(4)) * 500, cluster.Memory: int64(w.rng.IntN(4)) << 29, cluster.Pods: 1})}
	if w.one(10) {
		d.Requests = d.Requests.Plus(cluster.NewResources(map[string]int64{"gpu": 1}))
	}
	if w.one(15) {
		d.Selector = cluster.Term{{Key: "disk", Operator: cluster.In, Values: []string{of(w, "ssd", "hdd")}}}
	}
	if w.one(15) {
		d.Affinity = []cluster.Term{{{Key: cluster.LabelZone, Operator: of(w, cluster.In, cluster.NotIn), Values: []string{of(w, "a", "b")}}}}
	}
	if w.one(30) {
		d.Tolerations = []cluster.Toleration{of(w, cluster.Toleration{Operator: cluster.Exists}, cluster.Toleration{Key: "team", Operator: cluster.Exists}, cluster.Toleration{Key: "gpu", Value: "x"})}
	}
	namespace := of(w, "red", "blue")
	for range w.rng.IntN(3) {
		s := cluster.TopologySpread{
			Key: of(w, cluster.LabelZone, cluster.LabelHostname, "disk"), MaxSkew: int32(1 + w.rng.IntN(2)), MinDomains: int32(w.rng.IntN(4)),
			Soft: w.one(30), Pods: w.selector(), HonorAffinity: w.one(70), HonorTaints: w.one(30),
		}
		s.Pods.Namespaces = []string{namespace}
		d.Spreads = append(d.Spreads, s)
	}
	if w.one(15) {
		d.PodAntiAffinity = append(d.PodAntiAffinity, w.term())
	}
	for range w.rng.IntN(5) / 3 {
		d.PodAffinity = append(d.PodAffinity, w.term())
	}
	if w.one(10) {
		d.Ports = []cluster.HostPort{{Protocol: "TCP", Port: int32(80 + w.rng.IntN(2)), IP: of(w, "", "10.0.0.1")}}
	}
	p := &cluster.Pod{UID: fmt.Sprintf("u%d", w.names), Namespace: namespace, Name: fmt.Sprintf("p%d", w.names), Demand: w.demands.Intern(d), UnschedulableSince: 1}
	if w.one(80) {
		p.Identity = w.identities.Intern(namespace, cluster.Labels{"app": of(w, "web", "db")})
	} else {
		p.Identity = w.identities.Intern(namespace, nil)
	}
	p.Owner.Kind = of(w, "", "ReplicaSet", "Job")
	return p
}

// happens lets something happen.
func (w *town) happens() {
	switch w.rng.IntN(10) {
	case 0:
		w.node()
	case 1:
		if name := fmt.Sprintf("node-%d", w.rng.IntN(9)); w.one(30) && w.nodes[name] != nil {
			delete(w.nodes, name)
			w.cache.RemoveNode(name)
		}
	case 2, 3:
		if p := w.any(); p != nil {
			delete(w.pods, p.UID)
			w.cache.RemovePod(p.UID)
		}
	case 4:
		if p := w.any(); p != nil {
			x := *p
			x.DeleteAt = 1
			w.pods[p.UID] = &x
			w.cache.SetPod(&x)
		}
	default:
		p := w.pod()
		if p.Node = w.cache.Place(p); p.Node != "" {
			w.pods[p.UID] = p
		}
	}
}

// any returns a pod that is there, or nil.
func (w *town) any() *cluster.Pod {
	var ids []string
	for id := range w.pods {
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	return w.pods[ids[w.rng.IntN(len(ids))]]
}

// allowed is the nodes that package fit lets a pod onto.
func (w *town) allowed(p *cluster.Pod) []string {
	in := cluster.Input{Pods: []*cluster.Pod{p}}
	for _, n := range w.nodes {
		in.Nodes = append(in.Nodes, n)
	}
	for _, q := range w.pods {
		if w.nodes[q.Node] != nil {
			in.Pods = append(in.Pods, q)
		}
	}
	snap := cluster.NewSnapshot(in)
	view := fit.New(snap).View(0)
	var out []string
	for h := range snap.Hosts {
		if view.Node(h) == 0 {
			out = append(out, snap.Hosts[h].Name)
		}
	}
	return out
}

// TestFiltersAreFits: whatever has happened before, the cache lets a pod onto exactly
// the nodes that package fit does, which is checked against the real scheduler.
func TestFiltersAreFits(t *testing.T) {
	asked, refused, some := 0, 0, 0
	for seed := range uint64(150) {
		w := newTown(seed)
		for range 6 {
			w.node()
		}
		for range 60 {
			w.happens()
			p := w.pod()
			got, want := w.cache.Feasible(p), w.allowed(p)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Fatalf("seed %d: pod %s may go to %v, package fit says %v\n%s", seed, p.Name, got, want, p.Demand.Key)
			}
			asked++
			switch len(want) {
			case 0:
				refused++
			case len(w.nodes):
			default:
				some++
			}
		}
	}
	if refused < asked/10 || some < asked/4 {
		t.Errorf("of %d pods %d fitted nowhere and %d only here and there: the cases are too easy", asked, refused, some)
	}
}

// TestPlacesAreFeasible: where a pod is placed was feasible, and it is placed if
// anything was.
func TestPlacesAreFeasible(t *testing.T) {
	for seed := range uint64(50) {
		w := newTown(1000 + seed)
		for range 8 {
			w.node()
		}
		for range 40 {
			p := w.pod()
			could := w.cache.Feasible(p)
			p.Node = w.cache.Place(p)
			if p.Node == "" && len(could) > 0 || p.Node != "" && !slices.Contains(could, p.Node) {
				t.Fatalf("seed %d: pod %s was placed on %q, could go to %v", seed, p.Name, p.Node, could)
			}
			if p.Node != "" {
				w.pods[p.UID] = p
			}
		}
	}
}

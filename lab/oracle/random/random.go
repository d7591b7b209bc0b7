// Package random makes random clusters for the oracle: as objects that an API
// server would accept and, where two objects speak of each other, that its
// controllers would leave behind.
//
// It owns the vocabulary (few zones, few labels, few names, so that constraints
// meet), and which constraint turns up how often. It refuses to know whether a pod
// fits. The same seed and number give the same cluster, byte for byte.
package random

import (
	"math/rand/v2"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/ullage-sh/ullage/lab/oracle"
)

// Options say how large clusters are and what is in them.
type Options struct {
	// Most nodes, pods on them, pods that wait (at least one) and pools. At least one
	// of nodes and pools is made.
	Nodes, Bound, Waiting, Pools int
	// Compare: taints and tolerations with numbers (KEP-5471); the scheduler has to
	// have that feature enabled.
	Compare bool
	// DaemonSets, at most; some of their pods have yet to arrive.
	Daemons int
	// Workloads: waiting pods come in groups of alike ones, as controllers make them.
	Workloads bool
}

// Small clusters are those of the filters: all constraints, few objects.
var Small = Options{Nodes: 5, Bound: 8, Waiting: 3, Pools: 2}

// Medium clusters are those of plans: more pods, in groups of alike ones, and more
// to buy.
var Medium = Options{Nodes: 4, Bound: 10, Waiting: 8, Pools: 3, Daemons: 2, Workloads: true}

// Cluster returns the n-th cluster of a seed.
func Cluster(seed, n uint64, opt Options) *oracle.Objects {
	m := &maker{r: rand.New(rand.NewPCG(seed, n)), opt: opt, o: &oracle.Objects{}, taken: map[string]bool{}, density: 100}
	if opt.Workloads {
		m.density = pick(m, 100, 50, 20)
	}
	m.namespaces()
	m.nodes()
	m.storage()
	m.pools()
	m.devices()
	m.daemons()
	for range m.r.IntN(opt.Bound + 1) {
		if len(m.o.Nodes) > 0 {
			m.bound()
		}
	}
	for range 1 + m.r.IntN(opt.Waiting) {
		m.waiting()
	}
	m.attachments()
	return m.o
}

// maker makes one cluster.
type maker struct {
	r     *rand.Rand
	opt   Options
	o     *oracle.Objects
	names int             // objects named so far
	taken map[string]bool // claims that a waiting pod uses
	// density is how often constraints turn up, in percent of the usual.
	density int
	// devicesMade: nodes have devices; sharedClaims are the claims to them so far.
	devicesMade  bool
	sharedClaims []*resourcev1.ResourceClaim
	// closed: namespaces are spoken of by name only.
	closed bool
}

func (m *maker) chance(percent int) bool { return m.r.IntN(100) < percent }

// binds tells whether a pod gets some constraint: in some clusters less often than in
// others, so that plans are not all about what fits nowhere.
func (m *maker) binds(percent int) bool { return m.r.IntN(100*100) < percent*m.density }

// between is lo to hi, both included.
func (m *maker) between(lo, hi int) int { return lo + m.r.IntN(hi-lo+1) }

func pick[T any](m *maker, list ...T) T { return list[m.r.IntN(len(list))] }

// name returns a name that is not taken.
func (m *maker) name(kind string) string {
	m.names++
	return kind + "-" + strconv.Itoa(m.names)
}

func (m *maker) meta(name, namespace string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Namespace: namespace, UID: types.UID(namespace + "/" + name)}
}

// The vocabulary.
var (
	zones      = []string{"zone-a", "zone-b", "zone-c"}
	namespaces = []string{"blue", "green", "red"}
	topologies = []string{corev1.LabelTopologyZone, corev1.LabelTopologyZone, corev1.LabelHostname, corev1.LabelHostname, "rack", "rack", corev1.LabelTopologyRegion, corev1.LabelFailureDomainBetaZone}
)

func (m *maker) namespaces() {
	for _, name := range namespaces {
		labels := map[string]string{"kubernetes.io/metadata.name": name}
		if m.chance(60) {
			labels["team"] = pick(m, "x", "y")
		}
		m.o.Namespaces = append(m.o.Namespaces, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}})
	}
}

// labels of a pod.
func (m *maker) labels() map[string]string {
	out := map[string]string{}
	if m.chance(90) {
		out["app"] = pick(m, "a", "b", "c")
	}
	if m.chance(50) {
		out["tier"] = pick(m, "front", "back")
	}
	if m.chance(50) {
		out["version"] = pick(m, "1", "2")
	}
	return out
}

// selector of pods by those labels. Nil selects none, an empty one all.
func (m *maker) selector() *metav1.LabelSelector {
	switch n := m.r.IntN(100); {
	case n < 4:
		return nil
	case n < 10:
		return &metav1.LabelSelector{}
	case n < 70:
		out := &metav1.LabelSelector{MatchLabels: map[string]string{"app": pick(m, "a", "b", "c")}}
		if m.chance(20) {
			out.MatchLabels["tier"] = pick(m, "front", "back")
		}
		return out
	}
	out := &metav1.LabelSelector{}
	for range m.between(1, 2) {
		out.MatchExpressions = append(out.MatchExpressions, m.labelRequirement(pick(m, "app", "tier", "version"), "a", "b", "c", "front", "back", "1", "2"))
	}
	return out
}

// labelRequirement is one expression of a selector.
func (m *maker) labelRequirement(key string, values ...string) metav1.LabelSelectorRequirement {
	r := metav1.LabelSelectorRequirement{Key: key}
	switch m.r.IntN(4) {
	case 0:
		r.Operator = metav1.LabelSelectorOpExists
	case 1:
		r.Operator = metav1.LabelSelectorOpDoesNotExist
	default:
		r.Operator = pick(m, metav1.LabelSelectorOpIn, metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn)
		for range m.between(1, 3) {
			r.Values = append(r.Values, pick(m, values...))
		}
	}
	return r
}

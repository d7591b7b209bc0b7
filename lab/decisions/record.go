package decisions

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ullage-sh/ullage/kube"
	"github.com/ullage-sh/ullage/lab/oracle"
	"github.com/ullage-sh/ullage/sim/schedule/trace"
)

// Record lets things happen in the n-th cluster of a seed and returns them, with what the
// scheduler decided about pods pods.
func Record(ctx context.Context, seed, n uint64, pods int) ([]trace.Event, error) {
	loop, err := oracle.NewLoop(ctx)
	if err != nil {
		return nil, err
	}
	t := &town{r: rand.New(rand.NewPCG(seed, n)), loop: loop, events: []trace.Event{{Fresh: true}}}
	for _, name := range namespaces {
		loop.Informers.Put(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
	}
	for range t.between(10, 50) {
		t.addNode()
	}
	for i := range t.between(8, 16) {
		t.apps = append(t.apps, t.app(i))
	}
	for t.decided < pods {
		t.happen(ctx)
	}
	return t.events, nil
}

// town is a cluster in which things happen.
type town struct {
	r         *rand.Rand
	loop      *oracle.Loop
	events    []trace.Event
	convert   kube.Converter
	nodes     []*corev1.Node
	pods      []*corev1.Pod // that have a node
	apps      []*app
	names     int
	decided   int
	revisions int
}

func (t *town) chance(percent int) bool { return t.r.IntN(100) < percent }

// between is lo to hi, both included.
func (t *town) between(lo, hi int) int { return lo + t.r.IntN(hi-lo+1) }

func pick[T any](t *town, list ...T) T { return list[t.r.IntN(len(list))] }

// revision is a new resourceVersion: the scheduler overlooks changes of one version.
func (t *town) revision() string {
	t.revisions++
	return fmt.Sprint(t.revisions)
}

func (t *town) note(e trace.Event) { t.events = append(t.events, e) }

// happen lets one thing happen: mostly a pod comes.
func (t *town) happen(ctx context.Context) {
	switch n := t.r.IntN(100); {
	case n < 72:
		t.arrive(ctx)
	case n < 86:
		t.leave()
	case n < 90:
		t.stop()
	case n < 94:
		t.changeNode()
	case n < 96 && len(t.nodes) < 60:
		t.addNode()
	case n < 97 && len(t.nodes) > 8:
		t.removeNode()
	}
}

// arrive makes a pod and lets the scheduler decide.
func (t *town) arrive(ctx context.Context) {
	a := pick(t, t.apps...)
	p := t.pod(a)
	waits := t.convert.Pod(p)
	node := t.loop.Try(ctx, p)
	t.decided++
	t.note(trace.Event{Decided: &trace.Decision{Pod: waits, Node: node}})
	if node != "" {
		t.pods = append(t.pods, t.loop.Pod(p.Namespace+"/"+p.Name))
	}
}

// leave makes some pod go.
func (t *town) leave() {
	if len(t.pods) > 0 {
		t.gone(t.r.IntN(len(t.pods)))
	}
}

func (t *town) gone(at int) {
	p := t.pods[at]
	t.pods = slices.Delete(t.pods, at, at+1)
	t.loop.Remove(p)
	t.note(trace.Event{NoPod: string(p.UID)})
}

// stop begins to delete some pod: it counts for its node, but not for spreads.
func (t *town) stop() {
	if len(t.pods) == 0 {
		return
	}
	at := t.r.IntN(len(t.pods))
	p := t.pods[at].DeepCopy()
	if p.DeletionTimestamp != nil {
		return
	}
	now := metav1.Unix(1_700_000_000, 0)
	p.DeletionTimestamp, p.ResourceVersion = &now, t.revision()
	t.pods[at] = p
	t.loop.Add(p)
	t.note(trace.Event{Pod: t.convert.Pod(p)})
}

// removeNode takes a node away, its pods first.
func (t *town) removeNode() {
	at := t.r.IntN(len(t.nodes))
	n := t.nodes[at]
	for i := len(t.pods) - 1; i >= 0; i-- {
		if t.pods[i].Spec.NodeName == n.Name {
			t.gone(i)
		}
	}
	t.nodes = slices.Delete(t.nodes, at, at+1)
	t.loop.Informers.Remove(n)
	t.note(trace.Event{NoNode: n.Name})
}

// changeNode taints or cordons a node, or makes that undone.
func (t *town) changeNode() {
	at := t.r.IntN(len(t.nodes))
	n := t.nodes[at].DeepCopy()
	n.ResourceVersion = t.revision()
	if t.chance(40) {
		t.cordon(n)
	} else {
		n.Spec.Taints = slices.DeleteFunc(n.Spec.Taints, func(x corev1.Taint) bool { return x.Key != corev1.TaintNodeUnschedulable })
		t.taint(n)
	}
	t.nodes[at] = n
	t.showNode(n)
}

func (t *town) showNode(n *corev1.Node) {
	t.loop.Informers.Put(n)
	t.note(trace.Event{Node: kube.Node(n)})
}

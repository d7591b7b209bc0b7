package oracle

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/fit"
)

// Trial is a cluster that both sides look at while pods are placed in it, one
// after another: the scheduler's plugins see objects that change, package fit sees
// the first snapshot and what was added to it.
type Trial struct {
	Objects   *Objects // as they are now
	Snapshot  *cluster.Snapshot
	World     *fit.World
	Steps     []Step // taken so far
	scheduler *Scheduler
	index     map[string]int // of each node in World
	class     map[string]int // of each waiting pod, by UID
}

// Step is something done in a trial: a node bought, or a pod placed.
type Step struct {
	Offering int    // index into Snapshot.Offerings, if Pod is ""
	Pod      string // UID
	Node     string // name of the node that was bought, or where the pod went
}

// NewTrial begins a trial; o is not changed. seen is the cluster as package fit is to
// see it: o, unless a test wants to know whether the difference is noticed.
func NewTrial(s *Scheduler, o, seen *Objects) *Trial {
	t := &Trial{Objects: o.Clone(), scheduler: s, index: map[string]int{}, class: map[string]int{}}
	t.Snapshot = seen.Snapshot()
	t.World = fit.New(t.Snapshot)
	for i := range t.Snapshot.Hosts {
		t.index[t.Snapshot.Hosts[i].Name] = i
	}
	for i := range t.Snapshot.Classes {
		for _, p := range t.Snapshot.Classes[i].Pods {
			t.class[p.UID] = i
		}
	}
	return t
}

// Judge compares both sides about a waiting pod on all nodes there are.
func (t *Trial) Judge(ctx context.Context, pod *corev1.Pod) ([]Verdict, []Disagreement) {
	t.scheduler.Load(t.Objects)
	nodes := t.Objects.Names()
	c, ok := t.comparison(pod)
	if !ok {
		return nil, c.out
	}
	c.verdicts = t.scheduler.Judge(ctx, pod, nodes)
	refused := c.refusal(nodes)
	for i, n := range nodes {
		c.node(n, i, t.index[n], refused)
		c.first(n, t.index[n])
	}
	return c.verdicts, c.out
}

// fresh is the name of a node that is asked about but not bought.
const fresh = "new"

// JudgeOffering compares both sides about a waiting pod on an offering as a new
// node of its own.
func (t *Trial) JudgeOffering(ctx context.Context, pod *corev1.Pod, offering int) []Disagreement {
	c, ok := t.comparison(pod)
	if !ok {
		return c.out
	}
	with := t.Objects.Clone()
	offer := &t.Snapshot.Offerings[offering]
	with.Buy(offer, t.Snapshot.Pools[offer.Pool].Taints, fresh)
	t.scheduler.Load(with)
	c.verdicts = t.scheduler.Judge(ctx, pod, []string{fresh})
	refused := c.refusal([]string{fresh})
	c.offering(fmt.Sprintf("a new %s of pool %s", offer.ID, t.Snapshot.Pools[offer.Pool].Name), offering, refused)
	return c.out
}

func (t *Trial) comparison(pod *corev1.Pod) (*comparison, bool) {
	c := &comparison{pod: pod.Namespace + "/" + pod.Name}
	class, ok := t.class[string(pod.UID)]
	if !ok {
		c.differ("snapshot", "any", "is in no class", "waits")
		return c, false
	}
	c.class, c.view = &t.Snapshot.Classes[class], t.World.View(class)
	return c, true
}

// Buy adds an empty node of an offering on both sides and returns its name.
func (t *Trial) Buy(offering int) string {
	at := t.World.Buy(offering)
	name := fmt.Sprintf("new-%d", at)
	offer := &t.Snapshot.Offerings[offering]
	t.Objects.Buy(offer, t.Snapshot.Pools[offer.Pool].Taints, name)
	t.index[name] = at
	t.Steps = append(t.Steps, Step{Offering: offering, Node: name})
	return name
}

// Place puts a waiting pod on a node on both sides, whether it fits or not.
func (t *Trial) Place(pod *corev1.Pod, node string) {
	t.Objects.Bind(pod, node)
	t.World.Place(t.class[string(pod.UID)], t.index[node], 1)
	t.Steps = append(t.Steps, Step{Pod: string(pod.UID), Node: node})
}

// Refuses tells whether we do not place a pod anywhere, as things stand at first.
func (t *Trial) Refuses(pod *corev1.Pod) bool {
	class, ok := t.class[string(pod.UID)]
	return !ok || len(t.Snapshot.Classes[class].Refused) > 0
}

// Repeat takes steps of another trial, those whose pod and node are here.
func (t *Trial) Repeat(steps []Step) {
	for _, s := range steps {
		if s.Pod == "" {
			if s.Offering < len(t.Snapshot.Offerings) {
				t.Buy(s.Offering)
			}
			continue
		}
		at := slices.IndexFunc(t.Objects.Pods, func(p *corev1.Pod) bool { return string(p.UID) == s.Pod && p.Spec.NodeName == "" })
		if _, ok := t.index[s.Node]; ok && at >= 0 && !t.Refuses(t.Objects.Pods[at]) {
			t.Place(t.Objects.Pods[at], s.Node)
		}
	}
}

// Fits tells on which of the nodes asked for every plugin accepts.
func Fits(verdicts []Verdict, nodes int) []int {
	var out []int
	for i := range nodes {
		if !slices.ContainsFunc(verdicts, func(v Verdict) bool { _, bad := v.Rejects(i); return bad }) {
			out = append(out, i)
		}
	}
	return out
}

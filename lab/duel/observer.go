package duel

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// observer watches pods and nodes and notes when what happened, by this process's clock.
// What the API server writes into objects has whole seconds only.
type observer struct {
	mu    sync.Mutex
	pods  map[string]*podSeen
	nodes map[string]time.Time // when each was first ready, by name
}

// podSeen is one pod's life; an instant is zero while it has not come.
type podSeen struct {
	created, bound, gone time.Time
	name, node           string
}

// observe watches until ctx ends; everything that is there has been seen when it returns.
func observe(ctx context.Context, cfg *rest.Config) (*observer, error) {
	set, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("watching the cluster: %w", err)
	}
	o := &observer{pods: map[string]*podSeen{}, nodes: map[string]time.Time{}}
	own := informers.NewSharedInformerFactoryWithOptions(set, 0, informers.WithNamespace(namespace))
	all := informers.NewSharedInformerFactory(set, 0)
	_, err = own.Core().V1().Pods().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(obj any) { o.pod(obj, false) },
		UpdateFunc: func(_, obj any) { o.pod(obj, false) },
		DeleteFunc: func(obj any) { o.pod(obj, true) },
	})
	_, failed := all.Core().V1().Nodes().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(obj any) { o.node(obj) },
		UpdateFunc: func(_, obj any) { o.node(obj) },
	})
	if err := errors.Join(err, failed); err != nil {
		return nil, fmt.Errorf("watching the cluster: %w", err)
	}
	for _, f := range []informers.SharedInformerFactory{own, all} {
		f.Start(ctx.Done())
		f.WaitForCacheSync(ctx.Done())
	}
	return o, ctx.Err()
}

func (o *observer) pod(obj any, gone bool) {
	now := time.Now()
	if last, ok := obj.(cache.DeletedFinalStateUnknown); ok {
		obj = last.Obj
	}
	p, ok := obj.(*corev1.Pod)
	if !ok {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	seen := o.pods[string(p.UID)]
	if seen == nil {
		seen = &podSeen{created: now, name: p.Name}
		o.pods[string(p.UID)] = seen
	}
	if seen.bound.IsZero() && p.Spec.NodeName != "" {
		seen.bound, seen.node = now, p.Spec.NodeName
	}
	// A pod that is told to end waits no more.
	if seen.gone.IsZero() && (gone || p.DeletionTimestamp != nil) {
		seen.gone = now
	}
}

func (o *observer) node(obj any) {
	n, ok := obj.(*corev1.Node)
	if !ok || !slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	}) {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, known := o.nodes[n.Name]; !known {
		o.nodes[n.Name] = time.Now()
	}
}

// counts are how many pods there are now, bound and not.
func (o *observer) counts() (bound, waiting int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range o.pods {
		switch {
		case !p.gone.IsZero():
		case p.bound.IsZero():
			waiting++
		default:
			bound++
		}
	}
	return bound, waiting
}

// wait is how long a pod waited for its node, without the time from the launch of that
// node until it was ready. before is the part of it before the launch.
type wait struct{ beyond, before time.Duration }

// waits is how long each pod created in [from, to) waited. A pod without a node has waited
// until it was told to end, or until to, and counts as unbound in the latter case. Sorted.
func (o *observer) waits(machines []machine, from, to time.Time) (waited []wait, unbound int) {
	byNode := map[string]machine{}
	for _, m := range machines {
		byNode[m.node] = m
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range o.pods {
		if p.created.Before(from) || !p.created.Before(to) {
			continue
		}
		switch {
		case !p.bound.IsZero() && p.bound.Before(to):
			w := wait{beyond: p.bound.Sub(p.created)}
			if m, bought := byNode[p.node]; bought {
				w.beyond -= overlap(p.created, p.bound, m.launched, o.nodes[p.node])
				w.before = max(m.launched.Sub(p.created), 0)
			}
			waited = append(waited, w)
		case !p.gone.IsZero() && p.gone.Before(to):
			waited = append(waited, wait{beyond: p.gone.Sub(p.created)})
		default:
			waited = append(waited, wait{beyond: to.Sub(p.created)})
			unbound++
		}
	}
	slices.SortFunc(waited, func(a, b wait) int { return cmp.Or(cmp.Compare(a.beyond, b.beyond), cmp.Compare(a.before, b.before)) })
	return waited, unbound
}

// lives are what was seen of all pods, a line each in the order in which they came: seconds
// since began at which it came, had a node and was told to end, the node, and when that was
// first ready. "-" is never.
func (o *observer) lives(began time.Time) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	pods := slices.SortedFunc(maps.Values(o.pods), func(a, b *podSeen) int { return cmp.Or(a.created.Compare(b.created), cmp.Compare(a.name, b.name)) })
	since := func(t time.Time) string {
		if t.IsZero() {
			return "-"
		}
		return strconv.FormatFloat(t.Sub(began).Seconds(), 'f', 3, 64)
	}
	var out strings.Builder
	for _, p := range pods {
		fmt.Fprintf(&out, "%s\t%s\t%s\t%s\t%s\t%s\n", p.name, since(p.created), since(p.bound), since(p.gone), cmp.Or(p.node, "-"), since(o.nodes[p.node]))
	}
	return out.String()
}

// overlap is how much of [a, b] lies in [c, d].
func overlap(a, b, c, d time.Time) time.Duration {
	if c.After(a) {
		a = c
	}
	if d.Before(b) {
		b = d
	}
	return max(b.Sub(a), 0)
}

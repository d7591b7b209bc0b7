package store

import (
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// Pod is a pod in the store.
type Pod = Object[cluster.Pod]

// Node is a node in the store.
type Node = Object[cluster.Node]

// Claim is a NodeClaim in the store.
type Claim = Object[cluster.Claim]

// Store holds everything. Revisions are one sequence over all kinds, as in etcd.
type Store struct {
	Pods    *Table[cluster.Pod]
	Nodes   *Table[cluster.Node]
	Claims  *Table[cluster.Claim]
	Pools   *Table[cluster.Pool]
	Classes *Table[cluster.NodeClass] // by ClassRef.String
	Daemons *Table[cluster.DaemonSet]
	Buffers *Table[cluster.CapacityBuffer]
	Gangs   *Table[cluster.Gang] // by Gang.ID
	// Of storage.
	VolumeClaims *Table[cluster.PersistentVolumeClaim]
	Volumes      *Table[cluster.PersistentVolume]
	Attachments  *Table[cluster.VolumeAttachment]
	CSINodes     *Table[cluster.CSINode]
	// Statuses are the budgets as their status shows them.
	Statuses *Table[cluster.PodDisruptionBudget]

	revision int64
	onNode   map[string]*tenants
	budgets  []*Budget
	covered  map[*cluster.Identity][]*Budget
}

// New returns a store that holds nothing.
func New() *Store {
	s := &Store{onNode: map[string]*tenants{}, covered: map[*cluster.Identity][]*Budget{}}
	// Pods have no finalizers here: they go when their kubelet lets them.
	s.Pods = table(s, "pod", func(p *cluster.Pod) meta { return meta{&p.UID, &p.Revision, &p.DeleteAt, nil} })
	s.Nodes = table(s, "node", func(n *cluster.Node) meta { return meta{&n.UID, &n.Revision, &n.DeletingAt, &n.Finalizers} })
	s.Nodes.differ = func(a, b *cluster.Node) bool {
		return !slices.Equal(a.Taints, b.Taints) || !slices.Equal(a.Finalizers, b.Finalizers) || len(a.Labels) != len(b.Labels)
	}
	s.Claims = table(s, "claim", func(c *cluster.Claim) meta { return meta{&c.UID, &c.Revision, &c.DeletingAt, &c.Finalizers} })
	s.Claims.differ = func(a, b *cluster.Claim) bool {
		return a.LastPodEvent != b.LastPodEvent || !slices.Equal(a.Conditions, b.Conditions) || len(a.Annotations) != len(b.Annotations)
	}
	s.Pods.differ = func(a, b *cluster.Pod) bool { return len(a.Reserved) != len(b.Reserved) }
	s.Pools = table(s, "pool", func(p *cluster.Pool) meta { return meta{&p.UID, &p.Revision, &p.DeletingAt, new([]string)} })
	s.Classes = table(s, "class", func(c *cluster.NodeClass) meta { return meta{&c.UID, &c.Revision, &c.DeletingAt, &c.Finalizers} })
	s.Daemons = table(s, "daemonset", func(d *cluster.DaemonSet) meta { return meta{&d.UID, &d.Revision, new(cluster.Instant), nil} })
	s.Buffers = table(s, "capacitybuffer", func(b *cluster.CapacityBuffer) meta { return meta{&b.UID, &b.Revision, new(cluster.Instant), nil} })
	s.VolumeClaims = table(s, "volumeclaim", func(c *cluster.PersistentVolumeClaim) meta {
		return meta{new(string), &c.Revision, new(cluster.Instant), nil}
	})
	s.Volumes = table(s, "volume", func(v *cluster.PersistentVolume) meta {
		return meta{new(string), &v.Revision, new(cluster.Instant), nil}
	})
	s.Attachments = table(s, "attachment", func(a *cluster.VolumeAttachment) meta {
		return meta{new(string), &a.Revision, new(cluster.Instant), nil}
	})
	s.CSINodes = table(s, "csinode", func(n *cluster.CSINode) meta { return meta{new(string), &n.Revision, new(cluster.Instant), nil} })
	s.Gangs = table(s, "podgroup", func(g *cluster.Gang) meta { return meta{new(string), &g.Revision, new(cluster.Instant), nil} })
	s.Statuses = table(s, "budget", func(b *cluster.PodDisruptionBudget) meta {
		return meta{new(string), &b.Revision, new(cluster.Instant), nil}
	})
	s.Pods.Watch(s.keepPod)
	return s
}

func table[T any](s *Store, kind string, m func(*T) meta) *Table[T] {
	return &Table[T]{kind: kind, store: s, meta: m, objects: map[string]*Object[T]{}}
}

// Revision is that of the last write.
func (s *Store) Revision() int64 { return s.revision }

// PodsOn returns the pods bound to a node by name, sorted; the node need not exist.
func (s *Store) PodsOn(node string) []*Pod {
	t := s.onNode[node]
	if t == nil {
		return nil
	}
	out := slices.Clone(t.pods)
	slices.SortFunc(out, func(a, b *Pod) int { return strings.Compare(a.Key, b.Key) })
	return out
}

// Occupied tells whether a node holds a pod that would have to run elsewhere if the
// node went.
func (s *Store) Occupied(node string) bool {
	t := s.onNode[node]
	return t != nil && t.occupying > 0
}

// tenants are the pods of a node.
type tenants struct {
	pods      []*Pod
	occupying int // of these, those that would have to run elsewhere
}

// tenants returns what is known of a node's pods.
func (s *Store) tenants(node string) *tenants {
	t := s.onNode[node]
	if t == nil {
		t = &tenants{}
		s.onNode[node] = t
	}
	return t
}

// keepTenant keeps what is known about the pods of nodes.
func (s *Store) keepTenant(o *Pod, old *cluster.Pod) {
	before, after := placeOf(old), placeOf(o.Now)
	if before == after {
		return
	}
	if before.node != "" {
		t := s.tenants(before.node)
		if before.node != after.node {
			i, last := slices.Index(t.pods, o), len(t.pods)-1
			t.pods[i], t.pods[last] = t.pods[last], nil
			t.pods = t.pods[:last]
		}
		if before.occupies {
			t.occupying--
		}
		if len(t.pods) == 0 {
			delete(s.onNode, before.node)
		}
	}
	if after.node != "" {
		t := s.tenants(after.node)
		if before.node != after.node {
			t.pods = append(t.pods, o)
		}
		if after.occupies {
			t.occupying++
		}
	}
}

// place is where a pod is, and whether it keeps its node from being empty.
type place struct {
	node     string
	occupies bool
}

func placeOf(p *cluster.Pod) place {
	if p == nil || p.Node == "" {
		return place{}
	}
	return place{p.Node, p.Occupies()}
}

// keepPod keeps what is known about pods by node and by budget.
func (s *Store) keepPod(o *Pod, old *cluster.Pod) {
	s.keepTenant(o, old)
	s.countHealthy(o, old)
}

// Bind puts a pod on a node, which need not exist. It fails if the pod is gone, is
// being deleted or has a node already.
func (s *Store) Bind(o *Pod, node string) error {
	switch p := o.Now; {
	case p == nil:
		return &Error{NotFound, "pod " + o.Key + " not found"}
	case p.Deleting() || p.Node != "":
		return &Error{Conflict, "pod " + o.Key + " is being deleted or has a node"}
	}
	p := *o.Now
	p.Node, p.UnschedulableSince, p.Nominated = node, 0, ""
	s.Pods.Set(o, &p)
	return nil
}

// DeletePod asks for a pod's end with at most the given grace. A pod without a node
// goes at once. One that is being deleted already may get less time, never more.
func (s *Store) DeletePod(o *Pod, grace cluster.Duration, now cluster.Instant) {
	p := o.Now
	if p == nil {
		return
	}
	if p.Node == "" || p.Terminal() {
		s.Pods.Remove(o)
		return
	}
	at := now.Add(min(grace, p.Grace))
	if p.Deleting() && p.DeleteAt <= at {
		return
	}
	x := *p
	x.DeleteAt = at
	s.Pods.Set(o, &x)
}

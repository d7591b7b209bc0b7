package store

import (
	"maps"
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
	onNode   map[string]map[*Pod]bool
	budgets  []*Budget
	covered  map[*cluster.Identity][]*Budget
}

// New returns a store that holds nothing.
func New() *Store {
	s := &Store{onNode: map[string]map[*Pod]bool{}, covered: map[*cluster.Identity][]*Budget{}}
	// Pods have no finalizers here: they go when their kubelet lets them.
	s.Pods = table(s, "pod", func(p *cluster.Pod) meta { return meta{&p.UID, &p.Revision, &p.DeleteAt, nil} })
	s.Nodes = table(s, "node", func(n *cluster.Node) meta { return meta{&n.UID, &n.Revision, &n.DeletingAt, &n.Finalizers} })
	s.Claims = table(s, "claim", func(c *cluster.Claim) meta { return meta{&c.UID, &c.Revision, &c.DeletingAt, &c.Finalizers} })
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
	out := slices.AppendSeq(make([]*Pod, 0, len(s.onNode[node])), maps.Keys(s.onNode[node]))
	slices.SortFunc(out, func(a, b *Pod) int { return strings.Compare(a.Key, b.Key) })
	return out
}

// Occupied tells whether a node holds a pod that would have to run elsewhere if the
// node went.
func (s *Store) Occupied(node string) bool {
	for p := range s.onNode[node] {
		if p.Now.Occupies() {
			return true
		}
	}
	return false
}

// keepPod keeps what is known about pods by node and by budget.
func (s *Store) keepPod(o *Pod, old *cluster.Pod) {
	before, after := "", ""
	if old != nil {
		before = old.Node
	}
	if o.Now != nil {
		after = o.Now.Node
	}
	if before != after {
		if before != "" {
			delete(s.onNode[before], o)
			if len(s.onNode[before]) == 0 {
				delete(s.onNode, before)
			}
		}
		if after != "" {
			if s.onNode[after] == nil {
				s.onNode[after] = map[*Pod]bool{}
			}
			s.onNode[after][o] = true
		}
	}
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

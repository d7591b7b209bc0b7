package view

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// Frame is the cluster at one moment. Instants in it are absolute, so that a
// frame can be drawn again later with nothing but At moved on.
type Frame struct {
	At        cluster.Instant
	Synced    bool   // false until the engine has seen the whole cluster
	Suspended string // why the engine does nothing, "" when it works

	Nodes  []Node  // oldest first, then by name
	States []Count // of Nodes, in the order of a node's life; those that occur

	Pods Pods
	// Sums over Nodes, from the moment a node is asked for until it is gone.
	CPU, Memory Use
	Price       Price

	Story Story
}

// Count is a number of nodes in one state.
type Count struct {
	State State
	Nodes int
}

// Pods counts the pods that have not ended, those of DaemonSets and static ones
// left out. Total is the sum of Running, Starting, Terminating, Waiting and
// Unscheduled.
type Pods struct {
	Total       int
	Running     int // bound and running
	Starting    int // bound and not running yet
	Terminating int // bound and being deleted
	Waiting     int // the scheduler found no node: nodes may be bought for them
	Unplaced    int // of Waiting, those that the last plan found no place for
	Unscheduled int // not bound for another reason: gated, or not tried yet
	Daemons     int // bound; not in Total
}

// NewFrame is what there is to see at an instant: of the records and the numbers
// that an engine gives ([engine.Engine.Input], [engine.Engine.Status]) and of what
// a [Timeline] kept. It takes time in the number of records.
func NewFrame(at cluster.Instant, in cluster.Input, status engine.Status, story Story) Frame {
	f := Frame{At: at, Synced: status.Synced, Suspended: clean(status.Suspended), Story: story}
	f.addNodes(in)
	f.countPods(in.Pods)
	f.Pods.Unplaced = min(status.Unplaced, f.Pods.Waiting)
	return f
}

func (f *Frame) addNodes(in cluster.Input) {
	claims := make(map[string]*cluster.Claim, len(in.Claims))
	for _, c := range in.Claims {
		claims[c.Name] = c
	}
	nodes := make(map[string]*cluster.Node, len(in.Nodes))
	for _, n := range in.Nodes {
		nodes[n.Name] = n
	}
	// Hosts are wanted here, not what else could be bought, which is most of a
	// snapshot and follows from the pools.
	in.Pools = nil
	s := cluster.NewSnapshot(in)
	for i := range s.Hosts {
		h := &s.Hosts[i]
		x := subject{host: h, claim: claims[h.Claim]}
		if n := nodes[h.Name]; n != nil && (x.claim == nil || n.ProviderID != "" && n.ProviderID == x.claim.ProviderID) {
			x.node = n
		}
		f.Nodes = append(f.Nodes, newNode(x, s.Resources))
	}
	slices.SortFunc(f.Nodes, func(a, b Node) int {
		return cmp.Or(cmp.Compare(a.Created, b.Created), strings.Compare(a.Name, b.Name), strings.Compare(a.Claim, b.Claim))
	})
	var count [numState]int
	for _, n := range f.Nodes {
		count[n.State]++
		f.Pods.Daemons += n.Daemons
		f.CPU, f.Memory, f.Price = f.CPU.plus(n.CPU), f.Memory.plus(n.Memory), f.Price.Plus(n.Price)
	}
	for s, n := range count {
		if n > 0 {
			f.States = append(f.States, Count{State(s), n})
		}
	}
}

func (f *Frame) countPods(pods []*cluster.Pod) {
	c := &f.Pods
	for _, p := range pods {
		if p.Terminal() || p.Daemon() || p.Mirror {
			continue
		}
		c.Total++
		switch {
		case p.Provisionable():
			c.Waiting++
		case p.Node == "":
			c.Unscheduled++
		case p.Deleting():
			c.Terminating++
		case p.Phase == cluster.Running:
			c.Running++
		default:
			c.Starting++
		}
	}
}

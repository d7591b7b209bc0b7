package view

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// State is where a node is in its life.
type State uint8

// The states, in the order in which a node goes through them.
const (
	Launching   State = iota // asked for; no instance yet
	Booting                  // the instance exists; no node yet
	Registered               // the node is there but not ready for pods
	Ready                    // runs pods, or is about to
	Empty                    // ready, and holds and awaits no pod that would have to run elsewhere
	Cordoned                 // somebody marked it unschedulable
	NotReady                 // was ready once; its kubelet says no, or nothing
	Draining                 // takes no pods and loses those it has
	Terminating              // drained; waits for its instance to end
	numState
)

var stateNames = [numState]string{
	"Launching", "Booting", "Registered", "Ready", "Empty", "Cordoned", "NotReady", "Draining", "Terminating",
}

func (s State) String() string { return stateNames[s] }

// Use is an amount of one resource: millicores of cpu, bytes of memory.
type Use struct {
	// Requested by the pods that are bound, and by the DaemonSets that have yet to
	// arrive.
	Requested int64
	// Promised is what waiting pods request that a plan has put here.
	Promised int64
	// Allocatable is what the node offers to pods; 0 while its size is unknown.
	Allocatable int64
}

func (u Use) plus(v Use) Use {
	return Use{u.Requested + v.Requested, u.Promised + v.Promised, u.Allocatable + v.Allocatable}
}

// Node is a node, or what will become one. Empty strings and zero instants stand
// for what is not known (yet).
type Node struct {
	Name         string // of the node; of its NodeClaim until there is one
	Claim        string // "" for a node that nobody manages
	Pool         string
	InstanceType string
	Zone         string
	CapacityType string
	Price        Price
	CPU, Memory  Use

	Pods     int // bound and not ended, those below not counted
	Daemons  int // of DaemonSets, and static ones
	Expected int // waiting pods that a plan has put here

	State State
	Since cluster.Instant // when State began
	Why   string          // what a state that ought to pass is waiting for
	// Created is when it was asked for, to the second.
	Created cluster.Instant
}

// subject is all that is known about one node.
type subject struct {
	host  *cluster.Host
	claim *cluster.Claim // nil for a node that nobody manages
	node  *cluster.Node  // nil before one has registered
}

func newNode(x subject, resources []string) Node {
	h := x.host
	n := Node{
		Name: h.Name, Claim: h.Claim, Pool: h.Labels[cluster.LabelNodePool],
		InstanceType: h.Labels[cluster.LabelInstanceType], Zone: h.Labels[cluster.LabelZone], CapacityType: h.Labels[cluster.LabelCapacityType],
		Price: priceOf(h.Price, h.Imputed), Expected: len(h.Promised), CPU: x.use(resources, cluster.CPU), Memory: x.use(resources, cluster.Memory),
	}
	for _, p := range h.Pods {
		if p.Daemon() || p.Mirror {
			n.Daemons++
		} else {
			n.Pods++
		}
	}
	if x.claim != nil {
		n.Created = x.claim.Created
	} else {
		n.Created = x.node.Created
	}
	n.Created -= n.Created % cluster.Instant(cluster.Second) // as Kubernetes will have it
	n.State, n.Since, n.Why = x.state()
	n.Why = clean(n.Why)
	return n
}

func (x subject) use(resources []string, name string) Use {
	i := slices.Index(resources, name)
	u := Use{Allocatable: x.host.Allocatable[i]}
	for _, p := range x.host.Promised {
		u.Promised += p.Demand.Requests.Get(name)
	}
	u.Requested = max(u.Allocatable-x.host.Free[i]-u.Promised, 0)
	return u
}

// state says where the node is, since when, and what it waits for.
func (x subject) state() (s State, since cluster.Instant, why string) {
	c, n := x.claim, x.node
	switch {
	case c != nil && c.Deleting():
		return x.ending(c.DeletingAt)
	case n != nil && n.DeletingAt != 0:
		return x.ending(n.DeletingAt)
	case n == nil && !c.Is(cluster.Launched):
		return Launching, c.Created, c.Condition(cluster.Launched).Message
	case n == nil:
		return Booting, c.Condition(cluster.Launched).Since, ""
	case c != nil && !c.Is(cluster.Initialized):
		why := c.Condition(cluster.Initialized)
		if why.Reason == "NodeNotFound" { // written before the node was there
			why.Message = ""
		}
		return Registered, n.Created, why.Message
	}
	return x.working()
}

// ending is the state of a node whose end was asked for at the given instant.
func (x subject) ending(asked cluster.Instant) (s State, since cluster.Instant, why string) {
	if x.node == nil {
		return Terminating, asked, ""
	}
	if x.claim == nil {
		return Draining, asked, ""
	}
	drained, detached := x.claim.Condition(cluster.Drained), x.claim.Condition(cluster.VolumesDetached)
	switch {
	case drained.Status != "True":
		return Draining, asked, ""
	case detached.Status == "Unknown":
		return Draining, asked, "volumes are still attached"
	}
	return Terminating, max(drained.Since, detached.Since), ""
}

// working is the state of a node that has been ready and is meant to stay.
func (x subject) working() (s State, since cluster.Instant, why string) {
	n := x.node
	switch {
	case n.HeartbeatIsGone:
		return NotReady, n.ReadySince, "its kubelet no longer answers"
	case !n.Ready:
		return NotReady, n.ReadySince, ""
	case slices.ContainsFunc(n.Taints, func(t cluster.Taint) bool { return t == cluster.DisruptedTaint }):
		return Draining, 0, "about to be given back"
	case n.Unschedulable:
		return Cordoned, 0, ""
	}
	began := n.ReadySince
	if x.claim != nil {
		began = max(x.claim.Condition(cluster.Initialized).Since, n.ReadySince)
	}
	if len(x.host.Promised) > 0 || slices.ContainsFunc(x.host.Pods, (*cluster.Pod).Occupies) {
		return Ready, began, x.reserved()
	}
	if x.claim == nil {
		return Empty, 0, "" // nobody notes when its last pod left
	}
	return Empty, max(began, x.claim.LastPodEvent), x.reserved()
}

// reserved says for how many pods the node is, "" when it is open to all.
func (x subject) reserved() string {
	switch {
	case x.claim == nil || !x.node.Reserved(x.claim.Name):
		return ""
	case len(x.host.Promised) == 0:
		return "reserved until others have found their nodes"
	}
	return "reserved for " + count(len(x.host.Promised), "pod")
}

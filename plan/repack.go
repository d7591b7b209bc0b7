package plan

import (
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// Repacking says which nodes a cluster can do without, what has to be bought for that,
// and of every other node why it stays.
type Repacking struct {
	// Revision of the snapshot it is based on.
	Revision string
	// Actions in the order in which they are to be done: each is possible when those
	// before it have been done, or none of them.
	Actions []Action
	// Verdicts has one for each host, by name.
	Verdicts []Verdict
	// Cost is what the pools' hosts cost per hour now, the charge for each node included;
	// Saving is what the actions take off it.
	Cost, Saving cluster.Money
	// Bound is proven: what has to be paid at the least, whatever is done with the nodes
	// that may be given back; those that may not are paid for as they are. 0 if it was not
	// asked for.
	Bound cluster.Money
	// Later is in how much time another action may be worth its while if nothing changes,
	// 0 if none will be.
	Later cluster.Duration
}

// Action gives nodes back, when others have been bought for their pods if need be.
type Action struct {
	Why     cluster.Reason
	Hosts   []string // sorted
	Creates []Create // the pods of Hosts that are meant for new nodes are in Pods
	Moves   []Placement
	// Saving is what it takes off the cost per hour, charges included; Evicted how many
	// pods have to move, and Disruption what that amounts to, in millionths of a pod that is like any
	// other.
	Saving     cluster.Money
	Evicted    int
	Disruption int64
}

// Verdict is what a pass has found about one host.
type Verdict struct {
	Host string
	Kept Kept // 0 if it goes
	// Detail names the pod, the budget or what else it is about.
	Detail string
	// Saving per hour that is given up, where it is known, and what it would have to be.
	Saving, Least cluster.Money
}

// Kept is why a node stays.
type Kept uint8

// Why nodes stay.
const (
	KeptUnmanaged  Kept = iota + 1 // nobody here has bought it
	KeptFor                        // whoever asked has said so, in Detail
	KeptUnpriced                   // what it costs is not known
	KeptPolicy                     // its pool gives back only what is empty
	KeptPod                        // a pod on it may not be moved
	KeptNeeded                     // a pod on it has no place elsewhere, and new nodes save nothing
	KeptFull                       // its pods cost about as much anywhere
	KeptThreshold                  // replacing it saves too little
	KeptFragile                    // its pods have room elsewhere, but only if they come in the right order
	KeptDisruption                 // what would be saved is not worth moving so many pods (Balanced)
	KeptLast                       // its node group would be too small
	KeptFilled                     // it takes pods of nodes that go
	KeptSoon                       // it would save enough if it were certain that it lasts
	numKept
)

var keptNames = [numKept]string{
	KeptUnmanaged: "nobody here has bought it", KeptUnpriced: "its price is not known", KeptPolicy: "its pool gives back only empty nodes",
	KeptNeeded: "has no place elsewhere", KeptFull: "its pods cost about as much anywhere", KeptThreshold: "replacing it saves too little",
	KeptFragile:    "its pods find room elsewhere only if they come in the right order",
	KeptDisruption: "saves too little for the pods that would have to move", KeptLast: "its node group would be smaller than it must be",
	KeptFilled: "takes pods of nodes that are given back",
	KeptSoon:   "too little is saved by replacing it for how short a time nothing has changed there",
}

// String is one word for it.
func (k Kept) String() string {
	return [numKept]string{"given back", "unmanaged", "not now", "unpriced", "policy", "pod", "needed", "full", "threshold", "fragile", "disruption", "last", "filled", "soon"}[min(k, numKept-1)]
}

// String is the verdict as people read it, without the host's name.
func (v *Verdict) String() string {
	switch v.Kept {
	case 0:
		return "given back: " + v.Detail
	case KeptFor, KeptPod:
		return "kept: " + v.Detail
	case KeptNeeded:
		return "kept: pod " + v.Detail + " " + keptNames[v.Kept] + v.saves()
	}
	s := "kept: " + keptNames[min(v.Kept, numKept-1)]
	if v.Detail != "" {
		s += " (" + v.Detail + ")"
	}
	return s + v.saves()
}

func (v *Verdict) saves() string {
	if v.Least == 0 {
		return ""
	}
	return ": " + v.Saving.String() + " an hour at the most, " + v.Least.String() + " are wanted"
}

// Objective is what the actions leave to pay.
func (r *Repacking) Objective() cluster.Money { return r.Cost - r.Saving }

// Gap is how far that is above Bound, as a fraction; only for reading.
func (r *Repacking) Gap() float64 {
	if r.Bound <= 0 {
		return 0
	}
	return float64(r.Objective())/float64(r.Bound) - 1
}

// Text is the repacking in a stable form for scripts and diffs.
func (r *Repacking) Text() string {
	var b strings.Builder
	for i := range r.Actions {
		a := &r.Actions[i]
		b.WriteString("give back " + strings.Join(a.Hosts, ",") + " saves " + a.Saving.String() + " moves " + strconv.Itoa(a.Evicted) + "\n")
		for _, c := range a.Creates {
			b.WriteString("  create " + c.Pool + " " + c.Offerings[0].String() + " " + c.Price.String() + " pods=" + ids(c.Pods) + "\n")
		}
		for _, m := range a.Moves {
			b.WriteString("  place " + m.Host + " pods=" + ids(m.Pods) + "\n")
		}
	}
	for i := range r.Verdicts {
		if v := &r.Verdicts[i]; v.Kept != 0 {
			b.WriteString(v.Host + " " + v.String() + "\n")
		}
	}
	b.WriteString("cost " + r.Cost.String() + " saves " + r.Saving.String() + " bound " + r.Bound.String() + "\n")
	return b.String()
}

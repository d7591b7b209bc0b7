// Package plan says what to do and why: which nodes to create, which pods go
// where, what does not fit for which reasons, what it costs and how far that can
// be from the best.
//
// A plan is data. It refuses to apply itself, and it names things by the names
// the cluster gave them, so that it can be checked against a newer snapshot
// before anything is done.
package plan

import (
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// Plan is the answer to a snapshot. All slices are sorted, so that equal
// snapshots give equal bytes.
type Plan struct {
	// Revision of the snapshot the plan is based on.
	Revision string
	// Creates are the nodes to buy, alike ones next to each other.
	Creates []Create
	// Placements are waiting pods that fit on hosts there are (or are coming).
	Placements []Placement
	// Unplaced are the pods that fit nowhere, by class.
	Unplaced []Unplaced
	// Late are placed pods that pass their filters, or let others pass theirs, only
	// if they come after all others, in this order. Usually there are none.
	Late []*cluster.Pod
	// Cost is the price per hour of the hosts that the snapshot's pools hold plus
	// that of Creates.
	Cost cluster.Money
	// CreateCost is the part of Cost that Creates adds.
	CreateCost cluster.Money
	// Charges is what the solver's charge for each node adds to CreateCost when
	// plans are compared.
	Charges cluster.Money
	// Bound is proven: no set of new nodes that holds the placed pods, given the
	// free space on existing hosts, has a lower [Plan.Objective], whatever domains it
	// chooses. Such a set keeps to the pools' weights, unless limits have made this
	// plan go below them; to spreads over all domains in which nodes could be bought,
	// unless pods came late in this plan; and to the preferences about nodes that this
	// plan keeps to for all pods of a class.
	Bound cluster.Money
}

// Create is one node to buy.
type Create struct {
	Pool string
	// Offerings hold the pods below, best first; the first is what Price is for.
	Offerings []cluster.OfferingID
	Price     cluster.Money
	Imputed   bool
	// Requests is the sum of what the pods and the node's DaemonSets ask for.
	Requests cluster.Resources
	Pods     []*cluster.Pod // sorted by namespace and name
	// Claim is the name that the node's claim is to have; "" where it follows from the
	// pods. Nodes of a pool with a fixed number of them may be for no pods at all.
	Claim string
}

// Placement is a class of pods with room on an existing host.
type Placement struct {
	Host string
	Pods []*cluster.Pod
}

// Unplaced is a class of pods that fits nowhere.
type Unplaced struct {
	Pods    []*cluster.Pod
	Reasons []Reason // most frequent first
}

// Reason is a constraint and how many offerings and hosts it ruled out. Text is
// made of it only where people read it ([Explain]).
type Reason struct {
	Constraint Constraint
	// Detail names what was missing: a resource, a label, a taint.
	Detail           string
	Hosts, Offerings int
}

// Constraint is a rule that can keep a pod off a node.
type Constraint uint8

// The constraints, in the order in which they are checked: what rules a pod out
// is counted once, under the first that does.
const (
	Refused         Constraint = iota + 1 // the pod has a constraint this version cannot honour
	NoPool                                // there is no pool, or none is ready
	Barred                                // the pool's nodes cannot run such a pod
	Closed                                // host takes no pods
	Taints                                // a taint is not tolerated
	NodeSelector                          // spec.nodeSelector does not match
	NodeAffinity                          // no required term matches
	HostPorts                             // a port of the host is taken
	Resources                             // too large, or too little left
	VolumeLimit                           // no more volumes can be attached
	VolumeNode                            // a volume cannot be used from there
	TopologySpread                        // the domain has too many of these pods already
	PodAffinity                           // the pods it wants near are elsewhere
	PodAntiAffinity                       // a pod that it must be apart from is there, or the other way round
	Devices                               // devices that it claims are not there, or elsewhere
	PoolLimit                             // the pool's limits are reached
	MinValues                             // too few distinct values to choose from
	Gang                                  // too few of the pods that it runs with have a place
	numConstraint
)

var constraintNames = [numConstraint]string{
	Refused: "refused", NoPool: "no pool", Barred: "not for this pool", Closed: "closed", Taints: "taint", NodeSelector: "node selector",
	NodeAffinity: "node affinity", HostPorts: "host ports", Resources: "resources", VolumeLimit: "volume limit", VolumeNode: "volume node affinity",
	TopologySpread: "topology spread", PodAffinity: "pod affinity", PodAntiAffinity: "pod anti-affinity", Devices: "devices", PoolLimit: "pool limit", MinValues: "minValues",
	Gang: "gang",
}

func (c Constraint) String() string {
	if c < numConstraint && constraintNames[c] != "" {
		return constraintNames[c]
	}
	return "Constraint(" + strconv.Itoa(int(c)) + ")"
}

// Objective is what the solver makes small: prices and charges of new nodes.
func (p *Plan) Objective() cluster.Money { return p.CreateCost + p.Charges }

// Gap is how far the objective is above Bound, as a fraction; 0 when nothing has
// to be bought. It is the only float in a plan and only for reading.
func (p *Plan) Gap() float64 {
	if p.Bound <= 0 {
		return 0
	}
	return float64(p.Objective())/float64(p.Bound) - 1
}

// Text is the plan in a stable form for scripts and diffs.
func (p *Plan) Text() string {
	var b strings.Builder
	for _, c := range p.Creates {
		b.WriteString("create " + c.Pool + " " + c.Offerings[0].String() + " " + c.Price.String())
		b.WriteString(" alternatives=" + strconv.Itoa(len(c.Offerings)-1) + " pods=" + ids(c.Pods) + "\n")
	}
	for _, x := range p.Placements {
		b.WriteString("place " + x.Host + " pods=" + ids(x.Pods) + "\n")
	}
	for _, u := range p.Unplaced {
		b.WriteString("unplaced " + ids(u.Pods) + ": " + Explain(u.Reasons) + "\n")
	}
	b.WriteString("cost " + p.Cost.String() + " new " + p.CreateCost.String())
	if p.Charges > 0 {
		b.WriteString(" objective " + p.Objective().String())
	}
	b.WriteString(" bound " + p.Bound.String() + "\n")
	return b.String()
}

// ids lists pods, the tail of a long list as a count.
func ids(pods []*cluster.Pod) string {
	const show = 3
	var b strings.Builder
	for i, p := range pods {
		if i == show && len(pods) > show+1 {
			b.WriteString(",+" + strconv.Itoa(len(pods)-show))
			break
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(p.ID())
	}
	return b.String()
}

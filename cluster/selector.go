package cluster

import (
	"slices"
	"strconv"
	"strings"
)

// Labels are the labels of a node or of what a node will be, or of a pod.
type Labels map[string]string

// Get is the [Lookup] of these labels.
func (l Labels) Get(key string) (value string, present bool) {
	value, present = l[key]
	return value, present
}

// Lookup finds the value of a label.
type Lookup func(key string) (value string, present bool)

// FieldName is the key under which requirements name the field metadata.name of a
// node (matchFields). No label can have that key.
const FieldName = "field:metadata.name"

// The label keys this project reads and writes. They are Kubernetes' and
// Karpenter's, so that people's selectors and tools keep working.
const (
	LabelArch         = "kubernetes.io/arch"
	LabelOS           = "kubernetes.io/os"
	LabelHostname     = "kubernetes.io/hostname"
	LabelZone         = "topology.kubernetes.io/zone"
	LabelRegion       = "topology.kubernetes.io/region"
	LabelInstanceType = "node.kubernetes.io/instance-type"
	LabelCapacityType = "karpenter.sh/capacity-type"
	LabelNodePool     = "karpenter.sh/nodepool"
	LabelRegistered   = "karpenter.sh/registered"
	LabelInitialized  = "karpenter.sh/initialized"
)

// Capacity types, in the order in which they are preferred at equal price.
const (
	Reserved = "reserved"
	Spot     = "spot"
	OnDemand = "on-demand"
)

// Operator relates a label to the values of a [Requirement].
type Operator uint8

// The operators of node affinity and of NodePool requirements. Gte and Lte
// exist in NodePools only, Equal in tolerations.
const (
	Equal Operator = iota
	In
	NotIn
	Exists
	DoesNotExist
	Gt
	Lt
	Gte
	Lte
)

var operatorNames = [...]string{Equal: "Equal", In: "In", NotIn: "NotIn", Exists: "Exists", DoesNotExist: "DoesNotExist", Gt: "Gt", Lt: "Lt", Gte: "Gte", Lte: "Lte"}

// ParseOperator returns the operator that Kubernetes writes as name.
func ParseOperator(name string) (Operator, bool) {
	i := slices.Index(operatorNames[:], name)
	return Operator(max(i, 0)), i > 0
}

func (o Operator) String() string {
	if int(o) < len(operatorNames) {
		return operatorNames[o]
	}
	return "Operator(" + strconv.Itoa(int(o)) + ")"
}

// Requirement is a condition on one label.
type Requirement struct {
	Key      string
	Operator Operator
	Values   []string
	// MinValues is the least number of distinct values of Key that a launch
	// must be able to choose from (NodePools only); 0 for none.
	MinValues int
}

// Matches tells whether a node whose label has the given value satisfies r.
// present is false when the node has no such label. Of a label that is undecided each
// value must do.
func (r Requirement) Matches(value string, present bool) bool {
	if Undecided(value) {
		for v := range strings.SplitSeq(value, ",") {
			if !r.Matches(v, v != "") {
				return false
			}
		}
		return true
	}
	switch r.Operator {
	case In:
		return present && slices.Contains(r.Values, value)
	case NotIn:
		return !present || !slices.Contains(r.Values, value)
	case Exists:
		return present
	case DoesNotExist:
		return !present
	case Gt, Lt, Gte, Lte:
		return present && len(r.Values) == 1 && compareInt(r.Operator, value, r.Values[0])
	}
	return false
}

// plainInt tells whether text is a whole number without a plus sign or leading zeros.
func plainInt(text string) bool {
	n, err := strconv.ParseInt(text, 10, 64)
	return err == nil && strconv.FormatInt(n, 10) == text
}

func compareInt(op Operator, label, bound string) bool {
	l, err1 := strconv.ParseInt(label, 10, 64)
	b, err2 := strconv.ParseInt(bound, 10, 64)
	if err1 != nil || err2 != nil {
		return false
	}
	switch op {
	case Gt:
		return l > b
	case Lt:
		return l < b
	case Gte:
		return l >= b
	default:
		return l <= b
	}
}

// Term is a conjunction: all of its requirements hold.
type Term []Requirement

// Matches tells whether labels satisfy every requirement of t.
func (t Term) Matches(labels Lookup) bool {
	for _, r := range t {
		v, ok := labels(r.Key)
		if !r.Matches(v, ok) {
			return false
		}
	}
	return true
}

// TaintEffect is what a taint does to a pod that does not tolerate it.
type TaintEffect string

// The effects Kubernetes knows.
const (
	NoSchedule       TaintEffect = "NoSchedule"
	PreferNoSchedule TaintEffect = "PreferNoSchedule"
	NoExecute        TaintEffect = "NoExecute"
)

// Taint keeps pods off a node unless they tolerate it.
type Taint struct {
	Key, Value string
	Effect     TaintEffect
}

// Taints that this project or the node life cycle sets.
var (
	// DisruptedTaint marks a node that is being emptied.
	DisruptedTaint = Taint{Key: "karpenter.sh/disrupted", Effect: NoSchedule}
	// CandidateTaint marks a node that is to be given back when budgets allow it. It asks the
	// scheduler to put pods elsewhere where it has a choice, and keeps nobody off: it is no
	// constraint, and snapshots do not show it.
	CandidateTaint = Taint{Key: "ullage.sh/disruption-candidate", Effect: PreferNoSchedule}
	// UnregisteredTaint is on a node from boot until its claim has been synced to it.
	UnregisteredTaint = Taint{Key: "karpenter.sh/unregistered", Effect: NoExecute}
	// CordonTaint is what spec.unschedulable amounts to; the control plane adds it a
	// moment later.
	CordonTaint = Taint{Key: "node.kubernetes.io/unschedulable", Effect: NoSchedule}
)

// WithoutCandidate is taints without [CandidateTaint]: the same slice if it is not there.
func WithoutCandidate(taints []Taint) []Taint {
	if !slices.Contains(taints, CandidateTaint) {
		return taints
	}
	return slices.DeleteFunc(slices.Clone(taints), func(t Taint) bool { return t == CandidateTaint })
}

// Toleration lets a pod onto nodes with matching taints. An empty Key tolerates
// every key; an empty Effect every effect.
type Toleration struct {
	Key string
	// Operator is Equal (the zero value), Exists, or Gt or Lt: the taint's value is a
	// number greater or less than Value (KEP-5471; a cluster has to enable it).
	Operator Operator
	Value    string
	Effect   TaintEffect
}

// Tolerates tells whether t covers taint.
func (t Toleration) Tolerates(taint Taint) bool {
	if t.Effect != "" && t.Effect != taint.Effect {
		return false
	}
	if t.Key != "" && t.Key != taint.Key {
		return false
	}
	switch t.Operator {
	case Exists:
		return true
	case Gt, Lt:
		// Unlike for labels, only what is written as a number usually is (KEP-5471).
		return plainInt(taint.Value) && plainInt(t.Value) && compareInt(t.Operator, taint.Value, t.Value)
	}
	return t.Value == taint.Value
}

// Untolerated returns the first taint that keeps a pod with these tolerations
// from being scheduled. PreferNoSchedule never does.
func Untolerated(taints []Taint, tolerations []Toleration) (Taint, bool) {
	for _, taint := range taints {
		if taint.Effect == PreferNoSchedule {
			continue
		}
		if !slices.ContainsFunc(tolerations, func(t Toleration) bool { return t.Tolerates(taint) }) {
			return taint, true
		}
	}
	return Taint{}, false
}

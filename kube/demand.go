package kube

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/ullage-sh/ullage/cluster"
)

// normalized are keys of node labels with another name that means the same: both
// are set by the same hand to the same value. The newer ones are what is known of
// nodes that do not exist yet.
var normalized = map[string]string{
	corev1.LabelFailureDomainBetaZone:   corev1.LabelTopologyZone,
	corev1.LabelFailureDomainBetaRegion: corev1.LabelTopologyRegion,
	corev1.LabelInstanceType:            corev1.LabelInstanceTypeStable,
	"beta.kubernetes.io/arch":           corev1.LabelArchStable,
	"beta.kubernetes.io/os":             corev1.LabelOSStable,
	"topology.ebs.csi.aws.com/zone":     corev1.LabelTopologyZone,
}

func labelKey(key string) string {
	if k, ok := normalized[key]; ok {
		return k
	}
	return key
}

// demander makes the demand of a pod. What it reads of the pod, [fingerprint] has
// to write.
type demander struct {
	pod *corev1.Pod
	out *cluster.Demand
}

// demand fills in, of an empty record, what a pod needs. requests and problems are
// what [counter] and [quantityProblems] say.
func demand(p *corev1.Pod, requests cluster.Resources, problems []string, made *demandRecord) {
	d := demander{pod: p, out: &made.Demand}
	d.out.Requests = append(made.requests[:0], requests...)
	d.out.Refused = slices.Clone(problems)
	d.selection()
	d.tolerations()
	for i := range p.Spec.TopologySpreadConstraints {
		d.spread(i, &p.Spec.TopologySpreadConstraints[i])
	}
	d.podAffinity()
	d.hostPorts()
	d.volumes()
	d.price()
	d.hostAccess()
	d.rare()
	slices.Sort(d.out.Refused)
	d.out.Refused = slices.Compact(d.out.Refused)
	d.out.SetKey()
}

// refuse notes a field that cannot be honoured. What it says must follow from what
// the fingerprint holds.
func (d *demander) refuse(field, format string, args ...any) {
	d.out.Refused = append(d.out.Refused, field+": "+fmt.Sprintf(format, args...))
}

// selection converts node selector and node affinity.
func (d *demander) selection() {
	s := &d.pod.Spec
	if len(s.NodeSelector) > 0 { // few pods have one
		for _, key := range slices.Sorted(maps.Keys(s.NodeSelector)) {
			d.out.Selector = append(d.out.Selector, cluster.Requirement{Key: labelKey(key), Operator: cluster.In, Values: []string{s.NodeSelector[key]}})
		}
	}
	if s.Affinity == nil || s.Affinity.NodeAffinity == nil {
		return
	}
	const path = "spec.affinity.nodeAffinity."
	a := s.Affinity.NodeAffinity
	if terms, anywhere := requiredNodeTerms(d.pod); !anywhere {
		d.out.Affinity = []cluster.Term{}
		for i := range terms {
			t, empty := d.nodeTerm(path+"requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms["+strconv.Itoa(i)+"]", &terms[i])
			if !empty { // an empty term matches nothing
				d.out.Affinity = append(d.out.Affinity, t)
			}
		}
	}
	for i := range a.PreferredDuringSchedulingIgnoredDuringExecution {
		at := path + "preferredDuringSchedulingIgnoredDuringExecution[" + strconv.Itoa(i) + "]"
		x := &a.PreferredDuringSchedulingIgnoredDuringExecution[i]
		t, empty := d.nodeTerm(at+".preference", &x.Preference)
		if d.weight(at, x.Weight) && !empty {
			d.out.Preferences = append(d.out.Preferences, cluster.Preference{Weight: x.Weight, Node: t})
		}
	}
}

// requiredNodeTerms are the terms of required node affinity, and whether any node
// will do because there is none. The DaemonSet controller ties each of its pods to a
// node by name; that is left out, so that the pods of a DaemonSet, which nobody else
// places, have one demand.
func requiredNodeTerms(p *corev1.Pod) (terms []corev1.NodeSelectorTerm, anywhere bool) {
	r := p.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	if r == nil {
		return nil, true
	}
	if owner(p).Kind != "DaemonSet" {
		return r.NodeSelectorTerms, false
	}
	for _, t := range r.NodeSelectorTerms {
		if len(t.MatchExpressions) == 0 && len(t.MatchFields) > 0 {
			return nil, true
		}
		terms = append(terms, corev1.NodeSelectorTerm{MatchExpressions: t.MatchExpressions})
	}
	return terms, false
}

// weight tells whether w is the weight of a preference.
func (d *demander) weight(at string, w int32) bool {
	if w < 1 || w > 100 {
		d.refuse(at+".weight", "%d is not from 1 to 100", w)
		return false
	}
	return true
}

// nodeTerm converts a term of node affinity.
func (d *demander) nodeTerm(at string, t *corev1.NodeSelectorTerm) (out cluster.Term, empty bool) {
	for i := range t.MatchExpressions {
		r, err := nodeRequirement(&t.MatchExpressions[i])
		if err != nil {
			d.refuse(at+".matchExpressions["+strconv.Itoa(i)+"]", "%v", err)
		}
		out = append(out, r)
	}
	for i := range t.MatchFields {
		r, err := fieldRequirement(&t.MatchFields[i])
		if err != nil {
			d.refuse(at+".matchFields["+strconv.Itoa(i)+"]", "%v", err)
		}
		out = append(out, r)
	}
	return out, len(out) == 0
}

func nodeRequirement(r *corev1.NodeSelectorRequirement) (cluster.Requirement, error) {
	out, err := requirement(r.Key, string(r.Operator), r.Values)
	switch {
	case err != nil:
	case out.Operator == cluster.Gte || out.Operator == cluster.Lte:
		err = fmt.Errorf("operator %s is for NodePools only", r.Operator)
	}
	out.Key = labelKey(out.Key)
	return out, err
}

// fieldRequirement converts a requirement on metadata.name, the only field of a
// node that Kubernetes selects by.
func fieldRequirement(r *corev1.NodeSelectorRequirement) (cluster.Requirement, error) {
	out := cluster.Requirement{Key: cluster.FieldName, Operator: cluster.In, Values: r.Values}
	if r.Operator == corev1.NodeSelectorOpNotIn {
		out.Operator = cluster.NotIn
	}
	switch {
	case r.Key != "metadata.name":
		return out, fmt.Errorf("key %q is not metadata.name", r.Key)
	case r.Operator != corev1.NodeSelectorOpIn && r.Operator != corev1.NodeSelectorOpNotIn:
		return out, fmt.Errorf("operator %q is neither In nor NotIn", r.Operator)
	case len(r.Values) != 1:
		return out, fmt.Errorf("%d values instead of one", len(r.Values))
	}
	return out, nil
}

func (d *demander) tolerations() {
	for i := range d.pod.Spec.Tolerations {
		t := &d.pod.Spec.Tolerations[i]
		at := "spec.tolerations[" + strconv.Itoa(i) + "]"
		op, ok := tolerationOperator(t.Operator)
		switch {
		case !ok:
			d.refuse(at+".operator", "%q is none of Equal, Exists, Gt, Lt", t.Operator)
			continue
		case op == cluster.Gt || op == cluster.Lt:
			if n, err := strconv.ParseInt(t.Value, 10, 64); err != nil || strconv.FormatInt(n, 10) != t.Value {
				d.refuse(at+".value", "%q is not a whole number", t.Value)
			}
		case t.Key == "" && op != cluster.Exists:
			d.refuse(at+".operator", "must be Exists for an empty key")
		}
		d.out.Tolerations = append(d.out.Tolerations, cluster.Toleration{Key: t.Key, Operator: op, Value: t.Value, Effect: cluster.TaintEffect(t.Effect)})
	}
}

// tolerationOperator reads the operator of a toleration; "" is Equal.
func tolerationOperator(op corev1.TolerationOperator) (_ cluster.Operator, ok bool) {
	switch op {
	case corev1.TolerationOpEqual, "":
		return cluster.Equal, true
	case corev1.TolerationOpExists:
		return cluster.Exists, true
	case corev1.TolerationOpGt:
		return cluster.Gt, true
	case corev1.TolerationOpLt:
		return cluster.Lt, true
	}
	return 0, false
}

// hostPorts collects the ports of the node that containers and sidecars take.
func (d *demander) hostPorts() {
	s := &d.pod.Spec
	for i := range s.InitContainers {
		if isSidecar(&s.InitContainers[i]) {
			d.containerPorts(&s.InitContainers[i])
		}
	}
	for i := range s.Containers {
		d.containerPorts(&s.Containers[i])
	}
	slices.SortFunc(d.out.Ports, func(x, y cluster.HostPort) int {
		return cmp.Or(cmp.Compare(x.Port, y.Port), strings.Compare(x.Protocol, y.Protocol), strings.Compare(x.IP, y.IP))
	})
	d.out.Ports = slices.Compact(d.out.Ports)
}

func (d *demander) containerPorts(c *corev1.Container) {
	for i := range c.Ports {
		p := &c.Ports[i]
		n := hostPort(&d.pod.Spec, p)
		if n == 0 {
			continue
		}
		if n < 0 || n > 65535 {
			d.refuse("spec.containers.ports.hostPort", "%d is no port", n)
			continue
		}
		x := cluster.HostPort{IP: p.HostIP, Protocol: string(p.Protocol), Port: n}
		if x.IP == "0.0.0.0" {
			x.IP = ""
		}
		switch p.Protocol {
		case "":
			x.Protocol = string(corev1.ProtocolTCP)
		case corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP:
		default:
			d.refuse("spec.containers.ports.protocol", "%q is none of TCP, UDP, SCTP", p.Protocol)
		}
		d.out.Ports = append(d.out.Ports, x)
	}
}

// hostPort is the port of the node that a port of a container takes, 0 for none.
// In the network of the host each is one of the node; the API server writes that
// down, a manifest need not.
func hostPort(s *corev1.PodSpec, p *corev1.ContainerPort) int32 {
	if p.HostPort == 0 && s.HostNetwork {
		return p.ContainerPort
	}
	return p.HostPort
}

// rare converts what few pods have, and refuses what is not honoured: a node
// bought without regard to it could be one that the pod cannot use.
func (d *demander) rare() {
	s := &d.pod.Spec
	if s.OS != nil {
		d.os(s.OS.Name)
	}
	// The scheduler wants nodes that declare a feature for these two (KEP-5328), and
	// which features a new node declares is not known.
	if s.HostNetwork && s.HostUsers != nil && !*s.HostUsers {
		d.refuse("spec.hostUsers", "a user namespace in the network of the host needs a node that declares it")
	}
	if restartsAll(s) {
		d.refuse("spec.containers.restartPolicyRules", "RestartAllContainers needs a node that declares it")
	}
}

// os keeps a pod off nodes whose kubelet would reject it: the scheduler does not
// look at spec.os.
func (d *demander) os(name corev1.OSName) {
	r := cluster.Requirement{Key: cluster.LabelOS, Operator: cluster.In, Values: []string{string(name)}}
	switch name {
	case corev1.Windows:
	case corev1.Linux:
		// A node that does not say what it is runs Linux.
		r.Operator, r.Values = cluster.NotIn, []string{string(corev1.Windows)}
	default:
		d.refuse("spec.os.name", "%q is neither linux nor windows", name)
		return
	}
	d.out.Selector = append(d.out.Selector, r)
}

// restartsAll tells whether the end of a container can restart the whole pod.
func restartsAll(s *corev1.PodSpec) bool {
	for _, list := range [2][]corev1.Container{s.InitContainers, s.Containers} {
		for i := range list {
			for j := range list[i].RestartPolicyRules {
				if list[i].RestartPolicyRules[j].Action == corev1.ContainerRestartRuleActionRestartAllContainers {
					return true
				}
			}
		}
	}
	return false
}

package oracle

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/component-helpers/storage/ephemeral"
	storagehelpers "k8s.io/component-helpers/storage/volume"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/controller/daemon"

	"github.com/ullage-sh/ullage/cluster"
)

// aliases are label keys that whoever sets the first sets too, to the same value.
var aliases = map[string][]string{
	corev1.LabelTopologyZone:       {corev1.LabelFailureDomainBetaZone, "topology.ebs.csi.aws.com/zone"},
	corev1.LabelTopologyRegion:     {corev1.LabelFailureDomainBetaRegion},
	corev1.LabelInstanceTypeStable: {corev1.LabelInstanceType},
	corev1.LabelArchStable:         {"beta.kubernetes.io/arch"},
	corev1.LabelOSStable:           {"beta.kubernetes.io/os"},
}

// WithAliases returns the labels of a node with the second names of some of them, as
// kubelet, cloud controller and storage driver set them.
func WithAliases(labels map[string]string) map[string]string {
	out := make(map[string]string, 2*len(labels))
	for k, v := range labels {
		out[k] = v
		for _, alias := range aliases[k] {
			out[alias] = v
		}
	}
	return out
}

// Buy adds the empty node that an offering becomes, under the given name.
func (o *Objects) Buy(offer *cluster.PoolOffering, taints []cluster.Taint, name string) {
	labels := map[string]string{corev1.LabelHostname: name}
	for k, v := range offer.Labels() {
		labels[k] = v
	}
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: WithAliases(labels)}}
	for _, t := range taints {
		n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: t.Key, Value: t.Value, Effect: corev1.TaintEffect(t.Effect)})
	}
	n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
	n.Status.Allocatable = corev1.ResourceList{}
	csi := &storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: name}}
	for _, a := range offer.Type.Allocatable {
		n.Status.Allocatable[corev1.ResourceName(a.Name)] = quantity(a)
	}
	for _, a := range offer.Type.AttachLimits {
		count := int32(a.Value)
		csi.Spec.Drivers = append(csi.Spec.Drivers, storagev1.CSINodeDriver{Name: strings.TrimPrefix(a.Name, cluster.AttachLimit), NodeID: name, Allocatable: &storagev1.VolumeNodeResources{Count: &count}})
	}
	n.Status.Capacity = n.Status.Allocatable
	o.Nodes = append(o.Nodes, n)
	o.CSINodes = append(o.CSINodes, csi)
	o.equip(n)
}

// Attend gives a node the pods of all DaemonSets that run there and are not there yet.
func (o *Objects) Attend(node string) {
	n := o.Node(node)
	for _, ds := range o.DaemonSets {
		here := func(p *corev1.Pod) bool {
			return p.Spec.NodeName == node && metav1.IsControlledBy(p, ds)
		}
		if run, _ := daemon.NodeShouldRunDaemonPod(klog.Background(), n, ds); !run || slices.ContainsFunc(o.Pods, here) {
			continue
		}
		o.Pods = append(o.Pods, DaemonPod(ds, node))
	}
}

// DaemonPod is the pod of a DaemonSet on a node.
func DaemonPod(ds *appsv1.DaemonSet, node string) *corev1.Pod {
	p := daemon.NewPod(ds.DeepCopy(), node)
	p.Name = ds.Name + "-" + node
	p.UID = types.UID(p.Namespace + "/" + p.Name)
	p.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(ds, appsv1.SchemeGroupVersion.WithKind("DaemonSet"))}
	p.Status.Phase = corev1.PodRunning
	return p
}

func quantity(a cluster.Amount) resource.Quantity {
	if a.Name == cluster.CPU {
		return *resource.NewMilliQuantity(a.Value, resource.DecimalSI)
	}
	return *resource.NewQuantity(a.Value, resource.BinarySI)
}

// Bind puts a waiting pod on a node, and gives its claims the volumes that the
// scheduler and the storage driver would.
func (o *Objects) Bind(pod *corev1.Pod, node string) {
	at := slices.Index(o.Pods, pod)
	if at < 0 || pod.Spec.NodeName != "" {
		panic("oracle: " + pod.Namespace + "/" + pod.Name + " does not wait")
	}
	p := pod.DeepCopy()
	p.Spec.NodeName, p.Status.Phase, p.Status.Conditions = node, corev1.PodRunning, nil
	o.Pods[at] = p
	o.allocateFor(p)
	for _, c := range o.unboundClaims(p) {
		o.satisfy(c, o.Node(node))
	}
}

// unboundClaims are the claims of a pod that wait for it, smallest first: the order
// in which the scheduler looks for volumes.
func (o *Objects) unboundClaims(p *corev1.Pod) []*corev1.PersistentVolumeClaim {
	var out []*corev1.PersistentVolumeClaim
	for i := range p.Spec.Volumes {
		v := &p.Spec.Volumes[i]
		name := ""
		switch {
		case v.PersistentVolumeClaim != nil:
			name = v.PersistentVolumeClaim.ClaimName
		case v.Ephemeral != nil:
			name = ephemeral.VolumeClaimName(p, v)
		}
		for _, c := range o.PersistentVolumeClaims {
			if c.Namespace == p.Namespace && c.Name == name && c.Spec.VolumeName == "" && !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	slices.SortStableFunc(out, func(x, y *corev1.PersistentVolumeClaim) int {
		a, b := x.Spec.Resources.Requests[corev1.ResourceStorage], y.Spec.Resources.Requests[corev1.ResourceStorage]
		return a.Cmp(b)
	})
	return out
}

// satisfy finds or makes the volume of a claim whose pod goes to a node.
func (o *Objects) satisfy(claim *corev1.PersistentVolumeClaim, node *corev1.Node) {
	c := claim.DeepCopy()
	var v *corev1.PersistentVolume
	if _, selected := c.Annotations[storagehelpers.AnnSelectedNode]; !selected {
		var err error
		v, err = storagehelpers.FindMatchingVolume(c, o.PersistentVolumes, node, nil, true, true)
		must(err)
	}
	if v != nil {
		at := slices.Index(o.PersistentVolumes, v)
		v = v.DeepCopy()
		o.PersistentVolumes[at] = v
	} else {
		v = o.provision(c, node)
		o.PersistentVolumes = append(o.PersistentVolumes, v)
	}
	Bound(c, v)
	o.PersistentVolumeClaims[slices.Index(o.PersistentVolumeClaims, claim)] = c
}

// provision makes the volume that a storage driver would: in the zone of the node
// if that has one.
func (o *Objects) provision(c *corev1.PersistentVolumeClaim, node *corev1.Node) *corev1.PersistentVolume {
	v := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("pvc-%s-%s", c.Namespace, c.Name)}}
	v.Spec.StorageClassName = storagehelpers.GetPersistentVolumeClaimClass(c)
	v.Spec.AccessModes, v.Spec.Capacity = c.Spec.AccessModes, c.Spec.Resources.Requests
	for _, s := range o.StorageClasses {
		if s.Name == v.Spec.StorageClassName {
			driver := s.Provisioner
			if driver == "kubernetes.io/aws-ebs" {
				driver = "ebs.csi.aws.com"
			}
			v.Spec.CSI = &corev1.CSIPersistentVolumeSource{Driver: driver, VolumeHandle: v.Name}
		}
	}
	if zone, ok := node.Labels[corev1.LabelTopologyZone]; ok {
		v.Spec.NodeAffinity = &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
			MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelTopologyZone, Operator: corev1.NodeSelectorOpIn, Values: []string{zone}}}}}}}
	}
	return v
}

// Bound makes a claim and a volume each other's.
func Bound(c *corev1.PersistentVolumeClaim, v *corev1.PersistentVolume) {
	if c.Annotations == nil {
		c.Annotations = map[string]string{}
	}
	c.Annotations[storagehelpers.AnnBindCompleted] = "yes"
	c.Spec.VolumeName, c.Status.Phase = v.Name, corev1.ClaimBound
	v.Spec.ClaimRef = &corev1.ObjectReference{Kind: "PersistentVolumeClaim", Namespace: c.Namespace, Name: c.Name, UID: c.UID}
	v.Status.Phase = corev1.VolumeBound
}

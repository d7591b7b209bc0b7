package kube

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ullage-sh/ullage/cluster"
)

// Annotations that Kubernetes keeps the state of volumes in.
const (
	selectedNode  = "volume.kubernetes.io/selected-node"
	bindCompleted = "pv.kubernetes.io/bind-completed"
	defaultClass  = "storageclass.kubernetes.io/is-default-class"
)

// migrated are provisioners of old whose volumes a CSI driver has taken over
// (KEP-1490): they count against its limits.
var migrated = map[string]string{"kubernetes.io/aws-ebs": "ebs.csi.aws.com"}

// VolumeAttachment converts a VolumeAttachment.
func VolumeAttachment(a *storagev1.VolumeAttachment) *cluster.VolumeAttachment {
	out := &cluster.VolumeAttachment{Name: a.Name, Node: a.Spec.NodeName, Revision: a.ResourceVersion}
	if a.Spec.Source.PersistentVolumeName != nil {
		out.Volume = *a.Spec.Source.PersistentVolumeName
	}
	return out
}

// PersistentVolumeClaim converts a PersistentVolumeClaim.
func PersistentVolumeClaim(c *corev1.PersistentVolumeClaim) *cluster.PersistentVolumeClaim {
	out := &cluster.PersistentVolumeClaim{
		Namespace: c.Namespace, Name: c.Name, Revision: c.ResourceVersion,
		Volume: c.Spec.VolumeName, SelectedNode: c.Annotations[selectedNode],
		Size:      size(c.Spec.Resources.Requests),
		Exclusive: slices.Contains(c.Spec.AccessModes, corev1.ReadWriteOncePod),
		Deleting:  c.DeletionTimestamp != nil, Lost: c.Status.Phase == corev1.ClaimLost,
		Kind:   volumeKind(c.Spec.AccessModes, c.Spec.VolumeMode, c.Spec.VolumeAttributesClassName),
		Labels: volumeLabels(c.Spec.Selector),
	}
	if _, done := c.Annotations[bindCompleted]; !done {
		out.Binding = out.Volume != ""
	}
	for _, o := range c.OwnerReferences {
		if o.Controller != nil && *o.Controller {
			out.Controller = string(o.UID)
		}
	}
	if class, ok := c.Annotations[corev1.BetaStorageClassAnnotation]; ok {
		out.StorageClass = class
	} else if c.Spec.StorageClassName != nil {
		out.StorageClass = *c.Spec.StorageClassName
	}
	return out
}

// size is an amount of storage in bytes.
func size(list corev1.ResourceList) int64 {
	return amount(corev1.ResourceStorage, list[corev1.ResourceStorage])
}

func volumeKind(modes []corev1.PersistentVolumeAccessMode, mode *corev1.PersistentVolumeMode, attributes *string) cluster.VolumeKind {
	k := cluster.VolumeKind{Block: mode != nil && *mode == corev1.PersistentVolumeBlock}
	for _, m := range modes {
		k.Modes = append(k.Modes, string(m))
	}
	slices.Sort(k.Modes)
	if attributes != nil {
		k.Attributes = *attributes
	}
	return k
}

// impossible is a term that no labels match.
var impossible = cluster.Term{{Key: "ullage.sh/not-understood", Operator: cluster.In, Values: []string{}}}

// volumeLabels converts the selector of a claim.
func volumeLabels(s *metav1.LabelSelector) cluster.Term {
	if s == nil {
		return nil
	}
	d := demander{out: new(cluster.Demand)}
	t := d.selector("", s)
	if len(d.out.Refused) > 0 {
		return impossible
	}
	return t
}

// PersistentVolume converts a PersistentVolume. Where it can be used is exactly
// what the scheduler would say; what it cannot read matches no node, as there.
func PersistentVolume(v *corev1.PersistentVolume) *cluster.PersistentVolume {
	out := &cluster.PersistentVolume{
		Name: v.Name, Revision: v.ResourceVersion, StorageClass: v.Spec.StorageClassName,
		Size: size(v.Spec.Capacity), Available: v.Status.Phase == corev1.VolumeAvailable, Zones: zonesOf(v.Labels),
		Deleting: v.DeletionTimestamp != nil, Labels: v.Labels,
		Kind: volumeKind(v.Spec.AccessModes, v.Spec.VolumeMode, v.Spec.VolumeAttributesClassName),
	}
	if class, ok := v.Annotations[corev1.BetaStorageClassAnnotation]; ok {
		out.StorageClass = class
	}
	switch {
	case v.Spec.CSI != nil:
		out.Driver, out.Handle = v.Spec.CSI.Driver, v.Spec.CSI.VolumeHandle
	case v.Spec.AWSElasticBlockStore != nil:
		// The CSI driver has taken these over; it drops the "aws://zone/" before the id.
		id := v.Spec.AWSElasticBlockStore.VolumeID
		out.Driver, out.Handle, out.Migrated = migrated["kubernetes.io/aws-ebs"], id[strings.LastIndexByte(id, '/')+1:], true
	}
	if r := v.Spec.ClaimRef; r != nil {
		out.Claim = r.Namespace + "/" + r.Name
	}
	if a := v.Spec.NodeAffinity; a != nil && a.Required != nil {
		out.Affinity = volumeTerms(a.Required.NodeSelectorTerms)
	}
	return out
}

// volumeTerms converts the node affinity of a volume. A term that cannot be read
// matches nothing; unlike for pods, fields are not compared.
func volumeTerms(terms []corev1.NodeSelectorTerm) []cluster.Term {
	out := []cluster.Term{}
next:
	for i := range terms {
		if len(terms[i].MatchExpressions)+len(terms[i].MatchFields) == 0 {
			continue // an empty term matches nothing
		}
		t := cluster.Term{}
		for j := range terms[i].MatchFields {
			if f := &terms[i].MatchFields[j]; len(f.Values) != 1 || (f.Operator != corev1.NodeSelectorOpIn && f.Operator != corev1.NodeSelectorOpNotIn) {
				continue next
			}
		}
		for j := range terms[i].MatchExpressions {
			r, err := nodeRequirement(&terms[i].MatchExpressions[j])
			if err != nil {
				continue next
			}
			t = append(t, r)
		}
		out = append(out, t)
	}
	return out
}

// zonesOf reads the zone and region labels of a volume. A volume in several zones
// has their names joined by "__"; a list with a gap counts for nothing.
func zonesOf(labels map[string]string) cluster.Term {
	var out cluster.Term
	for _, key := range [...]string{corev1.LabelFailureDomainBetaRegion, corev1.LabelFailureDomainBetaZone, corev1.LabelTopologyRegion, corev1.LabelTopologyZone} {
		text, ok := labels[key]
		if !ok {
			continue
		}
		values := strings.Split(text, "__")
		for i := range values {
			values[i] = strings.TrimSpace(values[i])
		}
		slices.Sort(values)
		if values = slices.Compact(values); values[0] != "" {
			out = append(out, cluster.Requirement{Key: labelKey(key), Operator: cluster.In, Values: values})
		}
	}
	return out
}

// StorageClass converts a StorageClass.
func StorageClass(s *storagev1.StorageClass) *cluster.StorageClass {
	out := &cluster.StorageClass{
		Name: s.Name, Revision: s.ResourceVersion, Provisioner: s.Provisioner,
		WaitForConsumer: s.VolumeBindingMode != nil && *s.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer,
		Default:         s.Annotations[defaultClass] == "true",
	}
	if driver, ok := migrated[s.Provisioner]; ok {
		out.Provisioner, out.Migrated = driver, true
	}
next:
	for _, t := range s.AllowedTopologies {
		if len(t.MatchLabelExpressions) == 0 {
			continue // an empty term matches nothing
		}
		term := make(cluster.Term, 0, len(t.MatchLabelExpressions))
		for _, e := range t.MatchLabelExpressions {
			r, err := requirement(labelKey(e.Key), "In", e.Values)
			if err != nil {
				continue next
			}
			term = append(term, r)
		}
		out.Topologies = append(out.Topologies, term)
	}
	if len(s.AllowedTopologies) > 0 && out.Topologies == nil {
		out.Topologies = []cluster.Term{}
	}
	return out
}

// CSINode converts what the storage drivers on a node say. A driver that says
// nothing has no limit; 0 says that nothing can be attached.
func CSINode(n *storagev1.CSINode) *cluster.CSINode {
	out := &cluster.CSINode{Name: n.Name, Revision: n.ResourceVersion}
	for _, d := range n.Spec.Drivers {
		if d.Allocatable != nil && d.Allocatable.Count != nil {
			out.Limits = append(out.Limits, cluster.Amount{Name: cluster.AttachLimit + d.Name, Value: int64(max(*d.Allocatable.Count, 0))})
		}
	}
	slices.SortFunc(out.Limits, func(x, y cluster.Amount) int { return strings.Compare(x.Name, y.Name) })
	return out
}

// CSIDriver converts a CSIDriver.
func CSIDriver(d *storagev1.CSIDriver) *cluster.CSIDriver {
	return &cluster.CSIDriver{Name: d.Name, Revision: d.ResourceVersion, StorageCapacity: d.Spec.StorageCapacity != nil && *d.Spec.StorageCapacity}
}

// CSIStorageCapacity converts a CSIStorageCapacity.
func CSIStorageCapacity(c *storagev1.CSIStorageCapacity) *cluster.CSIStorageCapacity {
	out := &cluster.CSIStorageCapacity{
		Namespace: c.Namespace, Name: c.Name, Revision: c.ResourceVersion, StorageClass: c.StorageClassName, Nodes: slices.Clone(volumeLabels(c.NodeTopology)), Most: -1,
	}
	for i := range out.Nodes {
		out.Nodes[i].Key = labelKey(out.Nodes[i].Key)
	}
	switch {
	case c.MaximumVolumeSize != nil:
		out.Most = amount(corev1.ResourceStorage, *c.MaximumVolumeSize)
	case c.Capacity != nil:
		out.Most = amount(corev1.ResourceStorage, *c.Capacity)
	}
	return out
}

// Namespace converts a namespace.
func Namespace(n *corev1.Namespace) *cluster.Namespace {
	return &cluster.Namespace{Name: n.Name, Revision: n.ResourceVersion, Labels: n.Labels}
}

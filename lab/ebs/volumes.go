package ebs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Annotations that Kubernetes and drivers agree upon.
const (
	selectedNode  = "volume.kubernetes.io/selected-node"
	provisioner   = "volume.kubernetes.io/storage-provisioner"
	provisionedBy = "pv.kubernetes.io/provisioned-by"
)

// provision makes the volume of a claim, when Kubernetes asks for it and, if its class
// waits for the first consumer, the scheduler has chosen a node.
func (d *Driver) provision(ctx context.Context, c *corev1.PersistentVolumeClaim) error {
	if c.Annotations[provisioner] != Name || c.Spec.VolumeName != "" || c.DeletionTimestamp != nil || c.Spec.StorageClassName == nil {
		return nil
	}
	class, err := d.factory.Storage().V1().StorageClasses().Lister().Get(*c.Spec.StorageClassName)
	if err != nil {
		return err
	}
	zone, err := d.zone(ctx, c, class)
	if zone == "" || err != nil {
		return err
	}
	_, err = d.client.CoreV1().PersistentVolumes().Create(ctx, newVolume(c, class, zone), metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// zone is where a claim's volume is to be, "" if that is not known yet.
func (d *Driver) zone(ctx context.Context, c *corev1.PersistentVolumeClaim, class *storagev1.StorageClass) (string, error) {
	nodes := d.factory.Core().V1().Nodes().Lister()
	if name := c.Annotations[selectedNode]; name != "" {
		n, err := nodes.Get(name)
		if apierrors.IsNotFound(err) {
			// It has gone meanwhile: the scheduler is asked for another.
			other := c.DeepCopy()
			delete(other.Annotations, selectedNode)
			_, err = d.client.CoreV1().PersistentVolumeClaims(c.Namespace).Update(ctx, other, metav1.UpdateOptions{})
			return "", err
		}
		if err != nil {
			return "", err
		}
		return n.Labels[corev1.LabelTopologyZone], nil
	}
	if class.VolumeBindingMode != nil && *class.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer {
		return "", nil
	}
	all, err := nodes.List(labels.Everything())
	if err != nil {
		return "", err
	}
	var zones []string
	for _, n := range all {
		if z := n.Labels[corev1.LabelTopologyZone]; z != "" {
			zones = append(zones, z)
		}
	}
	if len(zones) == 0 {
		return "", nil
	}
	slices.Sort(zones)
	zones = slices.Compact(zones)
	return zones[int(sha256.Sum256([]byte(c.UID))[0])%len(zones)], nil
}

// newVolume is the volume for a claim. Its name follows from the claim, so that it is
// made once.
func newVolume(c *corev1.PersistentVolumeClaim, class *storagev1.StorageClass, zone string) *corev1.PersistentVolume {
	id := sha256.Sum256([]byte(c.UID))
	policy := corev1.PersistentVolumeReclaimDelete
	if class.ReclaimPolicy != nil {
		policy = *class.ReclaimPolicy
	}
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: "pvc-" + string(c.UID), Annotations: map[string]string{provisionedBy: Name}},
		Spec: corev1.PersistentVolumeSpec{
			Capacity:    corev1.ResourceList{corev1.ResourceStorage: c.Spec.Resources.Requests[corev1.ResourceStorage]},
			AccessModes: c.Spec.AccessModes, VolumeMode: c.Spec.VolumeMode, StorageClassName: class.Name, PersistentVolumeReclaimPolicy: policy,
			PersistentVolumeSource: corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{Driver: Name, VolumeHandle: "vol-" + hex.EncodeToString(id[:])[:17]}},
			ClaimRef:               &corev1.ObjectReference{APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: c.Namespace, Name: c.Name, UID: c.UID, ResourceVersion: c.ResourceVersion},
			NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
				MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelTopologyZone, Operator: corev1.NodeSelectorOpIn, Values: []string{zone}}},
			}}}},
		},
	}
}

// reclaim deletes a volume whose claim has gone, once it hangs on no node.
func (d *Driver) reclaim(ctx context.Context, v *corev1.PersistentVolume) error {
	if v.Annotations[provisionedBy] != Name || v.Status.Phase != corev1.VolumeReleased || v.DeletionTimestamp != nil ||
		v.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimDelete {
		return nil
	}
	attached, err := d.factory.Storage().V1().VolumeAttachments().Lister().List(labels.Everything())
	if err != nil {
		return err
	}
	for _, a := range attached {
		if name := a.Spec.Source.PersistentVolumeName; name != nil && *name == v.Name {
			d.queue.AddAfter(task{kind: volume, name: v.Name}, time.Second)
			return nil
		}
	}
	return d.client.CoreV1().PersistentVolumes().Delete(ctx, v.Name, metav1.DeleteOptions{})
}

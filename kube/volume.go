package kube

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/ullage-sh/ullage/cluster"
)

// volumes collects the volumes of a pod that can keep it off a node. The others
// (config maps, host paths, NFS …) go anywhere.
func (d *demander) volumes() {
	for i := range d.pod.Spec.Volumes {
		v := &d.pod.Spec.Volumes[i]
		var use cluster.VolumeUse
		switch {
		case v.PersistentVolumeClaim != nil:
			use.Claim = v.PersistentVolumeClaim.ClaimName
			if use.Claim == "" {
				d.refuse("spec.volumes.persistentVolumeClaim.claimName", "is empty")
				continue
			}
		case v.Ephemeral != nil:
			use.Claim, use.Ephemeral = v.Name, true
		case v.CSI != nil:
			use.Driver = v.CSI.Driver
		default:
			if disk := inTreeDisk(v); disk != "" {
				d.refuse("spec.volumes."+disk, "a disk that no PersistentVolume stands for; use a PersistentVolumeClaim")
			}
			continue
		}
		if !slices.Contains(d.out.Volumes, use) {
			d.out.Volumes = append(d.out.Volumes, use)
		}
	}
}

// inTreeDisk is the field of a volume that names a disk to the kubelet without a
// claim, "" for none. The scheduler keeps pods with the same disk apart, or counts
// it against the limits of the driver that took over.
func inTreeDisk(v *corev1.Volume) string {
	switch {
	case v.AWSElasticBlockStore != nil:
		return "awsElasticBlockStore"
	case v.GCEPersistentDisk != nil:
		return "gcePersistentDisk"
	case v.AzureDisk != nil:
		return "azureDisk"
	case v.AzureFile != nil:
		return "azureFile"
	case v.Cinder != nil:
		return "cinder"
	case v.VsphereVolume != nil:
		return "vsphereVolume"
	case v.PortworxVolume != nil:
		return "portworxVolume"
	case v.ISCSI != nil:
		return "iscsi"
	case v.RBD != nil:
		return "rbd"
	}
	return ""
}

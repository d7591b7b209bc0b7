package oracle

import (
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/kube"
)

// Snapshot converts the objects as the operator would.
func (o *Objects) Snapshot() *cluster.Snapshot {
	in := cluster.Input{Pools: o.Pools, Types: map[cluster.ClassRef][]cluster.InstanceType{}}
	for _, p := range o.Pools {
		in.Types[p.Class] = o.Types
	}
	var c kube.Converter
	in.Pods = c.Pods(o.Pods)
	in.Daemons = each(o.DaemonSets, c.DaemonSet)
	in.Nodes = each(o.Nodes, kube.Node)
	in.Namespaces = each(o.Namespaces, kube.Namespace)
	in.PersistentVolumes = each(o.PersistentVolumes, kube.PersistentVolume)
	in.PersistentVolumeClaims = each(o.PersistentVolumeClaims, kube.PersistentVolumeClaim)
	in.StorageClasses = each(o.StorageClasses, kube.StorageClass)
	in.CSINodes = each(o.CSINodes, kube.CSINode)
	in.CSIDrivers = each(o.CSIDrivers, kube.CSIDriver)
	in.StorageCapacities = each(o.StorageCapacities, kube.CSIStorageCapacity)
	in.DeviceClasses = each(o.DeviceClasses, kube.DeviceClass)
	in.ResourceSlices = each(o.ResourceSlices, kube.ResourceSlice)
	in.ResourceClaims = each(o.ResourceClaims, kube.ResourceClaim)
	in.Attachments = each(o.VolumeAttachments, kube.VolumeAttachment)
	return cluster.NewSnapshot(in)
}

func each[A, B any](list []A, f func(A) B) []B {
	out := make([]B, len(list))
	for i, x := range list {
		out[i] = f(x)
	}
	return out
}

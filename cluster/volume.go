package cluster

import "slices"

// AttachLimit is the prefix of the resources that count how many volumes of a CSI
// driver a node can have attached; the driver's name follows.
const AttachLimit = "attachable-volumes-csi-"

// PersistentVolumeClaim is a claim to storage.
type PersistentVolumeClaim struct {
	Namespace, Name string
	Revision        string
	// Volume it is bound to or, while Binding, will be; "" for any.
	Volume       string
	Binding      bool
	StorageClass string
	// SelectedNode is the node for which a volume is being made.
	SelectedNode string
	Size         int64 // bytes requested
	// Exclusive is ReadWriteOncePod: one pod in the whole cluster.
	Exclusive bool
	Deleting  bool
	// Lost: the volume it was bound to is gone.
	Lost bool
	// Controller is the UID of what it was made for: of its pod, if that has it as an
	// ephemeral volume.
	Controller string
	// What a volume must be like to become its own; Labels are nil for any.
	Kind   VolumeKind
	Labels Term
}

// VolumeKind is what a claim and a volume must agree in.
type VolumeKind struct {
	// Modes are the access modes, sorted; a volume may have more than a claim.
	Modes []string
	// Block: a device without a file system (volumeMode).
	Block bool
	// Attributes is the name of the VolumeAttributesClass, "" for none.
	Attributes string
}

// serves tells whether a volume of this kind can be a claim's of kind want.
func (k *VolumeKind) serves(want *VolumeKind) bool {
	for _, m := range want.Modes {
		if !slices.Contains(k.Modes, m) {
			return false
		}
	}
	return k.Block == want.Block && k.Attributes == want.Attributes
}

// PersistentVolume is storage that exists.
type PersistentVolume struct {
	Name     string
	Revision string
	// Driver is the CSI driver's name ("" for what is no CSI volume); Handle names
	// the volume to it.
	Driver, Handle string
	// Migrated: a volume of old that the driver has taken over. What hangs on a node
	// of these without a pod is not counted.
	Migrated bool
	// Affinity are the nodes that can use it: terms are ORed, nil means any.
	Affinity []Term
	// Zones are its zone and region labels, as requirements.
	Zones        Term
	StorageClass string
	Size         int64  // bytes
	Claim        string // "namespace/name" that it is bound to or kept for, "" for none
	Available    bool   // phase Available
	Deleting     bool
	Kind         VolumeKind
	Labels       Labels
}

// StorageClass is a way to make volumes.
type StorageClass struct {
	Name        string
	Revision    string
	Provisioner string
	// WaitForConsumer: a volume is made where the first pod that uses it is put.
	WaitForConsumer bool
	// Topologies restrict where volumes are made: terms are ORed, nil means anywhere.
	Topologies []Term
	Default    bool // used by claims that name no class
	// Migrated: a provisioner of old whose driver has taken over.
	Migrated bool
}

// CSIDriver is what a storage driver says of itself.
type CSIDriver struct {
	Name     string
	Revision string
	// StorageCapacity: it tells how much room there is, see [CSIStorageCapacity].
	// Volumes are made only where there is enough.
	StorageCapacity bool
}

// CSIStorageCapacity is room for volumes of a StorageClass on the nodes that Nodes
// matches; nil matches none.
type CSIStorageCapacity struct {
	Namespace, Name string
	Revision        string
	StorageClass    string
	Nodes           Term
	Most            int64 // bytes, of one volume; −1 for unknown
}

// CSINode is what the storage drivers on a node say of it.
type CSINode struct {
	Name     string
	Revision string
	// Limits are the volumes that can be attached, under [AttachLimit] and the
	// driver's name; a driver without one has no limit.
	Limits Resources
}

// limits are those of a node, nil for one of which nothing is said.
func (n *CSINode) limits() Resources {
	if n == nil {
		return nil
	}
	return n.Limits
}

// Namespace is a namespace with the labels that selectors of pod affinity see.
type Namespace struct {
	Name     string
	Revision string
	Labels   Labels
}

package cluster

// AttachLimit is the prefix of the resources that count how many volumes of a CSI
// driver a node can have attached; the driver's name follows.
const AttachLimit = "attachable-volumes-csi-"

// PersistentVolumeClaim is a claim to storage.
type PersistentVolumeClaim struct {
	Namespace, Name string
	Revision        string
	// Volume it is bound to, "" while it is not.
	Volume       string
	StorageClass string
	// SelectedNode is the node for which a volume is being made.
	SelectedNode string
	Size         int64 // bytes requested
	// Exclusive is ReadWriteOncePod: one pod in the whole cluster.
	Exclusive bool
	Deleting  bool
	// Lost: the volume it was bound to is gone.
	Lost bool
}

// PersistentVolume is storage that exists.
type PersistentVolume struct {
	Name     string
	Revision string
	// Driver is the CSI driver's name ("" for what is no CSI volume); Handle names
	// the volume to it.
	Driver, Handle string
	// Affinity are the nodes that can use it: terms are ORed, nil means any.
	Affinity []Term
	// Zones are its zone and region labels, as requirements.
	Zones        Term
	StorageClass string
	Size         int64  // bytes
	Claim        string // "namespace/name" that it is bound to or kept for, "" for none
	Available    bool   // phase Available
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
}

// CSINode is what the storage drivers on a node say of it.
type CSINode struct {
	Name     string
	Revision string
	// Limits are the volumes that can be attached, under [AttachLimit] and the
	// driver's name; a driver without one has no limit.
	Limits Resources
}

// Namespace is a namespace with the labels that selectors of pod affinity see.
type Namespace struct {
	Name     string
	Revision string
	Labels   Labels
}

package awsv1

// EC2NodeClassSpec says how nodes are launched on EC2. Pointers are nil where nothing is
// said; the definition's validation has been passed by whatever an API server holds, and
// by nothing else.
type EC2NodeClassSpec struct {
	// Terms select what they name; any one that matches is enough.
	SubnetSelectorTerms              []SubnetTerm              `json:"subnetSelectorTerms,omitempty"`
	SecurityGroupSelectorTerms       []SecurityGroupTerm       `json:"securityGroupSelectorTerms,omitempty"`
	CapacityReservationSelectorTerms []CapacityReservationTerm `json:"capacityReservationSelectorTerms,omitempty"`
	AMISelectorTerms                 []AMITerm                 `json:"amiSelectorTerms,omitempty"`
	PlacementGroupSelector           *PlacementGroupSelector   `json:"placementGroupSelector,omitempty"`

	// AMIFamily is AL2023, Bottlerocket, Custom or one that Ullage does not serve; "" for
	// that of the alias.
	AMIFamily string `json:"amiFamily,omitempty"`
	UserData  string `json:"userData,omitempty"`

	// One of both: the role that nodes have, or a profile that has one.
	Role            string `json:"role,omitempty"`
	InstanceProfile string `json:"instanceProfile,omitempty"`

	Tags                map[string]string    `json:"tags,omitempty"`
	Kubelet             *Kubelet             `json:"kubelet,omitempty"`
	BlockDeviceMappings []BlockDeviceMapping `json:"blockDeviceMappings,omitempty"`
	// InstanceStorePolicy is RAID0 or "".
	InstanceStorePolicy string           `json:"instanceStorePolicy,omitempty"`
	MetadataOptions     *MetadataOptions `json:"metadataOptions,omitempty"`
	DetailedMonitoring  *bool            `json:"detailedMonitoring,omitempty"`

	AssociatePublicIPAddress *bool               `json:"associatePublicIPAddress,omitempty"`
	IPPrefixCount            *int32              `json:"ipPrefixCount,omitempty"`
	NetworkInterfaces        []NetworkInterface  `json:"networkInterfaces,omitempty"`
	ConnectionTracking       *ConnectionTracking `json:"connectionTracking,omitempty"`

	// Context is EC2's parameter of that name.
	Context    string      `json:"context,omitempty"`
	CPUOptions *CPUOptions `json:"cpuOptions,omitempty"`
}

// SubnetTerm selects subnets by tags, "*" for any value, or by id.
type SubnetTerm struct {
	Tags map[string]string `json:"tags,omitempty"`
	ID   string            `json:"id,omitempty"`
}

// SecurityGroupTerm selects security groups by tags, by id, or by the group's name.
type SecurityGroupTerm struct {
	Tags map[string]string `json:"tags,omitempty"`
	ID   string            `json:"id,omitempty"`
	Name string            `json:"name,omitempty"`
}

// CapacityReservationTerm selects capacity reservations, by id or by all of the others.
type CapacityReservationTerm struct {
	Tags map[string]string `json:"tags,omitempty"`
	ID   string            `json:"id,omitempty"`
	// OwnerID is an account, for reservations that others share.
	OwnerID string `json:"ownerID,omitempty"`
	// InstanceMatchCriteria is open, targeted or "".
	InstanceMatchCriteria string `json:"instanceMatchCriteria,omitempty"`
}

// AMITerm selects machine images.
type AMITerm struct {
	// Alias is family@version, like al2023@latest; the only term where there is one.
	Alias string            `json:"alias,omitempty"`
	Tags  map[string]string `json:"tags,omitempty"`
	ID    string            `json:"id,omitempty"`
	// Name of the image, with * and ? as wildcards.
	Name string `json:"name,omitempty"`
	// Owner is an account, self, amazon or aws-marketplace.
	Owner string `json:"owner,omitempty"`
	// SSMParameter is the name or ARN of a parameter that has the image's id.
	SSMParameter string `json:"ssmParameter,omitempty"`
}

// PlacementGroupSelector selects one placement group, by name or by id.
type PlacementGroupSelector struct {
	Name string `json:"name,omitempty"`
	ID   string `json:"id,omitempty"`
}

// Kubelet is what of the kubelet's configuration can be set, in the kubelet's own names
// and units. The json form of all fields but MaxPods and PodsPerCore is what the kubelet
// reads, too.
type Kubelet struct {
	ClusterDNS                  []string          `json:"clusterDNS,omitempty"`
	MaxPods                     *int32            `json:"maxPods,omitempty"`
	PodsPerCore                 *int32            `json:"podsPerCore,omitempty"`
	SystemReserved              map[string]string `json:"systemReserved,omitempty"` // quantities
	KubeReserved                map[string]string `json:"kubeReserved,omitempty"`   // quantities
	EvictionHard                map[string]string `json:"evictionHard,omitempty"`   // quantities or percentages, by signal
	EvictionSoft                map[string]string `json:"evictionSoft,omitempty"`
	EvictionSoftGracePeriod     map[string]string `json:"evictionSoftGracePeriod,omitempty"`   // durations like 1m30s
	EvictionMaxPodGracePeriod   *int32            `json:"evictionMaxPodGracePeriod,omitempty"` // seconds
	ImageGCHighThresholdPercent *int32            `json:"imageGCHighThresholdPercent,omitempty"`
	ImageGCLowThresholdPercent  *int32            `json:"imageGCLowThresholdPercent,omitempty"`
	CPUCFSQuota                 *bool             `json:"cpuCFSQuota,omitempty"`
}

// BlockDeviceMapping is a disk of a node.
type BlockDeviceMapping struct {
	DeviceName string       `json:"deviceName,omitempty"`
	EBS        *BlockDevice `json:"ebs,omitempty"`
	// RootVolume is on the disk that holds the kubelet's directory.
	RootVolume bool `json:"rootVolume,omitempty"`
}

// BlockDevice is an EBS volume.
type BlockDevice struct {
	DeleteOnTermination *bool  `json:"deleteOnTermination,omitempty"`
	Encrypted           *bool  `json:"encrypted,omitempty"`
	IOPS                *int64 `json:"iops,omitempty"`
	KMSKeyID            string `json:"kmsKeyID,omitempty"`
	SnapshotID          string `json:"snapshotID,omitempty"`
	// Throughput in MiB/s, VolumeInitializationRate too.
	Throughput               *int64 `json:"throughput,omitempty"`
	VolumeInitializationRate *int32 `json:"volumeInitializationRate,omitempty"`
	VolumeSize               string `json:"volumeSize,omitempty"` // a quantity like 100Gi
	VolumeType               string `json:"volumeType,omitempty"`
}

// MetadataOptions say how a node reaches the metadata of its instance. What is not said
// is enabled, disabled, 1 and required, in the order of the fields.
type MetadataOptions struct {
	HTTPEndpoint            string `json:"httpEndpoint,omitempty"`
	HTTPProtocolIPv6        string `json:"httpProtocolIPv6,omitempty"`
	HTTPPutResponseHopLimit *int64 `json:"httpPutResponseHopLimit,omitempty"`
	HTTPTokens              string `json:"httpTokens,omitempty"`
}

// NetworkInterface is one that a node is launched with.
type NetworkInterface struct {
	NetworkCardIndex int32 `json:"networkCardIndex"`
	DeviceIndex      int32 `json:"deviceIndex"`
	// InterfaceType is interface or efa-only.
	InterfaceType string `json:"interfaceType"`
}

// ConnectionTracking is after how many seconds a security group forgets a connection.
type ConnectionTracking struct {
	TCPEstablishedTimeout *int32 `json:"tcpEstablishedTimeout,omitempty"`
	UDPStreamTimeout      *int32 `json:"udpStreamTimeout,omitempty"`
	UDPTimeout            *int32 `json:"udpTimeout,omitempty"`
}

// CPUOptions of a node.
type CPUOptions struct {
	// NestedVirtualization is enabled, disabled or "".
	NestedVirtualization string `json:"nestedVirtualization,omitempty"`
}

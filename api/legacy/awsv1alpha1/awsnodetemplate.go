package awsv1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Group, version and names of the kind.
const (
	Group   = "karpenter.k8s.aws"
	Version = "v1alpha1"
	Kind    = "AWSNodeTemplate"
	Plural  = "awsnodetemplates"
)

// AWSNodeTemplate says how the nodes of Provisioners are launched: what an EC2NodeClass
// was called in 2023.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=awsnodetemplates,singular=awsnodetemplate,scope=Cluster,categories=karpenter
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="Whether nodes can be launched with it"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type AWSNodeTemplate struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +optional
	Spec AWSNodeTemplateSpec `json:"spec,omitzero"`
	// +optional
	Status AWSNodeTemplateStatus `json:"status,omitzero"`
}

// AWSNodeTemplateSpec is what nodes are launched with.
type AWSNodeTemplateSpec struct {
	// SubnetSelector selects subnets by tags, all of which they have: one of the values of
	// a comma-separated list, "*" for any. aws-ids is a list of their ids.
	//
	// +optional
	SubnetSelector map[string]string `json:"subnetSelector,omitempty"`

	// SecurityGroupSelector selects security groups by tags, as SubnetSelector does
	// subnets; aws-ids is a list of their ids.
	//
	// +optional
	SecurityGroupSelector map[string]string `json:"securityGroupSelector,omitempty"`

	// AMIFamily of the nodes.
	//
	// +optional
	// +kubebuilder:validation:Enum=AL2;Bottlerocket;Ubuntu;Windows2019;Windows2022;Custom
	AMIFamily *string `json:"amiFamily,omitempty"`

	// AMISelector selects images by tags; aws::ids (or aws-ids) is a list of their ids,
	// aws::name of their names, aws::owners of whose they are.
	//
	// +optional
	AMISelector map[string]string `json:"amiSelector,omitempty"`

	// InstanceProfile of the nodes.
	//
	// +optional
	InstanceProfile *string `json:"instanceProfile,omitempty"`

	// UserData that nodes boot with.
	//
	// +optional
	UserData *string `json:"userData,omitempty"`

	// BlockDeviceMappings of the nodes.
	//
	// +optional
	// +kubebuilder:validation:MaxItems=50
	BlockDeviceMappings []BlockDeviceMapping `json:"blockDeviceMappings,omitempty"`

	// Tags of the instances.
	//
	// +optional
	Tags map[string]string `json:"tags,omitempty"`

	// MetadataOptions of the instances.
	//
	// +optional
	MetadataOptions *MetadataOptions `json:"metadataOptions,omitempty"`

	// DetailedMonitoring of the instances.
	//
	// +optional
	DetailedMonitoring *bool `json:"detailedMonitoring,omitempty"`

	// Context is EC2's parameter of that name.
	//
	// +optional
	Context *string `json:"context,omitempty"`

	// LaunchTemplate of one's own: a template that names one is not launched from.
	//
	// +optional
	LaunchTemplate *string `json:"launchTemplate,omitempty"`
}

// BlockDeviceMapping is a disk of a node.
type BlockDeviceMapping struct {
	// +optional
	DeviceName *string `json:"deviceName,omitempty"`
	// +optional
	EBS *BlockDevice `json:"ebs,omitempty"`
}

// BlockDevice is an EBS volume.
type BlockDevice struct {
	// +optional
	DeleteOnTermination *bool `json:"deleteOnTermination,omitempty"`
	// +optional
	Encrypted *bool `json:"encrypted,omitempty"`
	// +optional
	IOPS *int64 `json:"iops,omitempty"`
	// +optional
	KMSKeyID *string `json:"kmsKeyID,omitempty"`
	// +optional
	SnapshotID *string `json:"snapshotID,omitempty"`
	// +optional
	Throughput *int64 `json:"throughput,omitempty"`
	// +optional
	VolumeSize *resource.Quantity `json:"volumeSize,omitempty"`
	// +optional
	VolumeType *string `json:"volumeType,omitempty"`
}

// MetadataOptions say how a node reaches the metadata of its instance.
type MetadataOptions struct {
	// +optional
	HTTPEndpoint *string `json:"httpEndpoint,omitempty"`
	// +optional
	HTTPProtocolIPv6 *string `json:"httpProtocolIPv6,omitempty"`
	// +optional
	HTTPPutResponseHopLimit *int64 `json:"httpPutResponseHopLimit,omitempty"`
	// +optional
	HTTPTokens *string `json:"httpTokens,omitempty"`
}

// AWSNodeTemplateStatus is what a template means now.
type AWSNodeTemplateStatus struct {
	// Zones that nodes are launched in, sorted.
	//
	// +optional
	// +listType=set
	Zones []string `json:"zones,omitempty"`

	// Image of nodes launched now, where all have the same.
	//
	// +optional
	Image string `json:"image,omitempty"`

	// Subnets that are selected.
	//
	// +optional
	Subnets []Subnet `json:"subnets,omitempty"`

	// SecurityGroups that are selected.
	//
	// +optional
	SecurityGroups []SecurityGroup `json:"securityGroups,omitempty"`

	// AMIs that nodes boot from, in the order in which they are preferred.
	//
	// +optional
	AMIs []AMI `json:"amis,omitempty"`

	// InstanceProfile of the nodes, the operator's default if the template names none.
	//
	// +optional
	InstanceProfile string `json:"instanceProfile,omitempty"`

	// Conditions of the template. Provisioners use it while the one of type Ready is True.
	//
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// Subnet is one that nodes are launched in.
type Subnet struct {
	ID   string `json:"id"`
	Zone string `json:"zone"`
	// +optional
	ZoneID string `json:"zoneID,omitempty"`
}

// SecurityGroup is one that nodes belong to.
type SecurityGroup struct {
	ID string `json:"id"`
	// +optional
	Name string `json:"name,omitempty"`
}

// AMI is an image, with what an instance type must be like to boot it.
type AMI struct {
	ID string `json:"id"`
	// +optional
	Name string `json:"name,omitempty"`
	// +optional
	Deprecated bool `json:"deprecated,omitempty"`
	// +optional
	Requirements []corev1.NodeSelectorRequirement `json:"requirements,omitempty"`
}

// AWSNodeTemplateList is a list of them.
//
// +kubebuilder:object:root=true
type AWSNodeTemplateList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []AWSNodeTemplate `json:"items"`
}

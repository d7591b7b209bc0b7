package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// NodeGroup is a set of nodes that are alike: a managed node group of EKS, or an Auto
// Scaling group. Its nodes carry the label eks.amazonaws.com/nodegroup with its name.
// "ullage plan" counts with it; the operator does not resize groups.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=nodegroups,singular=nodegroup,scope=Cluster
// +kubebuilder:printcolumn:name="Types",type=string,JSONPath=`.spec.instanceTypes`,description="Instance types of its nodes"
// +kubebuilder:printcolumn:name="Min",type=integer,JSONPath=`.spec.minSize`,description="Least number of nodes"
// +kubebuilder:printcolumn:name="Max",type=integer,JSONPath=`.spec.maxSize`,description="Greatest number of nodes"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type NodeGroup struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec NodeGroupSpec `json:"spec"`
}

// NodeGroupSpec says what the nodes of a group are. Which of several types and zones
// the next node is of, the cloud decides: a pod that cannot do with each of them is
// not planned for the group.
//
// +kubebuilder:validation:XValidation:rule="self.minSize <= self.maxSize",message="minSize must not be greater than maxSize"
type NodeGroupSpec struct {
	// Weight of the group among NodePools: higher ones are used first.
	//
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	Weight *int32 `json:"weight,omitempty"`

	// MinSize is the least number of nodes. Those that are missing are on their way,
	// whether pods need them or not.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	MinSize int64 `json:"minSize,omitempty"`

	// MaxSize is the greatest number of nodes.
	//
	// +kubebuilder:validation:Minimum=0
	MaxSize int64 `json:"maxSize"`

	// InstanceTypes of the nodes. Several should be of equal size: the least of them
	// counts.
	//
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	InstanceTypes []string `json:"instanceTypes"`

	// CapacityType is how the nodes are bought.
	//
	// +optional
	// +kubebuilder:default="on-demand"
	// +kubebuilder:validation:Enum=on-demand;spot
	CapacityType string `json:"capacityType,omitempty"`

	// Zones that the group's subnets are in; all of the region when empty.
	//
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	Zones []string `json:"zones,omitempty"`

	// Labels of the nodes, beside those that every node has.
	//
	// +optional
	Labels map[string]string `json:"labels,omitempty"`

	// Taints of the nodes.
	//
	// +optional
	// +listType=atomic
	Taints []corev1.Taint `json:"taints,omitempty"`

	// NodeClassName is the EC2NodeClass whose kubelet and root volume the nodes have;
	// one with defaults when empty.
	//
	// +optional
	NodeClassName string `json:"nodeClassName,omitempty"`
}

// NodeGroupList is a list of them.
//
// +kubebuilder:object:root=true
type NodeGroupList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []NodeGroup `json:"items"`
}

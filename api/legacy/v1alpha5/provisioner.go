package v1alpha5

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Provisioner is what a NodePool was called in 2023.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=provisioners,singular=provisioner,scope=Cluster,categories=karpenter
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Template",type=string,JSONPath=`.spec.providerRef.name`,description="AWSNodeTemplate of its nodes"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="Whether nodes can be bought for it"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Weight",type=integer,priority=1,JSONPath=`.spec.weight`,description="Weight among all pools"
// +kubebuilder:printcolumn:name="CPU",type=string,priority=1,JSONPath=`.status.resources.cpu`,description="CPU of its nodes"
type Provisioner struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +optional
	Spec ProvisionerSpec `json:"spec,omitzero"`
	// +optional
	Status ProvisionerStatus `json:"status,omitzero"`
}

// ProvisionerSpec says which nodes may be bought, and when they are given back.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.ttlSecondsAfterEmpty) && has(self.consolidation) && has(self.consolidation.enabled) && self.consolidation.enabled)",message="expected exactly one, got both: spec.consolidation.enabled, spec.ttlSecondsAfterEmpty"
type ProvisionerSpec struct {
	// Annotations of the nodes.
	//
	// +optional
	Annotations map[string]string `json:"annotations,omitempty"`

	// Labels of the nodes.
	//
	// +optional
	Labels map[string]string `json:"labels,omitempty"`

	// Taints of the nodes.
	//
	// +optional
	Taints []corev1.Taint `json:"taints,omitempty"`

	// StartupTaints are on nodes until something takes them off. Pods need not tolerate
	// them for a node to be bought.
	//
	// +optional
	StartupTaints []corev1.Taint `json:"startupTaints,omitempty"`

	// Requirements on the labels of the nodes. Where they say nothing of it, nodes run
	// Linux on amd64 and are bought on demand, and if they name no types or families,
	// they are of the categories c, m and r and later than the second generation.
	//
	// +optional
	// +kubebuilder:validation:MaxItems=100
	Requirements []Requirement `json:"requirements,omitempty"`

	// Kubelet settings of the nodes.
	//
	// +optional
	KubeletConfiguration *KubeletConfiguration `json:"kubeletConfiguration,omitempty"`

	// ProviderRef names the AWSNodeTemplate of the nodes.
	//
	// +optional
	ProviderRef *ProviderRef `json:"providerRef,omitempty"`

	// TTLSecondsAfterEmpty is how long a node may be empty before it is given back.
	// Nodes that are not empty stay.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	TTLSecondsAfterEmpty *int64 `json:"ttlSecondsAfterEmpty,omitempty"`

	// TTLSecondsUntilExpired is the age at which a node is replaced; never if it is left
	// out.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	TTLSecondsUntilExpired *int64 `json:"ttlSecondsUntilExpired,omitempty"`

	// Limits of what the nodes may have together.
	//
	// +optional
	Limits *Limits `json:"limits,omitempty"`

	// Weight of the Provisioner among all pools: higher ones are used first.
	//
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	Weight *int32 `json:"weight,omitempty"`

	// Consolidation gives back nodes, or replaces them by cheaper ones.
	//
	// +optional
	Consolidation *Consolidation `json:"consolidation,omitempty"`
}

// Requirement on a label of the nodes.
type Requirement struct {
	// Key of the label.
	Key string `json:"key"`
	// +kubebuilder:validation:Enum=In;NotIn;Exists;DoesNotExist;Gt;Lt
	Operator corev1.NodeSelectorOperator `json:"operator"`
	// Values that the operator compares with.
	//
	// +optional
	Values []string `json:"values,omitempty"`
}

// KubeletConfiguration are kubelet settings. They are read, but nodes are launched
// without them; the status of the Provisioner says so.
//
// +kubebuilder:pruning:PreserveUnknownFields
type KubeletConfiguration struct {
	// MaxPods is the most pods that a node runs.
	//
	// +optional
	MaxPods *int32 `json:"maxPods,omitempty"`
	// PodsPerCore bounds the pods of a node by its cores.
	//
	// +optional
	PodsPerCore *int32 `json:"podsPerCore,omitempty"`
	// ContainerRuntime is containerd or dockerd.
	//
	// +optional
	ContainerRuntime *string `json:"containerRuntime,omitempty"`
	// ClusterDNS are the addresses of the cluster's DNS servers.
	//
	// +optional
	ClusterDNS []string `json:"clusterDNS,omitempty"`
	// SystemReserved is kept for the system.
	//
	// +optional
	SystemReserved corev1.ResourceList `json:"systemReserved,omitempty"`
	// KubeReserved is kept for Kubernetes.
	//
	// +optional
	KubeReserved corev1.ResourceList `json:"kubeReserved,omitempty"`
	// EvictionHard are thresholds at which pods are evicted.
	//
	// +optional
	EvictionHard map[string]string `json:"evictionHard,omitempty"`
}

// ProviderRef names a node class.
type ProviderRef struct {
	// APIVersion is karpenter.k8s.aws/v1alpha1 if it is left out.
	//
	// +optional
	APIVersion string `json:"apiVersion,omitempty"`
	// Kind is AWSNodeTemplate if it is left out.
	//
	// +optional
	Kind string `json:"kind,omitempty"`
	// +kubebuilder:validation:MinLength=1
	Name string `json:"name"`
}

// Limits bound the nodes of a Provisioner.
type Limits struct {
	// Resources that the nodes may have together, such as cpu and memory.
	//
	// +optional
	Resources corev1.ResourceList `json:"resources,omitempty"`
}

// Consolidation says whether nodes are given back that are not worth their price.
type Consolidation struct {
	// +optional
	Enabled *bool `json:"enabled,omitempty"`
}

// ProvisionerStatus is how a Provisioner stands.
type ProvisionerStatus struct {
	// Resources that the nodes have together.
	//
	// +optional
	Resources corev1.ResourceList `json:"resources,omitempty"`

	// Conditions of the Provisioner. Nodes are bought for it while the one of type Ready is
	// True.
	//
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// ProvisionerList is a list of them.
//
// +kubebuilder:object:root=true
type ProvisionerList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Provisioner `json:"items"`
}

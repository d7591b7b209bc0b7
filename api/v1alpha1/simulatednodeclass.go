package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// SimulatedNodeClass says how nodes of the simulated cloud are launched. A
// NodePool refers to it by spec.template.spec.nodeClassRef.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=simulatednodeclasses,singular=simulatednodeclass,scope=Cluster,shortName=simnc
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="Whether nodes can be launched with this class"
// +kubebuilder:printcolumn:name="Image",type=string,JSONPath=`.status.image`,description="Image of nodes launched now"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Zones",type=string,priority=1,JSONPath=`.status.zones`,description="Zones in which nodes are launched"
type SimulatedNodeClass struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +optional
	Spec SimulatedNodeClassSpec `json:"spec,omitzero"`
	// +optional
	Status SimulatedNodeClassStatus `json:"status,omitzero"`
}

// SimulatedNodeClassSpec is what nodes are launched with. Everything has a
// default: an empty spec is a usable class.
type SimulatedNodeClassSpec struct {
	// Zones in which nodes may be launched, such as "ap-northeast-2a". All zones of
	// the region when empty.
	//
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.all(z, z.matches('^[a-z]+(-[a-z0-9]+)+[a-z]$'))",message="a zone is written like \"ap-northeast-2a\""
	Zones []string `json:"zones,omitempty"`

	// Image of the nodes, as family@version: "al2023@latest" follows each new
	// version, "al2023@v20261101" stays. A change of what it resolves to makes nodes
	// drift.
	//
	// +optional
	// +kubebuilder:default="al2023@latest"
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z][a-z0-9]*@(latest|v[0-9]+([.][0-9]+)*)$')",message="an image is written as family@version, like \"al2023@latest\" or \"al2023@v20261101\""
	Image string `json:"image,omitempty"`

	// Families of instance types that may be launched, such as "m7i": what a type's
	// name has before the dot. All that the cloud sells when empty.
	//
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=256
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.all(f, f.matches('^[a-z][a-z0-9-]*$'))",message="a family is what an instance type's name has before the dot, like \"m7i\" of \"m7i.large\""
	Families []string `json:"families,omitempty"`

	// Tags of the instances, beside those that Ullage finds its instances by.
	//
	// +optional
	// +kubebuilder:validation:MaxProperties=40
	// +kubebuilder:validation:XValidation:rule="self.all(k, k != '' && size(k) <= 128 && size(self[k]) <= 256)",message="a tag's key has 1 to 128 characters, its value at most 256"
	// +kubebuilder:validation:XValidation:rule="self.all(k, !k.startsWith('aws:') && !k.startsWith('ullage.sh/') && !k.startsWith('karpenter.sh/') && !k.startsWith('kubernetes.io/cluster/'))",message="tags that begin with aws:, ullage.sh/, karpenter.sh/ or kubernetes.io/cluster/ are not yours to set"
	Tags map[string]string `json:"tags,omitempty"`
}

// SimulatedNodeClassStatus is what the class means to the simulated cloud now.
type SimulatedNodeClassStatus struct {
	// Zones in which nodes are launched, sorted.
	//
	// +optional
	// +listType=set
	Zones []string `json:"zones,omitempty"`

	// Image of nodes launched now, with its version.
	//
	// +optional
	Image string `json:"image,omitempty"`

	// Conditions of the class. NodePools use it while the one of type Ready is True.
	//
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// SimulatedNodeClassList is a list of them.
//
// +kubebuilder:object:root=true
type SimulatedNodeClassList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []SimulatedNodeClass `json:"items"`
}

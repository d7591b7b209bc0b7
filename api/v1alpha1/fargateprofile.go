package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// FargateProfile says which pods may run on Fargate: one node for each. "ullage plan"
// weighs it against NodePools by price; the operator does not make profiles.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=fargateprofiles,singular=fargateprofile,scope=Cluster
// +kubebuilder:printcolumn:name="Namespaces",type=string,JSONPath=`.spec.selectors[*].namespace`,description="Namespaces whose pods it selects"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type FargateProfile struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec FargateProfileSpec `json:"spec"`
}

// FargateProfileSpec says which pods a profile selects and where they run.
type FargateProfileSpec struct {
	// Weight of the profile among NodePools: higher ones are used first.
	//
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	Weight *int32 `json:"weight,omitempty"`

	// Selectors of pods; one of them has to match.
	//
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=5
	Selectors []FargateSelector `json:"selectors"`

	// Zones that the profile's subnets are in; all of the region when empty. In which
	// of them a pod runs, AWS decides.
	//
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	Zones []string `json:"zones,omitempty"`
}

// FargateSelector selects pods. In namespace, keys and values, * stands for any text
// and ? for any one character.
type FargateSelector struct {
	// Namespace of the pods.
	//
	// +kubebuilder:validation:MinLength=1
	Namespace string `json:"namespace"`

	// Labels that the pods must have, all of them.
	//
	// +optional
	// +kubebuilder:validation:MaxProperties=5
	Labels map[string]string `json:"labels,omitempty"`
}

// FargateProfileList is a list of them.
//
// +kubebuilder:object:root=true
type FargateProfileList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []FargateProfile `json:"items"`
}

package v1alpha1

import (
	"embed"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Group is the API group of Ullage's own kinds.
const Group = "ullage.sh"

// SchemeGroupVersion is the group and version of the types in this package.
var SchemeGroupVersion = schema.GroupVersion{Group: Group, Version: "v1alpha1"}

var (
	schemeBuilder = runtime.NewSchemeBuilder(addKnownTypes)
	// AddToScheme makes the types of this package known to a scheme.
	AddToScheme = schemeBuilder.AddToScheme
)

// CRDs are the CustomResourceDefinitions of this package's kinds, one YAML file
// each in the folder crds.
//
//go:embed crds/*.yaml
var CRDs embed.FS

func addKnownTypes(s *runtime.Scheme) error {
	s.AddKnownTypes(SchemeGroupVersion,
		&SimulatedNodeClass{}, &SimulatedNodeClassList{}, &NodeGroup{}, &NodeGroupList{}, &FargateProfile{}, &FargateProfileList{},
	)
	metav1.AddToGroupVersion(s, SchemeGroupVersion)
	return nil
}

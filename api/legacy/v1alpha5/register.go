package v1alpha5

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// SchemeGroupVersion is the group and version of the types in this package.
var SchemeGroupVersion = schema.GroupVersion{Group: "karpenter.sh", Version: "v1alpha5"}

// ProvisionerNameLabel is the label that nodes of a Provisioner carry, with its name.
const ProvisionerNameLabel = "karpenter.sh/provisioner-name"

// AddToScheme makes the types of this package known to a scheme.
func AddToScheme(s *runtime.Scheme) error {
	s.AddKnownTypes(SchemeGroupVersion, &Provisioner{}, &ProvisionerList{})
	metav1.AddToGroupVersion(s, SchemeGroupVersion)
	return nil
}

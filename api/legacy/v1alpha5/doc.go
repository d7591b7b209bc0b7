// Package v1alpha5 has the Go types of karpenter.sh/v1alpha5. See package legacy.
//
// +kubebuilder:object:generate=true
// +groupName=karpenter.sh
package v1alpha5

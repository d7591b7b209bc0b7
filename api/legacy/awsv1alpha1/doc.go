// Package awsv1alpha1 has the Go types of karpenter.k8s.aws/v1alpha1, of which the
// definition is made. See package legacy.
//
// +kubebuilder:object:generate=true
// +groupName=karpenter.k8s.aws
// +versionName=v1alpha1
package awsv1alpha1

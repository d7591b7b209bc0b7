// Package legacy holds the definitions of the API that Karpenter had in 2023, so that
// what was written for it can still be applied: Provisioner (karpenter.sh/v1alpha5) and
// AWSNodeTemplate (karpenter.k8s.aws/v1alpha1).
//
// It owns the definitions; the types are in the packages below it. It refuses behaviour:
// what they mean in terms of pools and node classes is worked out where they are read.
// Fields are those that were documented; what could be given inline in a Provisioner
// instead of by an AWSNodeTemplate is not among them.
package legacy

import "embed"

// CRDs are the CustomResourceDefinitions, one YAML file each in the folder crds.
//
//go:embed crds/*.yaml
var CRDs embed.FS

// Package awsv1 is Karpenter's node class of AWS, EC2NodeClass (karpenter.k8s.aws/v1):
// its definition ([CRDs]) and, as Go types, all of its spec.
//
// The definition is Karpenter's own file, unchanged, so that a cluster that has it
// already keeps what it has; NOTICE says where it is from. The types are ours: those of
// Karpenter's provider cannot be had without its scheduler, its scheme and its
// process-wide settings. A test holds them against the definition, field by field.
//
// It owns how a spec is written. What it means is worked out in provider/aws/nodeclass.
package awsv1

import "embed"

// CRDs is the CustomResourceDefinition, in the folder crds.
//
//go:embed crds/*.yaml
var CRDs embed.FS

// Group, version and names of the kind.
const (
	Group   = "karpenter.k8s.aws"
	Version = "v1"
	Kind    = "EC2NodeClass"
	Plural  = "ec2nodeclasses"
)

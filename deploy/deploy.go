// Package deploy holds the manifests that install the operator in a cluster:
// namespace, service account, the rights it needs and no others, and its
// Deployment (base); what an EKS cluster has beside them (aws, irsa); and how its
// image is built. The lab applies the files of base, so that the rights are tried
// wherever Ullage runs, and tests the whole.
package deploy

import _ "embed"

// RBAC is the namespace, the service account and its roles (YAML).
//
//go:embed base/rbac.yaml
var RBAC []byte

// Operator is the Deployment (YAML).
//
//go:embed base/operator.yaml
var Operator []byte

// Names that the manifests use.
const (
	Namespace      = "ullage-system"
	ServiceAccount = "ullage"
)

// Package deploy holds the manifests that install the operator in a cluster:
// namespace, service account, the rights it needs and no others, and its
// Deployment. The lab applies the same files, so that the rights are tried
// wherever Ullage runs.
package deploy

import _ "embed"

// RBAC is the namespace, the service account and its roles (YAML).
//
//go:embed rbac.yaml
var RBAC []byte

// Operator is the Deployment (YAML).
//
//go:embed operator.yaml
var Operator []byte

// Names that the manifests use.
const (
	Namespace      = "ullage-system"
	ServiceAccount = "ullage"
)

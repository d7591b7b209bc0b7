// Package userdata writes what EC2 instances are told at boot so that they join the
// cluster: a NodeConfig for Amazon Linux 2023, settings for Bottlerocket, the user's own
// text for images of their own.
//
// It owns these formats and how the user's part is merged with ours. It is pure: the
// same [Node] gives the same bytes, which is what launch templates are told apart by.
package userdata

import (
	"github.com/ullage-sh/ullage/api/awsv1"
	"github.com/ullage-sh/ullage/cluster"
)

// Family is a kind of operating system, in the words of EC2NodeClass.
type Family string

// Families that are served.
const (
	AL2023       Family = "AL2023"
	Bottlerocket Family = "Bottlerocket"
	Custom       Family = "Custom"
)

// Cluster is what a node has to know of the cluster it joins.
type Cluster struct {
	Name string
	// Endpoint of the API server, a URL.
	Endpoint string
	// CA is the certificate authority's certificates, PEM in base64 as EKS tells it.
	CA string
	// ServiceCIDR is the block that addresses of Services come from.
	ServiceCIDR string
}

// Node is what is said to the nodes of a launch, which are all alike.
type Node struct {
	Cluster Cluster
	Labels  cluster.Labels
	Taints  []cluster.Taint
	// Kubelet's settings of the class; nil for none.
	Kubelet *awsv1.Kubelet
	// MaxPods is said instead of Kubelet.MaxPods unless it is 0. Where both say nothing the
	// node works it out from its instance type and the addresses of its interfaces.
	MaxPods int32
	// InstanceStore is the class's policy for disks that come with the instance: RAID0 or "".
	InstanceStore string
	// Custom is the class's own user data.
	Custom string
}

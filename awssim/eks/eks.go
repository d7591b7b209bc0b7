// Package eks is the EKS API: the cluster that the account's network is tagged for, which
// nodes need to know to join it, and what runs its pods.
//
// It owns node groups, which stand on groups of Auto Scaling as EKS's do, with the phases
// of their updates, and Fargate profiles ([Compute] is a process of the world). What
// happens to nodes in the cluster it leaves to [Nodes]: it knows no Kubernetes. Fargate's
// machines are not simulated here.
package eks

import (
	"encoding/base64"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/ullage-sh/ullage/awssim/wire"
	"github.com/ullage-sh/ullage/awssim/world"
)

// ListClusters lists the one cluster.
func ListClusters(w *world.World, _ *world.Call, _ *eks.ListClustersInput) (*eks.ListClustersOutput, error) {
	return &eks.ListClustersOutput{Clusters: []string{w.Config().Cluster}}, nil
}

// DescribeCluster tells where the cluster's API server is and what its network looks
// like.
func DescribeCluster(w *world.World, _ *world.Call, in *eks.DescribeClusterInput) (*eks.DescribeClusterOutput, error) {
	cfg := w.Config()
	if aws.ToString(in.Name) != cfg.Cluster {
		return nil, &wire.Error{Code: "ResourceNotFoundException", Status: 404, Message: "No cluster found for name: " + aws.ToString(in.Name) + "."}
	}
	groups := w.SecurityGroups()
	c := &types.Cluster{
		Name: aws.String(cfg.Cluster), Arn: aws.String(w.ARN("eks", cfg.Region, "cluster/"+cfg.Cluster)), Status: types.ClusterStatusActive,
		Version: aws.String(cfg.Kubernetes), PlatformVersion: aws.String("eks.1"), CreatedAt: aws.Time(world.Time(w.Born())), Endpoint: aws.String(cfg.Endpoint),
		CertificateAuthority:    &types.Certificate{Data: aws.String(base64.StdEncoding.EncodeToString([]byte(cfg.Authority)))},
		RoleArn:                 aws.String(w.ARN("iam", "", "role/"+cfg.Cluster+"-cluster")),
		KubernetesNetworkConfig: &types.KubernetesNetworkConfigResponse{IpFamily: types.IpFamilyIpv4, ServiceIpv4Cidr: aws.String("172.20.0.0/16")},
		AccessConfig:            &types.AccessConfigResponse{AuthenticationMode: types.AuthenticationModeApiAndConfigMap},
		ResourcesVpcConfig: &types.VpcConfigResponse{
			VpcId: aws.String(w.VPC()), ClusterSecurityGroupId: aws.String(groups[0].ID), SecurityGroupIds: []string{groups[1].ID},
			EndpointPublicAccess: true, EndpointPrivateAccess: true, PublicAccessCidrs: []string{"0.0.0.0/0"},
		},
		Tags: map[string]string{},
	}
	for _, s := range w.Subnets() {
		c.ResourcesVpcConfig.SubnetIds = append(c.ResourcesVpcConfig.SubnetIds, s.ID)
	}
	return &eks.DescribeClusterOutput{Cluster: c}, nil
}

// Package system makes a bare control plane look like a cluster on EKS: two
// machines of a node group that nobody scales, the DaemonSets that every node carries,
// and the storage class that volumes have by default.
//
// It refuses to own anything that an autoscaler may touch.
package system

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"io/fs"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/kube"
	"github.com/ullage-sh/ullage/lab/kubelet"
)

// NodeGroup is the name of the node group.
const NodeGroup = "system"

// instanceType of the system nodes.
const instanceType = "m5.large"

//go:embed manifests
var manifests embed.FS

// Apply puts the system objects on an API server. Repeating it changes nothing.
func Apply(ctx context.Context, c client.Client, region string) error {
	files, err := fs.Glob(manifests, "manifests/*.yaml")
	if err != nil {
		return fmt.Errorf("system objects: %w", err)
	}
	for _, file := range files {
		text, err := manifests.ReadFile(file)
		if err != nil {
			return fmt.Errorf("system objects: %w", err)
		}
		if _, err := kube.Apply(ctx, c, bytes.ReplaceAll(text, []byte("REGION"), []byte(region))); err != nil {
			return fmt.Errorf("system objects: %s: %w", file, err)
		}
	}
	return nil
}

// Machines are the two machines of the node group, in the first of the zones,
// booted. Their sizes are the catalogue's.
func Machines(c *catalog.Catalog, region string, zones []string) ([]kubelet.Machine, error) {
	if len(zones) == 0 {
		return nil, fmt.Errorf("system nodes: no zones")
	}
	typ, ok := c.Type(instanceType)
	if !ok {
		return nil, fmt.Errorf("system nodes: %s is not in the catalogue", instanceType)
	}
	capacity, allocatable, err := catalog.DefaultSizing().Node(typ)
	if err != nil {
		return nil, fmt.Errorf("system nodes: %w", err)
	}
	machines := make([]kubelet.Machine, 2)
	for i := range machines {
		zone, ip := zones[i%len(zones)], fmt.Sprintf("10.0.0.%d", 10+i)
		machines[i] = kubelet.Machine{
			Name:       fmt.Sprintf("ip-10-0-0-%d.%s.compute.internal", 10+i, region),
			ProviderID: fmt.Sprintf("aws:///%s/i-%017x", zone, i+1),
			Labels: cluster.Labels{
				cluster.LabelInstanceType: instanceType, cluster.LabelArch: "amd64", cluster.LabelOS: "linux",
				cluster.LabelRegion: region, cluster.LabelZone: zone, cluster.LabelHostname: fmt.Sprintf("ip-10-0-0-%d.%s.compute.internal", 10+i, region),
				"eks.amazonaws.com/nodegroup": NodeGroup, "eks.amazonaws.com/capacityType": "ON_DEMAND",
			},
			Capacity: capacity, Allocatable: allocatable, InternalIP: ip,
		}
	}
	return machines, nil
}

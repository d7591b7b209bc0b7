package aws

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/ullage-sh/ullage/api/awsv1"
	"github.com/ullage-sh/ullage/provider"
	"github.com/ullage-sh/ullage/provider/aws/fleet"
	"github.com/ullage-sh/ullage/provider/aws/nodeclass"
	"github.com/ullage-sh/ullage/provider/aws/userdata"
)

// variant is what differs between the launch templates of one request.
type variant struct {
	image   string
	maxPods int32 // what the kubelet is told, 0 to let it work that out
	// reservation is the capacity reservation that they run in, "" for none in particular.
	reservation string
}

// toldPods is the pod limit that nodes of a type must be told because they would work out
// another one: that of prefix delegation, or with interfaces that are not for pods.
func (p *Provider) toldPods(o *offer, t *stocked) int32 {
	if !p.cfg.PrefixDelegation && p.cfg.ReservedENIs == 0 {
		return 0
	}
	return int32(p.sizing(o.class).PodLimit(t.facts))
}

// template writes the launch template of a request's nodes. It has nothing in it that
// changes from one request of a pool to the next, so that all share it.
func (p *Provider) template(c *nodeclass.Class, v variant, req provider.CreateRequest) (*fleet.Template, error) {
	text, err := userdata.Make(c.Family, userdata.Node{
		Cluster: c.Cluster, Labels: req.Labels, Taints: req.Taints, Kubelet: c.Spec.Kubelet, MaxPods: v.maxPods,
		InstanceStore: c.Spec.InstanceStorePolicy, Custom: c.Spec.UserData,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: user data: %w", c.Ref, err)
	}
	data := types.RequestLaunchTemplateData{
		ImageId:             aws.String(v.image),
		BlockDeviceMappings: blockDevices(c),
		MetadataOptions:     metadataOptions(c.Spec.MetadataOptions),
		Monitoring:          &types.LaunchTemplatesMonitoringRequest{Enabled: aws.Bool(aws.ToBool(c.Spec.DetailedMonitoring))},
		IamInstanceProfile:  &types.LaunchTemplateIamInstanceProfileSpecificationRequest{Name: aws.String(c.InstanceProfile)},
		TagSpecifications:   []types.LaunchTemplateTagSpecificationRequest{{ResourceType: types.ResourceTypeNetworkInterface, Tags: p.networkTags(c, req)}},
	}
	if text != "" {
		data.UserData = aws.String(base64.StdEncoding.EncodeToString([]byte(text)))
	}
	if data.NetworkInterfaces = networkInterfaces(c); data.NetworkInterfaces == nil {
		data.SecurityGroupIds = c.GroupIDs()
	}
	if v.reservation != "" {
		data.CapacityReservationSpecification = intoReservation(v.reservation)
	}
	if id := c.PlacementGroup; id != "" {
		data.Placement = &types.LaunchTemplatePlacementRequest{GroupId: aws.String(id)}
	}
	if o := c.Spec.CPUOptions; o != nil && o.NestedVirtualization != "" {
		data.CpuOptions = &types.LaunchTemplateCpuOptionsRequest{NestedVirtualization: types.NestedVirtualizationSpecification(o.NestedVirtualization)}
	}
	return &fleet.Template{Data: data}, nil
}

// networkTags are those of network interfaces, which a fleet request cannot tag.
func (p *Provider) networkTags(c *nodeclass.Class, req provider.CreateRequest) []types.Tag {
	tags := maps.Clone(c.Spec.Tags)
	if tags == nil {
		tags = map[string]string{}
	}
	fleet.Belongs(tags, req.Pool, req.Class.Ref)
	tags[fleet.TagCluster] = p.cfg.Cluster.Cluster
	return fleet.TagList(tags)
}

func blockDevices(c *nodeclass.Class) []types.LaunchTemplateBlockDeviceMappingRequest {
	var out []types.LaunchTemplateBlockDeviceMappingRequest
	for _, d := range c.BlockDevices() {
		m := types.LaunchTemplateBlockDeviceMappingRequest{DeviceName: some(d.DeviceName)}
		if e := d.EBS; e != nil {
			m.Ebs = &types.LaunchTemplateEbsBlockDeviceRequest{
				DeleteOnTermination: e.DeleteOnTermination, Encrypted: e.Encrypted, Iops: narrow(e.IOPS), Throughput: narrow(e.Throughput),
				KmsKeyId: some(e.KMSKeyID), SnapshotId: some(e.SnapshotID), VolumeInitializationRate: e.VolumeInitializationRate,
				VolumeType: types.VolumeType(e.VolumeType), VolumeSize: gibibytes(e.VolumeSize),
			}
			if e.DeleteOnTermination == nil {
				m.Ebs.DeleteOnTermination = aws.Bool(true) // a node's disk is nobody's afterwards
			}
		}
		out = append(out, m)
	}
	return out
}

// gibibytes is a quantity as EBS counts it, rounded up; nil for none.
func gibibytes(text string) *int32 {
	q, err := resource.ParseQuantity(text)
	if err != nil {
		return nil
	}
	const gib = 1 << 30
	return aws.Int32(int32((q.Value() + gib - 1) / gib))
}

// metadataOptions are the class's; without, pods cannot reach the metadata service.
func metadataOptions(o *awsv1.MetadataOptions) *types.LaunchTemplateInstanceMetadataOptionsRequest {
	if o == nil {
		o = &awsv1.MetadataOptions{}
	}
	hops := narrow(o.HTTPPutResponseHopLimit)
	if hops == nil {
		hops = aws.Int32(1)
	}
	return &types.LaunchTemplateInstanceMetadataOptionsRequest{
		HttpEndpoint:            types.LaunchTemplateInstanceMetadataEndpointState(cmp.Or(o.HTTPEndpoint, "enabled")),
		HttpProtocolIpv6:        types.LaunchTemplateInstanceMetadataProtocolIpv6(cmp.Or(o.HTTPProtocolIPv6, "disabled")),
		HttpPutResponseHopLimit: hops,
		HttpTokens:              types.LaunchTemplateHttpTokensState(cmp.Or(o.HTTPTokens, "required")),
	}
}

// networkInterfaces are those that the class describes, nil for the one that every
// instance has.
func networkInterfaces(c *nodeclass.Class) []types.LaunchTemplateInstanceNetworkInterfaceSpecificationRequest {
	s := &c.Spec
	described := slices.Clone(s.NetworkInterfaces)
	if len(described) == 0 {
		if s.AssociatePublicIPAddress == nil && s.IPPrefixCount == nil && s.ConnectionTracking == nil {
			return nil
		}
		described = []awsv1.NetworkInterface{{InterfaceType: "interface"}}
	}
	var out []types.LaunchTemplateInstanceNetworkInterfaceSpecificationRequest
	for _, n := range described {
		i := types.LaunchTemplateInstanceNetworkInterfaceSpecificationRequest{
			NetworkCardIndex: aws.Int32(n.NetworkCardIndex), DeviceIndex: aws.Int32(n.DeviceIndex), InterfaceType: aws.String(n.InterfaceType), Groups: c.GroupIDs(),
		}
		if n.NetworkCardIndex == 0 && n.DeviceIndex == 0 {
			i.AssociatePublicIpAddress, i.Ipv4PrefixCount = s.AssociatePublicIPAddress, s.IPPrefixCount
			if t := s.ConnectionTracking; t != nil {
				i.ConnectionTrackingSpecification = &types.ConnectionTrackingSpecificationRequest{
					TcpEstablishedTimeout: t.TCPEstablishedTimeout, UdpStreamTimeout: t.UDPStreamTimeout, UdpTimeout: t.UDPTimeout,
				}
			}
		}
		out = append(out, i)
	}
	return out
}

// some is a text, nil for none.
func some(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func narrow(n *int64) *int32 {
	if n == nil {
		return nil
	}
	return aws.Int32(int32(*n))
}

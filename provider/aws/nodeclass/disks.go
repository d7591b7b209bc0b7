package nodeclass

import (
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/ullage-sh/ullage/api/awsv1"
	"github.com/ullage-sh/ullage/provider/aws/userdata"
)

// gib is 2^30 bytes.
const gib = 1 << 30

// BlockDevices are the disks of nodes: the class's, or those that its family gets where
// it says nothing. An image of one's own then keeps its disks: nil.
func (c *Class) BlockDevices() []awsv1.BlockDeviceMapping {
	if len(c.Spec.BlockDeviceMappings) > 0 {
		return c.Spec.BlockDeviceMappings
	}
	yes := true
	disk := func(name, size string) awsv1.BlockDeviceMapping {
		return awsv1.BlockDeviceMapping{DeviceName: name, EBS: &awsv1.BlockDevice{Encrypted: &yes, DeleteOnTermination: &yes, VolumeType: "gp3", VolumeSize: size}}
	}
	switch c.Family {
	case userdata.AL2023:
		return []awsv1.BlockDeviceMapping{disk("/dev/xvda", "20Gi")}
	case userdata.Bottlerocket:
		// The first disk is the operating system's, the second is for containers.
		return []awsv1.BlockDeviceMapping{disk("/dev/xvda", "4Gi"), disk("/dev/xvdb", "20Gi")}
	}
	return nil
}

// DiskBytes is the size of the disk that the kubelet's directory is on, in bytes: what
// ephemeral storage a node has, unless its instance store is used. Where nothing tells,
// such as with a snapshot of unknown size, it is 20 GiB.
func (c *Class) DiskBytes() int64 {
	named := map[userdata.Family]string{userdata.AL2023: "/dev/xvda", userdata.Bottlerocket: "/dev/xvdb"}[c.Family]
	size := ""
	for _, d := range c.BlockDevices() {
		if d.EBS == nil {
			continue
		}
		// Nobody knows which disk an image of one's own uses; Karpenter takes the last.
		if d.RootVolume {
			size = d.EBS.VolumeSize
			break
		}
		if d.DeviceName == named || c.Family == userdata.Custom {
			size = d.EBS.VolumeSize
		}
	}
	if q, err := resource.ParseQuantity(size); err == nil && q.Sign() > 0 {
		return q.Value()
	}
	return 20 * gib
}

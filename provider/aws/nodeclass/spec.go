package nodeclass

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	kjson "sigs.k8s.io/json"

	"github.com/ullage-sh/ullage/api/awsv1"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider/aws/userdata"
)

// decode reads a spec. A field that is not known here is refused: nodes would be launched
// without what it says.
func (f *findings) decode(text string, into any) {
	if text == "" {
		return
	}
	unknown, err := kjson.UnmarshalStrict([]byte(text), into)
	for _, e := range append(unknown, err) {
		if e != nil {
			f.add(ValidationSucceeded, "InvalidSpec", "spec: %v", e)
		}
	}
}

// readClass reads the spec of a class.
func (f *findings) readClass(nc cluster.NodeClass) awsv1.EC2NodeClassSpec {
	var spec awsv1.EC2NodeClassSpec
	f.decode(nc.Spec, &spec)
	if (spec.Role == "") == (spec.InstanceProfile == "") {
		f.add(ValidationSucceeded, "InvalidSpec", "spec: want one of role and instanceProfile, and not both")
	}
	return spec
}

// check finds what the definition's validation forbids again, since a class may come from
// a file or from a cluster with another definition.
func (f *findings) check(spec awsv1.EC2NodeClassSpec) {
	for k := range spec.Tags {
		if slices.Contains(ownTags, k) || strings.HasPrefix(k, "kubernetes.io/cluster") || strings.HasPrefix(k, "ullage.sh/") {
			f.add(ValidationSucceeded, "InvalidSpec", "spec.tags: %s is set by the operator", k)
		}
	}
	if p := spec.InstanceStorePolicy; p != "" && p != "RAID0" {
		f.add(ValidationSucceeded, "InvalidSpec", "spec.instanceStorePolicy: %q is not known; there is RAID0", p)
	}
	f.disks(spec.BlockDeviceMappings)
	if k := spec.Kubelet; k != nil {
		for name, list := range map[string]map[string]string{"systemReserved": k.SystemReserved, "kubeReserved": k.KubeReserved} {
			for what, text := range list {
				if _, err := resource.ParseQuantity(text); err != nil {
					f.add(ValidationSucceeded, "InvalidSpec", "spec.kubelet.%s: %s: %q is no quantity", name, what, text)
				}
			}
		}
	}
}

// ownTags are tags that the operator sets itself.
var ownTags = []string{"eks:eks-cluster-name", "karpenter.sh/nodepool", "karpenter.sh/nodeclaim", "karpenter.k8s.aws/ec2nodeclass", "karpenter.k8s.aws/awsnodetemplate"}

func (f *findings) disks(disks []awsv1.BlockDeviceMapping) {
	roots := 0
	for i, d := range disks {
		at := fmt.Sprintf("spec.blockDeviceMappings[%d]", i)
		if d.RootVolume {
			roots++
		}
		if d.EBS == nil {
			continue
		}
		if d.EBS.VolumeSize == "" && d.EBS.SnapshotID == "" {
			f.add(ValidationSucceeded, "InvalidSpec", "%s.ebs: want volumeSize or snapshotID", at)
		}
		if q, err := resource.ParseQuantity(d.EBS.VolumeSize); d.EBS.VolumeSize != "" && (err != nil || q.Value() < gib) {
			f.add(ValidationSucceeded, "InvalidSpec", "%s.ebs.volumeSize: want 1Gi or more, not %q", at, d.EBS.VolumeSize)
		}
	}
	if roots > 1 {
		f.add(ValidationSucceeded, "InvalidSpec", "spec.blockDeviceMappings: %d have rootVolume, want one at most", roots)
	}
}

// aliases are the families that images can be named by.
var aliases = map[string]userdata.Family{"al2023": userdata.AL2023, "bottlerocket": userdata.Bottlerocket}

// alias is the family and version of the alias among a class's terms; false for none.
func alias(spec awsv1.EC2NodeClassSpec) (family, version string, ok bool) {
	for _, t := range spec.AMISelectorTerms {
		if t.Alias != "" {
			family, version, _ = strings.Cut(t.Alias, "@")
			return family, version, true
		}
	}
	return "", "", false
}

// family says how the nodes of a class are spoken to.
func (f *findings) family(spec awsv1.EC2NodeClassSpec) userdata.Family {
	name, version, aliased := alias(spec)
	served := "al2023 and bottlerocket"
	switch {
	case aliased && (aliases[name] == "" || version == ""):
		f.add(AMIsReady, "UnsupportedAlias", "spec.amiSelectorTerms: alias %s@%s is not served; there are %s, as in al2023@latest", name, version, served)
	case aliased && len(spec.AMISelectorTerms) > 1:
		f.add(AMIsReady, "UnsupportedAlias", "spec.amiSelectorTerms: an alias is the only term")
	case aliased && spec.AMIFamily != "" && spec.AMIFamily != string(userdata.Custom) && spec.AMIFamily != string(aliases[name]):
		f.add(ValidationSucceeded, "InvalidSpec", "spec.amiFamily is %s, and the alias is of %s", spec.AMIFamily, aliases[name])
	case !aliased && spec.AMIFamily == "":
		f.add(ValidationSucceeded, "InvalidSpec", "spec.amiFamily: without an alias it must be said: AL2023, Bottlerocket or Custom")
	}
	family := userdata.Family(spec.AMIFamily)
	if family == "" {
		family = aliases[name]
	}
	if family != "" && !slices.Contains([]userdata.Family{userdata.AL2023, userdata.Bottlerocket, userdata.Custom}, family) {
		f.add(ValidationSucceeded, "UnsupportedFamily", "spec.amiFamily: %s is not served; there are AL2023, Bottlerocket and Custom", family)
	}
	return family
}

// oneNetwork: an instance is in one VPC, and so are its security groups.
func (f *findings) oneNetwork(c *Class) {
	for _, g := range c.SecurityGroups {
		for _, s := range c.Subnets {
			if g.VPC != s.VPC {
				f.add(ValidationSucceeded, "DifferentNetworks", "subnet %s is in %s, security group %s in %s: instances cannot have both", s.ID, s.VPC, g.ID, g.VPC)
				return
			}
		}
	}
}

// userData: that of the class can be merged with ours.
func (f *findings) userData(c *Class) {
	if c.Family == "" || c.Cluster.Endpoint == "" {
		return // something else is wrong
	}
	_, err := userdata.Make(c.Family, userdata.Node{Cluster: c.Cluster, Kubelet: c.Spec.Kubelet, InstanceStore: c.Spec.InstanceStorePolicy, Custom: c.Spec.UserData})
	if err != nil {
		f.add(ValidationSucceeded, "InvalidUserData", "spec.userData: %v", err)
	}
}

package nodeclass

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/api/awsv1"
	"github.com/ullage-sh/ullage/provider/aws/userdata"
)

// templateOf identifies what a spec launches instances with. What merely selects is left
// out: it is compared with what an instance has. So is ipPrefixCount, as Karpenter does.
// Fields that say nothing do not count, so that new fields leave old hashes as they are.
func templateOf(spec awsv1.EC2NodeClassSpec, family userdata.Family) string {
	spec.SubnetSelectorTerms, spec.SecurityGroupSelectorTerms = nil, nil
	spec.CapacityReservationSelectorTerms, spec.AMISelectorTerms = nil, nil
	spec.IPPrefixCount = nil
	spec.AMIFamily = string(family) // the same whether it was said or follows from the alias
	spec.BlockDeviceMappings = slices.Clone(spec.BlockDeviceMappings)
	slices.SortStableFunc(spec.BlockDeviceMappings, func(a, b awsv1.BlockDeviceMapping) int { return strings.Compare(a.DeviceName, b.DeviceName) })
	text, err := json.Marshal(spec)
	if err != nil {
		panic(err) // strings, numbers and maps of strings always marshal
	}
	return digest(string(text))
}

// digest is 64 bits of a hash, in hex.
func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// Hash identifies what instances are launched with now: [Class.Template] and the security
// groups.
func (c *Class) Hash() string { return c.Template + "." + digest(c.GroupIDs()...) }

// HashOf is [Class.Hash] as an instance has it: the template from its tag, and the
// security groups that it is in. An instance in a subnet that the class does not select
// any more has one of its own. Without a template nothing is known: "".
func (c *Class) HashOf(template, subnet string, groups []string) string {
	if template == "" {
		return ""
	}
	groups = slices.Clone(groups)
	slices.Sort(groups)
	h := template + "." + digest(slices.Compact(groups)...)
	if !slices.ContainsFunc(c.Subnets, func(s Subnet) bool { return s.ID == subnet }) {
		h += "." + subnet
	}
	return h
}

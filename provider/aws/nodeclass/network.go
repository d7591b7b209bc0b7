package nodeclass

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/ullage-sh/ullage/cluster"
)

// networkFor is for how long an answer about the network counts.
const networkFor = cluster.Minute

// configOf is what EKS says of a cluster.
func configOf(c *ekstypes.Cluster) Config {
	out := Config{Endpoint: aws.ToString(c.Endpoint), Version: aws.ToString(c.Version)}
	if c.CertificateAuthority != nil {
		out.CA = aws.ToString(c.CertificateAuthority.Data)
	}
	if n := c.KubernetesNetworkConfig; n != nil {
		out.ServiceCIDR = aws.ToString(n.ServiceIpv4Cidr)
		if n.IpFamily == ekstypes.IpFamilyIpv6 {
			out.ServiceCIDR = aws.ToString(n.ServiceIpv6Cidr)
		}
	}
	return out
}

// filter is one of EC2's.
func filter(name string, values ...string) types.Filter {
	return types.Filter{Name: aws.String(name), Values: values}
}

// tagged are the filters for tags, "*" for any value, in the order of the keys. EC2's
// filters take * and ? in a value for wildcards, as Karpenter lets them.
func tagged(tags map[string]string) []types.Filter {
	var out []types.Filter
	for _, k := range keys(tags) {
		if tags[k] == "*" {
			out = append(out, filter("tag-key", k))
		} else {
			out = append(out, filter("tag:"+k, tags[k]))
		}
	}
	return out
}

// subnets selects subnets.
func (r *Resolver) subnets(ctx context.Context, c *Class, f *findings) error {
	var queries [][]types.Filter
	var ids []string
	for _, t := range c.Spec.SubnetSelectorTerms {
		if t.ID != "" {
			ids = append(ids, t.ID)
		} else if len(t.Tags) > 0 { // a term of nothing would select everything
			queries = append(queries, tagged(t.Tags))
		}
	}
	if len(ids) > 0 {
		queries = append(queries, []types.Filter{filter("subnet-id", ids...)})
	}
	found, err := remembered(r, "subnets "+asText(queries), networkFor, func() ([]Subnet, error) {
		var out []Subnet
		for _, q := range queries {
			pages := ec2.NewDescribeSubnetsPaginator(r.EC2, &ec2.DescribeSubnetsInput{Filters: q})
			for pages.HasMorePages() {
				page, err := pages.NextPage(ctx)
				if err != nil {
					return nil, err
				}
				for _, s := range page.Subnets {
					if s.State == types.SubnetStateAvailable {
						out = append(out, subnetOf(s))
					}
				}
			}
		}
		return distinct(out, func(s Subnet) string { return s.ID }), nil
	})
	if err == nil && len(found) == 0 && !f.has(SubnetsReady) {
		f.add(SubnetsReady, "SubnetsNotFound", "spec.subnetSelectorTerms select no subnet in %s: %s", r.cfg.Region, asText(c.Spec.SubnetSelectorTerms))
	}
	c.Subnets = found
	return err
}

func subnetOf(s types.Subnet) Subnet {
	return Subnet{
		ID: aws.ToString(s.SubnetId), Zone: aws.ToString(s.AvailabilityZone), ZoneID: aws.ToString(s.AvailabilityZoneId), VPC: aws.ToString(s.VpcId),
		Free: int(aws.ToInt32(s.AvailableIpAddressCount)),
	}
}

// securityGroups selects security groups.
func (r *Resolver) securityGroups(ctx context.Context, c *Class, f *findings) error {
	var queries [][]types.Filter
	var ids, names []string
	for _, t := range c.Spec.SecurityGroupSelectorTerms {
		switch {
		case t.ID != "":
			ids = append(ids, t.ID)
		case t.Name != "":
			names = append(names, t.Name)
		case len(t.Tags) > 0:
			queries = append(queries, tagged(t.Tags))
		}
	}
	if len(ids) > 0 {
		queries = append(queries, []types.Filter{filter("group-id", ids...)})
	}
	if len(names) > 0 {
		queries = append(queries, []types.Filter{filter("group-name", names...)})
	}
	found, err := remembered(r, "security groups "+asText(queries), networkFor, func() ([]SecurityGroup, error) {
		var out []SecurityGroup
		for _, q := range queries {
			pages := ec2.NewDescribeSecurityGroupsPaginator(r.EC2, &ec2.DescribeSecurityGroupsInput{Filters: q})
			for pages.HasMorePages() {
				page, err := pages.NextPage(ctx)
				if err != nil {
					return nil, err
				}
				for _, g := range page.SecurityGroups {
					out = append(out, SecurityGroup{ID: aws.ToString(g.GroupId), Name: aws.ToString(g.GroupName), VPC: aws.ToString(g.VpcId)})
				}
			}
		}
		return distinct(out, func(g SecurityGroup) string { return g.ID }), nil
	})
	if err == nil && len(found) == 0 && !f.has(SecurityGroupsReady) {
		f.add(SecurityGroupsReady, "SecurityGroupsNotFound", "spec.securityGroupSelectorTerms select no security group in %s: %s", r.cfg.Region, asText(c.Spec.SecurityGroupSelectorTerms))
	}
	c.SecurityGroups = found
	return err
}

// distinct sorts things by id and leaves each once.
func distinct[T any](all []T, id func(T) string) []T {
	slices.SortStableFunc(all, func(a, b T) int { return strings.Compare(id(a), id(b)) })
	return slices.CompactFunc(all, func(a, b T) bool { return id(a) == id(b) })
}

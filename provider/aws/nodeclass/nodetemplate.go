package nodeclass

import (
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/api/awsv1"
	"github.com/ullage-sh/ullage/api/legacy/awsv1alpha1"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider/aws/userdata"
)

// AWSNodeTemplate is what an EC2NodeClass was called in 2023. One is read as the class that
// means the same; what differs from then is what there is no more (Amazon Linux 2), and is
// said in its conditions.

// isTemplate tells which of both a reference is to.
func isTemplate(ref cluster.ClassRef) bool {
	return ref.Group == awsv1alpha1.Group && ref.Kind == awsv1alpha1.Kind
}

// inTemplates are the fields that findings name by what they are called in a template.
var inTemplates = strings.NewReplacer(
	"spec.subnetSelectorTerms select ", "spec.subnetSelector selects ",
	"spec.securityGroupSelectorTerms select ", "spec.securityGroupSelector selects ",
	"spec.amiSelectorTerms select ", "spec.amiSelector selects ",
)

// mostTerms is how many terms a selector of comma-separated lists may stand for: as many
// as a class can have.
const mostTerms = 30

// readTemplate is the spec of a class that means what a template says. profile is what
// nodes get where it names none.
func (f *findings) readTemplate(nc cluster.NodeClass, profile string) awsv1.EC2NodeClassSpec {
	f.fields = inTemplates
	var t awsv1alpha1.AWSNodeTemplateSpec
	f.decode(nc.Spec, &t)
	spec := awsv1.EC2NodeClassSpec{
		UserData: said(t.UserData), InstanceProfile: said(t.InstanceProfile), Tags: t.Tags, DetailedMonitoring: t.DetailedMonitoring,
		Context: said(t.Context), MetadataOptions: metadataOf(t.MetadataOptions), BlockDeviceMappings: disksOf(t.BlockDeviceMappings),
	}
	if spec.InstanceProfile == "" {
		spec.InstanceProfile = profile
	}
	if spec.InstanceProfile == "" {
		f.add(InstanceProfileReady, "InstanceProfileNotFound", "spec.instanceProfile is missing, and the operator has none for such templates (--default-instance-profile)")
	}
	if said(t.LaunchTemplate) != "" {
		f.add(ValidationSucceeded, "InvalidSpec", "spec.launchTemplate: launch templates of one's own are not launched from; write what %s says into the AWSNodeTemplate", *t.LaunchTemplate)
	}
	for _, s := range f.selector(SubnetsReady, "SubnetsNotFound", "spec.subnetSelector", t.SubnetSelector) {
		spec.SubnetSelectorTerms = append(spec.SubnetSelectorTerms, awsv1.SubnetTerm{Tags: s.tags, ID: s.id})
	}
	for _, s := range f.selector(SecurityGroupsReady, "SecurityGroupsNotFound", "spec.securityGroupSelector", t.SecurityGroupSelector) {
		spec.SecurityGroupSelectorTerms = append(spec.SecurityGroupSelectorTerms, awsv1.SecurityGroupTerm{Tags: s.tags, ID: s.id})
	}
	f.templateImages(&spec, said(t.AMIFamily), t.AMISelector)
	f.templateTags(t.Tags)
	return spec
}

// templateTags: what Karpenter kept to itself in 2023 is more than it does today.
func (f *findings) templateTags(tags map[string]string) {
	for _, k := range keys(tags) {
		if domain, _, _ := strings.Cut(k, "/"); slices.Contains([]string{"karpenter.sh", "karpenter.k8s.aws"}, domain) && !slices.Contains(ownTags, k) {
			f.add(ValidationSucceeded, "InvalidSpec", "spec.tags: %s is of a domain that the operator sets tags of", k)
		}
	}
}

// templateImages chooses the family and its images.
func (f *findings) templateImages(spec *awsv1.EC2NodeClassSpec, family string, selector map[string]string) {
	alias := map[string]string{"": "al2023@latest", "AL2": "al2023@latest", "Bottlerocket": "bottlerocket@latest"}[family]
	al2 := family == "" || family == "AL2" // which was the default
	switch {
	case family != string(userdata.Custom) && alias == "":
		f.add(AMIsReady, "UnsupportedFamily", "spec.amiFamily: %s is not served; there are Bottlerocket, Custom, and AL2023 where a template says AL2", family)
	case al2 && len(selector) > 0:
		f.add(AMIsReady, "UnsupportedFamily", "spec.amiSelector selects images of AL2, which boot by a script that is not written here; say amiFamily Custom and how they boot in userData, or use an EC2NodeClass")
	case len(selector) > 0:
		spec.AMIFamily = family
		spec.AMISelectorTerms = f.imageTerms(selector)
	case alias == "":
		f.add(AMIsReady, "AMINotFound", "spec.amiSelector is missing: amiFamily Custom has no images of its own")
	default:
		spec.AMIFamily = string(aliases[strings.TrimSuffix(alias, "@latest")])
		spec.AMISelectorTerms = []awsv1.AMITerm{{Alias: alias}}
		if al2 {
			f.note(AMIsReady, "nodes boot Amazon Linux 2023: of Amazon Linux 2, which the template means, EKS has published no images since November 2025")
		}
	}
}

// imageTerms are the terms that an amiSelector stands for. Unless it has ids, images are
// the account's or Amazon's if it does not say whose.
func (f *findings) imageTerms(selector map[string]string) (out []awsv1.AMITerm) {
	tags, owners, names := map[string]string{}, []string{"amazon", "self"}, []string{""}
	for k, v := range selector {
		switch k {
		case "aws::owners":
			owners = list(v)
		case "aws::name":
			names = list(v)
		default:
			tags[k] = v
		}
	}
	if len(tags) == 0 && selector["aws::name"] == "" {
		f.add(AMIsReady, "AMINotFound", "spec.amiSelector: aws::owners alone would select whatever they have; name images with aws::name, aws::ids or tags")
		return nil
	}
	found := []selected{{}}
	if len(tags) > 0 {
		found = f.selector(AMIsReady, "AMINotFound", "spec.amiSelector", tags)
	}
	for _, s := range found {
		if s.id != "" {
			if len(tags) < len(selector) {
				f.alone(AMIsReady, "AMINotFound", "spec.amiSelector")
				return nil
			}
			out = append(out, awsv1.AMITerm{ID: s.id})
			continue
		}
		for _, name := range names {
			for _, owner := range owners {
				out = append(out, awsv1.AMITerm{Tags: s.tags, Name: name, Owner: owner})
			}
		}
	}
	return out
}

// selected is one term of a selector: an id, or tags.
type selected struct {
	id   string
	tags map[string]string
}

// selector takes a selector apart. All of its tags count at once, and of the values of one
// tag any: each way to choose them is a term, in the order of keys and values.
func (f *findings) selector(condition, reason, field string, from map[string]string) []selected {
	var ids []selected
	terms := []selected{{tags: map[string]string{}}}
	for _, k := range keys(from) {
		values := list(from[k])
		if k == "aws-ids" || k == "aws::ids" {
			for _, id := range values {
				ids = append(ids, selected{id: id})
			}
			continue
		}
		if len(values) == 0 {
			values = []string{"*"}
		}
		if len(terms)*len(values) > mostTerms {
			f.add(condition, reason, "%s: its lists stand for more than %d combinations of tags; use an EC2NodeClass", field, mostTerms)
			return nil
		}
		var more []selected
		for _, t := range terms {
			for _, v := range values {
				more = append(more, selected{tags: with(t.tags, k, v)})
			}
		}
		terms = more
	}
	tagged := len(terms[0].tags) > 0
	switch {
	case len(ids) > 0 && tagged:
		f.alone(condition, reason, field)
		return nil
	case len(ids) > 0:
		return ids
	case !tagged:
		f.add(condition, reason, "%s is empty, and selects nothing", field)
		return nil
	}
	return terms
}

// alone says that ids come alone.
func (f *findings) alone(condition, reason, field string) {
	f.add(condition, reason, "%s: ids beside something else are not served; ids alone say which", field)
}

// list are the values of a comma-separated list.
func list(text string) (out []string) {
	for v := range strings.SplitSeq(text, ",") {
		if v = strings.TrimSpace(v); v != "" && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

func with(tags map[string]string, key, value string) map[string]string {
	out := map[string]string{key: value}
	for k, v := range tags {
		out[k] = v
	}
	return out
}

// metadataOf are a template's options. Two hops were the default then: containers reach
// the metadata service by the second.
func metadataOf(o *awsv1alpha1.MetadataOptions) *awsv1.MetadataOptions {
	two := int64(2)
	out := &awsv1.MetadataOptions{HTTPPutResponseHopLimit: &two}
	if o == nil {
		return out
	}
	if o.HTTPPutResponseHopLimit != nil {
		out.HTTPPutResponseHopLimit = o.HTTPPutResponseHopLimit
	}
	out.HTTPEndpoint, out.HTTPProtocolIPv6, out.HTTPTokens = said(o.HTTPEndpoint), said(o.HTTPProtocolIPv6), said(o.HTTPTokens)
	return out
}

func disksOf(disks []awsv1alpha1.BlockDeviceMapping) (out []awsv1.BlockDeviceMapping) {
	for _, d := range disks {
		m := awsv1.BlockDeviceMapping{DeviceName: said(d.DeviceName)}
		if e := d.EBS; e != nil {
			m.EBS = &awsv1.BlockDevice{
				DeleteOnTermination: e.DeleteOnTermination, Encrypted: e.Encrypted, IOPS: e.IOPS, Throughput: e.Throughput,
				KMSKeyID: said(e.KMSKeyID), SnapshotID: said(e.SnapshotID), VolumeType: said(e.VolumeType),
			}
			if e.VolumeSize != nil {
				m.EBS.VolumeSize = e.VolumeSize.String()
			}
		}
		out = append(out, m)
	}
	return out
}

// said is a text, "" for none.
func said(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

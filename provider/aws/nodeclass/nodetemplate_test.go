package nodeclass

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/ullage-sh/ullage/api/awsv1"
	"github.com/ullage-sh/ullage/api/legacy/awsv1alpha1"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider/aws/userdata"
)

// template is an AWSNodeTemplate as those of 2023 were, with more in its spec, as YAML.
func template(more string) cluster.NodeClass {
	s := map[string]any{}
	text := "instanceProfile: shop-node\nsubnetSelector: {karpenter.sh/discovery: shop}\nsecurityGroupSelector: {karpenter.sh/discovery: shop}\n"
	for _, y := range []string{text, more} {
		if err := yaml.Unmarshal([]byte(y), &s); err != nil {
			panic(err)
		}
	}
	out, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return cluster.NodeClass{Ref: cluster.ClassRef{Group: awsv1alpha1.Group, Kind: awsv1alpha1.Kind, Name: "default"}, UID: "2", Spec: string(out)}
}

// TestTemplateRead: which class means the same.
func TestTemplateRead(t *testing.T) {
	for _, tt := range []struct{ template, want string }{
		{"", `amiFamily: AL2023
amiSelectorTerms: [{alias: al2023@latest}]
subnetSelectorTerms: [{tags: {karpenter.sh/discovery: shop}}]
securityGroupSelectorTerms: [{tags: {karpenter.sh/discovery: shop}}]
instanceProfile: shop-node
metadataOptions: {httpPutResponseHopLimit: 2}`},
		{`amiFamily: Bottlerocket
context: c
userData: "[settings]"
detailedMonitoring: true
tags: {team: blue, Name: mine}
metadataOptions: {httpTokens: optional, httpEndpoint: enabled, httpProtocolIPv6: enabled}
blockDeviceMappings: [{deviceName: /dev/xvdb, ebs: {volumeSize: 100Gi, volumeType: gp3, iops: 4000, throughput: 200, encrypted: true, kmsKeyID: k, snapshotID: snap-1, deleteOnTermination: false}}]
`, `amiFamily: Bottlerocket
amiSelectorTerms: [{alias: bottlerocket@latest}]
subnetSelectorTerms: [{tags: {karpenter.sh/discovery: shop}}]
securityGroupSelectorTerms: [{tags: {karpenter.sh/discovery: shop}}]
instanceProfile: shop-node
context: c
userData: "[settings]"
detailedMonitoring: true
tags: {team: blue, Name: mine}
metadataOptions: {httpTokens: optional, httpEndpoint: enabled, httpProtocolIPv6: enabled, httpPutResponseHopLimit: 2}
blockDeviceMappings: [{deviceName: /dev/xvdb, ebs: {volumeSize: 100Gi, volumeType: gp3, iops: 4000, throughput: 200, encrypted: true, kmsKeyID: k, snapshotID: snap-1, deleteOnTermination: false}}]`},
		// Lists are any of their values, several tags are all of them, and "" is any value.
		{`instanceProfile: other
amiFamily: Custom
subnetSelector: {Name: "a, b", karpenter.sh/discovery: "*", tier: "x,y", any: ""}
securityGroupSelector: {aws-ids: "sg-1, sg-2"}
amiSelector: {"aws::name": "one-*,two", "aws::owners": "self,111122223333", team: blue}
metadataOptions: {httpPutResponseHopLimit: 1}`, `amiFamily: Custom
amiSelectorTerms:
- {name: one-*, owner: self, tags: {team: blue}}
- {name: one-*, owner: "111122223333", tags: {team: blue}}
- {name: two, owner: self, tags: {team: blue}}
- {name: two, owner: "111122223333", tags: {team: blue}}
subnetSelectorTerms:
- tags: {Name: a, any: "*", karpenter.sh/discovery: "*", tier: x}
- tags: {Name: a, any: "*", karpenter.sh/discovery: "*", tier: "y"}
- tags: {Name: b, any: "*", karpenter.sh/discovery: "*", tier: x}
- tags: {Name: b, any: "*", karpenter.sh/discovery: "*", tier: "y"}
securityGroupSelectorTerms: [{id: sg-1}, {id: sg-2}]
instanceProfile: other
metadataOptions: {httpPutResponseHopLimit: 1}`},
		// Whoever says nothing of owners gets the account's images and Amazon's.
		{`amiFamily: Bottlerocket
amiSelector: {team: blue}
subnetSelector: {"aws::ids": subnet-1}`, `amiFamily: Bottlerocket
amiSelectorTerms: [{owner: amazon, tags: {team: blue}}, {owner: self, tags: {team: blue}}]
subnetSelectorTerms: [{id: subnet-1}]
securityGroupSelectorTerms: [{tags: {karpenter.sh/discovery: shop}}]
instanceProfile: shop-node
metadataOptions: {httpPutResponseHopLimit: 2}`},
		{`amiFamily: Custom
amiSelector: {"aws::ids": "ami-1,ami-2"}`, `amiFamily: Custom
amiSelectorTerms: [{id: ami-1}, {id: ami-2}]
subnetSelectorTerms: [{tags: {karpenter.sh/discovery: shop}}]
securityGroupSelectorTerms: [{tags: {karpenter.sh/discovery: shop}}]
instanceProfile: shop-node
metadataOptions: {httpPutResponseHopLimit: 2}`},
	} {
		f := &findings{}
		got := f.readTemplate(template(tt.template), "default")
		if f.check(got); len(f.problems) > 0 {
			t.Errorf("%s:\n%v", tt.template, f.problems)
		}
		var want awsv1.EC2NodeClassSpec
		if err := yaml.UnmarshalStrict([]byte(tt.want), &want); err != nil {
			t.Fatal(err)
		}
		if asText(got) != asText(want) {
			t.Errorf("%s\nmeans %s\nwant  %s", tt.template, asText(got), asText(want))
		}
	}
}

// TestTemplateMistakes: what is wrong with a template is said in its own words, once.
func TestTemplateMistakes(t *testing.T) {
	a := newAccount(t)
	for _, tt := range []struct{ template, state, message string }{
		{"subnetSelector: {team: nobody}", "SubnetsReady=False SubnetsNotFound", `spec.subnetSelector selects no subnet in us-west-2: [{"tags":{"team":"nobody"}}]`},
		{"subnetSelector: null", "SubnetsReady=False SubnetsNotFound", "spec.subnetSelector is empty, and selects nothing"},
		{"subnetSelector: {aws-ids: subnet-1, team: blue}", "SubnetsReady=False SubnetsNotFound", "spec.subnetSelector: ids beside something else are not served; ids alone say which"},
		{"securityGroupSelector: {team: nobody}", "SecurityGroupsReady=False SecurityGroupsNotFound", `spec.securityGroupSelector selects no security group in us-west-2: [{"tags":{"team":"nobody"}}]`},
		{"subnetSelector: {a: '1,2,3,4,5,6', b: '1,2,3,4,5,6'}", "SubnetsReady=False SubnetsNotFound", "spec.subnetSelector: its lists stand for more than 30 combinations of tags; use an EC2NodeClass"},
		{"amiFamily: Ubuntu", "AMIsReady=False UnsupportedFamily", "spec.amiFamily: Ubuntu is not served; there are Bottlerocket, Custom, and AL2023 where a template says AL2"},
		{"amiFamily: Windows2022", "AMIsReady=False UnsupportedFamily", "spec.amiFamily: Windows2022 is not served; there are Bottlerocket, Custom, and AL2023 where a template says AL2"},
		{"amiFamily: Custom", "AMIsReady=False AMINotFound", "spec.amiSelector is missing: amiFamily Custom has no images of its own"},
		{"amiSelector: {team: blue}", "AMIsReady=False UnsupportedFamily", "spec.amiSelector selects images of AL2, which boot by a script that is not written here; say amiFamily Custom and how they boot in userData, or use an EC2NodeClass"},
		{"amiFamily: Custom\namiSelector: {'aws::owners': self}", "AMIsReady=False AMINotFound", "spec.amiSelector: aws::owners alone would select whatever they have; name images with aws::name, aws::ids or tags"},
		{"amiFamily: Custom\namiSelector: {'aws::ids': ami-1, 'aws::owners': self}", "AMIsReady=False AMINotFound", "spec.amiSelector: ids beside something else are not served; ids alone say which"},
		{"amiFamily: Custom\namiSelector: {'aws::name': none-*}", "AMIsReady=False AMINotFound", `spec.amiSelector selects no image of x86_64 or arm64 that exists in us-west-2: [{"name":"none-*","owner":"amazon"},{"name":"none-*","owner":"self"}]`},
		{"instanceProfile: ''", "InstanceProfileReady=False InstanceProfileNotFound", "spec.instanceProfile is missing, and the operator has none for such templates (--default-instance-profile)"},
		{"instanceProfile: lost", "InstanceProfileReady=False InstanceProfileNotFound", "spec.instanceProfile: there is no instance profile lost"},
		{"launchTemplate: mine", "ValidationSucceeded=False InvalidSpec", "spec.launchTemplate: launch templates of one's own are not launched from; write what mine says into the AWSNodeTemplate"},
		{"tags: {karpenter.sh/provisioner-name: mine}", "ValidationSucceeded=False InvalidSpec", "spec.tags: karpenter.sh/provisioner-name is of a domain that the operator sets tags of"},
		{"tags: {karpenter.k8s.aws/awsnodetemplate: mine}", "ValidationSucceeded=False InvalidSpec", "spec.tags: karpenter.k8s.aws/awsnodetemplate is set by the operator"},
		{"userData: echo hello", "ValidationSucceeded=False InvalidUserData", "spec.userData: it is none of what AL2023 reads: a MIME archive, a NodeConfig of node.eks.aws, a script that begins with #!, or a #cloud-config"},
		{"instanceProfil: typo", "ValidationSucceeded=False InvalidSpec", `spec: unknown field "instanceProfil"`},
		{"blockDeviceMappings: [{ebs: {volumeType: gp3}}]", "ValidationSucceeded=False InvalidSpec", "spec.blockDeviceMappings[0].ebs: want volumeSize or snapshotID"},
	} {
		c := a.resolve(t, template(tt.template))
		kind, _, _ := strings.Cut(tt.state, "=")
		if got := state(c, kind); got != tt.state || message(c) != tt.message {
			t.Errorf("%s:\n%s, %s\nwant %s, %s", tt.template, got, message(c), tt.state, tt.message)
		}
	}
}

// TestTemplate: a template of 2023 is launched from, and says what it comes to.
func TestTemplate(t *testing.T) {
	a := newAccount(t)
	a.cfg.DefaultProfile = "shop-node"
	c := a.resolve(t, template("instanceProfile: null"))
	if ok, why := c.Ready(); !ok {
		t.Fatalf("not ready: %s", why)
	}
	if c.Family != userdata.AL2023 || c.InstanceProfile != "shop-node" || !strings.HasPrefix(c.Images[0].Name, "amazon-eks-node-al2023-") {
		t.Errorf("family %s, profile %s, images %v", c.Family, c.InstanceProfile, c.Images)
	}
	i := slices.IndexFunc(c.Conditions, func(x cluster.Condition) bool { return x.Type == AMIsReady })
	if x := c.Conditions[i]; x.Status != "True" || !strings.HasPrefix(x.Message, "nodes boot Amazon Linux 2023: ") {
		t.Errorf("that nodes are not of Amazon Linux 2 is not said: %+v", x)
	}
	var s awsv1alpha1.AWSNodeTemplateStatus
	if err := json.Unmarshal([]byte(c.Status()), &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Subnets) != 4 || s.Subnets[0].Zone == "" || len(s.SecurityGroups) != 1 || s.SecurityGroups[0].Name != "shop-node" || len(s.AMIs) != 5 || len(s.AMIs[0].Requirements) == 0 || s.InstanceProfile != "shop-node" || len(s.Zones) != 4 {
		t.Errorf("status %s", c.Status())
	}
	// Of wildcards and lists EC2 finds what there is.
	some := a.resolve(t, template("subnetSelector: {karpenter.sh/discovery: 's*p,other'}\nsecurityGroupSelector: {aws-ids: '"+c.GroupIDs()[0]+"'}"))
	if len(some.Subnets) != 4 || len(some.SecurityGroups) != 1 {
		t.Errorf("subnets %v, groups %v", some.Subnets, some.SecurityGroups)
	}
	// An instance drifts by what it was launched with, not by how things were selected.
	if c.Hash() != some.Hash() {
		t.Errorf("another selector of the same is a drift: %s, %s", c.Hash(), some.Hash())
	}
	if edited := a.resolve(t, template("detailedMonitoring: true")); edited.Hash() == c.Hash() {
		t.Error("an edited template has the hash that it had")
	}
	two := a.resolve(t, template("subnetSelector: {aws-ids: '"+c.Subnets[0].ID+", "+c.Subnets[1].ID+"'}"))
	if len(two.Subnets) != 2 || two.HashOf(c.Template, c.Subnets[2].ID, c.GroupIDs()) == two.Hash() || two.HashOf(c.Template, c.Subnets[1].ID, c.GroupIDs()) != two.Hash() {
		t.Errorf("subnets %v; who is in another one has drifted, and only that", two.Subnets)
	}
}

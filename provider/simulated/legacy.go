package simulated

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/provider"
)

// LegacyClassKind is the node class that Provisioners of 2023 refer to. What it selects
// among, subnets, security groups and images of one's own, this cloud does not have: each
// selector of the first two finds what there is, one of images finds none.
var LegacyClassKind = provider.Kind{Group: "karpenter.k8s.aws", Version: "v1alpha1", Kind: "AWSNodeTemplate", Plural: "awsnodetemplates"}

// legacySpec is what is read of the spec of an AWSNodeTemplate.
type legacySpec struct {
	SubnetSelector        map[string]string `json:"subnetSelector"`
	SecurityGroupSelector map[string]string `json:"securityGroupSelector"`
	AMIFamily             string            `json:"amiFamily"`
	AMISelector           map[string]string `json:"amiSelector"`
	Tags                  map[string]string `json:"tags"`
	LaunchTemplate        string            `json:"launchTemplate"`
}

// linuxFamilies are families that this cloud has an image for: one for all of them.
var linuxFamilies = []string{"AL2", "Bottlerocket", "Ubuntu"}

// selectors are the fields of a template that decide where nodes are launched, and not
// with what.
var selectors = []string{"subnetSelector", "securityGroupSelector"}

// readLegacy makes sense of an AWSNodeTemplate: all zones and families, and the one image
// that there is.
func (c *Cloud) readLegacy(text string, fail func(condition, reason, format string, args ...any)) class {
	k := class{zones: c.zones, families: c.families(), image: imageFamily + "@" + latestImage}
	var s legacySpec
	fields := map[string]json.RawMessage{}
	for _, into := range []any{&s, &fields} {
		if text == "" {
			break
		}
		if err := json.Unmarshal([]byte(text), into); err != nil {
			fail(ValidationSucceeded, "InvalidSpec", "spec: %v", err)
			return k
		}
	}
	k.Tags = s.Tags
	for _, name := range selectors {
		delete(fields, name)
	}
	delete(fields, "tags")
	if len(fields) > 0 {
		launch, err := json.Marshal(fields)
		if err != nil {
			panic(err) // it came as JSON
		}
		k.launch = string(launch)
	}
	if len(s.SubnetSelector) == 0 {
		fail(ZonesReady, "SubnetsNotFound", "spec.subnetSelector is empty: it selects no subnet, and so no zone")
	}
	if len(s.SecurityGroupSelector) == 0 {
		fail(ValidationSucceeded, "SecurityGroupsNotFound", "spec.securityGroupSelector is empty: it selects no security group")
	}
	if s.LaunchTemplate != "" {
		fail(ValidationSucceeded, "InvalidSpec", "spec.launchTemplate: the simulated cloud has no launch templates of one's own")
	}
	switch {
	case len(s.AMISelector) > 0:
		k.image = ""
		fail(ImageReady, "ImageNotFound", "spec.amiSelector: the simulated cloud has no images but those of spec.amiFamily")
	case !slices.Contains(linuxFamilies, cmp.Or(s.AMIFamily, linuxFamilies[0])):
		k.image = ""
		fail(ImageReady, "ImageNotFound", "spec.amiFamily: no image for %s; there is one for %s", s.AMIFamily, strings.Join(linuxFamilies, ", "))
	}
	return k
}

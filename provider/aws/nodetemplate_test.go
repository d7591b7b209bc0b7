package aws

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider/aws/fleet"
)

// nodeTemplate is an AWSNodeTemplate with the name of the usual class, and with more in its
// spec.
func nodeTemplate(more string) cluster.NodeClass {
	nc := class(nil)
	nc.Ref.Group, nc.Ref.Kind = LegacyClassKind.Group, LegacyClassKind.Kind
	nc.Spec = `{"subnetSelector": {"karpenter.sh/discovery": "ullage"}, "securityGroupSelector": {"karpenter.sh/discovery": "ullage"}, "instanceProfile": "ullage-node"` + more + `}`
	return nc
}

// TestNodeTemplate: nodes are launched from an AWSNodeTemplate, and follow it and not the
// EC2NodeClass of the same name.
func TestNodeTemplate(t *testing.T) {
	ctx := context.Background()
	a := small(t, nil)
	p := a.provider(t, nil)
	req := request("template", 1, "m5.large/us-west-2a/on-demand")
	req.Class = nodeTemplate("")
	for name, d := range a.templates(t, p, req) { // which launches
		if aws.ToString(d.IamInstanceProfile.Name) != "ullage-node" || *d.MetadataOptions.HttpPutResponseHopLimit != 2 || d.MetadataOptions.HttpTokens != "required" {
			t.Errorf("%s: profile %s, metadata options %+v", name, aws.ToString(d.IamInstanceProfile.Name), d.MetadataOptions)
		}
		for _, s := range d.TagSpecifications {
			for _, tag := range s.Tags {
				if *tag.Key == fleet.TagClass {
					t.Errorf("%s says that the %s is of an EC2NodeClass", name, s.ResourceType)
				}
			}
		}
	}
	other := request("class", 1, "m5.large/us-west-2a/on-demand")
	if _, err := p.Create(ctx, other); err != nil {
		t.Fatal(err)
	}
	a.Clock.Advance(DefaultLag)
	a.Do(func(w *world.World) {
		for _, i := range w.Launches() {
			tags := map[string]string{}
			for _, tag := range w.Tags(i.ID) {
				tags[tag.Key] = tag.Value
			}
			want, no, provisioner := fleet.TagNodeTemplate, fleet.TagClass, "general"
			if tags[fleet.TagToken] == "class" {
				want, no, provisioner = no, want, ""
			}
			if tags[want] != "default" || tags[no] != "" || tags[fleet.TagPool] != "general" || tags[fleet.TagProvisioner] != provisioner {
				t.Errorf("tags of request %s: %v", tags[fleet.TagToken], tags)
			}
		}
	})
	// Another process knows them apart too; and when the template is edited, its instance
	// has drifted and that of the class has not.
	for _, p := range []*Provider{p, a.provider(t, nil)} {
		for _, edited := range []string{"", `, "tags": {"team": "blue"}`} {
			hashes := map[string]string{}
			for token, nc := range map[string]cluster.NodeClass{"template": nodeTemplate(edited), "class": other.Class} {
				r, err := p.Resolve(ctx, nc)
				if err != nil {
					t.Fatal(err)
				}
				if ok, why := r.Ready(); !ok {
					t.Fatalf("%s: %s", nc.Ref, why.Message)
				}
				hashes[token] = r.Hash
			}
			all, err := p.List(ctx)
			if err != nil || len(all) != 2 {
				t.Fatalf("%d instances, want 2: %v", len(all), err)
			}
			for _, i := range all {
				if drifted := i.Hash != hashes[i.Token]; drifted != (i.Token == "template" && edited != "") {
					t.Errorf("edited %q: instance of %s has hash %s, its class %s", edited, i.Token, i.Hash, hashes[i.Token])
				}
			}
		}
	}
}

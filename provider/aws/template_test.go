package aws

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
	"github.com/ullage-sh/ullage/provider/aws/fleet"
)

// templates are the launch templates that a request made, by their image.
func (a *account) templates(t *testing.T, p *Provider, req provider.CreateRequest) map[string]types.ResponseLaunchTemplateData {
	t.Helper()
	ctx := context.Background()
	if _, err := p.Create(ctx, req); err != nil {
		t.Fatal(err)
	}
	out := map[string]types.ResponseLaunchTemplateData{}
	client := ec2.NewFromConfig(a.Config())
	all, err := client.DescribeLaunchTemplates(ctx, &ec2.DescribeLaunchTemplatesInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all.LaunchTemplates {
		v, err := client.DescribeLaunchTemplateVersions(ctx, &ec2.DescribeLaunchTemplateVersionsInput{LaunchTemplateId: l.LaunchTemplateId})
		if err != nil {
			t.Fatal(err)
		}
		d := v.LaunchTemplateVersions[0].LaunchTemplateData
		out[aws.ToString(d.ImageId)+" "+*l.LaunchTemplateName] = *d
	}
	return out
}

// TestTemplate: what a class says is what EC2 is told.
func TestTemplate(t *testing.T) {
	a := small(t, nil)
	req := request("template", 1, "m5.large/us-west-2a/on-demand", "m6g.large/us-west-2a/on-demand")
	req.Class = class(func(spec map[string]any) {
		spec["tags"] = map[string]any{"team": "blue"}
		spec["detailedMonitoring"] = true
		spec["associatePublicIPAddress"] = true
		spec["metadataOptions"] = map[string]any{"httpTokens": "optional", "httpPutResponseHopLimit": 2}
		spec["blockDeviceMappings"] = []any{map[string]any{"deviceName": "/dev/xvda", "ebs": map[string]any{"volumeSize": "100500Mi", "volumeType": "gp3", "iops": 4000, "throughput": 200, "encrypted": true}}}
	})
	all := a.templates(t, a.provider(t, nil), req)
	if len(all) != 2 {
		t.Fatalf("%d launch templates, want one for each architecture", len(all))
	}
	for name, d := range all {
		e := d.BlockDeviceMappings[0].Ebs
		if *d.BlockDeviceMappings[0].DeviceName != "/dev/xvda" || *e.VolumeSize != 99 || *e.Iops != 4000 || *e.Throughput != 200 || !*e.Encrypted || !*e.DeleteOnTermination || e.VolumeType != "gp3" {
			t.Errorf("%s: disk %+v", name, e)
		}
		if d.MetadataOptions.HttpTokens != "optional" || *d.MetadataOptions.HttpPutResponseHopLimit != 2 || d.MetadataOptions.HttpEndpoint != "enabled" {
			t.Errorf("%s: metadata options %+v", name, d.MetadataOptions)
		}
		if !*d.Monitoring.Enabled || aws.ToString(d.IamInstanceProfile.Name) == "" {
			t.Errorf("%s: monitoring %+v, profile %+v", name, d.Monitoring, d.IamInstanceProfile)
		}
		if len(d.NetworkInterfaces) != 1 || !*d.NetworkInterfaces[0].AssociatePublicIpAddress || len(d.NetworkInterfaces[0].Groups) != 1 || len(d.SecurityGroupIds) != 0 {
			t.Errorf("%s: network interfaces %+v, groups %v", name, d.NetworkInterfaces, d.SecurityGroupIds)
		}
		text, err := base64.StdEncoding.DecodeString(aws.ToString(d.UserData))
		if err != nil || !strings.Contains(string(text), "NodeConfig") || !strings.Contains(string(text), "karpenter.sh/unregistered") {
			t.Errorf("%s: user data %s, %v", name, text, err)
		}
	}
	a.Do(func(w *world.World) {
		for _, i := range w.Launches() {
			tags := map[string]string{}
			for _, tag := range w.Tags(i.ID) {
				tags[tag.Key] = tag.Value
			}
			for k, want := range map[string]string{
				"team": "blue", "Name": "general", fleet.TagPool: "general", fleet.TagClass: "default", fleet.TagCluster: "ullage",
				"kubernetes.io/cluster/ullage": "owned", fleet.TagToken: "template",
			} {
				if tags[k] != want {
					t.Errorf("tag %s is %q, want %q", k, tags[k], want)
				}
			}
			if len(w.Tags(i.Volumes[0].ID)) == 0 || len(w.Tags(i.InterfaceID)) == 0 {
				t.Errorf("the volume has tags %v, the network interface %v", w.Tags(i.Volumes[0].ID), w.Tags(i.InterfaceID))
			}
		}
	})
}

// TestTemplatesShared: requests of a pool share a launch template; with prefix delegation
// there is one for each pod limit, which nodes are told.
func TestTemplatesShared(t *testing.T) {
	a := small(t, nil)
	p := a.provider(t, nil)
	for _, token := range []string{"one", "two", "three"} {
		if all := a.templates(t, p, request(token, 2, "m5.large/us-west-2a/on-demand", "m5.24xlarge/us-west-2b/on-demand")); len(all) != 1 {
			t.Errorf("after request %s there are %d launch templates", token, len(all))
		}
	}
	p.cfg.PrefixDelegation = true
	all := a.templates(t, p, request("prefixes", 1, "m5.large/us-west-2a/on-demand", "m5.xlarge/us-west-2a/on-demand", "m5.24xlarge/us-west-2b/on-demand"))
	if len(all) != 3 {
		t.Fatalf("with prefix delegation there are %d launch templates, want two more", len(all))
	}
	limits := map[string]bool{}
	for _, d := range all {
		text, _ := base64.StdEncoding.DecodeString(aws.ToString(d.UserData))
		_, after, _ := strings.Cut(string(text), "maxPods: ")
		limit, _, _ := strings.Cut(after, "\n")
		limits[limit] = true
	}
	if !limits["110"] || !limits["250"] || !limits[""] {
		t.Errorf("pod limits %v, want none, 110 and 250", limits)
	}
}

// TestSizing: what a class says of the kubelet decides how much pods may use.
func TestSizing(t *testing.T) {
	a := small(t, nil)
	p := a.provider(t, nil)
	find := func(change func(map[string]any)) *cluster.InstanceType {
		t.Helper()
		res, err := p.Resolve(context.Background(), class(change))
		if err != nil {
			t.Fatal(err)
		}
		if ok, why := res.Ready(); !ok {
			t.Fatal(why.Message)
		}
		typ := cluster.FindType(res.Types, "m5.xlarge")
		if typ == nil {
			t.Fatal("no m5.xlarge")
		}
		return typ
	}
	plain := find(nil)
	const mib, gib = 1 << 20, 1 << 30
	for _, tt := range []struct {
		what    string
		kubelet map[string]any
		name    string
		less    int64 // of allocatable than plain
	}{
		{"maxPods", map[string]any{"maxPods": 20}, cluster.Pods, 38},
		{"podsPerCore", map[string]any{"podsPerCore": 5}, cluster.Pods, 38},
		{"kubeReserved", map[string]any{"kubeReserved": map[string]any{"cpu": "280m"}}, cluster.CPU, 200},
		{"kubeReserved of nothing", map[string]any{"kubeReserved": map[string]any{"cpu": "0"}}, cluster.CPU, -80},
		{"systemReserved", map[string]any{"systemReserved": map[string]any{"memory": "1Gi", "pid": "100"}}, cluster.Memory, gib},
		{"evictionHard", map[string]any{"evictionHard": map[string]any{"memory.available": "300Mi"}}, cluster.Memory, 200 * mib},
		{"evictionHard of all", map[string]any{"evictionHard": map[string]any{"memory.available": "100%"}}, cluster.Memory, -100 * mib},
		{"evictionHard by share", map[string]any{"evictionHard": map[string]any{"nodefs.available": "15%"}}, cluster.EphemeralStorage, gib},
	} {
		typ := find(func(spec map[string]any) { spec["kubelet"] = tt.kubelet })
		if got := plain.Allocatable.Get(tt.name) - typ.Allocatable.Get(tt.name); got != tt.less {
			t.Errorf("%s: %d less of %s, want %d", tt.what, got, tt.name, tt.less)
		}
	}
	bottlerocket := find(func(spec map[string]any) {
		spec["amiSelectorTerms"] = []any{map[string]any{"alias": "bottlerocket@latest"}}
		spec["kubelet"] = map[string]any{"maxPods": 100}
	})
	if got := plain.Allocatable.Get(cluster.Memory) - bottlerocket.Allocatable.Get(cluster.Memory); got != (100-58)*11*mib {
		t.Errorf("Bottlerocket with 100 pods reserves %d MiB more, want %d", got/mib, (100-58)*11)
	}
	if plain.ImageID == bottlerocket.ImageID || plain.ImageID == "" {
		t.Errorf("images %q and %q", plain.ImageID, bottlerocket.ImageID)
	}
}

// TestLearn: what kubelets have found counts from then on.
func TestLearn(t *testing.T) {
	a := small(t, nil)
	p := a.provider(t, nil)
	one, err := p.Resolve(context.Background(), class(nil))
	if err != nil {
		t.Fatal(err)
	}
	typ := cluster.FindType(one.Types, "m5.large")
	const less = 64 << 20
	p.Learn("m5.large", typ.ImageID, typ.Capacity.Get(cluster.Memory)-less)
	two, err := p.Resolve(context.Background(), class(nil))
	if err != nil {
		t.Fatal(err)
	}
	now := cluster.FindType(two.Types, "m5.large")
	if typ.Capacity.Get(cluster.Memory)-now.Capacity.Get(cluster.Memory) != less || typ.Allocatable.Get(cluster.Memory)-now.Allocatable.Get(cluster.Memory) != less {
		t.Errorf("capacity was %v and is %v", typ.Capacity, now.Capacity)
	}
}

package nodeclass

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ullage-sh/ullage/api/awsv1"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider/aws/userdata"
)

func TestResolve(t *testing.T) {
	a := newAccount(t)
	c := a.resolve(t, spec(nil))
	if ok, why := c.Ready(); !ok {
		t.Fatalf("not ready: %s", why)
	}
	if want := []string{"us-west-2a", "us-west-2b", "us-west-2c", "us-west-2d"}; !slices.Equal(c.Zones(), want) {
		t.Errorf("zones %v, want %v", c.Zones(), want)
	}
	if len(c.SecurityGroups) != 1 || c.SecurityGroups[0].Name != "shop-node" {
		t.Errorf("groups %v", c.SecurityGroups)
	}
	if want := (userdata.Cluster{Name: "shop", Endpoint: "https://shop.example", CA: "Q0E=", ServiceCIDR: "172.20.0.0/16"}); c.Cluster != want {
		t.Errorf("cluster %+v, want %+v", c.Cluster, want)
	}
	for _, x := range []struct {
		labels cluster.Labels
		want   string
	}{
		{cluster.Labels{cluster.LabelArch: "amd64"}, "amazon-eks-node-al2023-x86_64-standard-1.36-"},
		{cluster.Labels{cluster.LabelArch: "arm64"}, "amazon-eks-node-al2023-arm64-standard-1.36-"},
		{cluster.Labels{cluster.LabelArch: "amd64", labelGPUs: "1"}, "amazon-eks-node-al2023-x86_64-nvidia-1.36-"},
		{cluster.Labels{cluster.LabelArch: "amd64", labelAccelerators: "6"}, "amazon-eks-node-al2023-x86_64-neuron-1.36-"},
		{cluster.Labels{cluster.LabelArch: "arm64", labelAccelerators: "6"}, ""}, // there is none
		{cluster.Labels{cluster.LabelArch: "riscv"}, ""},
	} {
		if i, ok := c.ImageFor(x.labels); ok != (x.want != "") || !strings.HasPrefix(i.Name, x.want) {
			t.Errorf("%v boots %q, want %q", x.labels, i.Name, x.want)
		}
	}
	var s struct {
		Subnets []struct{ ID, Zone, ZoneID string }
		AMIs    []struct {
			Requirements []struct{ Key, Operator string }
		}
		InstanceProfile string
	}
	if err := json.Unmarshal([]byte(c.Status()), &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Subnets) != 4 || s.Subnets[0].ZoneID == "" || len(s.AMIs) != 5 || s.AMIs[0].Requirements[0].Operator != "In" || s.InstanceProfile != c.InstanceProfile {
		t.Errorf("status %s", c.Status())
	}
}

// TestCalls: what AWS is asked for, and how seldom.
func TestCalls(t *testing.T) {
	a := newAccount(t)
	a.resolve(t, spec(nil))
	first := []string{
		"AddRoleToInstanceProfile", "CreateInstanceProfile", "CreateLaunchTemplate", "DescribeImages", "DescribeSecurityGroups", "DescribeSubnets",
		"GetInstanceProfile", "GetParameters", "RunInstances", "clusters/shop",
	}
	if got := a.asked(); !slices.Equal(got, first) {
		t.Errorf("at first: %v, want %v", got, first)
	}
	for _, x := range []struct {
		after cluster.Duration
		want  []string
	}{
		{0, []string{"GetInstanceProfile"}}, // whether the role is there now
		{cluster.Second, nil},
		{cluster.Minute, []string{"DescribeSecurityGroups", "DescribeSubnets"}},
		{4 * cluster.Minute, []string{"DescribeImages", "DescribeSecurityGroups", "DescribeSubnets", "GetParameters", "clusters/shop"}},
	} {
		a.pass(x.after)
		a.resolve(t, spec(nil))
		if got := a.asked(); !slices.Equal(got, x.want) {
			t.Errorf("after %v: %v, want %v", x.after, got, x.want)
		}
	}
	// What is asked is part of the question: an edited class is not given old answers.
	a.resolve(t, spec(func(s *awsv1.EC2NodeClassSpec) {
		s.SubnetSelectorTerms = []awsv1.SubnetTerm{{Tags: map[string]string{"Name": "*"}}}
	}))
	if got := a.asked(); !slices.Equal(got, []string{"DescribeSubnets"}) {
		t.Errorf("another selector: %v", got)
	}
}

// TestSpeed: where time runs faster, answers are older sooner.
func TestSpeed(t *testing.T) {
	a := newAccount(t)
	a.cfg.Speed = 30
	a.resolve(t, spec(nil))
	a.asked()
	a.pass(imagesFor / 30)
	a.resolve(t, spec(nil))
	if got := a.asked(); !slices.Contains(got, "DescribeImages") || slices.Contains(got, "RunInstances") {
		t.Errorf("after %v at speed 30: %v", imagesFor/30, got)
	}
}

// TestSelectors select by each of their fields.
func TestSelectors(t *testing.T) {
	a := newAccount(t)
	whole := a.resolve(t, spec(nil))
	image := whole.Images[0]
	var group, subnet string
	a.sim.Do(func(w *world.World) {
		group, subnet = w.SecurityGroups()[1].ID, w.Subnets()[2].ID
		w.SetParameter("/shop/golden", image.ID)
		w.SetParameter("/shop/nonsense", "latest")
		w.SetTags(image.ID, map[string]string{"team": "blue"})
	})
	for name, x := range map[string]struct {
		change                  func(*awsv1.EC2NodeClassSpec)
		subnets, groups, images int
	}{
		"ids": {func(s *awsv1.EC2NodeClassSpec) {
			s.SubnetSelectorTerms = []awsv1.SubnetTerm{{ID: subnet}, {ID: "subnet-0123456789abcdef0"}}
			s.SecurityGroupSelectorTerms = []awsv1.SecurityGroupTerm{{ID: group}, {Name: "shop-node"}, {Name: "shop-control-plane"}}
			s.AMISelectorTerms, s.AMIFamily = []awsv1.AMITerm{{ID: image.ID}, {ID: "ami-0123456789abcdef0"}}, "AL2023"
		}, 1, 2, 1},
		"any value": {func(s *awsv1.EC2NodeClassSpec) {
			s.SubnetSelectorTerms = []awsv1.SubnetTerm{{Tags: map[string]string{"kubernetes.io/role/internal-elb": "*", "Name": "*-us-west-2?"}}}
			s.SecurityGroupSelectorTerms = []awsv1.SecurityGroupTerm{{Tags: map[string]string{"Name": "*"}}}
			s.AMISelectorTerms, s.AMIFamily = []awsv1.AMITerm{{Tags: map[string]string{"team": "*"}}}, "Custom"
		}, 4, 2, 1},
		"parameter": {func(s *awsv1.EC2NodeClassSpec) {
			s.AMISelectorTerms, s.AMIFamily = []awsv1.AMITerm{{SSMParameter: "/shop/golden"}, {SSMParameter: "/shop/none"}, {SSMParameter: "/shop/nonsense"}}, "AL2023"
		}, 4, 1, 1},
		"name": {func(s *awsv1.EC2NodeClassSpec) {
			s.AMISelectorTerms, s.AMIFamily = []awsv1.AMITerm{{Name: "amazon-eks-node-al2023-*-standard-*"}}, "AL2023"
		}, 4, 1, 2},
		"owner": {func(s *awsv1.EC2NodeClassSpec) {
			s.AMISelectorTerms, s.AMIFamily = []awsv1.AMITerm{{Name: "*-standard-*", Owner: "602401143452"}, {Name: "bottlerocket*", Owner: "602401143452"}}, "AL2023"
		}, 4, 1, 2},
		"bottlerocket": {func(s *awsv1.EC2NodeClassSpec) {
			s.AMISelectorTerms = []awsv1.AMITerm{{Alias: "bottlerocket@latest"}}
		}, 4, 1, 5}, // one of them twice: for Neuron, too
	} {
		c := a.resolve(t, spec(x.change))
		if ok, why := c.Ready(); !ok || len(c.Subnets) != x.subnets || len(c.SecurityGroups) != x.groups || len(c.Images) != x.images {
			t.Errorf("%s: ready %v (%s), %d subnets, %d groups, %d images, want %d, %d, %d", name, ok, why, len(c.Subnets), len(c.SecurityGroups), len(c.Images), x.subnets, x.groups, x.images)
		}
	}
}

// TestRelease: a new release is what latest means from then on, and a version keeps its
// own.
func TestRelease(t *testing.T) {
	a := newAccount(t)
	before := a.resolve(t, spec(nil))
	at := before.Images[0].Name
	version := at[strings.LastIndexByte(at, '-')+1:]
	if !strings.HasPrefix(version, "v2") {
		t.Fatalf("image %s", at)
	}
	a.pass(cluster.Hour)
	a.sim.Do(func(w *world.World) {
		if err := w.ReleaseImages("v20261201"); err != nil {
			t.Error(err)
		}
	})
	for _, family := range []string{"al2023", "bottlerocket"} {
		pinned := a.resolve(t, spec(func(s *awsv1.EC2NodeClassSpec) { s.AMISelectorTerms = []awsv1.AMITerm{{Alias: family + "@" + version}} }))
		if len(pinned.Images) != 5 || !strings.HasSuffix(pinned.Images[0].Name, version) {
			t.Errorf("%s@%s: %+v", family, version, pinned.Images)
		}
	}
	after := a.resolve(t, spec(nil))
	for i, x := range after.Images {
		if !strings.HasSuffix(x.Name, "-v20261201") || x.ID == before.Images[i].ID {
			t.Errorf("after the release: %s", x.Name)
		}
	}
	if after.Hash() != before.Hash() {
		t.Error("the hash is of the image, which is told by itself")
	}
	byName := a.resolve(t, spec(func(s *awsv1.EC2NodeClassSpec) {
		s.AMISelectorTerms, s.AMIFamily = []awsv1.AMITerm{{Name: "amazon-eks-node-al2023-*-standard-*"}}, "AL2023"
	}))
	if len(byName.Images) != 2 || !strings.HasSuffix(byName.Images[0].Name, "v20261201") || !strings.HasSuffix(byName.Images[1].Name, "v20261201") {
		t.Errorf("by name: %+v, want the newest of each architecture", byName.Images)
	}
}

// TestHash: it says what an instance was launched with, and what it is in.
func TestHash(t *testing.T) {
	a := newAccount(t)
	was := a.resolve(t, spec(nil))
	has := func(c *Class) string { return c.HashOf(was.Template, was.Subnets[0].ID, was.GroupIDs()) }
	if has(was) != was.Hash() || was.HashOf("", "", nil) != "" {
		t.Errorf("hash %s of an instance just launched, want %s", has(was), was.Hash())
	}
	large := "100Gi"
	for name, x := range map[string]struct {
		change  func(*awsv1.EC2NodeClassSpec)
		drifted bool
	}{
		"same":      {func(*awsv1.EC2NodeClassSpec) {}, false},
		"user data": {func(s *awsv1.EC2NodeClassSpec) { s.UserData = "#!/bin/sh\n" }, true},
		"tags":      {func(s *awsv1.EC2NodeClassSpec) { s.Tags = map[string]string{"team": "blue"} }, true},
		"role":      {func(s *awsv1.EC2NodeClassSpec) { s.Role = "another" }, true},
		"disks": {func(s *awsv1.EC2NodeClassSpec) {
			s.BlockDeviceMappings = []awsv1.BlockDeviceMapping{{DeviceName: "/dev/xvda", EBS: &awsv1.BlockDevice{VolumeSize: large}}}
		}, true},
		"family said":  {func(s *awsv1.EC2NodeClassSpec) { s.AMIFamily = "AL2023" }, false},
		"pinned image": {func(s *awsv1.EC2NodeClassSpec) { s.AMISelectorTerms[0].Alias = "al2023@v19990101" }, false},
		"one subnet more": {func(s *awsv1.EC2NodeClassSpec) {
			s.SubnetSelectorTerms = []awsv1.SubnetTerm{{Tags: map[string]string{"Name": "*"}}}
		}, false},
		"another subnet": {func(s *awsv1.EC2NodeClassSpec) { s.SubnetSelectorTerms = []awsv1.SubnetTerm{{ID: was.Subnets[1].ID}} }, true},
		"same groups by id": {func(s *awsv1.EC2NodeClassSpec) {
			s.SecurityGroupSelectorTerms = []awsv1.SecurityGroupTerm{{ID: was.GroupIDs()[0]}}
		}, false},
		"one group more": {func(s *awsv1.EC2NodeClassSpec) {
			s.SecurityGroupSelectorTerms = append(s.SecurityGroupSelectorTerms, awsv1.SecurityGroupTerm{Name: "default"})
		}, true},
		"reservations added": {func(s *awsv1.EC2NodeClassSpec) {
			s.CapacityReservationSelectorTerms = []awsv1.CapacityReservationTerm{{ID: "cr-1"}}
		}, false},
	} {
		now := a.resolve(t, spec(x.change))
		if drifted := has(now) != now.Hash(); drifted != x.drifted {
			t.Errorf("%s: drifted %v, want %v", name, drifted, x.drifted)
		}
	}
}

// TestConditionsKeepTheirTime: as long as a condition has the status that it had.
func TestConditionsKeepTheirTime(t *testing.T) {
	a := newAccount(t)
	nc := spec(nil)
	nc.Conditions = a.resolve(t, nc).Conditions
	since := a.now()
	a.pass(cluster.Hour)
	a.sim.Do(func(w *world.World) { w.RemoveTag(w.SecurityGroups()[0].ID, "karpenter.sh/discovery", nil) })
	for _, c := range a.resolve(t, nc).Conditions {
		changed := c.Type == SecurityGroupsReady || c.Type == cluster.ReadyCondition
		if (c.Since != since) != changed || (c.Status == "False") != changed {
			t.Errorf("%+v", c)
		}
	}
}

// TestDisks: what nodes have, and which of it the kubelet's directory is on.
func TestDisks(t *testing.T) {
	of := func(name, size string, root bool) awsv1.BlockDeviceMapping {
		return awsv1.BlockDeviceMapping{DeviceName: name, EBS: &awsv1.BlockDevice{VolumeSize: size}, RootVolume: root}
	}
	for name, x := range map[string]struct {
		family userdata.Family
		disks  []awsv1.BlockDeviceMapping
		count  int
		want   int64 // GiB
	}{
		"AL2023":               {userdata.AL2023, nil, 1, 20},
		"Bottlerocket":         {userdata.Bottlerocket, nil, 2, 20},
		"Custom":               {userdata.Custom, nil, 0, 20},
		"larger":               {userdata.AL2023, []awsv1.BlockDeviceMapping{of("/dev/xvda", "100Gi", false), of("/dev/xvdb", "1Ti", false)}, 2, 100},
		"second disk":          {userdata.Bottlerocket, []awsv1.BlockDeviceMapping{of("/dev/xvda", "4Gi", false), of("/dev/xvdb", "1Ti", false)}, 2, 1024},
		"said":                 {userdata.AL2023, []awsv1.BlockDeviceMapping{of("/dev/xvda", "4Gi", false), of("/dev/xvdc", "50Gi", true), of("/dev/xvdd", "60Gi", false)}, 3, 50},
		"the last of Custom":   {userdata.Custom, []awsv1.BlockDeviceMapping{of("/dev/sda1", "30Gi", false), of("/dev/sdb", "40Gi", false)}, 2, 40},
		"snapshot of any size": {userdata.AL2023, []awsv1.BlockDeviceMapping{{DeviceName: "/dev/xvda", EBS: &awsv1.BlockDevice{SnapshotID: "snap-1"}}}, 1, 20},
	} {
		c := &Class{Family: x.family, Spec: awsv1.EC2NodeClassSpec{BlockDeviceMappings: x.disks}}
		if got := c.DiskBytes(); got != x.want<<30 || len(c.BlockDevices()) != x.count {
			t.Errorf("%s: %d bytes of %d disks, want %d GiB of %d", name, got, len(c.BlockDevices()), x.want, x.count)
		}
	}
}

// TestConcurrent: many classes at once share what they ask, and make one profile each.
func TestConcurrent(t *testing.T) {
	a := newAccount(t)
	var all sync.WaitGroup
	for k := range 16 {
		all.Go(func() {
			nc := spec(nil)
			nc.Ref.Name = string(rune('a' + k%4))
			if c, err := a.Resolve(context.Background(), nc); err != nil {
				t.Error(err)
			} else if ok, why := c.Ready(); !ok {
				t.Errorf("%s: %s", nc.Ref.Name, why)
			}
		})
	}
	all.Wait()
	a.sim.Do(func(w *world.World) {
		if n := len(w.Profiles()); n != 4+1 { // one was there
			t.Errorf("%d profiles", n)
		}
	})
}

package nodeclass

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/api/awsv1"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider/aws/userdata"
)

// TestMistakes: each is said by the condition that it is of, with a reason and a text that
// says where.
func TestMistakes(t *testing.T) {
	one := int32(1)
	for name, x := range map[string]struct {
		change           func(*awsv1.EC2NodeClassSpec)
		condition, where string
	}{
		"no such subnets": {func(s *awsv1.EC2NodeClassSpec) { s.SubnetSelectorTerms[0].Tags["team"] = "blue" }, "SubnetsReady=False SubnetsNotFound", `"team":"blue"`},
		"no subnets":      {func(s *awsv1.EC2NodeClassSpec) { s.SubnetSelectorTerms = []awsv1.SubnetTerm{{}} }, "SubnetsReady=False SubnetsNotFound", "spec.subnetSelectorTerms"},
		"no groups":       {func(s *awsv1.EC2NodeClassSpec) { s.SecurityGroupSelectorTerms = nil }, "SecurityGroupsReady=False SecurityGroupsNotFound", "spec.securityGroupSelectorTerms"},
		"no image":        {func(s *awsv1.EC2NodeClassSpec) { s.AMISelectorTerms[0].Alias = "al2023@v19990101" }, "AMIsReady=False AMINotFound", "al2023@v19990101"},
		"alias":           {func(s *awsv1.EC2NodeClassSpec) { s.AMISelectorTerms[0].Alias = "al2@latest" }, "AMIsReady=False UnsupportedAlias", "al2@latest"},
		"bad alias":       {func(s *awsv1.EC2NodeClassSpec) { s.AMISelectorTerms[0].Alias = "al2023" }, "AMIsReady=False UnsupportedAlias", "al2023@latest"},
		"family":          {func(s *awsv1.EC2NodeClassSpec) { s.AMIFamily = "Windows2022" }, "ValidationSucceeded=False InvalidSpec", "spec.amiFamily"},
		"no family":       {func(s *awsv1.EC2NodeClassSpec) { s.AMISelectorTerms[0] = awsv1.AMITerm{Name: "*"} }, "ValidationSucceeded=False InvalidSpec", "spec.amiFamily"},
		"old family": {func(s *awsv1.EC2NodeClassSpec) { s.AMISelectorTerms[0], s.AMIFamily = awsv1.AMITerm{Name: "*"}, "AL2" },
			"ValidationSucceeded=False UnsupportedFamily", "AL2 is not served"},
		"both":       {func(s *awsv1.EC2NodeClassSpec) { s.InstanceProfile = "mine" }, "ValidationSucceeded=False InvalidSpec", "role and instanceProfile"},
		"no profile": {func(s *awsv1.EC2NodeClassSpec) { s.Role, s.InstanceProfile = "", "mine" }, "InstanceProfileReady=False InstanceProfileNotFound", "mine"},
		"tags":       {func(s *awsv1.EC2NodeClassSpec) { s.Tags = map[string]string{"kubernetes.io/cluster/x": "owned"} }, "ValidationSucceeded=False InvalidSpec", "spec.tags"},
		"our tags":   {func(s *awsv1.EC2NodeClassSpec) { s.Tags = map[string]string{"ullage.sh/token": "owned"} }, "ValidationSucceeded=False InvalidSpec", "spec.tags"},
		"disks": {func(s *awsv1.EC2NodeClassSpec) {
			s.BlockDeviceMappings = []awsv1.BlockDeviceMapping{{EBS: &awsv1.BlockDevice{VolumeSize: "much"}}}
		}, "ValidationSucceeded=False InvalidSpec", "spec.blockDeviceMappings[0].ebs.volumeSize"},
		"user data": {func(s *awsv1.EC2NodeClassSpec) { s.UserData = "hello" }, "ValidationSucceeded=False InvalidUserData", "spec.userData"},
		"much user data": {func(s *awsv1.EC2NodeClassSpec) { s.UserData = "#!/bin/sh\n" + strings.Repeat("x", 16<<10) },
			"ValidationSucceeded=False InvalidUserData", "16384"},
		"bottlerocket": {func(s *awsv1.EC2NodeClassSpec) {
			s.AMISelectorTerms[0].Alias, s.Kubelet = "bottlerocket@latest", &awsv1.Kubelet{PodsPerCore: &one}
		}, "ValidationSucceeded=False InvalidUserData", "podsPerCore"},
		"placement group": {func(s *awsv1.EC2NodeClassSpec) {
			s.PlacementGroupSelector = &awsv1.PlacementGroupSelector{Name: "near"}
		},
			"PlacementGroupReady=False PlacementGroupNotFound", "near"},
		"kubelet": {func(s *awsv1.EC2NodeClassSpec) {
			s.Kubelet = &awsv1.Kubelet{SystemReserved: map[string]string{"cpu": "some"}}
		},
			"ValidationSucceeded=False InvalidSpec", "spec.kubelet.systemReserved"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(t)
			c := a.resolve(t, spec(x.change))
			kind, _, _ := strings.Cut(x.condition, "=")
			if got := state(c, kind); got != x.condition {
				t.Errorf("%s, want %s", got, x.condition)
			}
			if ok, why := c.Ready(); ok || !strings.Contains(why, x.where) {
				t.Errorf("ready %v: %q, want a message with %q", ok, why, x.where)
			}
		})
	}
	a := newAccount(t)
	nc := spec(nil)
	nc.Spec = strings.Replace(nc.Spec, `"role"`, `"futureField":1,"role"`, 1)
	if c := a.resolve(t, nc); state(c, ValidationSucceeded) != "ValidationSucceeded=False InvalidSpec" || !strings.Contains(message(c), "futureField") {
		t.Errorf("a field that is not known: %s", message(c))
	}
	nc = spec(nil)
	nc.DeletingAt = a.now()
	if c := a.resolve(t, nc); state(c, cluster.ReadyCondition) != "Ready=False NodeClassTerminating" {
		t.Errorf("being deleted: %s", message(c))
	}
}

// TestVanished: an AMI parameter is gone. No new nodes; those that are there are not told
// to have drifted; when it is back, so is the class.
func TestVanished(t *testing.T) {
	a := newAccount(t)
	before := a.resolve(t, spec(nil))
	paths := keys(published(userdata.AL2023, "1.36", "latest"))
	var values []string
	a.sim.Do(func(w *world.World) {
		for _, p := range paths {
			values = append(values, w.Parameters(p)[0].Value)
			w.SetParameter(p, "")
		}
	})
	a.pass(imagesFor)
	gone := a.resolve(t, spec(nil))
	if state(gone, AMIsReady) != "AMIsReady=False AMINotFound" || gone.Hash() != before.Hash() || len(gone.Images) > 0 {
		t.Errorf("%s: %s; images %v", state(gone, AMIsReady), message(gone), gone.Images)
	}
	a.sim.Do(func(w *world.World) {
		for i, p := range paths {
			w.SetParameter(p, values[i])
		}
	})
	a.pass(imagesFor)
	if back := a.resolve(t, spec(nil)); state(back, cluster.ReadyCondition) != "Ready=True Ready" || back.Images[0].ID != before.Images[0].ID {
		t.Errorf("back again: %s", message(back))
	}
}

// TestLackingRights: which one is said by the condition that needs it; the rest is worked
// out all the same.
func TestLackingRights(t *testing.T) {
	for op, kind := range map[string]string{
		"ec2:DescribeSubnets": SubnetsReady, "ec2:DescribeSecurityGroups": SecurityGroupsReady, "ec2:DescribeImages": AMIsReady,
		"ssm:GetParameters": AMIsReady, "iam:CreateInstanceProfile": InstanceProfileReady, "eks:DescribeCluster": ValidationSucceeded,
		"ec2:RunInstances": ValidationSucceeded, "ec2:CreateLaunchTemplate": ValidationSucceeded,
	} {
		c := newAccount(t, op).resolve(t, spec(nil))
		if got := state(c, kind); got != kind+"=False NotAuthorized" || !strings.Contains(message(c), op) {
			t.Errorf("without %s: %s: %s", op, got, message(c))
		}
		if kind != SubnetsReady && len(c.Subnets) == 0 {
			t.Errorf("without %s there are no subnets", op)
		}
	}
}

// TestFailures: what passes is an error, whichever call fails, and not a condition; the
// next time it goes on where it was.
func TestFailures(t *testing.T) {
	for _, op := range []string{
		"AddRoleToInstanceProfile", "CreateInstanceProfile", "DescribeImages", "DescribeSecurityGroups", "DescribeSubnets", "GetInstanceProfile", "GetParameters", "clusters/shop",
		"RunInstances", "CreateLaunchTemplate",
	} {
		for _, status := range []int{500, 503, 403} { // without a code, as a proxy on the way answers
			if status == 403 && (op == "RunInstances" || op == "CreateLaunchTemplate") {
				continue // a dry run that somebody else turns away says nothing of the class
			}
			a := newAccount(t)
			a.fault = func(asked string) int {
				if asked == op {
					return status
				}
				return 0
			}
			if c, err := a.Resolve(context.Background(), spec(nil)); err == nil {
				t.Errorf("%s fails with %d: no error, but %s", op, status, message(c))
			}
			a.fault = nil
			if ok, why := a.resolve(t, spec(nil)).Ready(); !ok {
				t.Errorf("after %s failed with %d: %s", op, status, why)
			}
		}
	}
}

// TestRehearsal: a right that is lacking for launching is found before a launch, named,
// and asked for again before long; nothing is launched or made by that.
func TestRehearsal(t *testing.T) {
	a := newAccount(t, "ec2:RunInstances")
	for range 2 {
		c := a.resolve(t, spec(nil))
		if got := state(c, ValidationSucceeded); got != "ValidationSucceeded=False NotAuthorized" || !strings.Contains(message(c), "ec2:RunInstances") {
			t.Errorf("%s: %s", got, message(c))
		}
	}
	count := func(name string) (n int) {
		for _, op := range a.asked() {
			if op == name {
				n++
			}
		}
		return n
	}
	if n := count("RunInstances"); n != 1 {
		t.Errorf("asked %d times", n)
	}
	a.pass(refusedFor)
	a.resolve(t, spec(nil))
	if n := count("RunInstances"); n != 1 {
		t.Errorf("a minute later asked %d times", n)
	}
	b := newAccount(t)
	b.resolve(t, spec(nil))
	b.asked()
	b.pass(refusedFor)
	b.resolve(t, spec(nil))
	if got := b.asked(); slices.Contains(got, "RunInstances") || slices.Contains(got, "CreateLaunchTemplate") {
		t.Errorf("what went well is asked again: %v", got)
	}
	b.resolve(t, spec(func(s *awsv1.EC2NodeClassSpec) { s.Tags = map[string]string{"team": "blue"} }))
	if got := b.asked(); !slices.Contains(got, "RunInstances") {
		t.Errorf("the class has changed: %v", got)
	}
	b.sim.Do(func(w *world.World) {
		if len(w.Views()) > 0 || len(w.Templates()) > 0 {
			t.Error("something was made")
		}
	})
}

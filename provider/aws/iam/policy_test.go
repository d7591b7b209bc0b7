package iam

import (
	"encoding/json"
	"strings"
	"testing"
)

var shop = Scope{Region: "us-west-2", Account: "111122223333", Cluster: "shop", Queue: "shop-news", Roles: []string{"nodes/shop", "more"}, Parameters: []string{"/shop/golden"}}

func policy(t *testing.T, s Scope) Document {
	t.Helper()
	d, err := s.Policy()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestPolicy: what is allowed, and beside each what is not.
func TestPolicy(t *testing.T) {
	d := policy(t, shop)
	const ec2 = "arn:aws:ec2:us-west-2:111122223333:"
	mine := map[string]string{"aws:ResourceTag/eks:eks-cluster-name": "shop"}
	tagged := map[string]string{"aws:RequestTag/eks:eks-cluster-name": "shop"}
	made := map[string]string{"aws:RequestTag/eks:eks-cluster-name": "shop", "ec2:CreateAction": "CreateFleet"}
	toEC2 := map[string]string{"iam:PassedToService": "ec2.amazonaws.com"}
	for _, x := range []struct {
		want bool
		Request
	}{
		{true, Request{"ec2:DescribeInstances", "*", map[string]string{"aws:RequestedRegion": "us-west-2"}}},
		{false, Request{"ec2:DescribeInstances", "*", map[string]string{"aws:RequestedRegion": "eu-west-1"}}},
		{false, Request{"ec2:DescribeVolumes", "*", map[string]string{"aws:RequestedRegion": "us-west-2"}}},
		{true, Request{"ec2:TerminateInstances", ec2 + "instance/i-1", mine}},
		{false, Request{"ec2:TerminateInstances", ec2 + "instance/i-1", nil}},
		{false, Request{"ec2:TerminateInstances", ec2 + "instance/i-1", map[string]string{"aws:ResourceTag/eks:eks-cluster-name": "other"}}},
		{true, Request{"ec2:RunInstances", ec2 + "instance/*", tagged}},
		{false, Request{"ec2:RunInstances", ec2 + "instance/*", nil}},
		{true, Request{"ec2:RunInstances", "arn:aws:ec2:us-west-2::image/ami-1", nil}},
		{true, Request{"ec2:CreateFleet", ec2 + "launch-template/lt-1", mine}},
		{false, Request{"ec2:CreateFleet", ec2 + "launch-template/lt-1", tagged}},
		{true, Request{"ec2:DeleteLaunchTemplate", ec2 + "launch-template/lt-1", mine}},
		{false, Request{"ec2:DeleteLaunchTemplate", ec2 + "launch-template/lt-1", nil}},
		{false, Request{"ec2:DeleteTags", ec2 + "instance/i-1", mine}},
		{true, Request{"ec2:CreateTags", ec2 + "volume/*", made}},
		{false, Request{"ec2:CreateTags", ec2 + "instance/i-1", tagged}}, // one that is there already
		{true, Request{"iam:PassRole", "arn:aws:iam::111122223333:role/nodes/shop", toEC2}},
		{false, Request{"iam:PassRole", "arn:aws:iam::111122223333:role/admin", toEC2}},
		{false, Request{"iam:PassRole", "arn:aws:iam::111122223333:role/more", map[string]string{"iam:PassedToService": "lambda.amazonaws.com"}}},
		{true, Request{"iam:DeleteInstanceProfile", "arn:aws:iam::111122223333:instance-profile/ullage/us-west-2/shop/shop_1", nil}},
		{false, Request{"iam:DeleteInstanceProfile", "arn:aws:iam::111122223333:instance-profile/ullage/us-west-2/other/other_1", nil}},
		{false, Request{"iam:CreateInstanceProfile", "arn:aws:iam::111122223333:instance-profile/ullage/us-west-2/shop/shop_1", nil}},
		{true, Request{"ssm:GetParameters", "arn:aws:ssm:us-west-2::parameter/aws/service/eks/optimized-ami/1.36/image_id", nil}},
		{true, Request{"ssm:GetParameters", "arn:aws:ssm:us-west-2:111122223333:parameter/shop/golden", nil}},
		{false, Request{"ssm:GetParameters", "arn:aws:ssm:us-west-2:111122223333:parameter/shop/password", nil}},
		{true, Request{"sqs:DeleteMessage", "arn:aws:sqs:us-west-2:111122223333:shop-news", nil}},
		{false, Request{"sqs:DeleteMessage", "arn:aws:sqs:us-west-2:111122223333:orders", nil}},
		{false, Request{"sqs:PurgeQueue", "arn:aws:sqs:us-west-2:111122223333:shop-news", nil}},
		{true, Request{"eks:DescribeCluster", "arn:aws:eks:us-west-2:111122223333:cluster/shop", nil}},
		{false, Request{"eks:DescribeCluster", "arn:aws:eks:us-west-2:111122223333:cluster/shop2", nil}},
	} {
		if got := d.Allows(x.Request); got != x.want {
			t.Errorf("%+v: allowed %v, want %v", x.Request, got, x.want)
		}
	}
}

// TestDocument: the form that IAM reads, within its bound, the same each time, and each
// need in a statement.
func TestDocument(t *testing.T) {
	d := policy(t, shop)
	text := d.String()
	if text != policy(t, shop).String() {
		t.Error("the same scope gives two policies")
	}
	var back Document
	if err := json.Unmarshal([]byte(text), &back); err != nil || len(back.Statement) != len(groups) || back.Version != "2012-10-17" {
		t.Fatalf("%v: %s", err, text)
	}
	dense, err := json.Marshal(d)
	if err != nil || len(dense) > 6144 {
		t.Errorf("a managed policy has at most 6,144 characters, this one %d (%v)", len(dense), err)
	}
	for _, s := range d.Statement {
		if len(s.Action) == 0 || len(s.Resource) == 0 || s.Effect != "Allow" {
			t.Errorf("statement %+v", s)
		}
	}
	for _, o := range operations {
		for _, n := range o.needs {
			if !strings.Contains(text, `"`+n.group+`"`) || !strings.Contains(text, `"`+n.action+`"`) {
				t.Errorf("%s needs %+v, which is not in the policy", o.call, n)
			}
		}
	}
	none := shop
	none.Queue = ""
	if text := policy(t, none).String(); strings.Contains(text, "sqs") {
		t.Errorf("without a queue: %s", text)
	}
}

// TestScope: what would be a policy for something else is refused.
func TestScope(t *testing.T) {
	for name, change := range map[string]func(*Scope){
		"account": func(s *Scope) { s.Account = "*" }, "roles": func(s *Scope) { s.Roles = nil }, "role": func(s *Scope) { s.Roles = []string{"*"} },
		"cluster": func(s *Scope) { s.Cluster = "" }, "queue": func(s *Scope) { s.Queue = "a*" }, "region": func(s *Scope) { s.Region = "us-*" },
		"parameter": func(s *Scope) { s.Parameters = []string{"/shop/${aws:username}"} },
	} {
		s := shop
		change(&s)
		if d, err := s.Policy(); err == nil {
			t.Errorf("%s: %v", name, d)
		}
	}
	china := shop
	china.Partition, china.Region = "aws-cn", "cn-north-1"
	if text := policy(t, china).String(); !strings.Contains(text, "arn:aws-cn:ec2:cn-north-1:111122223333:instance/*") || !strings.Contains(text, "ec2.amazonaws.com.cn") {
		t.Error(text)
	}
}

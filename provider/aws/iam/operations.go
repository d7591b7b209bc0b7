package iam

import "slices"

// operation is one that the provider calls, with the actions that it needs.
type operation struct {
	call  string // as it is counted
	needs []need
}

// need is an action, in the group that says on what and when.
type need struct{ group, action string }

// look is an operation that only looks.
func look(call string) operation { return operation{call, []need{{"Look", call}}} }

// Groups of rights.
const (
	onTemplates = "OwnTemplates"
	onLaunched  = "WhatIsLaunched"
)

// operations are all that the provider calls, by name. A call is allowed when all of its
// needs are met.
var operations = []operation{
	{"ec2:CreateFleet", []need{
		{"WhatIsLaunchedWith", "ec2:CreateFleet"}, {onTemplates, "ec2:CreateFleet"}, {onLaunched, "ec2:CreateFleet"},
		{"WhatIsLaunchedWith", "ec2:RunInstances"}, {onTemplates, "ec2:RunInstances"}, {onLaunched, "ec2:RunInstances"}, // a fleet of type instant needs both
		{"TagWhatIsMade", "ec2:CreateTags"}, {"PassRoles", "iam:PassRole"},
	}},
	{"ec2:CreateLaunchTemplate", []need{{"MakeTemplates", "ec2:CreateLaunchTemplate"}, {"TagWhatIsMade", "ec2:CreateTags"}}},
	{"ec2:DeleteLaunchTemplate", []need{{onTemplates, "ec2:DeleteLaunchTemplate"}}},
	look("ec2:DescribeCapacityReservations"),
	look("ec2:DescribeImages"),
	look("ec2:DescribeInstanceTypeOfferings"),
	look("ec2:DescribeInstanceTypes"),
	look("ec2:DescribeInstances"),
	look("ec2:DescribeLaunchTemplates"),
	look("ec2:DescribePlacementGroups"),
	look("ec2:DescribeSecurityGroups"),
	look("ec2:DescribeSpotPriceHistory"),
	look("ec2:DescribeSubnets"),
	{"ec2:RunInstances", []need{ // only whether it would be allowed
		{"WhatIsLaunchedWith", "ec2:RunInstances"}, {onLaunched, "ec2:RunInstances"}, {"TagWhatIsMade", "ec2:CreateTags"}, {"PassRoles", "iam:PassRole"},
	}},
	{"ec2:TerminateInstances", []need{{"OwnInstances", "ec2:TerminateInstances"}}},
	{"eks:DescribeCluster", []need{{"Cluster", "eks:DescribeCluster"}}},
	{"iam:AddRoleToInstanceProfile", []need{{"OwnProfiles", "iam:AddRoleToInstanceProfile"}, {"PassRoles", "iam:PassRole"}}},
	{"iam:CreateInstanceProfile", []need{{"MakeProfiles", "iam:CreateInstanceProfile"}, {"MakeProfiles", "iam:TagInstanceProfile"}}},
	{"iam:DeleteInstanceProfile", []need{{"OwnProfiles", "iam:DeleteInstanceProfile"}}},
	{"iam:GetInstanceProfile", []need{{"LookAtProfiles", "iam:GetInstanceProfile"}}},
	{"iam:ListInstanceProfiles", []need{{"LookAtProfiles", "iam:ListInstanceProfiles"}}},
	{"iam:RemoveRoleFromInstanceProfile", []need{{"OwnProfiles", "iam:RemoveRoleFromInstanceProfile"}}},
	{"pricing:GetProducts", []need{{"Prices", "pricing:GetProducts"}}},
	{"sqs:DeleteMessageBatch", []need{{"Queue", "sqs:DeleteMessage"}}},
	{"sqs:GetQueueUrl", []need{{"Queue", "sqs:GetQueueUrl"}}},
	{"sqs:ReceiveMessage", []need{{"Queue", "sqs:ReceiveMessage"}}},
	{"ssm:GetParameters", []need{{"Images", "ssm:GetParameters"}}},
}

// Calls are the operations that the provider calls, sorted, as its counters name them.
func Calls() []string {
	var out []string
	for _, o := range operations {
		out = append(out, o.call)
	}
	slices.Sort(out)
	return out
}

// group says on what some actions are allowed, and when.
type group struct {
	sid       string
	on        func(Scope) []string
	condition func(Scope) map[string]map[string][]string
}

// tag is on everything that is made for the cluster.
const tag = "eks:eks-cluster-name"

// equals is a condition that keys have values.
func equals(pairs map[string][]string) map[string]map[string][]string {
	return map[string]map[string][]string{"StringEquals": pairs}
}

func always(Scope) map[string]map[string][]string { return nil }

func asksTag(s Scope) map[string]map[string][]string {
	return equals(map[string][]string{"aws:RequestTag/" + tag: {s.Cluster}})
}

func hasTag(s Scope) map[string]map[string][]string {
	return equals(map[string][]string{"aws:ResourceTag/" + tag: {s.Cluster}})
}

// ours are resources of the account in EC2, of some kinds.
func ours(kinds ...string) func(Scope) []string {
	return func(s Scope) []string {
		var out []string
		for _, k := range kinds {
			out = append(out, s.arn("ec2", s.Region, s.Account, k+"/*"))
		}
		return out
	}
}

func (s Scope) arn(service, region, account, resource string) string {
	return "arn:" + s.Partition + ":" + service + ":" + region + ":" + account + ":" + resource
}

// profiles are the instance profiles at a path.
func (s Scope) profiles(path string) []string {
	return []string{s.arn("iam", "", s.Account, "instance-profile"+path+"*")}
}

func ownProfiles(s Scope) []string { return s.profiles("/ullage/" + s.Region + "/" + s.Cluster + "/") }

// groups are the statements of the policy.
var groups = []group{
	{"Look", func(Scope) []string { return []string{"*"} }, func(s Scope) map[string]map[string][]string {
		return equals(map[string][]string{"aws:RequestedRegion": {s.Region}})
	}},
	{"Prices", func(Scope) []string { return []string{"*"} }, always}, // are told in a few regions only
	{"Images", func(s Scope) []string {
		out := []string{
			s.arn("ssm", s.Region, "", "parameter/aws/service/bottlerocket/*"), s.arn("ssm", s.Region, "", "parameter/aws/service/eks/optimized-ami/*"),
		}
		for _, p := range s.Parameters {
			if p[0] != '/' {
				p = "/" + p
			}
			out = append(out, s.arn("ssm", s.Region, s.Account, "parameter"+p))
		}
		return out
	}, always},
	{"Cluster", func(s Scope) []string { return []string{s.arn("eks", s.Region, s.Account, "cluster/"+s.Cluster)} }, always},
	{"Queue", func(s Scope) []string {
		if s.Queue == "" {
			return nil
		}
		return []string{s.arn("sqs", s.Region, s.Account, s.Queue)}
	}, always},
	{"WhatIsLaunchedWith", func(s Scope) []string {
		// Images and snapshots may be others', and so may shared subnets and reservations.
		return []string{
			s.arn("ec2", s.Region, "", "image/*"), s.arn("ec2", s.Region, "", "snapshot/*"), s.arn("ec2", s.Region, "*", "capacity-reservation/*"),
			s.arn("ec2", s.Region, s.Account, "placement-group/*"), s.arn("ec2", s.Region, "*", "security-group/*"),
			s.arn("ec2", s.Region, s.Account, "spot-instances-request/*"), s.arn("ec2", s.Region, "*", "subnet/*"),
		}
	}, always},
	{"MakeTemplates", ours("launch-template"), asksTag},
	{onTemplates, ours("launch-template"), hasTag},
	{onLaunched, ours("fleet", "instance", "network-interface", "volume"), asksTag},
	{"TagWhatIsMade", ours("fleet", "instance", "launch-template", "network-interface", "volume"), func(s Scope) map[string]map[string][]string {
		return equals(map[string][]string{
			"aws:RequestTag/" + tag: {s.Cluster}, "ec2:CreateAction": {"CreateFleet", "CreateLaunchTemplate", "RunInstances"},
		})
	}},
	{"OwnInstances", ours("instance"), hasTag},
	{"PassRoles", func(s Scope) []string {
		var out []string
		for _, r := range slices.Sorted(slices.Values(s.Roles)) {
			out = append(out, s.arn("iam", "", s.Account, "role/"+r))
		}
		return out
	}, func(s Scope) map[string]map[string][]string {
		service := "ec2.amazonaws.com"
		if s.Partition == "aws-cn" {
			service += ".cn"
		}
		return equals(map[string][]string{"iam:PassedToService": {service}})
	}},
	{"LookAtProfiles", func(s Scope) []string { return s.profiles("/") }, always},
	{"MakeProfiles", ownProfiles, asksTag},
	{"OwnProfiles", ownProfiles, always},
}

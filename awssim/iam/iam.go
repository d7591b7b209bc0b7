// Package iam is the part of the Identity and Access Management API that gives nodes
// their rights: instance profiles and the roles in them. It grants and checks nothing.
package iam

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/ullage-sh/ullage/awssim/paging"
	"github.com/ullage-sh/ullage/awssim/wire"
	"github.com/ullage-sh/ullage/awssim/world"
)

func noProfile(name string) error {
	return &wire.Error{Code: "NoSuchEntity", Status: 404, Message: "Instance Profile " + name + " cannot be found."}
}

// trust is who may take a node's role: EC2.
const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// role is a role by name. Every role is taken to exist: who may do what is not simulated.
func role(w *world.World, name string) types.Role {
	return types.Role{
		RoleName: aws.String(name), RoleId: aws.String("AROA" + strings.ToUpper(w.Config().Cluster)), Path: aws.String("/"), Arn: aws.String(w.ARN("iam", "", "role/"+name)),
		CreateDate: aws.Time(world.Time(w.Born())), AssumeRolePolicyDocument: aws.String(url.QueryEscape(trust)),
	}
}

func describe(w *world.World, p *world.Profile) *types.InstanceProfile {
	out := &types.InstanceProfile{
		InstanceProfileName: aws.String(p.Name), InstanceProfileId: aws.String(p.ID), Path: aws.String(p.Path), CreateDate: aws.Time(world.Time(p.Created)),
		Arn: aws.String(w.ARN("iam", "", "instance-profile"+p.Path+p.Name)), Roles: []types.Role{}, Tags: []types.Tag{},
	}
	if p.Role != "" {
		out.Roles = append(out.Roles, role(w, p.Role))
	}
	for _, t := range w.Tags(p.ID) {
		out.Tags = append(out.Tags, types.Tag{Key: aws.String(t.Key), Value: aws.String(t.Value)})
	}
	return out
}

// GetRole tells of a role.
func GetRole(w *world.World, _ *world.Call, in *iam.GetRoleInput) (*iam.GetRoleOutput, error) {
	r := role(w, aws.ToString(in.RoleName))
	return &iam.GetRoleOutput{Role: &r}, nil
}

// GetInstanceProfile tells of an instance profile.
func GetInstanceProfile(w *world.World, _ *world.Call, in *iam.GetInstanceProfileInput) (*iam.GetInstanceProfileOutput, error) {
	p := w.Profile(aws.ToString(in.InstanceProfileName))
	if p == nil {
		return nil, noProfile(aws.ToString(in.InstanceProfileName))
	}
	return &iam.GetInstanceProfileOutput{InstanceProfile: describe(w, p)}, nil
}

// pages of IAM; what it calls a token is a Marker.
var pages = paging.Bounds{Least: 1, Most: 1000, Usual: 100, Codes: paging.Codes{Size: "ValidationError", Token: "ValidationError"}}

// ListInstanceProfiles lists the instance profiles at and below a path.
func ListInstanceProfiles(w *world.World, _ *world.Call, in *iam.ListInstanceProfilesInput) (*iam.ListInstanceProfilesOutput, error) {
	var all []*world.Profile
	for _, p := range w.Profiles() {
		if strings.HasPrefix(p.Path, aws.ToString(in.PathPrefix)) {
			all = append(all, p)
		}
	}
	all, next, err := paging.Page("ListInstanceProfiles "+aws.ToString(in.PathPrefix), all, in.MaxItems, in.Marker, pages)
	if err != nil {
		return nil, err
	}
	out := &iam.ListInstanceProfilesOutput{InstanceProfiles: []types.InstanceProfile{}, Marker: next, IsTruncated: next != nil}
	for _, p := range all {
		out.InstanceProfiles = append(out.InstanceProfiles, *describe(w, p))
	}
	return out, nil
}

// CreateInstanceProfile makes an instance profile without a role.
func CreateInstanceProfile(w *world.World, _ *world.Call, in *iam.CreateInstanceProfileInput) (*iam.CreateInstanceProfileOutput, error) {
	name := aws.ToString(in.InstanceProfileName)
	if name == "" || len(name) > 128 {
		return nil, wire.Errorf("ValidationError", "An instance profile's name has 1 to 128 characters, not %d", len(name))
	}
	path := cmp.Or(aws.ToString(in.Path), "/")
	if len(path) > 512 || path[0] != '/' || path[len(path)-1] != '/' {
		return nil, wire.Errorf("ValidationError", "A path begins and ends with a slash and has at most 512 characters; %q does not", path)
	}
	if len(in.Tags) > world.MaxTags {
		return nil, wire.Errorf("ValidationError", "An instance profile has at most %d tags, not %d", world.MaxTags, len(in.Tags))
	}
	p, ok := w.CreateProfile(name, path)
	if !ok {
		return nil, &wire.Error{Code: "EntityAlreadyExists", Status: 409, Message: "Instance Profile " + name + " already exists."}
	}
	tags := map[string]string{}
	for _, t := range in.Tags {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	w.SetTags(p.ID, tags)
	return &iam.CreateInstanceProfileOutput{InstanceProfile: describe(w, p)}, nil
}

// DeleteInstanceProfile removes an instance profile that has no role.
func DeleteInstanceProfile(w *world.World, _ *world.Call, in *iam.DeleteInstanceProfileInput) (*iam.DeleteInstanceProfileOutput, error) {
	p := w.Profile(aws.ToString(in.InstanceProfileName))
	if p == nil {
		return nil, noProfile(aws.ToString(in.InstanceProfileName))
	}
	if p.Role != "" {
		return nil, &wire.Error{Code: "DeleteConflict", Status: 409, Message: "Cannot delete entity, must remove roles from instance profile first."}
	}
	w.DeleteProfile(p)
	return &iam.DeleteInstanceProfileOutput{}, nil
}

// AddRoleToInstanceProfile gives an instance profile its one role.
func AddRoleToInstanceProfile(w *world.World, _ *world.Call, in *iam.AddRoleToInstanceProfileInput) (*iam.AddRoleToInstanceProfileOutput, error) {
	p := w.Profile(aws.ToString(in.InstanceProfileName))
	if p == nil {
		return nil, noProfile(aws.ToString(in.InstanceProfileName))
	}
	if p.Role != "" {
		return nil, &wire.Error{Code: "LimitExceeded", Status: 409, Message: "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"}
	}
	w.SetRole(p, aws.ToString(in.RoleName))
	return &iam.AddRoleToInstanceProfileOutput{}, nil
}

// RemoveRoleFromInstanceProfile takes the role out of an instance profile.
func RemoveRoleFromInstanceProfile(w *world.World, _ *world.Call, in *iam.RemoveRoleFromInstanceProfileInput) (*iam.RemoveRoleFromInstanceProfileOutput, error) {
	p := w.Profile(aws.ToString(in.InstanceProfileName))
	if p == nil {
		return nil, noProfile(aws.ToString(in.InstanceProfileName))
	}
	if p.Role != aws.ToString(in.RoleName) {
		return nil, &wire.Error{Code: "NoSuchEntity", Status: 404, Message: "Cannot find role " + aws.ToString(in.RoleName) + " in the instance profile."}
	}
	w.SetRole(p, "")
	return &iam.RemoveRoleFromInstanceProfileOutput{}, nil
}

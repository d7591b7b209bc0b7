package ec2

import (
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/awssim/paging"
	"github.com/ullage-sh/ullage/awssim/wire"
	"github.com/ullage-sh/ullage/awssim/world"
)

// CreateLaunchTemplate makes a launch template.
func CreateLaunchTemplate(w *world.World, _ *world.Call, in *ec2.CreateLaunchTemplateInput) (*ec2.CreateLaunchTemplateOutput, error) {
	name := aws.ToString(in.LaunchTemplateName)
	if len(name) < 3 || len(name) > 128 {
		return nil, wire.Errorf("InvalidLaunchTemplateName.MalformedException", "A launch template name has 3 to 128 characters, not %d", len(name))
	}
	if in.LaunchTemplateData == nil {
		return nil, missing("LaunchTemplateData")
	}
	tags, err := tagSets(in.TagSpecifications)
	if err != nil {
		return nil, err
	}
	var data types.ResponseLaunchTemplateData
	mirror(&data, in.LaunchTemplateData)
	if err := checkUserData(data.UserData); err != nil {
		return nil, err
	}
	t, ok := w.CreateTemplate(name, aws.ToString(in.VersionDescription), data)
	if !ok {
		return nil, wire.Errorf("InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use: %s", name)
	}
	w.SetTags(t.ID, tags["launch-template"])
	return &ec2.CreateLaunchTemplateOutput{LaunchTemplate: describeTemplate(w, t)}, nil
}

// CreateLaunchTemplateVersion adds a version to a launch template.
func CreateLaunchTemplateVersion(w *world.World, _ *world.Call, in *ec2.CreateLaunchTemplateVersionInput) (*ec2.CreateLaunchTemplateVersionOutput, error) {
	t, err := template(w, in.LaunchTemplateId, in.LaunchTemplateName)
	if err != nil {
		return nil, err
	}
	if in.LaunchTemplateData == nil {
		return nil, missing("LaunchTemplateData")
	}
	var data types.ResponseLaunchTemplateData
	if source := aws.ToString(in.SourceVersion); source != "" {
		v, err := version(t, source)
		if err != nil {
			return nil, err
		}
		data = v.Data
	}
	mirror(&data, in.LaunchTemplateData)
	if err := checkUserData(data.UserData); err != nil {
		return nil, err
	}
	v := w.AddTemplateVersion(t, aws.ToString(in.VersionDescription), data)
	return &ec2.CreateLaunchTemplateVersionOutput{LaunchTemplateVersion: describeVersion(w, t, v)}, nil
}

// DeleteLaunchTemplate removes a launch template.
func DeleteLaunchTemplate(w *world.World, _ *world.Call, in *ec2.DeleteLaunchTemplateInput) (*ec2.DeleteLaunchTemplateOutput, error) {
	t, err := template(w, in.LaunchTemplateId, in.LaunchTemplateName)
	if err != nil {
		return nil, err
	}
	out := &ec2.DeleteLaunchTemplateOutput{LaunchTemplate: describeTemplate(w, t)}
	w.DeleteTemplate(t)
	return out, nil
}

// DescribeLaunchTemplates lists launch templates.
func DescribeLaunchTemplates(w *world.World, _ *world.Call, in *ec2.DescribeLaunchTemplatesInput) (*ec2.DescribeLaunchTemplatesOutput, error) {
	id := func(t *world.Template) string { return t.ID }
	name := func(t *world.Template) string { return t.Name }
	all, err := selected(w.Templates(), in.LaunchTemplateIds, "InvalidLaunchTemplateId.NotFound", "launch template", id)
	if err != nil {
		return nil, err
	}
	if all, err = selected(all, in.LaunchTemplateNames, "InvalidLaunchTemplateName.NotFoundException", "launch template", name); err != nil {
		return nil, wire.Errorf("InvalidLaunchTemplateName.NotFoundException", "At least one of the launch templates specified in the request does not exist.")
	}
	all, err = filtered(w, all, in.Filters, attributes[*world.Template]{
		"launch-template-name": one(name), "create-time": one(func(t *world.Template) string { return timestamp(t.Created) }),
	}, id)
	if err != nil {
		return nil, err
	}
	all, next, err := paging.Page("DescribeLaunchTemplates", all, in.MaxResults, in.NextToken, paging.Bounds{Least: 1, Most: 200, Usual: 200})
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeLaunchTemplatesOutput{LaunchTemplates: []types.LaunchTemplate{}, NextToken: next}
	for _, t := range all {
		out.LaunchTemplates = append(out.LaunchTemplates, *describeTemplate(w, t))
	}
	return out, nil
}

// DescribeLaunchTemplateVersions shows versions of one launch template.
func DescribeLaunchTemplateVersions(w *world.World, _ *world.Call, in *ec2.DescribeLaunchTemplateVersionsInput) (*ec2.DescribeLaunchTemplateVersionsOutput, error) {
	if len(in.Filters) > 0 || in.MinVersion != nil || in.MaxVersion != nil {
		return nil, notSimulated("DescribeLaunchTemplateVersions by filters or ranges of versions")
	}
	t, err := template(w, in.LaunchTemplateId, in.LaunchTemplateName)
	if err != nil {
		return nil, err
	}
	all := t.Versions
	if len(in.Versions) > 0 {
		all = nil
		for _, which := range in.Versions {
			v, err := version(t, which)
			if err != nil {
				return nil, err
			}
			all = append(all, v)
		}
	}
	all, next, err := paging.Page("DescribeLaunchTemplateVersions "+t.ID, all, in.MaxResults, in.NextToken, paging.Bounds{Least: 1, Most: 200, Usual: 200})
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeLaunchTemplateVersionsOutput{LaunchTemplateVersions: []types.LaunchTemplateVersion{}, NextToken: next}
	for _, v := range all {
		out.LaunchTemplateVersions = append(out.LaunchTemplateVersions, *describeVersion(w, t, v))
	}
	return out, nil
}

// template finds the launch template that a request names by id or by name.
func template(w *world.World, id, name *string) (*world.Template, error) {
	if (aws.ToString(id) == "") == (aws.ToString(name) == "") {
		return nil, wire.Errorf("InvalidParameterCombination", "Name either LaunchTemplateId or LaunchTemplateName")
	}
	if t := w.Template(aws.ToString(id), aws.ToString(name)); t != nil {
		return t, nil
	}
	if id != nil {
		return nil, wire.Errorf("InvalidLaunchTemplateId.NotFound", "The specified launch template, with template ID %s, does not exist.", *id)
	}
	return nil, wire.Errorf("InvalidLaunchTemplateName.NotFoundException", "The specified launch template, with template name %s, does not exist.", *name)
}

func version(t *world.Template, which string) (world.TemplateVersion, error) {
	v, err := t.Version(which)
	if err != nil {
		return v, wire.Errorf("InvalidLaunchTemplateId.VersionNotFound", "Could not find the specified version: %v", err)
	}
	return v, nil
}

func describeTemplate(w *world.World, t *world.Template) *types.LaunchTemplate {
	return &types.LaunchTemplate{
		LaunchTemplateId: aws.String(t.ID), LaunchTemplateName: aws.String(t.Name), CreateTime: aws.Time(world.Time(t.Created)),
		CreatedBy: aws.String(caller(w)), DefaultVersionNumber: aws.Int64(t.Default), LatestVersionNumber: aws.Int64(int64(len(t.Versions))), Tags: tagsOf(w, t.ID),
	}
}

func describeVersion(w *world.World, t *world.Template, v world.TemplateVersion) *types.LaunchTemplateVersion {
	data := v.Data
	return &types.LaunchTemplateVersion{
		LaunchTemplateId: aws.String(t.ID), LaunchTemplateName: aws.String(t.Name), VersionNumber: aws.Int64(v.Number), VersionDescription: description(v.Description),
		CreateTime: aws.Time(world.Time(v.Created)), CreatedBy: aws.String(caller(w)), DefaultVersion: aws.Bool(v.Number == t.Default), LaunchTemplateData: &data,
	}
}

func description(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// caller is who makes all calls: the account's root.
func caller(w *world.World) string { return w.ARN("iam", "", "root") }

// number writes a template's version as a string.
func number(n int64) *string { return aws.String(strconv.FormatInt(n, 10)) }

func missing(parameter string) error {
	return wire.Errorf("MissingParameter", "The request must contain the parameter %s", parameter)
}

func notSimulated(what string) error {
	return wire.Errorf("UnsupportedOperation", "%s is not simulated", what)
}

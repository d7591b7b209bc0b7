package eks

import (
	"regexp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/ullage-sh/ullage/awssim/paging"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
)

// How long profiles take to come and go, at speed 1: a minute or two, as people see it.
const profileTakes = 90 * cluster.Second

// Bounds of EKS.
const (
	maxProfiles  = 10
	maxSelectors = 5
)

// profile is a Fargate profile: which pods get a machine each of Amazon's.
type profile struct {
	types.FargateProfile
	due cluster.Instant // when it has come or gone, Never while it stays
}

// wildcard is what a namespace of a selector may look like.
var wildcard = regexp.MustCompile(`^[a-z0-9*?]([-a-z0-9*?]*[a-z0-9*?])?$`)

// stepProfiles lets profiles come and go.
func (c *Compute) stepProfiles() {
	now := c.w.Now()
	c.profiles = slices.DeleteFunc(c.profiles, func(p *profile) bool {
		if p.due > now {
			return false
		}
		p.due = cluster.Never
		if p.Status == types.FargateProfileStatusDeleting {
			c.w.Note("Fargate profile %s is gone", *p.FargateProfileName)
			return true
		}
		p.Status = types.FargateProfileStatusActive
		c.w.Note("Fargate profile %s is active", *p.FargateProfileName)
		return false
	})
}

// profile finds the profile that a request is about.
func (c *Compute) profile(of, name *string) (*profile, error) {
	if err := c.cluster(of); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(c.profiles, func(p *profile) bool { return *p.FargateProfileName == aws.ToString(name) })
	if i < 0 {
		return nil, notFound("No Fargate Profile found with name: %s.", aws.ToString(name))
	}
	return c.profiles[i], nil
}

// changing tells that a profile comes or goes: EKS does one at a time.
func (c *Compute) changing() error {
	for _, p := range c.profiles {
		if p.due != cluster.Never {
			return inUse("Cannot change Fargate Profiles because cluster %s currently has Fargate profile %s in status %s", *p.ClusterName, *p.FargateProfileName, p.Status)
		}
	}
	return nil
}

// CreateFargateProfile makes a profile.
func (c *Compute) CreateFargateProfile(w *world.World, _ *world.Call, in *eks.CreateFargateProfileInput) (*eks.CreateFargateProfileOutput, error) {
	if err := c.cluster(in.ClusterName); err != nil {
		return nil, err
	}
	name := aws.ToString(in.FargateProfileName)
	switch other, _ := c.profile(in.ClusterName, in.FargateProfileName); {
	case other != nil:
		return nil, inUse("A Fargate Profile already exists with this name in this cluster.")
	case name == "" || len(name) > 100:
		return nil, invalid("fargateProfileName has 1 to 100 characters, not %d", len(name))
	case aws.ToString(in.PodExecutionRoleArn) == "":
		return nil, invalid("podExecutionRoleArn is missing")
	case len(c.profiles) >= maxProfiles:
		e := invalid("A cluster has up to %d Fargate profiles", maxProfiles)
		e.Code = "ResourceLimitExceededException"
		return nil, e
	case len(in.Selectors) < 1 || len(in.Selectors) > maxSelectors:
		return nil, invalid("A Fargate profile has 1 to %d selectors, not %d", maxSelectors, len(in.Selectors))
	}
	if err := c.changing(); err != nil {
		return nil, err
	}
	for _, s := range in.Selectors {
		if !wildcard.MatchString(aws.ToString(s.Namespace)) || len(s.Labels) > 5 {
			return nil, invalid("A selector has a namespace (with * and ?) and up to five labels, not %.80q and %d", aws.ToString(s.Namespace), len(s.Labels))
		}
	}
	subnets := in.Subnets
	for _, id := range subnets {
		if _, ok := w.Subnet(id); !ok {
			return nil, invalid("The subnet ID '%s' does not exist", id)
		}
	}
	if len(subnets) == 0 {
		for _, s := range w.Subnets() { // they are private, as Fargate wants it
			subnets = append(subnets, s.ID)
		}
	}
	p := &profile{due: w.Now().Add(c.takes(profileTakes)), FargateProfile: types.FargateProfile{
		FargateProfileName: in.FargateProfileName, ClusterName: in.ClusterName, CreatedAt: aws.Time(world.Time(w.Now())), PodExecutionRoleArn: in.PodExecutionRoleArn,
		FargateProfileArn: aws.String(w.ARN("eks", w.Config().Region, "fargateprofile/"+*in.ClusterName+"/"+name+"/"+w.UUID("profile"))),
		Selectors:         in.Selectors, Subnets: subnets, Tags: in.Tags, Status: types.FargateProfileStatusCreating,
	}}
	c.profiles = append(c.profiles, p)
	w.Note("Fargate profile %s", name)
	out := p.FargateProfile
	return &eks.CreateFargateProfileOutput{FargateProfile: &out}, nil
}

// DescribeFargateProfile tells of a profile.
func (c *Compute) DescribeFargateProfile(_ *world.World, _ *world.Call, in *eks.DescribeFargateProfileInput) (*eks.DescribeFargateProfileOutput, error) {
	p, err := c.profile(in.ClusterName, in.FargateProfileName)
	if err != nil {
		return nil, err
	}
	out := p.FargateProfile
	return &eks.DescribeFargateProfileOutput{FargateProfile: &out}, nil
}

// ListFargateProfiles lists the profiles by name.
func (c *Compute) ListFargateProfiles(_ *world.World, _ *world.Call, in *eks.ListFargateProfilesInput) (*eks.ListFargateProfilesOutput, error) {
	if err := c.cluster(in.ClusterName); err != nil {
		return nil, err
	}
	names := []string{}
	for _, p := range c.profiles {
		names = append(names, *p.FargateProfileName)
	}
	slices.Sort(names)
	names, next, err := paging.Page("ListFargateProfiles", names, in.MaxResults, in.NextToken, pages)
	if err != nil {
		return nil, err
	}
	return &eks.ListFargateProfilesOutput{FargateProfileNames: names, NextToken: next}, nil
}

// DeleteFargateProfile lets a profile go.
func (c *Compute) DeleteFargateProfile(w *world.World, _ *world.Call, in *eks.DeleteFargateProfileInput) (*eks.DeleteFargateProfileOutput, error) {
	p, err := c.profile(in.ClusterName, in.FargateProfileName)
	if err != nil {
		return nil, err
	}
	if p.Status != types.FargateProfileStatusDeleting {
		if err := c.changing(); err != nil {
			return nil, err
		}
		p.Status, p.due = types.FargateProfileStatusDeleting, w.Now().Add(c.takes(profileTakes))
		w.Note("Fargate profile %s is deleted", *p.FargateProfileName)
	}
	out := p.FargateProfile
	return &eks.DeleteFargateProfileOutput{FargateProfile: &out}, nil
}

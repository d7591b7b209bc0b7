package nodeclass

import (
	"context"
	"fmt"
	"maps"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/ullage-sh/ullage/cluster"
)

// A role is given to instances by way of a profile. Those that a class names are left
// alone. For a class with a role one is made; its name follows from cluster, class and
// role, so that whoever makes it twice makes it once, and so that nodes keep theirs while
// the class's role changes.

// profileFor is for how long a profile is taken to be as it was.
const profileFor = 15 * cluster.Minute

// unwantedFor is how long no class and no instance must have had a profile before it is
// deleted: longer than a launch that began with it may take.
const unwantedFor = cluster.Hour

// shelf is when the profiles that were made here were last wanted, and when they were
// given their role, if that was this process.
type shelf struct {
	mu    sync.Mutex
	since map[string]cluster.Instant
	given map[string]cluster.Instant
}

// give notes that a profile was given its role.
func (s *shelf) give(name string, now cluster.Instant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.given[name] = now
}

// givenAt is when a profile was given its role here, 0 if it had it before.
func (s *shelf) givenAt(name string) cluster.Instant {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.given[name]
}

// touch notes that a profile is wanted.
func (s *shelf) touch(name string, now cluster.Instant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.since[name] = now
}

// idle is for how long a profile has not been wanted, as far as is known here.
func (s *shelf) idle(name string, now cluster.Instant) cluster.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.since[name] == 0 {
		s.since[name] = now
	}
	return now.Sub(s.since[name])
}

// forget forgets what there is no more: all but the given names that have been idle for
// long.
func (s *shelf) forget(there map[string]bool, now cluster.Instant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gone := func(name string, t cluster.Instant) bool { return !there[name] && now.Sub(t) >= unwantedFor }
	maps.DeleteFunc(s.since, gone)
	maps.DeleteFunc(s.given, gone)
}

// profilePath is where the profiles of this cluster are.
func (r *Resolver) profilePath() string { return "/ullage/" + r.cfg.Region + "/" + r.cfg.Cluster + "/" }

// profileName is the name of the profile for a class's role.
func (r *Resolver) profileName(c *Class) string {
	return r.cfg.Cluster + "_" + digest(r.cfg.Region, c.Ref.Name, c.Spec.Role)
}

// instanceProfile finds the class's profile, or makes it.
func (r *Resolver) instanceProfile(ctx context.Context, c *Class, f *findings) error {
	switch {
	case c.Spec.InstanceProfile != "":
		c.InstanceProfile = c.Spec.InstanceProfile
		role, err := r.roleOf(ctx, c.InstanceProfile)
		switch {
		case lacking(err) != "":
			return nil // not needed to launch with it
		case code(err) == "NoSuchEntity":
			f.add(InstanceProfileReady, "InstanceProfileNotFound", "spec.instanceProfile: there is no instance profile %s", c.InstanceProfile)
			return nil
		case err == nil && role == "":
			r.memory.forget("profile " + c.InstanceProfile)
			f.add(InstanceProfileReady, "InstanceProfileEmpty", "spec.instanceProfile: %s has no role", c.InstanceProfile)
		}
		return err
	case c.Spec.Role != "":
		c.InstanceProfile = r.profileName(c)
		r.shelf.touch(c.InstanceProfile, r.now())
		err := r.ensureProfile(ctx, c, f)
		c.ProfileGiven = r.shelf.givenAt(c.InstanceProfile)
		return err
	}
	return nil
}

// roleOf is the role of a profile, "" if it has none.
func (r *Resolver) roleOf(ctx context.Context, profile string) (string, error) {
	return remembered(r, "profile "+profile, profileFor, func() (string, error) {
		out, err := r.IAM.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: &profile})
		if err != nil || len(out.InstanceProfile.Roles) == 0 {
			return "", err
		}
		return aws.ToString(out.InstanceProfile.Roles[0].RoleName), nil
	})
}

// ensureProfile makes the profile for the class's role, or what is missing of it.
func (r *Resolver) ensureProfile(ctx context.Context, c *Class, f *findings) error {
	name, role := c.InstanceProfile, c.Spec.Role
	has, err := r.roleOf(ctx, name)
	if code(err) == "NoSuchEntity" {
		_, err = r.IAM.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: &name, Path: aws.String(r.profilePath()), Tags: r.profileTags(c)})
		err = ignoring(err, "EntityAlreadyExists")
	}
	if err != nil || has == role {
		return err
	}
	r.memory.forget("profile " + name)
	if has != "" { // somebody has changed it: the name stands for this role
		if _, err := r.IAM.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: &name, RoleName: &has}); err != nil {
			return ignoring(err, "NoSuchEntity")
		}
	}
	_, err = r.IAM.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: &name, RoleName: &role})
	if code(err) == "NoSuchEntity" {
		f.add(InstanceProfileReady, "RoleNotFound", "spec.role: there is no role %s", role)
		return nil
	}
	r.shelf.give(name, r.now())
	return ignoring(err, "LimitExceeded") // another operator was quicker
}

func (r *Resolver) profileTags(c *Class) []types.Tag {
	tags := map[string]string{
		"kubernetes.io/cluster/" + r.cfg.Cluster: "owned", "eks:eks-cluster-name": r.cfg.Cluster,
		"karpenter.k8s.aws/ec2nodeclass": c.Ref.Name, cluster.LabelRegion: r.cfg.Region,
	}
	for k, v := range c.Spec.Tags {
		if _, own := tags[k]; !own {
			tags[k] = v
		}
	}
	var out []types.Tag
	for _, k := range keys(tags) {
		out = append(out, types.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
	}
	return out
}

// Sweep deletes the profiles made here that nobody has wanted for an hour: no class that
// was resolved since, and no instance that inUse knows of. It is to be called now and
// then.
func (r *Resolver) Sweep(ctx context.Context, inUse func(profile string) bool) error {
	there := map[string]bool{}
	pages := iam.NewListInstanceProfilesPaginator(r.IAM, &iam.ListInstanceProfilesInput{PathPrefix: aws.String(r.profilePath())})
	var unwanted []types.InstanceProfile
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if lacking(err) != "" {
			return nil // who may not look has not made any
		}
		if err != nil {
			return fmt.Errorf("listing instance profiles of %s: %w", r.cfg.Cluster, err)
		}
		for _, p := range page.InstanceProfiles {
			name := aws.ToString(p.InstanceProfileName)
			there[name] = true
			if inUse(name) {
				r.shelf.touch(name, r.now())
			}
			if r.shelf.idle(name, r.now()) >= unwantedFor {
				unwanted = append(unwanted, p)
			}
		}
	}
	r.shelf.forget(there, r.now())
	for _, p := range unwanted {
		if err := r.deleteProfile(ctx, p); err != nil {
			return fmt.Errorf("deleting instance profile %s, which nothing uses: %w", aws.ToString(p.InstanceProfileName), err)
		}
	}
	return nil
}

func (r *Resolver) deleteProfile(ctx context.Context, p types.InstanceProfile) error {
	for _, role := range p.Roles {
		_, err := r.IAM.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: p.InstanceProfileName, RoleName: role.RoleName})
		if ignoring(err, "NoSuchEntity") != nil {
			return err
		}
	}
	_, err := r.IAM.DeleteInstanceProfile(ctx, &iam.DeleteInstanceProfileInput{InstanceProfileName: p.InstanceProfileName})
	r.memory.forget("profile " + aws.ToString(p.InstanceProfileName))
	return ignoring(err, "NoSuchEntity")
}

package nodeclass

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/cluster"
)

// A class that resolves may still be one that nothing can be launched with, because the
// operator lacks a right: to pass the role, to use the image's snapshot, to set a tag. EC2
// tells that without launching anything (DryRun), so it is asked once before the first
// pod needs to know, and again when the class has changed. Where an instance shows that has
// been launched from the class as it is, nothing is to be asked: dry runs count as writes,
// and an operator that has just been killed must not pay for it with those.

// rehearsedFor is for how long a dry run counts that went well, refusedFor one that did not.
const (
	rehearsedFor = 30 * cluster.Minute
	refusedFor   = cluster.Minute
)

// rehearse asks EC2 whether it would let the operator launch a node of a class in which
// nothing else is wrong.
func (r *Resolver) rehearse(ctx context.Context, c *Class, f *findings) error {
	if len(f.problems) > 0 || len(c.Images) == 0 {
		return nil
	}
	tags := []types.Tag{{Key: aws.String("eks:eks-cluster-name"), Value: aws.String(r.cfg.Cluster)}}
	for _, k := range keys(c.Spec.Tags) {
		tags = append(tags, types.Tag{Key: aws.String(k), Value: aws.String(c.Spec.Tags[k])})
	}
	tagged := func(kinds ...types.ResourceType) (out []types.TagSpecification) {
		for _, k := range kinds {
			out = append(out, types.TagSpecification{ResourceType: k, Tags: tags})
		}
		return out
	}
	image := c.Images[0]
	question := "rehearsal " + asText([]any{c.Hash(), image.ID, c.Subnets[0].ID})
	refusal, err := remembered(r, question, rehearsedFor, func() (string, error) {
		if r.launchedBefore(ctx, c) {
			return "", nil
		}
		_, err := r.EC2.RunInstances(ctx, &ec2.RunInstancesInput{
			DryRun: aws.Bool(true), MinCount: aws.Int32(1), MaxCount: aws.Int32(1), ImageId: &image.ID, InstanceType: typeFor(image),
			SubnetId: &c.Subnets[0].ID, SecurityGroupIds: c.GroupIDs(), IamInstanceProfile: &types.IamInstanceProfileSpecification{Name: &c.InstanceProfile},
			TagSpecifications: tagged(types.ResourceTypeInstance, types.ResourceTypeVolume, types.ResourceTypeNetworkInterface),
		})
		if refusal, err := verdict(err); refusal != "" || err != nil {
			return refusal, err
		}
		_, err = r.EC2.CreateLaunchTemplate(ctx, &ec2.CreateLaunchTemplateInput{
			DryRun: aws.Bool(true), LaunchTemplateName: aws.String("ullage-rehearsal"), LaunchTemplateData: &types.RequestLaunchTemplateData{ImageId: &image.ID},
			TagSpecifications: tagged(types.ResourceTypeLaunchTemplate),
		})
		return verdict(err)
	})
	if refusal != "" {
		f.add(ValidationSucceeded, "NotAuthorized", "%s", refusal)
		r.memory.until(question, r.now().Add(refusedFor))
	}
	return err
}

// launchedBefore tells whether an instance runs that was launched from the class as it is.
func (r *Resolver) launchedBefore(ctx context.Context, c *Class) bool {
	if r.cfg.LaunchTag == "" {
		return false
	}
	out, err := r.EC2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{MaxResults: aws.Int32(100), Filters: []types.Filter{
		{Name: aws.String("tag:eks:eks-cluster-name"), Values: []string{r.cfg.Cluster}},
		{Name: aws.String("tag:" + r.cfg.LaunchTag), Values: []string{c.Template}},
		{Name: aws.String("instance-state-name"), Values: []string{"pending", "running"}},
	}})
	if err != nil {
		return false // the dry run has the answer
	}
	for _, reservation := range out.Reservations {
		for _, i := range reservation.Instances {
			if p := i.IamInstanceProfile; p != nil && strings.HasSuffix(aws.ToString(p.Arn), "/"+c.InstanceProfile) && slices.ContainsFunc(c.Images, func(x Image) bool { return x.ID == aws.ToString(i.ImageId) }) {
				return true
			}
		}
	}
	return false
}

// verdict reads the answer to a dry run: a refusal is the right that is lacking. Whatever
// else EC2 says of the request, as a rule that it would have done it (DryRunOperation), is
// nothing against the class: a launch has more to say. What passes is an error.
func verdict(err error) (refusal string, passing error) {
	if right := lacking(err); right != "" {
		return right, nil
	}
	var answer *http.ResponseError
	if errors.As(err, &answer) && code(err) != "" && answer.HTTPStatusCode() < 500 {
		return "", nil
	}
	return "", err
}

// typeFor is an instance type that boots an image, sold in every region.
func typeFor(i Image) types.InstanceType {
	for _, q := range i.Requirements {
		if q.Key == cluster.LabelArch && q.Matches("arm64", true) {
			return types.InstanceTypeM6gLarge
		}
	}
	return types.InstanceTypeM5Large
}

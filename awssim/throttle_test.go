package awssim

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsasg "github.com/aws/aws-sdk-go-v2/service/autoscaling"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	awseks "github.com/aws/aws-sdk-go-v2/service/eks"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	awspricing "github.com/aws/aws-sdk-go-v2/service/pricing"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	awsssm "github.com/aws/aws-sdk-go-v2/service/ssm"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
)

// TestThrottling counts how many requests of each kind come through in one instant, and
// a second later.
func TestThrottling(t *testing.T) {
	rates := DefaultRates()
	l := newLab(t, world.Config{Seed: 1}, func(c *Config) { c.Rates = &rates })
	ctx := context.Background()
	once := func(o *awsec2.Options) { o.Retryer = aws.NopRetryer{} }
	filter := []types.Filter{{Name: aws.String("instance-type"), Values: []string{"m5.large"}}}
	for _, c := range []struct {
		name         string
		burst, later int
		ask          func() error
	}{
		{"DescribeInstances with a filter", 100, 20, func() error {
			_, err := l.ec2.DescribeInstances(ctx, &awsec2.DescribeInstancesInput{Filters: filter}, once)
			return err
		}},
		{"DescribeInstances of all", 50, 10, func() error {
			_, err := l.ec2.DescribeInstances(ctx, &awsec2.DescribeInstancesInput{}, once)
			return err
		}},
		{"CreateTags", 50, 5, func() error {
			_, err := l.ec2.CreateTags(ctx, &awsec2.CreateTagsInput{Resources: []string{"i-none"}, Tags: []types.Tag{}}, once)
			return err
		}},
	} {
		for _, want := range []int{c.burst, c.later} {
			through := 0
			for range 2 * c.burst {
				if err := c.ask(); code(err) != "RequestLimitExceeded" {
					through++
				}
			}
			if through != want {
				t.Errorf("%s: %d requests came through, want %d", c.name, through, want)
			}
			l.clock.pass(cluster.Second)
		}
	}
}

// TestThrottlingOfOthers does the same with other services, each of which says it in its
// own words.
func TestThrottlingOfOthers(t *testing.T) {
	rates := DefaultRates()
	rates.Others["sts"] = Limit{Read: Rate{3, 3}}
	l := newLab(t, world.Config{Seed: 1}, func(c *Config) { c.Rates = &rates })
	ctx := context.Background()
	cfg := aws.Config{Region: "us-west-2", Credentials: anyone, BaseEndpoint: &l.url, Retryer: func() aws.Retryer { return aws.NopRetryer{} }}
	scaling, clusters, roles := awsasg.NewFromConfig(cfg), awseks.NewFromConfig(cfg), awsiam.NewFromConfig(cfg)
	prices, parameters, who, queues := awspricing.NewFromConfig(cfg), awsssm.NewFromConfig(cfg), awssts.NewFromConfig(cfg), awssqs.NewFromConfig(cfg)
	queue := aws.String(l.url + "/000000000000/ullage")
	describe := func() error {
		_, err := scaling.DescribeAutoScalingGroups(ctx, &awsasg.DescribeAutoScalingGroupsInput{})
		return err
	}
	for _, c := range []struct {
		name, code   string
		status       int
		burst, later int
		ask          func() error
	}{
		{"autoscaling", "Throttling", 400, 100, 10, describe},
		{"eks", "TooManyRequestsException", 429, 50, 10, func() error {
			_, err := clusters.DescribeCluster(ctx, &awseks.DescribeClusterInput{Name: aws.String("ullage")})
			return err
		}},
		{"iam", "Throttling", 400, 60, 20, func() error {
			_, err := roles.GetRole(ctx, &awsiam.GetRoleInput{RoleName: aws.String("r")})
			return err
		}},
		{"pricing", "ThrottlingException", 400, 10, 5, func() error {
			_, err := prices.GetProducts(ctx, &awspricing.GetProductsInput{ServiceCode: aws.String("AmazonEC2"), MaxResults: aws.Int32(1)})
			return err
		}},
		{"ssm", "ThrottlingException", 400, 40, 40, func() error {
			_, err := parameters.GetParameter(ctx, &awsssm.GetParameterInput{Name: aws.String("none")})
			return err
		}},
		{"sts", "Throttling", 400, 3, 3, func() error {
			_, err := who.GetCallerIdentity(ctx, &awssts.GetCallerIdentityInput{})
			return err
		}},
		{"sqs", "", 0, 50, 50, func() error {
			_, err := queues.GetQueueAttributes(ctx, &awssqs.GetQueueAttributesInput{QueueUrl: queue})
			return err
		}},
	} {
		for _, want := range []int{c.burst, c.later} {
			through := 0
			for range c.burst + 2 {
				err := c.ask()
				var answer *smithyhttp.ResponseError
				switch {
				case c.code == "" || code(err) != c.code:
					through++
				case !errors.As(err, &answer) || answer.HTTPStatusCode() != c.status:
					t.Errorf("%s: %v has another status than %d", c.name, err, c.status)
				}
			}
			if c.code == "" {
				want = c.burst + 2
			}
			if through != want {
				t.Errorf("%s: %d requests came through, want %d", c.name, through, want)
			}
			l.clock.pass(cluster.Second)
		}
	}
	// Auto Scaling has one bucket for all it does.
	for describe() == nil {
		continue
	}
	if _, err := scaling.SetDesiredCapacity(ctx, &awsasg.SetDesiredCapacityInput{AutoScalingGroupName: aws.String("g"), DesiredCapacity: aws.Int32(1)}); code(err) != "Throttling" {
		t.Errorf("another of its operations: %v", err)
	}
}

// TestThrottlingOfLaunches: beside requests, the instances that are launched are counted,
// by runs and by fleets. A fleet has what there may be; who asks for the same again, or
// dryly, takes nothing.
func TestThrottlingOfLaunches(t *testing.T) {
	rates := DefaultRates()
	l := newLab(t, world.Config{Seed: 1}, func(c *Config) { c.Rates = &rates })
	run := func(n int32, token string, dry bool) error {
		_, err := l.run(t, func(in *awsec2.RunInstancesInput) {
			in.MinCount, in.MaxCount, in.ClientToken, in.DryRun = aws.Int32(1), &n, &token, &dry
		})
		return err
	}
	if err := run(990, "a", true); code(err) != "DryRunOperation" {
		t.Error(err)
	}
	for range 2 {
		if err := run(990, "a", false); err != nil {
			t.Fatal(err)
		}
	}
	left := 0
	l.Do(func(w *world.World) { left = 1000 - len(w.Launches()) })
	if left != 10 {
		t.Fatalf("there are %d instances, want 990", 1000-left)
	}
	// What has come back while answers took their time.
	began := l.clock.Now()
	out := l.fleet(t, l.template(t), 100, nil)
	back := int(l.clock.Now().Sub(began) / cluster.Second * 2)
	got, limited := 0, 0
	for _, i := range out.Instances {
		got += len(i.InstanceIds)
	}
	for _, e := range out.Errors {
		if *e.ErrorCode == "RequestLimitExceeded" {
			limited++
		}
	}
	if got < left || got > left+20+back || limited != 1 {
		t.Errorf("the fleet of 100 has %d instances and %d errors for the limit: %+v", got, limited, out.Errors)
	}
	if err := run(50, "b", false); code(err) != "RequestLimitExceeded" {
		t.Errorf("a run of 50 after that: %v", err)
	}
	l.clock.pass(30 * cluster.Second)
	if err := run(50, "b", false); err != nil {
		t.Errorf("half a minute later: %v", err)
	}
}

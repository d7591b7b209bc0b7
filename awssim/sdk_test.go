package awssim

import (
	"context"
	"errors"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
)

// clock is virtual: sleeping moves it.
type clock struct {
	mu  sync.Mutex
	now cluster.Instant
}

// noon is when labs begin unless they say otherwise.
var noon = cluster.Instant(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC).UnixNano())

func (c *clock) Now() cluster.Instant {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d cluster.Duration) error {
	c.pass(d)
	return ctx.Err()
}

func (c *clock) pass(d cluster.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// lab is a server with clients of the SDK that take it for AWS.
type lab struct {
	*Server
	clock *clock
	url   string
	ec2   *awsec2.Client
	sqs   *awssqs.Client
}

// anyone signs with credentials that nobody knows.
var anyone = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
})

// thrice is the SDK's own way to try again, without its pauses.
func thrice() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = 3
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		o.RateLimiter = unlimited{}
	})
}

type unlimited struct{}

func (unlimited) GetToken(context.Context, uint) (func() error, error) {
	return func() error { return nil }, nil
}
func (unlimited) AddTokens(uint) error { return nil }

func newLab(t *testing.T, cfg world.Config, change func(*Config)) *lab {
	t.Helper()
	return newLabAt(t, noon, cfg, change)
}

func newLabAt(t *testing.T, begin cluster.Instant, cfg world.Config, change func(*Config)) *lab {
	t.Helper()
	c := &clock{now: begin}
	w, err := world.New(cfg, c.Now())
	if err != nil {
		t.Fatal(err)
	}
	config := Config{World: w, Now: c.Now, Sleep: c.Sleep}
	if change != nil {
		change(&config)
	}
	s := New(config)
	listener := httptest.NewServer(s)
	t.Cleanup(listener.Close)
	endpoint := aws.String(listener.URL)
	return &lab{
		s, c, listener.URL,
		awsec2.New(awsec2.Options{Region: "us-west-2", Credentials: anyone, BaseEndpoint: endpoint, Retryer: thrice()}),
		awssqs.New(awssqs.Options{Region: "us-west-2", Credentials: anyone, BaseEndpoint: endpoint, Retryer: thrice()}),
	}
}

// code is the code of an error from AWS, "" for none.
func code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	return ""
}

// image is the newest AL2023 image for x86.
func (l *lab) image(t *testing.T) string {
	t.Helper()
	var id string
	l.Do(func(w *world.World) {
		for _, i := range w.Images() {
			if i.Arch == "x86_64" {
				id = i.ID
			}
		}
	})
	return id
}

// run launches instances of a type and returns their ids.
func (l *lab) run(t *testing.T, change func(*awsec2.RunInstancesInput)) (*awsec2.RunInstancesOutput, error) {
	t.Helper()
	in := &awsec2.RunInstancesInput{ImageId: aws.String(l.image(t)), InstanceType: "m5.large", MinCount: aws.Int32(1), MaxCount: aws.Int32(1)}
	if change != nil {
		change(in)
	}
	return l.ec2.RunInstances(context.Background(), in)
}

func TestRunAndTerminate(t *testing.T) {
	l := newLab(t, world.Config{Seed: 1}, nil)
	ctx := context.Background()
	made, err := l.run(t, func(in *awsec2.RunInstancesInput) {
		in.MinCount, in.MaxCount = aws.Int32(3), aws.Int32(3)
		in.TagSpecifications = []types.TagSpecification{{ResourceType: "instance", Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("blue")}}}}
	})
	if err != nil || len(made.Instances) != 3 {
		t.Fatalf("got %v, %v, want three instances", made, err)
	}
	l.clock.pass(3 * cluster.Second) // the largest lag
	byTag := &awsec2.DescribeInstancesInput{Filters: []types.Filter{
		{Name: aws.String("tag:team"), Values: []string{"bl*"}}, {Name: aws.String("instance-state-name"), Values: []string{"pending", "running"}},
	}}
	seen, err := l.ec2.DescribeInstances(ctx, byTag)
	if err != nil || len(seen.Reservations) != 1 || len(seen.Reservations[0].Instances) != 3 {
		t.Fatalf("got %+v, %v, want one reservation of three", seen, err)
	}
	l.clock.pass(2 * cluster.Minute)
	first := seen.Reservations[0].Instances[0]
	ended, err := l.ec2.TerminateInstances(ctx, &awsec2.TerminateInstancesInput{InstanceIds: []string{*first.InstanceId}})
	if err != nil || ended.TerminatingInstances[0].PreviousState.Name != "running" || ended.TerminatingInstances[0].CurrentState.Name != "shutting-down" {
		t.Fatalf("got %+v, %v, want running → shutting-down", ended, err)
	}
	l.clock.pass(cluster.Minute)
	gone, err := l.ec2.DescribeInstances(ctx, &awsec2.DescribeInstancesInput{InstanceIds: []string{*first.InstanceId}})
	if err != nil || gone.Reservations[0].Instances[0].State.Name != "terminated" {
		t.Fatalf("got %+v, %v, want it to be shown as terminated", gone, err)
	}
	l.clock.pass(cluster.Hour)
	if _, err := l.ec2.DescribeInstances(ctx, &awsec2.DescribeInstancesInput{InstanceIds: []string{*first.InstanceId}}); code(err) != "InvalidInstanceID.NotFound" {
		t.Fatalf("an hour later: got %v, want InvalidInstanceID.NotFound", err)
	}
}

// TestLag checks that an instance is not to be seen at once, and not to be ended either.
func TestLag(t *testing.T) {
	l := newLab(t, world.Config{Seed: 1}, func(c *Config) {
		c.Sleep = func(context.Context, cluster.Duration) error { return nil } // answers come at once
	})
	made, err := l.run(t, func(in *awsec2.RunInstancesInput) { in.MinCount, in.MaxCount = aws.Int32(20), aws.Int32(20) })
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, i := range made.Instances {
		ids = append(ids, *i.InstanceId)
	}
	in := &awsec2.DescribeInstancesInput{InstanceIds: ids}
	if _, err := l.ec2.DescribeInstances(context.Background(), in); code(err) != "InvalidInstanceID.NotFound" {
		t.Errorf("at once: got %v, want InvalidInstanceID.NotFound", err)
	}
	if _, err := l.ec2.TerminateInstances(context.Background(), &awsec2.TerminateInstancesInput{InstanceIds: ids}); code(err) != "InvalidInstanceID.NotFound" {
		t.Errorf("at once: got %v, want InvalidInstanceID.NotFound", err)
	}
	l.clock.pass(2 * cluster.Second)
	if seen, err := l.ec2.DescribeInstances(context.Background(), in); err != nil || len(seen.Reservations[0].Instances) != len(ids) {
		t.Errorf("after the largest lag: got %v, want all", err)
	}
}

func TestClientToken(t *testing.T) {
	l := newLab(t, world.Config{Seed: 1}, nil)
	same := func(in *awsec2.RunInstancesInput) { in.ClientToken = aws.String("token") }
	first, err := l.run(t, same)
	if err != nil {
		t.Fatal(err)
	}
	again, err := l.run(t, same)
	if err != nil || *again.Instances[0].InstanceId != *first.Instances[0].InstanceId {
		t.Errorf("got %v, %v, want the instance of the first call", again, err)
	}
	_, err = l.run(t, func(in *awsec2.RunInstancesInput) { same(in); in.InstanceType = "m5.xlarge" })
	if code(err) != "IdempotentParameterMismatch" {
		t.Errorf("another type by the same token: got %v", err)
	}
	l.clock.pass(2 * cluster.Second) // the largest lag
	l.Do(func(w *world.World) {
		if n := len(w.Views()); n != 1 {
			t.Errorf("there are %d instances, want 1", n)
		}
	})
}

func TestDryRunAndDenied(t *testing.T) {
	l := newLab(t, world.Config{Seed: 1}, func(c *Config) { c.Denied = []string{"ec2:CreateTags"} })
	if _, err := l.run(t, func(in *awsec2.RunInstancesInput) { in.DryRun = aws.Bool(true) }); code(err) != "DryRunOperation" {
		t.Errorf("got %v, want DryRunOperation", err)
	}
	_, err := l.ec2.CreateTags(context.Background(), &awsec2.CreateTagsInput{Resources: []string{"i-1"}, Tags: []types.Tag{}})
	if code(err) != "UnauthorizedOperation" {
		t.Errorf("got %v, want UnauthorizedOperation", err)
	}
	l.Do(func(w *world.World) {
		if n := len(w.Views()); n != 0 {
			t.Errorf("the dry run launched %d instances", n)
		}
	})
}

// TestReceive follows a reclaim of a whole pool on the queue: recommendation, warning two
// minutes before the end, and what is not deleted comes again.
func TestReceive(t *testing.T) {
	l := newLab(t, world.Config{Seed: 1}, nil)
	ctx := context.Background()
	if _, err := l.run(t, func(in *awsec2.RunInstancesInput) {
		in.InstanceMarketOptions = &types.InstanceMarketOptionsRequest{MarketType: "spot"}
		in.MinCount, in.MaxCount = aws.Int32(2), aws.Int32(2)
	}); err != nil {
		t.Fatal(err)
	}
	queue, err := l.sqs.GetQueueUrl(ctx, &awssqs.GetQueueUrlInput{QueueName: aws.String("ullage")})
	if err != nil {
		t.Fatal(err)
	}
	l.clock.pass(2 * cluster.Minute)
	l.drain(t, *queue.QueueUrl)
	var ids []string
	l.Do(func(w *world.World) { ids = w.Reclaim(spotPools, cluster.Minute) })
	if len(ids) != 2 {
		t.Fatalf("reclaimed %v, want both", ids)
	}
	if got := l.drain(t, *queue.QueueUrl); count(got, "EC2 Instance Rebalance Recommendation") != 2 || len(got) != 2 {
		t.Errorf("at once: got %q, want two recommendations", got)
	}
	l.clock.pass(cluster.Minute)
	in := &awssqs.ReceiveMessageInput{QueueUrl: queue.QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 20}
	warned, err := l.sqs.ReceiveMessage(ctx, in)
	if err != nil || len(warned.Messages) != 2 {
		t.Fatalf("a minute later: got %d messages, %v, want two warnings", len(warned.Messages), err)
	}
	began := l.clock.Now()
	again, err := l.sqs.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{QueueUrl: queue.QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 20})
	if err != nil || len(again.Messages) != 0 || l.clock.Now().Sub(began) != 20*cluster.Second {
		t.Errorf("while they are hidden: got %d messages after %v, %v, want none after 20 s", len(again.Messages), l.clock.Now().Sub(began), err)
	}
	l.clock.pass(10 * cluster.Second)
	if got := l.drain(t, *queue.QueueUrl); count(got, "EC2 Spot Instance Interruption Warning") != 2 {
		t.Errorf("what was not deleted: got %q, want the warnings again", got)
	}
	l.clock.pass(3 * cluster.Minute)
	requests, err := l.ec2.DescribeSpotInstanceRequests(ctx, &awsec2.DescribeSpotInstanceRequestsInput{})
	if err != nil || len(requests.SpotInstanceRequests) != 2 || *requests.SpotInstanceRequests[0].Status.Code != "instance-terminated-no-capacity" {
		t.Errorf("got %+v, %v, want both closed for lack of capacity", requests, err)
	}
}

// filters makes filters of names and values, each with one.
func filters(pairs ...string) []types.Filter {
	var out []types.Filter
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, types.Filter{Name: &pairs[i], Values: pairs[i+1 : i+2]})
	}
	return out
}

package awssim

import (
	"context"
	"strings"
	"testing"
	"time"

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

	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
)

// TestProfilePropagates: EC2 does not know a new instance profile at once, nor its role.
func TestProfilePropagates(t *testing.T) {
	l := newLab(t, world.Config{Seed: 1}, nil)
	ctx := context.Background()
	iam := awsiam.New(awsiam.Options{Region: "us-west-2", Credentials: anyone, BaseEndpoint: &l.url, Retryer: thrice()})
	name := aws.String("fresh")
	run := func(p *types.IamInstanceProfileSpecification) error {
		_, err := l.run(t, func(in *awsec2.RunInstancesInput) { in.IamInstanceProfile = p })
		return err
	}
	byName := &types.IamInstanceProfileSpecification{Name: name}
	made, err := iam.CreateInstanceProfile(ctx, &awsiam.CreateInstanceProfileInput{InstanceProfileName: name})
	if err != nil {
		t.Fatal(err)
	}
	says := func(when string, err error, want string) {
		t.Helper()
		if code(err) != "InvalidParameterValue" || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", when, err, want)
		}
	}
	says("at once", run(byName), "Invalid IAM Instance Profile name")
	says("at once, by ARN", run(&types.IamInstanceProfileSpecification{Arn: made.InstanceProfile.Arn}), "Invalid IAM Instance Profile ARN")
	if got, err := iam.GetInstanceProfile(ctx, &awsiam.GetInstanceProfileInput{InstanceProfileName: name}); err != nil || len(got.InstanceProfile.Roles) != 0 {
		t.Errorf("IAM itself says %+v, %v", got, err)
	}
	l.clock.pass(12 * cluster.Second)
	says("without a role", run(byName), "has no associated IAM Roles")
	if _, err := iam.AddRoleToInstanceProfile(ctx, &awsiam.AddRoleToInstanceProfileInput{InstanceProfileName: name, RoleName: aws.String("node")}); err != nil {
		t.Fatal(err)
	}
	says("with a role that is new", run(byName), "has no associated IAM Roles")
	l.clock.pass(12 * cluster.Second)
	if err := run(byName); err != nil {
		t.Errorf("in the end: %v", err)
	}
	l.Do(func(w *world.World) {
		if n := len(w.Launches()); n != 1 {
			t.Errorf("%d instances were launched, want 1", n)
		}
	})
}

// services ask each service something that it answers whoever signed, with the code of
// its refusal, "" for none.
func (l *lab) refusals(credentials aws.CredentialsProvider) map[string]string {
	ctx := context.Background()
	cfg := aws.Config{Region: "us-west-2", Credentials: credentials, BaseEndpoint: &l.url, Retryer: func() aws.Retryer { return aws.NopRetryer{} }}
	out := map[string]string{}
	note := func(service string) func(any, error) {
		return func(_ any, err error) { out[service] = code(err) }
	}
	note("ec2")(awsec2.NewFromConfig(cfg).DescribeRegions(ctx, &awsec2.DescribeRegionsInput{}))
	note("autoscaling")(awsasg.NewFromConfig(cfg).DescribeAutoScalingGroups(ctx, &awsasg.DescribeAutoScalingGroupsInput{}))
	note("eks")(awseks.NewFromConfig(cfg).ListClusters(ctx, &awseks.ListClustersInput{}))
	note("iam")(awsiam.NewFromConfig(cfg).ListInstanceProfiles(ctx, &awsiam.ListInstanceProfilesInput{}))
	note("pricing")(awspricing.NewFromConfig(cfg).GetProducts(ctx, &awspricing.GetProductsInput{ServiceCode: aws.String("AmazonEC2"), MaxResults: aws.Int32(1)}))
	note("sqs")(awssqs.NewFromConfig(cfg).ListQueues(ctx, &awssqs.ListQueuesInput{}))
	note("ssm")(awsssm.NewFromConfig(cfg).GetParameters(ctx, &awsssm.GetParametersInput{Names: []string{"none"}}))
	note("sts")(awssts.NewFromConfig(cfg).GetCallerIdentity(ctx, &awssts.GetCallerIdentityInput{}))
	return out
}

// codes are what services say in the words of EC2, of the query protocol and of JSON.
func codes(ec2, query, json string) map[string]string {
	return map[string]string{"ec2": ec2, "autoscaling": query, "iam": query, "sts": query, "eks": json, "pricing": json, "sqs": json, "ssm": json}
}

// TestSessions: a role that is assumed has credentials that are of use until they expire,
// and then each service says so in its own way. So it does with a clock that is off.
func TestSessions(t *testing.T) {
	// The SDK signs by the machine's clock: here it is ten minutes ahead, at first.
	machine := func() cluster.Instant { return cluster.Instant(time.Now().UnixNano()) }
	l := newLabAt(t, machine().Add(-10*cluster.Minute), world.Config{Seed: 1}, func(c *Config) { c.Secrets = map[string]string{"AKIDEXAMPLE": "secret"} })
	off := func(apart cluster.Duration) { l.clock.pass(machine().Add(apart).Sub(l.clock.Now())) }
	check := func(when string, credentials aws.CredentialsProvider, want map[string]string) {
		t.Helper()
		for service, got := range l.refusals(credentials) {
			if got != want[service] {
				t.Errorf("%s: %s says %q, want %q", when, service, got, want[service])
			}
		}
	}
	skewed := codes("AuthFailure", "SignatureDoesNotMatch", "InvalidSignatureException")
	check("ten minutes early", anyone, skewed)
	off(0)
	check("in time", anyone, codes("", "", ""))
	sts := awssts.New(awssts.Options{Region: "us-west-2", Credentials: anyone, BaseEndpoint: &l.url, Retryer: thrice()})
	assume := func(change func(*awssts.AssumeRoleInput)) (*awssts.AssumeRoleOutput, error) {
		in := &awssts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::000000000000:role/operators/ullage"), RoleSessionName: aws.String("test"), DurationSeconds: aws.Int32(900)}
		if change != nil {
			change(in)
		}
		return sts.AssumeRole(context.Background(), in)
	}
	out, err := assume(nil)
	if err != nil || *out.AssumedRoleUser.Arn != "arn:aws:sts::000000000000:assumed-role/ullage/test" {
		t.Fatalf("%+v, %v", out, err)
	}
	session := aws.Credentials{AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey, SessionToken: *out.Credentials.SessionToken}
	static := func(c aws.Credentials) aws.CredentialsProvider {
		return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return c, nil })
	}
	check("with the session", static(session), codes("", "", ""))
	other := session
	other.SessionToken = "another"
	unknown := codes("AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException")
	check("with another token", static(other), unknown)
	other = session
	other.SecretAccessKey = "another"
	check("with another secret", static(other), skewed) // the same codes as a signature that is of another time
	other.AccessKeyID = "ASIANOBODY"
	check("with another key", static(other), unknown)
	off(15 * cluster.Minute)
	check("after it", static(session), codes("RequestExpired", "ExpiredToken", "ExpiredTokenException"))
	check("a quarter of an hour late", anyone, skewed)
	l.clock.pass(-15 * cluster.Minute)
	for what, change := range map[string]func(*awssts.AssumeRoleInput){
		"no role":    func(in *awssts.AssumeRoleInput) { in.RoleArn = aws.String("arn:aws:iam::000000000000:user/ullage") },
		"too short":  func(in *awssts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(60) },
		"no session": func(in *awssts.AssumeRoleInput) { in.RoleSessionName = aws.String("x") },
	} {
		if _, err := assume(change); code(err) != "ValidationError" {
			t.Errorf("%s: %v", what, err)
		}
	}
}

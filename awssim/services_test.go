package awssim

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsasg "github.com/aws/aws-sdk-go-v2/service/autoscaling"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	awseks "github.com/aws/aws-sdk-go-v2/service/eks"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	awspricing "github.com/aws/aws-sdk-go-v2/service/pricing"
	pricingtypes "github.com/aws/aws-sdk-go-v2/service/pricing/types"
	awsssm "github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
)

// TestPages checks that pages put together are the whole, without doubles, and that a
// token is of use for its own operation only.
func TestPages(t *testing.T) {
	l := newLab(t, world.Config{}, nil)
	ctx := context.Background()
	seen := map[types.InstanceType]bool{}
	pages := 0
	var token *string
	for p := awsec2.NewDescribeInstanceTypesPaginator(l.ec2, &awsec2.DescribeInstanceTypesInput{MaxResults: aws.Int32(100)}); p.HasMorePages(); pages++ {
		out, err := p.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range out.InstanceTypes {
			if seen[i.InstanceType] {
				t.Errorf("%s came twice", i.InstanceType)
			}
			seen[i.InstanceType] = true
		}
		if out.NextToken != nil {
			token = out.NextToken
		}
	}
	if len(seen) != 1237 || pages != 13 { // see catalog/README.md
		t.Errorf("got %d types on %d pages, want 1237 on 13", len(seen), pages)
	}
	for _, made := range []*string{token, aws.String("MTAwLzAwMDAwMDAw"), aws.String("\x00")} {
		_, err := l.ec2.DescribeSubnets(ctx, &awsec2.DescribeSubnetsInput{NextToken: made})
		if code(err) != "InvalidNextToken" {
			t.Errorf("the token %q: got %v, want InvalidNextToken", *made, err)
		}
	}
}

// TestPageCodes: what is wrong with a page each service says in its own way.
func TestPageCodes(t *testing.T) {
	l := newLab(t, world.Config{}, nil)
	ctx := context.Background()
	cfg := aws.Config{Region: "us-west-2", Credentials: anyone, BaseEndpoint: &l.url, Retryer: thrice}
	scaling, clusters, roles := awsasg.NewFromConfig(cfg), awseks.NewFromConfig(cfg), awsiam.NewFromConfig(cfg)
	prices, parameters := awspricing.NewFromConfig(cfg), awsssm.NewFromConfig(cfg)
	size, token := aws.Int32(100000), aws.String("made-up")
	for service, c := range map[string]struct {
		size, token string
		ask         func(size *int32, token *string) error
	}{
		"ec2": {"InvalidParameterValue", "InvalidNextToken", func(size *int32, token *string) error {
			_, err := l.ec2.DescribeSubnets(ctx, &awsec2.DescribeSubnetsInput{MaxResults: size, NextToken: token})
			return err
		}},
		"autoscaling": {"ValidationError", "InvalidNextToken", func(size *int32, token *string) error {
			_, err := scaling.DescribeAutoScalingGroups(ctx, &awsasg.DescribeAutoScalingGroupsInput{MaxRecords: size, NextToken: token})
			return err
		}},
		"eks": {"InvalidParameterException", "InvalidParameterException", func(size *int32, token *string) error {
			_, err := clusters.ListNodegroups(ctx, &awseks.ListNodegroupsInput{ClusterName: aws.String("ullage"), MaxResults: size, NextToken: token})
			return err
		}},
		"iam": {"ValidationError", "ValidationError", func(size *int32, token *string) error {
			_, err := roles.ListInstanceProfiles(ctx, &awsiam.ListInstanceProfilesInput{MaxItems: size, Marker: token})
			return err
		}},
		"pricing": {"InvalidParameterException", "InvalidNextTokenException", func(size *int32, token *string) error {
			_, err := prices.GetProducts(ctx, &awspricing.GetProductsInput{ServiceCode: aws.String("AmazonEC2"), MaxResults: size, NextToken: token})
			return err
		}},
		"ssm": {"ValidationException", "InvalidNextToken", func(size *int32, token *string) error {
			_, err := parameters.GetParametersByPath(ctx, &awsssm.GetParametersByPathInput{Path: aws.String("/aws"), Recursive: aws.Bool(true), MaxResults: size, NextToken: token})
			return err
		}},
	} {
		if err := c.ask(size, nil); code(err) != c.size {
			t.Errorf("%s, a page of %d: %v, want %s", service, *size, err, c.size)
		}
		if err := c.ask(nil, token); code(err) != c.token {
			t.Errorf("%s, a token that was made up: %v, want %s", service, err, c.token)
		}
	}
	// Pages of the Parameter Store, put together, are what it has.
	seen := map[string]bool{}
	for p := awsssm.NewGetParametersByPathPaginator(parameters, &awsssm.GetParametersByPathInput{Path: aws.String("/aws"), Recursive: aws.Bool(true)}); p.HasMorePages(); {
		out, err := p.NextPage(ctx)
		if err != nil || len(out.Parameters) > 10 {
			t.Fatalf("%d parameters, %v", len(out.Parameters), err)
		}
		for _, x := range out.Parameters {
			seen[*x.Name] = true
		}
	}
	l.Do(func(w *world.World) {
		if want := len(w.Parameters("/aws")); len(seen) != want {
			t.Errorf("there are %d parameters, want %d", len(seen), want)
		}
	})
}

func TestFilters(t *testing.T) {
	l := newLab(t, world.Config{}, nil)
	ctx := context.Background()
	subnets := func(name string, values ...string) int {
		out, err := l.ec2.DescribeSubnets(ctx, &awsec2.DescribeSubnetsInput{Filters: []types.Filter{{Name: &name, Values: values}}})
		if err != nil {
			t.Fatal(err)
		}
		return len(out.Subnets)
	}
	for _, c := range []struct {
		name   string
		values []string
		want   int
	}{
		{"tag:karpenter.sh/discovery", []string{"ullage"}, 4}, {"tag:karpenter.sh/discovery", []string{"other"}, 0},
		{"tag-key", []string{"kubernetes.io/role/*"}, 4}, {"availability-zone", []string{"us-west-2?"}, 4},
		{"availability-zone", []string{"us-west-2a", "*2c"}, 2}, {"availability-zone", []string{`us-west-2\?`}, 0},
	} {
		if got := subnets(c.name, c.values...); got != c.want {
			t.Errorf("%s = %q: got %d subnets, want %d", c.name, c.values, got, c.want)
		}
	}
	_, err := l.ec2.DescribeSubnets(ctx, &awsec2.DescribeSubnetsInput{Filters: []types.Filter{{Name: aws.String("colour"), Values: []string{"blue"}}}})
	if code(err) != "InvalidParameterValue" {
		t.Errorf("an unknown filter: got %v, want InvalidParameterValue", err)
	}
}

// TestTemplates follows a launch template through its versions.
func TestTemplates(t *testing.T) {
	l := newLab(t, world.Config{}, nil)
	ctx := context.Background()
	id := l.template(t)
	_, err := l.ec2.CreateLaunchTemplate(ctx, &awsec2.CreateLaunchTemplateInput{LaunchTemplateName: aws.String("nodes"), LaunchTemplateData: &types.RequestLaunchTemplateData{KeyName: aws.String("k")}})
	if code(err) != "InvalidLaunchTemplateName.AlreadyExistsException" {
		t.Errorf("the same name again: got %v", err)
	}
	if _, err := l.ec2.CreateLaunchTemplateVersion(ctx, &awsec2.CreateLaunchTemplateVersionInput{
		LaunchTemplateId: &id, SourceVersion: aws.String("1"), LaunchTemplateData: &types.RequestLaunchTemplateData{UserData: aws.String("aGVsbG8=")},
	}); err != nil {
		t.Fatal(err)
	}
	out, err := l.ec2.DescribeLaunchTemplateVersions(ctx, &awsec2.DescribeLaunchTemplateVersionsInput{LaunchTemplateId: &id, Versions: []string{"$Latest", "$Default"}})
	if err != nil || len(out.LaunchTemplateVersions) != 2 {
		t.Fatalf("got %+v, %v, want two versions", out, err)
	}
	latest, first := out.LaunchTemplateVersions[0].LaunchTemplateData, out.LaunchTemplateVersions[1].LaunchTemplateData
	if aws.ToString(latest.UserData) != "aGVsbG8=" || latest.MetadataOptions.HttpTokens != "required" || aws.ToString(latest.ImageId) != l.image(t) {
		t.Errorf("version 2 is not version 1 with user data: %+v", latest)
	}
	if first.UserData != nil {
		t.Errorf("version 1 has changed: %+v", first)
	}
	if _, err := l.ec2.DeleteLaunchTemplate(ctx, &awsec2.DeleteLaunchTemplateInput{LaunchTemplateName: aws.String("nodes")}); err != nil {
		t.Fatal(err)
	}
	_, err = l.ec2.DescribeLaunchTemplates(ctx, &awsec2.DescribeLaunchTemplatesInput{LaunchTemplateNames: []string{"nodes"}})
	if code(err) != "InvalidLaunchTemplateName.NotFoundException" {
		t.Errorf("after the deletion: got %v", err)
	}
}

// TestRefusals lists requests that EC2 refuses, and how.
func TestRefusals(t *testing.T) {
	l := newLab(t, world.Config{Quotas: map[world.Quota]int64{{Class: "p"}: 8}}, nil)
	spot := &types.InstanceMarketOptionsRequest{MarketType: "spot", SpotOptions: &types.SpotMarketOptions{MaxPrice: aws.String("0.001")}}
	for want, change := range map[string]func(*awsec2.RunInstancesInput){
		"InvalidAMIID.NotFound":     func(in *awsec2.RunInstancesInput) { in.ImageId = aws.String("ami-0") },
		"InvalidParameterValue":     func(in *awsec2.RunInstancesInput) { in.InstanceType = "m6g.large" }, // arm64
		"InvalidSubnetID.NotFound":  func(in *awsec2.RunInstancesInput) { in.SubnetId = aws.String("subnet-0") },
		"InvalidGroup.NotFound":     func(in *awsec2.RunInstancesInput) { in.SecurityGroupIds = []string{"sg-0"} },
		"VcpuLimitExceeded":         func(in *awsec2.RunInstancesInput) { in.InstanceType = "p4d.24xlarge" },
		"SpotMaxPriceTooLow":        func(in *awsec2.RunInstancesInput) { in.InstanceMarketOptions = spot },
		"InvalidUserData.Malformed": func(in *awsec2.RunInstancesInput) { in.UserData = aws.String("%") },
		"InvalidLaunchTemplateId.NotFound": func(in *awsec2.RunInstancesInput) {
			in.LaunchTemplate = &types.LaunchTemplateSpecification{LaunchTemplateId: aws.String("lt-0")}
		},
		"UnsupportedOperation": func(in *awsec2.RunInstancesInput) { in.Placement = &types.Placement{Tenancy: "dedicated"} },
	} {
		if _, err := l.run(t, change); code(err) != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	l.Do(func(w *world.World) {
		if _, err := w.Cloud().SetCapacity(w.Now(), spotPools, 0); err != nil {
			t.Fatal(err)
		}
	})
	spot.SpotOptions = nil
	_, err := l.run(t, func(in *awsec2.RunInstancesInput) { in.InstanceMarketOptions = spot })
	if code(err) != "InsufficientInstanceCapacity" {
		t.Errorf("no capacity: got %v", err)
	}
}

// TestImages releases images: the parameter moves to the new one, and the old one is
// still there by its own name.
func TestImages(t *testing.T) {
	l := newLab(t, world.Config{}, nil)
	client := awsssm.New(awsssm.Options{Region: "us-west-2", Credentials: anyone, BaseEndpoint: &l.url})
	ctx := context.Background()
	read := func(name string) string {
		out, err := client.GetParameter(ctx, &awsssm.GetParameterInput{Name: &name})
		if err != nil {
			t.Fatal(err)
		}
		return *out.Parameter.Value
	}
	const newest = "/aws/service/bottlerocket/aws-k8s-1.36/arm64/latest/image_id"
	before := read(newest)
	l.clock.pass(cluster.Hour)
	l.Do(func(w *world.World) {
		if err := w.ReleaseImages("v20261201"); err != nil {
			t.Fatal(err)
		}
		if err := w.ReleaseImages("v20261201"); err == nil {
			t.Error("the same release twice is no error")
		}
	})
	after := read(newest)
	if before == after || read("/aws/service/bottlerocket/aws-k8s-1.36/arm64/20261101/image_id") != before {
		t.Errorf("the newest image was %s and is %s", before, after)
	}
	out, err := l.ec2.DescribeImages(ctx, &awsec2.DescribeImagesInput{ImageIds: []string{after}})
	if err != nil || out.Images[0].Architecture != "arm64" || *out.Images[0].CreationDate != "2026-11-21T13:00:00.000Z" {
		t.Errorf("got %+v, %v", out, err)
	}
	l.Do(func(w *world.World) { w.SetParameter(newest, "") })
	if _, err := client.GetParameter(ctx, &awsssm.GetParameterInput{Name: aws.String(newest)}); code(err) != "ParameterNotFound" {
		t.Errorf("a parameter that has vanished: got %v", err)
	}
}

// TestPrices reads on-demand prices as Karpenter does, and checks the history of Spot
// prices against itself: what is told of an instant does not depend on when it is asked.
func TestPrices(t *testing.T) {
	l := newLab(t, world.Config{Seed: 5}, nil)
	ctx := context.Background()
	match := func(field, value string) pricingtypes.Filter {
		return pricingtypes.Filter{Field: &field, Type: "TERM_MATCH", Value: &value}
	}
	prices := awspricing.New(awspricing.Options{Region: "us-east-1", Credentials: anyone, BaseEndpoint: &l.url}) // Pricing is in another region
	found := map[string]string{}
	for p := awspricing.NewGetProductsPaginator(prices, &awspricing.GetProductsInput{ServiceCode: aws.String("AmazonEC2"), Filters: []pricingtypes.Filter{
		match("regionCode", "us-west-2"), match("serviceCode", "AmazonEC2"), match("preInstalledSw", "NA"), match("operatingSystem", "Linux"), match("capacitystatus", "Used"),
		match("marketoption", "OnDemand"), match("tenancy", "Shared"), match("productFamily", "Compute Instance"),
	}}); p.HasMorePages(); {
		out, err := p.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range out.PriceList {
			var o struct {
				Product struct{ Attributes struct{ InstanceType string } }
				Terms   struct {
					OnDemand map[string]struct {
						PriceDimensions map[string]struct{ PricePerUnit map[string]string }
					}
				}
			}
			if err := json.Unmarshal([]byte(text), &o); err != nil {
				t.Fatal(err)
			}
			for _, term := range o.Terms.OnDemand {
				for _, d := range term.PriceDimensions {
					found[o.Product.Attributes.InstanceType] = d.PricePerUnit["USD"]
				}
			}
		}
	}
	if found["m5.large"] != "0.0960000000" || len(found) < 1000 || found["m5.metal"] != "" {
		t.Errorf("m5.large costs %q, %d types have prices (m5.metal, which is bare: %q)", found["m5.large"], len(found), found["m5.metal"])
	}

	in := &awsec2.DescribeSpotPriceHistoryInput{InstanceTypes: []types.InstanceType{"m5.large"}, AvailabilityZone: aws.String("us-west-2a"), StartTime: aws.Time(world.Time(l.clock.Now().Add(-240 * cluster.Hour)))}
	history := func() []types.SpotPrice {
		var all []types.SpotPrice
		for p := awsec2.NewDescribeSpotPriceHistoryPaginator(l.ec2, in); p.HasMorePages(); {
			out, err := p.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, out.SpotPriceHistory...)
		}
		return all
	}
	before := history()
	if len(before) < 80 {
		t.Fatalf("ten days have %d prices, want one every three hours", len(before))
	}
	l.clock.pass(6 * cluster.Hour)
	after := history()
	if len(after) != len(before)+2 {
		t.Errorf("six hours later there are %d prices, were %d", len(after), len(before))
	}
	distinct := []string{}
	for i, p := range before {
		if later := after[i+2]; *later.SpotPrice != *p.SpotPrice || !later.Timestamp.Equal(*p.Timestamp) {
			t.Errorf("the past has changed: %s at %s was %s at %s", *later.SpotPrice, later.Timestamp, *p.SpotPrice, p.Timestamp)
		}
		if !slices.Contains(distinct, *p.SpotPrice) {
			distinct = append(distinct, *p.SpotPrice)
		}
		if i > 0 {
			x, _ := strconv.ParseFloat(*p.SpotPrice, 64)
			y, _ := strconv.ParseFloat(*before[i-1].SpotPrice, 64)
			if x/y > 1.1 || y/x > 1.1 {
				t.Errorf("from %s to %s in three hours: this is no slow walk", *p.SpotPrice, *before[i-1].SpotPrice)
			}
		}
	}
	if len(distinct) < 20 {
		t.Errorf("the price had only %d values in ten days", len(distinct))
	}
	// A page is a thousand prices, or as many as are asked for.
	for asked, want := range map[int32]int{0: 1000, 2000: 2000, 1: 1} {
		all := &awsec2.DescribeSpotPriceHistoryInput{}
		if asked > 0 {
			all.MaxResults = &asked
		}
		if out, err := l.ec2.DescribeSpotPriceHistory(ctx, all); err != nil {
			t.Errorf("asked for a page of %d: %v", asked, err)
		} else if len(out.SpotPriceHistory) != want {
			t.Errorf("asked for a page of %d, there are %d prices on it, want %d", asked, len(out.SpotPriceHistory), want)
		}
	}
}

// TestClusterAndProfiles: what a node needs to join, and its rights.
func TestClusterAndProfiles(t *testing.T) {
	l := newLab(t, world.Config{Cluster: "blue", Endpoint: "https://127.0.0.1:6443", Authority: "a certificate"}, nil)
	ctx := context.Background()
	clusters := awseks.New(awseks.Options{Region: "us-west-2", Credentials: anyone, BaseEndpoint: &l.url})
	got, err := clusters.DescribeCluster(ctx, &awseks.DescribeClusterInput{Name: aws.String("blue")})
	if err != nil || *got.Cluster.Endpoint != "https://127.0.0.1:6443" || len(got.Cluster.ResourcesVpcConfig.SubnetIds) != 4 || *got.Cluster.CertificateAuthority.Data != "YSBjZXJ0aWZpY2F0ZQ==" {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := clusters.DescribeCluster(ctx, &awseks.DescribeClusterInput{Name: aws.String("red")}); code(err) != "ResourceNotFoundException" {
		t.Errorf("got %v, want ResourceNotFoundException", err)
	}
	profiles := awsiam.New(awsiam.Options{Region: "us-west-2", Credentials: anyone, BaseEndpoint: &l.url})
	there, err := profiles.ListInstanceProfiles(ctx, &awsiam.ListInstanceProfilesInput{PathPrefix: aws.String("/")})
	if err != nil || len(there.InstanceProfiles) != 1 || *there.InstanceProfiles[0].Path != "/" || *there.InstanceProfiles[0].Arn != "arn:aws:iam::000000000000:instance-profile/blue-node" {
		t.Errorf("it begins with %+v, %v", there, err)
	}
	name := aws.String("nodes")
	if _, err := profiles.GetInstanceProfile(ctx, &awsiam.GetInstanceProfileInput{InstanceProfileName: name}); code(err) != "NoSuchEntity" {
		t.Errorf("got %v, want NoSuchEntity", err)
	}
	if _, err := profiles.CreateInstanceProfile(ctx, &awsiam.CreateInstanceProfileInput{InstanceProfileName: name}); err != nil {
		t.Fatal(err)
	}
	if _, err := profiles.AddRoleToInstanceProfile(ctx, &awsiam.AddRoleToInstanceProfileInput{InstanceProfileName: name, RoleName: aws.String("role")}); err != nil {
		t.Fatal(err)
	}
	if _, err := profiles.DeleteInstanceProfile(ctx, &awsiam.DeleteInstanceProfileInput{InstanceProfileName: name}); code(err) != "DeleteConflict" {
		t.Errorf("with a role in it: got %v, want DeleteConflict", err)
	}
	p, err := profiles.GetInstanceProfile(ctx, &awsiam.GetInstanceProfileInput{InstanceProfileName: name})
	if err != nil || *p.InstanceProfile.Roles[0].RoleName != "role" || time.Since(*p.InstanceProfile.CreateDate) > 100*365*24*time.Hour {
		t.Errorf("got %+v, %v", p, err)
	}
}

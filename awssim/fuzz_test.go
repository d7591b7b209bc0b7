package awssim

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsasg "github.com/aws/aws-sdk-go-v2/service/autoscaling"
	asgtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	awseks "github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
)

// FuzzRequest sends anything to the server, and lets an hour pass. Whatever it is, there is
// no panic, the answer has a status that AWS has, and its body is what its Content-Type says. What is found is
// kept in testdata/fuzz. To look for more:
//
//	go test ./awssim -run '^$' -fuzz FuzzRequest -fuzztime 10m
func FuzzRequest(f *testing.F) {
	const ec2 = "Version=2016-11-15&Action="
	for _, seed := range []struct{ service, method, target, header, body string }{
		{"ec2", "POST", "/", "", ec2 + "DescribeInstances&Filter.1.Name=tag:a&Filter.1.Value.1=*"},
		{"ec2", "POST", "/", "", ec2 + "RunInstances&ImageId=ami-1&InstanceType=m5.large&MinCount=1&MaxCount=2&ClientToken=t"},
		{"ec2", "POST", "/", "", ec2 + "CreateFleet&Type=instant&LaunchTemplateConfigs.1.LaunchTemplateSpecification.LaunchTemplateName=n&TargetCapacitySpecification.TotalTargetCapacity=1"},
		{"ec2", "POST", "/", "", ec2 + "CreateLaunchTemplate&LaunchTemplateName=nnn&LaunchTemplateData.ImageId=ami-1&LaunchTemplateData.UserData=%25"},
		{"ec2", "POST", "/", "", ec2 + "DescribeInstanceTypes&MaxResults=5&NextToken=%00"},
		{"ec2", "POST", "/", "", ec2 + "DescribeSpotPriceHistory&StartTime=9999-01-01T00:00:00Z&MaxResults=1"},
		{"ec2", "POST", "/", "", ec2 + "DescribeSpotPriceHistory&EndTime=0001-01-01T00:00:00Z"},
		{"ec2", "POST", "/", "", ec2 + "RunInstances&MaxCount=1&ClientToken=t&InstanceMarketOptions.SpotOptions.ValidUntil=9999-12-31T23:59:59-01:00"},
		{"ec2", "POST", "/", "", ec2 + "CreateFleet&ClientToken=t&ValidFrom=0000-01-01T00:00:00%2B01:00"},
		{"ec2", "POST", "/", "", ec2 + "CreateTags&ResourceId.99999999999999999999=a&Tag.-1.Key=b"},
		{"ec2", "POST", "/", "", ec2 + "CreateCapacityReservation&InstanceType=m5.large&AvailabilityZone=us-west-2a&InstanceCount=2&InstancePlatform=Linux/UNIX&EndDateType=limited&EndDate=9999-01-01T00:00:00Z"},
		{"ec2", "POST", "/", "", ec2 + "ModifyCapacityReservation&CapacityReservationId=cr-1&InstanceCount=-1"},
		{"ec2", "POST", "/", "", ec2 + "RunInstances&ImageId=ami-1&InstanceType=m5.large&MinCount=1&MaxCount=1&CapacityReservationSpecification.CapacityReservationTarget.CapacityReservationId=cr-1"},
		{"ec2", "GET", "/?" + ec2 + "DescribeRegions", "", ""},
		{"ec2", "POST", "/", "", ec2 + "DescribeInstances&" + strings.Repeat("a.", 100) + "=b"},
		{"autoscaling", "POST", "/", "", "Version=2011-01-01&Action=CreateAutoScalingGroup&AutoScalingGroupName=g&MinSize=1&MaxSize=2&AvailabilityZones.member.1=us-west-2a&LaunchTemplate.LaunchTemplateName=n"},
		{"autoscaling", "POST", "/", "", "Version=2011-01-01&Action=PutLifecycleHook&AutoScalingGroupName=g&LifecycleHookName=h&HeartbeatTimeout=2147483647"},
		{"autoscaling", "POST", "/", "", "Version=2011-01-01&Action=DescribeScalingActivities&MaxRecords=-1&NextToken=x"},
		{"iam", "POST", "/", "", "Version=2010-05-08&Action=GetInstanceProfile&InstanceProfileName=x"},
		{"sts", "POST", "/", "", "Version=2011-06-15&Action=GetCallerIdentity"},
		{"sts", "POST", "/", "", "Version=2011-06-15&Action=AssumeRole&RoleArn=arn:aws:iam::1:role/&RoleSessionName=%00%00&DurationSeconds=900"},
		{"iam", "POST", "/", "", "Version=2010-05-08&Action=ListInstanceProfiles&Marker=x&MaxItems=1"},
		{"sqs", "POST", "/", "AmazonSQS.ReceiveMessage", `{"QueueUrl":"http://h/000000000000/ullage","MaxNumberOfMessages":10}`},
		{"sqs", "POST", "/", "AmazonSQS.SendMessage", `{"QueueUrl":"ullage","MessageBody":"\u0000"}`},
		{"sqs", "POST", "/", "AmazonSQS.CreateQueue", `{"QueueName":"q","Attributes":{"VisibilityTimeout":"-1"}}`},
		{"sqs", "POST", "/000000000000/ullage", "", "Version=2012-11-05&Action=CreateQueue&QueueName=q&Attribute.1.Name=VisibilityTimeout&Attribute.1.Value=1&Attribute.2.Name=x"},
		{"ssm", "POST", "/", "AmazonSSM.GetParametersByPath", `{"Path":"/","Recursive":true}`},
		{"pricing", "POST", "/", "AWSPriceListService.GetProducts", `{"ServiceCode":"AmazonEC2","NextToken":"from--1","MaxResults":1}`},
		{"eks", "GET", "/clusters/ullage", "", ""},
		{"eks", "POST", "/clusters/ullage/node-groups", "", `{"nodegroupName":"n","nodeRole":"r","subnets":["subnet-1"],"scalingConfig":{"maxSize":-1}}`},
		{"eks", "POST", "/clusters/ullage/node-groups/n/update-config", "", `{"labels":{"removeLabels":[""]},"taints":{"removeTaints":[{}]}}`},
		{"eks", "POST", "/clusters/ullage/fargate-profiles", "", `{"fargateProfileName":"p","podExecutionRoleArn":"r","selectors":[{"namespace":"*"},{}]}`},
		{"eks", "GET", "/clusters/%2f%00?maxResults=x", "", `[]`},
	} {
		f.Add(seed.service, seed.method, seed.target, seed.header, []byte(seed.body))
	}
	sold, err := catalog.Embedded()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, service, method, target, operation string, body []byte) {
		sendAnything(t, sold, service, method, target, operation, body)
	})
}

// sendAnything sends a request to a server of its own and checks the answer.
func sendAnything(t *testing.T, sold *catalog.Catalog, service, method, target, operation string, body []byte) {
	t.Helper()
	r, err := http.NewRequest(method, "http://aws.test/", strings.NewReader(string(body)))
	if err != nil {
		return // no request of HTTP: the method is none
	}
	if u, err := r.URL.Parse(target); err == nil {
		r.URL = u
	}
	r.Host = "aws.test"
	r.Header.Set("Authorization", algorithm+" Credential=AKID/20261121/us-west-2/"+service+"/aws4_request, SignedHeaders=host, Signature=00")
	r.Header.Set("X-Amz-Target", operation)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if operation != "" {
		r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	}
	c := &clock{now: noon}
	w, err := world.New(world.Config{Catalog: sold, Seed: 1}, c.Now())
	if err != nil {
		t.Fatal(err)
	}
	s := New(Config{World: w, Now: c.Now, Sleep: c.Sleep})
	furnish(t, s)
	answer := httptest.NewRecorder()
	s.ServeHTTP(answer, r)
	checkAnswer(t, answer.Result())
	c.pass(cluster.Hour) // and what goes on by itself goes on
	s.Do(func(*world.World) {})
}

// furnish makes what requests can be about: the launch template nnn, the Auto Scaling
// group g and the node group n on it, reserved capacity, and instances.
func furnish(t *testing.T, s *Server) {
	t.Helper()
	s.Do(func(w *world.World) {
		image, subnet := w.Images()[0].ID, w.Subnets()[0].ID
		if _, made := w.CreateTemplate("nnn", "", types.ResponseLaunchTemplateData{ImageId: &image, InstanceType: "m5.large"}); !made {
			t.Fatal("there is a template nnn")
		}
		if w.Reserve("m5.large", "us-west-2a", 2, false, cluster.Never) == nil {
			t.Fatal("nothing is reserved")
		}
		_, err := s.Scaling().CreateAutoScalingGroup(w, nil, &awsasg.CreateAutoScalingGroupInput{
			AutoScalingGroupName: aws.String("g"), MinSize: aws.Int32(1), MaxSize: aws.Int32(2), VPCZoneIdentifier: &subnet,
			LaunchTemplate: &asgtypes.LaunchTemplateSpecification{LaunchTemplateName: aws.String("nnn"), Version: aws.String("1")},
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Compute().CreateNodegroup(w, nil, &awseks.CreateNodegroupInput{
			ClusterName: ofCluster, NodegroupName: aws.String("n"), NodeRole: aws.String("r"), Subnets: []string{subnet}, InstanceTypes: []string{"m5.large"},
			ScalingConfig: &ekstypes.NodegroupScalingConfig{MinSize: aws.Int32(0), MaxSize: aws.Int32(2), DesiredSize: aws.Int32(1)},
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	if err := s.cfg.Sleep(t.Context(), 10*cluster.Minute); err != nil {
		t.Fatal(err)
	}
	s.Do(func(w *world.World) {
		if n := len(w.Launches()); n != 2 {
			t.Fatalf("%d instances run, want two", n)
		}
	})
}

// checkAnswer checks that an answer is one of AWS's.
func checkAnswer(t *testing.T, r *http.Response) {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	switch r.StatusCode {
	case 200, 400, 401, 403, 404, 405, 409, 412, 413, 503:
	case 500:
		if !strings.Contains(string(body), "InsufficientInstanceCapacity") {
			t.Errorf("the server is at fault: %s", body)
		}
	default:
		t.Errorf("status %d: %s", r.StatusCode, body)
	}
	kind := r.Header.Get("Content-Type")
	if strings.Contains(kind, "json") && !json.Valid(body) {
		t.Errorf("not JSON: %s", body)
	}
	if strings.Contains(kind, "xml") {
		for d := xml.NewDecoder(strings.NewReader(string(body))); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("not XML: %v: %s", err, body)
			}
		}
	}
}

package wire

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	eksschemas "github.com/aws/aws-sdk-go-v2/service/eks/schemas"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/pricing"
	pricingschemas "github.com/aws/aws-sdk-go-v2/service/pricing/schemas"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqsschemas "github.com/aws/aws-sdk-go-v2/service/sqs/schemas"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmschemas "github.com/aws/aws-sdk-go-v2/service/ssm/schemas"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/transport/http/protocol/awsquery"
)

// service is a service of the SDK with the protocol that it is to be answered with.
type service struct {
	name     string
	protocol Protocol
	client   func(http *wireTap) any
}

// credentials that sign anything.
var credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
})

const region = "us-west-2"

// once keeps the SDK from trying again what a test lets fail.
func once() aws.Retryer { return aws.NopRetryer{} }

// allServices lists every service that the SDK is linked for.
func allServices() []service {
	endpoint := aws.String("http://aws.test")
	return []service{
		{"ec2", EC2(), func(h *wireTap) any {
			return ec2.New(ec2.Options{Region: region, Credentials: credentials, BaseEndpoint: endpoint, HTTPClient: h, Retryer: once()})
		}},
		{"autoscaling", AutoScaling(), func(h *wireTap) any {
			return autoscaling.New(autoscaling.Options{Region: region, Credentials: credentials, BaseEndpoint: endpoint, HTTPClient: h, Retryer: once()})
		}},
		{"iam", IAM(), func(h *wireTap) any {
			return iam.New(iam.Options{Region: region, Credentials: credentials, BaseEndpoint: endpoint, HTTPClient: h, Retryer: once()})
		}},
		{"sts", STS(), func(h *wireTap) any {
			return sts.New(sts.Options{Region: region, Credentials: credentials, BaseEndpoint: endpoint, HTTPClient: h, Retryer: once()})
		}},
		{"sqs", JSON10(sqsschemas.AmazonSQS), func(h *wireTap) any {
			return sqs.New(sqs.Options{
				Region: region, Credentials: credentials, BaseEndpoint: endpoint, HTTPClient: h, Retryer: once(),
				DisableMessageChecksumValidation: true, // random bodies have random checksums
			})
		}},
		{"ssm", JSON11(ssmschemas.AmazonSSM), func(h *wireTap) any {
			return ssm.New(ssm.Options{Region: region, Credentials: credentials, BaseEndpoint: endpoint, HTTPClient: h, Retryer: once()})
		}},
		{"pricing", JSON11(pricingschemas.AWSPriceListService), func(h *wireTap) any {
			return pricing.New(pricing.Options{Region: region, Credentials: credentials, BaseEndpoint: endpoint, HTTPClient: h, Retryer: once()})
		}},
		{"eks", RESTJSON(eksschemas.AWSWesleyFrontend, eksOperations...), func(h *wireTap) any {
			return eks.New(eks.Options{Region: region, Credentials: credentials, BaseEndpoint: endpoint, HTTPClient: h, Retryer: once()})
		}},
	}
}

// formerSQS is SQS with the protocol that it had before November 2023, and that the SDK's
// client can still be told to speak.
func formerSQS() service {
	return service{"sqs before 2023", SQSQuery(sqsOperations...), func(h *wireTap) any {
		return sqs.New(sqs.Options{
			Region: region, Credentials: credentials, BaseEndpoint: aws.String("http://aws.test"), HTTPClient: h, Retryer: once(), DisableMessageChecksumValidation: true,
		}, func(o *sqs.Options) { o.Protocol = awsquery.New(sqsschemas.AmazonSQS) })
	}}
}

// sqsOperations are those of SQS: its query protocol is known from their schemas.
var sqsOperations = []*smithy.OperationSchema{
	smithy.NewOperationSchema(sqsschemas.ChangeMessageVisibility, sqsschemas.ChangeMessageVisibilityRequest, nil),
	smithy.NewOperationSchema(sqsschemas.ChangeMessageVisibilityBatch, sqsschemas.ChangeMessageVisibilityBatchRequest, sqsschemas.ChangeMessageVisibilityBatchResult),
	smithy.NewOperationSchema(sqsschemas.CreateQueue, sqsschemas.CreateQueueRequest, sqsschemas.CreateQueueResult),
	smithy.NewOperationSchema(sqsschemas.DeleteMessage, sqsschemas.DeleteMessageRequest, nil),
	smithy.NewOperationSchema(sqsschemas.DeleteMessageBatch, sqsschemas.DeleteMessageBatchRequest, sqsschemas.DeleteMessageBatchResult),
	smithy.NewOperationSchema(sqsschemas.GetQueueAttributes, sqsschemas.GetQueueAttributesRequest, sqsschemas.GetQueueAttributesResult),
	smithy.NewOperationSchema(sqsschemas.GetQueueUrl, sqsschemas.GetQueueUrlRequest, sqsschemas.GetQueueUrlResult),
	smithy.NewOperationSchema(sqsschemas.ListQueues, sqsschemas.ListQueuesRequest, sqsschemas.ListQueuesResult),
	smithy.NewOperationSchema(sqsschemas.ReceiveMessage, sqsschemas.ReceiveMessageRequest, sqsschemas.ReceiveMessageResult),
	smithy.NewOperationSchema(sqsschemas.SendMessage, sqsschemas.SendMessageRequest, sqsschemas.SendMessageResult),
	smithy.NewOperationSchema(sqsschemas.SendMessageBatch, sqsschemas.SendMessageBatchRequest, sqsschemas.SendMessageBatchResult),
}

// eksOperations are those of EKS that compute needs: REST-JSON has to be told which
// there are.
var eksOperations = []*smithy.OperationSchema{
	smithy.NewOperationSchema(eksschemas.DescribeCluster, eksschemas.DescribeClusterRequest, nil),
	smithy.NewOperationSchema(eksschemas.ListClusters, eksschemas.ListClustersRequest, nil),
	smithy.NewOperationSchema(eksschemas.CreateNodegroup, eksschemas.CreateNodegroupRequest, nil),
	smithy.NewOperationSchema(eksschemas.DescribeNodegroup, eksschemas.DescribeNodegroupRequest, nil),
	smithy.NewOperationSchema(eksschemas.ListNodegroups, eksschemas.ListNodegroupsRequest, nil),
	smithy.NewOperationSchema(eksschemas.UpdateNodegroupConfig, eksschemas.UpdateNodegroupConfigRequest, nil),
	smithy.NewOperationSchema(eksschemas.UpdateNodegroupVersion, eksschemas.UpdateNodegroupVersionRequest, nil),
	smithy.NewOperationSchema(eksschemas.DeleteNodegroup, eksschemas.DeleteNodegroupRequest, nil),
	smithy.NewOperationSchema(eksschemas.CreateFargateProfile, eksschemas.CreateFargateProfileRequest, nil),
	smithy.NewOperationSchema(eksschemas.DescribeFargateProfile, eksschemas.DescribeFargateProfileRequest, nil),
	smithy.NewOperationSchema(eksschemas.DeleteFargateProfile, eksschemas.DeleteFargateProfileRequest, nil),
	smithy.NewOperationSchema(eksschemas.ListUpdates, eksschemas.ListUpdatesRequest, nil),
	smithy.NewOperationSchema(eksschemas.DescribeUpdate, eksschemas.DescribeUpdateRequest, nil),
	smithy.NewOperationSchema(eksschemas.ListFargateProfiles, eksschemas.ListFargateProfilesRequest, nil),
}

// wireTap is the SDK's way to the network, in memory: answer gets what the client sends.
type wireTap struct {
	answer func(r *http.Request, body []byte) (Response, error)
}

// Do is aws.HTTPClient's.
func (t *wireTap) Do(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	a, err := t.answer(r, body)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: a.Status, Header: a.Header, Body: io.NopCloser(bytes.NewReader(a.Body)),
		ContentLength: int64(len(a.Body)), Request: r, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

// operation is a method of a client.
type operation struct {
	name          string
	input, output reflect.Type // structs
	call          reflect.Value
}

// operations lists the operations of a client, sorted.
func operations(t *testing.T, client any) []operation {
	t.Helper()
	var out []operation
	v := reflect.ValueOf(client)
	for i := range v.NumMethod() {
		m, name := v.Method(i), v.Type().Method(i).Name
		if m.Type().NumIn() != 3 || m.Type().NumOut() != 2 || m.Type().In(1).Kind() != reflect.Pointer ||
			m.Type().In(1).Elem().Name() != name+"Input" {
			continue
		}
		out = append(out, operation{name, m.Type().In(1).Elem(), m.Type().Out(0).Elem(), m})
	}
	if len(out) == 0 {
		t.Fatalf("%T has no operations: the test looks at nothing", client)
	}
	return out
}

// do calls the operation.
func (o operation) do(in reflect.Value) (any, error) {
	out := o.call.Call([]reflect.Value{reflect.ValueOf(context.Background()), in})
	if err, ok := out[1].Interface().(error); ok {
		return nil, err
	}
	return out[0].Interface(), nil
}

// served tells whether the test's protocol knows an operation: REST-JSON and SQS's former
// one are told which there are, the others know all.
func (s service) served(operation string) bool {
	if s.name == formerSQS().name {
		return slices.ContainsFunc(sqsOperations, func(op *smithy.OperationSchema) bool { return op.ID().Name == operation })
	}
	rest, ok := s.protocol.(*restJSON)
	if !ok {
		return true
	}
	for _, r := range rest.routes {
		if r.operation == operation {
			return true
		}
	}
	return false
}

// withoutMetadata takes out of an output what the client put into it.
func withoutMetadata(out any) any {
	v := reflect.ValueOf(out).Elem()
	if f := v.FieldByName("ResultMetadata"); f.IsValid() {
		f.SetZero()
	}
	return out
}

// show writes a struct with its pointers followed, for messages.
func show(v any) string { return dump(reflect.ValueOf(v)) }

func dump(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return "nil"
		}
		return dump(v.Elem())
	case reflect.Struct:
		var b strings.Builder
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && !v.Field(i).IsZero() {
				fmt.Fprintf(&b, "%s:%s ", v.Type().Field(i).Name, dump(v.Field(i)))
			}
		}
		return "{" + b.String() + "}"
	case reflect.Slice:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = dump(v.Index(i))
		}
		return "[" + strings.Join(parts, " ") + "]"
	}
	return fmt.Sprintf("%v", v)
}

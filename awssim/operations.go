package awssim

import (
	"net/http"
	"slices"
	"strings"

	eksschemas "github.com/aws/aws-sdk-go-v2/service/eks/schemas"
	pricingschemas "github.com/aws/aws-sdk-go-v2/service/pricing/schemas"
	sqsschemas "github.com/aws/aws-sdk-go-v2/service/sqs/schemas"
	ssmschemas "github.com/aws/aws-sdk-go-v2/service/ssm/schemas"
	"github.com/aws/smithy-go"

	"github.com/ullage-sh/ullage/awssim/autoscaling"
	"github.com/ullage-sh/ullage/awssim/ec2"
	"github.com/ullage-sh/ullage/awssim/eks"
	"github.com/ullage-sh/ullage/awssim/iam"
	"github.com/ullage-sh/ullage/awssim/pricing"
	"github.com/ullage-sh/ullage/awssim/sqs"
	"github.com/ullage-sh/ullage/awssim/ssm"
	"github.com/ullage-sh/ullage/awssim/sts"
	"github.com/ullage-sh/ullage/awssim/wire"
	"github.com/ullage-sh/ullage/awssim/world"
)

// service is one of AWS's services.
type service struct {
	protocol wire.Protocol
	// former is the protocol of before, which requests with a form are in; nil for none.
	former     wire.Protocol
	operations map[string]operation
	// What is said of what is refused before the operation is asked.
	unknown string
	refusals
	throttled wire.Error
}

// operation is what is served under a name.
type operation struct {
	// input makes an empty input of the SDK.
	input func() any
	// run is the operation, from that input to an output of the SDK.
	run func(*world.World, *world.Call, any) (any, error)
}

// serve makes an operation of a function on the world.
func serve[In, Out any](f func(*world.World, *world.Call, *In) (*Out, error)) operation {
	return operation{
		input: func() any { return new(In) },
		run: func(w *world.World, c *world.Call, in any) (any, error) {
			out, err := f(w, c, in.(*In))
			if err != nil {
				return nil, err // not a pointer to nothing in an interface
			}
			return out, nil
		},
	}
}

// services are all that is served, by the name in the scope of signatures.
func services(groups *autoscaling.Groups, compute *eks.Compute) map[string]service {
	query := service{unknown: "InvalidAction", refusals: refusedByQuery, throttled: tooManyQuery}
	machines := service{unknown: "InvalidAction", refusals: refusedByEC2, throttled: tooManyOfEC2}
	json := service{unknown: "UnknownOperationException", refusals: refusedByJSON, throttled: tooManyJSON}
	clusters := json
	clusters.throttled = tooManyOfEKS
	return map[string]service{
		"ec2": machines.with(wire.EC2(), map[string]operation{
			"CancelCapacityReservation":      serve(ec2.CancelCapacityReservation),
			"CancelSpotInstanceRequests":     serve(ec2.CancelSpotInstanceRequests),
			"CreateCapacityReservation":      serve(ec2.CreateCapacityReservation),
			"CreateFleet":                    serve(ec2.CreateFleet),
			"CreateLaunchTemplate":           serve(ec2.CreateLaunchTemplate),
			"CreateLaunchTemplateVersion":    serve(ec2.CreateLaunchTemplateVersion),
			"CreateTags":                     serve(ec2.CreateTags),
			"DeleteLaunchTemplate":           serve(ec2.DeleteLaunchTemplate),
			"DeleteTags":                     serve(ec2.DeleteTags),
			"DescribeAvailabilityZones":      serve(ec2.DescribeAvailabilityZones),
			"DescribeCapacityReservations":   serve(ec2.DescribeCapacityReservations),
			"DescribeImages":                 serve(ec2.DescribeImages),
			"DescribeInstanceStatus":         serve(ec2.DescribeInstanceStatus),
			"DescribeInstanceTypeOfferings":  serve(ec2.DescribeInstanceTypeOfferings),
			"DescribeInstanceTypes":          serve(ec2.DescribeInstanceTypes),
			"DescribeInstances":              serve(ec2.DescribeInstances),
			"DescribeLaunchTemplateVersions": serve(ec2.DescribeLaunchTemplateVersions),
			"DescribeLaunchTemplates":        serve(ec2.DescribeLaunchTemplates),
			"DescribePlacementGroups":        serve(ec2.DescribePlacementGroups),
			"DescribeRegions":                serve(ec2.DescribeRegions),
			"DescribeSecurityGroups":         serve(ec2.DescribeSecurityGroups),
			"DescribeSpotInstanceRequests":   serve(ec2.DescribeSpotInstanceRequests),
			"DescribeSpotPriceHistory":       serve(ec2.DescribeSpotPriceHistory),
			"DescribeSubnets":                serve(ec2.DescribeSubnets),
			"DescribeTags":                   serve(ec2.DescribeTags),
			"DescribeVpcs":                   serve(ec2.DescribeVpcs),
			"ModifyCapacityReservation":      serve(ec2.ModifyCapacityReservation),
			"RunInstances":                   serve(ec2.RunInstances),
			"TerminateInstances":             serve(ec2.TerminateInstances),
		}),
		"autoscaling": query.with(wire.AutoScaling(), map[string]operation{
			"CompleteLifecycleAction":             serve(groups.CompleteLifecycleAction),
			"CreateAutoScalingGroup":              serve(groups.CreateAutoScalingGroup),
			"CreateOrUpdateTags":                  serve(groups.CreateOrUpdateTags),
			"DeleteAutoScalingGroup":              serve(groups.DeleteAutoScalingGroup),
			"DeleteLifecycleHook":                 serve(groups.DeleteLifecycleHook),
			"DeleteTags":                          serve(groups.DeleteTags),
			"DescribeAutoScalingGroups":           serve(groups.DescribeAutoScalingGroups),
			"DescribeAutoScalingInstances":        serve(groups.DescribeAutoScalingInstances),
			"DescribeLaunchConfigurations":        serve(groups.DescribeLaunchConfigurations),
			"DescribeLifecycleHooks":              serve(groups.DescribeLifecycleHooks),
			"DescribeScalingActivities":           serve(groups.DescribeScalingActivities),
			"DescribeTags":                        serve(groups.DescribeTags),
			"PutLifecycleHook":                    serve(groups.PutLifecycleHook),
			"RecordLifecycleActionHeartbeat":      serve(groups.RecordLifecycleActionHeartbeat),
			"ResumeProcesses":                     serve(groups.ResumeProcesses),
			"SetDesiredCapacity":                  serve(groups.SetDesiredCapacity),
			"SetInstanceHealth":                   serve(groups.SetInstanceHealth),
			"SetInstanceProtection":               serve(groups.SetInstanceProtection),
			"SuspendProcesses":                    serve(groups.SuspendProcesses),
			"TerminateInstanceInAutoScalingGroup": serve(groups.TerminateInstanceInAutoScalingGroup),
			"UpdateAutoScalingGroup":              serve(groups.UpdateAutoScalingGroup),
		}),
		"iam": query.with(wire.IAM(), map[string]operation{
			"AddRoleToInstanceProfile":      serve(iam.AddRoleToInstanceProfile),
			"CreateInstanceProfile":         serve(iam.CreateInstanceProfile),
			"DeleteInstanceProfile":         serve(iam.DeleteInstanceProfile),
			"GetInstanceProfile":            serve(iam.GetInstanceProfile),
			"GetRole":                       serve(iam.GetRole),
			"ListInstanceProfiles":          serve(iam.ListInstanceProfiles),
			"RemoveRoleFromInstanceProfile": serve(iam.RemoveRoleFromInstanceProfile),
		}),
		"sts": query.with(wire.STS(), map[string]operation{
			"AssumeRole":        serve(sts.AssumeRole),
			"GetCallerIdentity": serve(sts.GetCallerIdentity),
		}),
		"sqs": json.with(wire.JSON10(sqsschemas.AmazonSQS), map[string]operation{
			"ChangeMessageVisibility": serve(sqs.ChangeMessageVisibility),
			"CreateQueue":             serve(sqs.CreateQueue),
			"DeleteMessage":           serve(sqs.DeleteMessage),
			"DeleteMessageBatch":      serve(sqs.DeleteMessageBatch),
			"GetQueueAttributes":      serve(sqs.GetQueueAttributes),
			"GetQueueUrl":             serve(sqs.GetQueueUrl),
			"ListQueues":              serve(sqs.ListQueues),
			"ReceiveMessage":          serve(sqs.ReceiveMessage),
			"SendMessage":             serve(sqs.SendMessage),
		}).before(wire.SQSQuery(
			smithy.NewOperationSchema(sqsschemas.ChangeMessageVisibility, sqsschemas.ChangeMessageVisibilityRequest, nil),
			smithy.NewOperationSchema(sqsschemas.CreateQueue, sqsschemas.CreateQueueRequest, sqsschemas.CreateQueueResult),
			smithy.NewOperationSchema(sqsschemas.DeleteMessage, sqsschemas.DeleteMessageRequest, nil),
			smithy.NewOperationSchema(sqsschemas.DeleteMessageBatch, sqsschemas.DeleteMessageBatchRequest, sqsschemas.DeleteMessageBatchResult),
			smithy.NewOperationSchema(sqsschemas.GetQueueAttributes, sqsschemas.GetQueueAttributesRequest, sqsschemas.GetQueueAttributesResult),
			smithy.NewOperationSchema(sqsschemas.GetQueueUrl, sqsschemas.GetQueueUrlRequest, sqsschemas.GetQueueUrlResult),
			smithy.NewOperationSchema(sqsschemas.ListQueues, sqsschemas.ListQueuesRequest, sqsschemas.ListQueuesResult),
			smithy.NewOperationSchema(sqsschemas.ReceiveMessage, sqsschemas.ReceiveMessageRequest, sqsschemas.ReceiveMessageResult),
			smithy.NewOperationSchema(sqsschemas.SendMessage, sqsschemas.SendMessageRequest, sqsschemas.SendMessageResult),
		)),
		"ssm": json.with(wire.JSON11(ssmschemas.AmazonSSM), map[string]operation{
			"GetParameter":        serve(ssm.GetParameter),
			"GetParameters":       serve(ssm.GetParameters),
			"GetParametersByPath": serve(ssm.GetParametersByPath),
		}),
		"pricing": json.with(wire.JSON11(pricingschemas.AWSPriceListService), map[string]operation{
			"GetProducts": serve(pricing.GetProducts),
		}),
		"eks": clusters.with(wire.RESTJSON(eksschemas.AWSWesleyFrontend,
			smithy.NewOperationSchema(eksschemas.CreateFargateProfile, eksschemas.CreateFargateProfileRequest, nil),
			smithy.NewOperationSchema(eksschemas.CreateNodegroup, eksschemas.CreateNodegroupRequest, nil),
			smithy.NewOperationSchema(eksschemas.DeleteFargateProfile, eksschemas.DeleteFargateProfileRequest, nil),
			smithy.NewOperationSchema(eksschemas.DeleteNodegroup, eksschemas.DeleteNodegroupRequest, nil),
			smithy.NewOperationSchema(eksschemas.DescribeCluster, eksschemas.DescribeClusterRequest, nil),
			smithy.NewOperationSchema(eksschemas.DescribeFargateProfile, eksschemas.DescribeFargateProfileRequest, nil),
			smithy.NewOperationSchema(eksschemas.DescribeNodegroup, eksschemas.DescribeNodegroupRequest, nil),
			smithy.NewOperationSchema(eksschemas.DescribeUpdate, eksschemas.DescribeUpdateRequest, nil),
			smithy.NewOperationSchema(eksschemas.ListClusters, eksschemas.ListClustersRequest, nil),
			smithy.NewOperationSchema(eksschemas.ListFargateProfiles, eksschemas.ListFargateProfilesRequest, nil),
			smithy.NewOperationSchema(eksschemas.ListNodegroups, eksschemas.ListNodegroupsRequest, nil),
			smithy.NewOperationSchema(eksschemas.ListUpdates, eksschemas.ListUpdatesRequest, nil),
			smithy.NewOperationSchema(eksschemas.UpdateNodegroupConfig, eksschemas.UpdateNodegroupConfigRequest, nil),
			smithy.NewOperationSchema(eksschemas.UpdateNodegroupVersion, eksschemas.UpdateNodegroupVersionRequest, nil),
		), map[string]operation{
			"CreateFargateProfile":   serve(compute.CreateFargateProfile),
			"CreateNodegroup":        serve(compute.CreateNodegroup),
			"DeleteFargateProfile":   serve(compute.DeleteFargateProfile),
			"DeleteNodegroup":        serve(compute.DeleteNodegroup),
			"DescribeCluster":        serve(eks.DescribeCluster),
			"DescribeFargateProfile": serve(compute.DescribeFargateProfile),
			"DescribeNodegroup":      serve(compute.DescribeNodegroup),
			"DescribeUpdate":         serve(compute.DescribeUpdate),
			"ListClusters":           serve(eks.ListClusters),
			"ListFargateProfiles":    serve(compute.ListFargateProfiles),
			"ListNodegroups":         serve(compute.ListNodegroups),
			"ListUpdates":            serve(compute.ListUpdates),
			"UpdateNodegroupConfig":  serve(compute.UpdateNodegroupConfig),
			"UpdateNodegroupVersion": serve(compute.UpdateNodegroupVersion),
		}),
	}
}

// Operations are all that is served, named as in [Config.Denied], sorted.
func Operations() []string {
	var out []string
	for name, s := range services(nil, nil) {
		for op := range s.operations {
			out = append(out, name+":"+op)
		}
	}
	slices.Sort(out)
	return out
}

// with is the service with its protocol and operations.
func (s service) with(p wire.Protocol, operations map[string]operation) service {
	s.protocol, s.operations = p, operations
	return s
}

// before is the service with the protocol that it had before.
func (s service) before(p wire.Protocol) service {
	s.former = p
	return s
}

// spokenBy is the service in the protocol that a request is in.
func (s service) spokenBy(r *http.Request) service {
	if s.former != nil && !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-amz-json") {
		s.protocol = s.former
	}
	return s
}

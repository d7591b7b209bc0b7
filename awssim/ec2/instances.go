package ec2

import (
	"math"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/awssim/paging"
	"github.com/ullage-sh/ullage/awssim/wire"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
)

// stateCodes are EC2's numbers for the states of instances.
var stateCodes = map[provider.State]int32{provider.Pending: 0, provider.Running: 16, provider.ShuttingDown: 32, provider.Terminated: 48}

var stateNames = map[provider.State]types.InstanceStateName{
	provider.Pending: types.InstanceStateNamePending, provider.Running: types.InstanceStateNameRunning,
	provider.ShuttingDown: types.InstanceStateNameShuttingDown, provider.Terminated: types.InstanceStateNameTerminated,
}

func state(s provider.State) *types.InstanceState {
	return &types.InstanceState{Code: aws.Int32(stateCodes[s]), Name: stateNames[s]}
}

// timestamp is an instant in the form of those answers and filters in which it is a text.
func timestamp(at cluster.Instant) string { return world.Time(at).Format(wire.Timestamp) }

// instanceAttributes are what instances can be filtered by.
func instanceAttributes(w *world.World) attributes[world.View] {
	return attributes[world.View]{
		"instance-id":              one(func(v world.View) string { return v.ID }),
		"instance-type":            one(func(v world.View) string { return v.Type }),
		"instance-state-name":      one(func(v world.View) string { return string(stateNames[v.State]) }),
		"instance-state-code":      one(func(v world.View) string { return strconv.Itoa(int(stateCodes[v.State])) }),
		"availability-zone":        one(func(v world.View) string { return v.Zone }),
		"subnet-id":                one(func(v world.View) string { return v.SubnetID }),
		"vpc-id":                   one(func(world.View) string { return w.VPC() }),
		"image-id":                 one(func(v world.View) string { return v.ImageID }),
		"architecture":             one(func(v world.View) string { return v.Arch }),
		"key-name":                 one(func(v world.View) string { return v.KeyName }),
		"client-token":             one(func(v world.View) string { return v.Token }),
		"reservation-id":           one(func(v world.View) string { return v.Reservation }),
		"private-ip-address":       one(func(v world.View) string { return v.PrivateIP }),
		"private-dns-name":         one(func(v world.View) string { return v.PrivateDNS }),
		"spot-instance-request-id": one(func(v world.View) string { return v.SpotRequest }),
		"iam-instance-profile.arn": one(func(v world.View) string { return v.Profile }),
		"instance.group-id":        func(v world.View) []string { return v.SecurityGroups },
		"capacity-reservation-id":  one(func(v world.View) string { return v.Reserved }),
		"launch-time":              one(func(v world.View) string { return timestamp(v.Launched) }),
		"instance-lifecycle": func(v world.View) []string {
			if v.Spot {
				return []string{"spot"}
			}
			return nil // those on demand have none
		},
	}
}

func viewID(v world.View) string { return v.ID }

// views are the instances that a request names and that descriptions show.
func views(w *world.World, ids []string) ([]world.View, error) {
	if len(ids) == 0 || len(ids) > 16 {
		return selected(w.Views(), ids, "InvalidInstanceID.NotFound", "instance", viewID)
	}
	var all []world.View // a few: cheaper one by one
	for _, id := range ids {
		if v, ok := w.View(id); ok {
			all = append(all, v)
		}
	}
	return selected(all, ids, "InvalidInstanceID.NotFound", "instance", viewID)
}

// DescribeInstances shows instances, behind the truth by the machine room's lag, and
// those that are terminated for an hour.
func DescribeInstances(w *world.World, _ *world.Call, in *ec2.DescribeInstancesInput) (*ec2.DescribeInstancesOutput, error) {
	if len(in.InstanceIds) > 0 && in.MaxResults != nil {
		return nil, wire.Errorf("InvalidParameterCombination", "The parameter instancesSet cannot be used with the parameter maxResults")
	}
	all, err := views(w, in.InstanceIds)
	if err != nil {
		return nil, err
	}
	if all, err = filtered(w, all, in.Filters, instanceAttributes(w), viewID); err != nil {
		return nil, err
	}
	all, next, err := paging.Page("DescribeInstances", all, in.MaxResults, in.NextToken, paging.Bounds{Least: 5, Most: 1000, Usual: math.MaxInt32})
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeInstancesOutput{Reservations: []types.Reservation{}, NextToken: next}
	at := map[string]int{}
	for _, v := range all {
		k, ok := at[v.Reservation]
		if !ok {
			k = len(out.Reservations)
			at[v.Reservation] = k
			out.Reservations = append(out.Reservations, types.Reservation{
				ReservationId: aws.String(v.Reservation), OwnerId: aws.String(w.Config().Account), Groups: []types.GroupIdentifier{},
			})
		}
		r := &out.Reservations[k]
		r.Instances = append(r.Instances, describeInstance(w, v))
	}
	return out, nil
}

// describeInstance is an instance as EC2 tells of it. What is terminated has no address
// any more.
func describeInstance(w *world.World, v world.View) types.Instance {
	i := types.Instance{
		InstanceId: aws.String(v.ID), InstanceType: types.InstanceType(v.Type), ImageId: aws.String(v.ImageID), State: state(v.State),
		Architecture: types.ArchitectureValues(v.Arch), LaunchTime: aws.Time(world.Time(v.Launched)), AmiLaunchIndex: aws.Int32(v.Index),
		Placement:  &types.Placement{AvailabilityZone: aws.String(v.Zone), Tenancy: types.TenancyDefault, GroupName: aws.String("")},
		Monitoring: &types.Monitoring{State: types.MonitoringStateDisabled}, EbsOptimized: aws.Bool(v.EBSOptimized), Hypervisor: types.HypervisorTypeXen,
		VirtualizationType: types.VirtualizationTypeHvm, RootDeviceType: types.DeviceTypeEbs, RootDeviceName: aws.String(v.Volumes[0].Device),
		MetadataOptions: &types.InstanceMetadataOptionsResponse{
			State: types.InstanceMetadataOptionsStateApplied, HttpTokens: types.HttpTokensState(v.HTTPTokens),
			HttpEndpoint: types.InstanceMetadataEndpointState(v.HTTPEndpoint), HttpPutResponseHopLimit: aws.Int32(v.HopLimit),
		},
		Tags: tagsOf(w, v.ID), BlockDeviceMappings: []types.InstanceBlockDeviceMapping{}, NetworkInterfaces: []types.InstanceNetworkInterface{},
		EnaSupport: aws.Bool(true), ClientToken: aws.String(v.Token), SourceDestCheck: aws.Bool(true),
		PrivateDnsName: aws.String(""), PublicDnsName: aws.String(""), KeyName: description(v.KeyName),
	}
	if v.Spot {
		i.InstanceLifecycle, i.SpotInstanceRequestId = types.InstanceLifecycleTypeSpot, aws.String(v.SpotRequest)
	}
	i.CapacityReservationId, i.CapacityReservationSpecification = description(v.Reserved), reservationOf(w, v.Instance)
	if v.Profile != "" {
		i.IamInstanceProfile = &types.IamInstanceProfile{Arn: aws.String(v.Profile), Id: aws.String("AIPA" + v.ID[2:])}
	}
	if v.ByUser && v.State != provider.Running && v.State != provider.Pending {
		i.StateReason = &types.StateReason{Code: aws.String("Client.UserInitiatedShutdown"), Message: aws.String("Client.UserInitiatedShutdown: User initiated shutdown")}
	} else if v.Warned != 0 && v.State != provider.Running {
		i.StateReason = &types.StateReason{Code: aws.String("Server.SpotInstanceTermination"), Message: aws.String("Server.SpotInstanceTermination: Spot instance termination")}
	}
	if v.State == provider.Terminated {
		return i
	}
	groups := []types.GroupIdentifier{}
	for _, g := range v.SecurityGroups {
		groups = append(groups, types.GroupIdentifier{GroupId: aws.String(g)})
	}
	i.SecurityGroups, i.SubnetId, i.VpcId = groups, aws.String(v.SubnetID), aws.String(w.VPC())
	i.PrivateIpAddress, i.PrivateDnsName = aws.String(v.PrivateIP), aws.String(v.PrivateDNS)
	i.NetworkInterfaces = append(i.NetworkInterfaces, types.InstanceNetworkInterface{
		NetworkInterfaceId: aws.String(v.InterfaceID), PrivateIpAddress: aws.String(v.PrivateIP), PrivateDnsName: aws.String(v.PrivateDNS),
		SubnetId: aws.String(v.SubnetID), VpcId: aws.String(w.VPC()), Status: types.NetworkInterfaceStatusInUse, Groups: groups,
		Attachment: &types.InstanceNetworkInterfaceAttachment{DeviceIndex: aws.Int32(0), NetworkCardIndex: aws.Int32(0), Status: types.AttachmentStatusAttached, DeleteOnTermination: aws.Bool(true)},
	})
	for _, d := range v.Volumes {
		i.BlockDeviceMappings = append(i.BlockDeviceMappings, types.InstanceBlockDeviceMapping{
			DeviceName: aws.String(d.Device),
			Ebs:        &types.EbsInstanceBlockDevice{VolumeId: aws.String(d.ID), Status: types.AttachmentStatusAttached, DeleteOnTermination: aws.Bool(!d.Keep)},
		})
	}
	return i
}

// DescribeInstanceStatus tells how instances are; they are all well. Without
// IncludeAllInstances it shows running ones only.
func DescribeInstanceStatus(w *world.World, _ *world.Call, in *ec2.DescribeInstanceStatusInput) (*ec2.DescribeInstanceStatusOutput, error) {
	all, err := views(w, in.InstanceIds)
	if err != nil {
		return nil, err
	}
	has := instanceAttributes(w)
	has["event.code"] = func(v world.View) []string {
		if v.Retires != 0 {
			return []string{string(types.EventCodeInstanceRetirement)}
		}
		return nil
	}
	has["instance-status.status"] = one(func(world.View) string { return "ok" })
	has["system-status.status"] = one(func(world.View) string { return "ok" })
	if all, err = filtered(w, all, in.Filters, has, viewID); err != nil {
		return nil, err
	}
	if !aws.ToBool(in.IncludeAllInstances) {
		var running []world.View
		for _, v := range all {
			if v.State == provider.Running {
				running = append(running, v)
			}
		}
		all = running
	}
	all, next, err := paging.Page("DescribeInstanceStatus", all, in.MaxResults, in.NextToken, usualPages)
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeInstanceStatusOutput{InstanceStatuses: []types.InstanceStatus{}, NextToken: next}
	well := &types.InstanceStatusSummary{Status: types.SummaryStatusOk}
	for _, v := range all {
		s := types.InstanceStatus{
			InstanceId: aws.String(v.ID), AvailabilityZone: aws.String(v.Zone), InstanceState: state(v.State), InstanceStatus: well, SystemStatus: well,
		}
		if v.Retires != 0 {
			s.Events = []types.InstanceStatusEvent{{
				Code: types.EventCodeInstanceRetirement, Description: aws.String("The machine under the instance will be retired"), NotBefore: aws.Time(world.Time(v.Retires)),
			}}
		}
		out.InstanceStatuses = append(out.InstanceStatuses, s)
	}
	return out, nil
}

// TerminateInstances ends instances. As EC2 does, it does not know one yet that
// descriptions do not show, and then ends none of the request.
func TerminateInstances(w *world.World, _ *world.Call, in *ec2.TerminateInstancesInput) (*ec2.TerminateInstancesOutput, error) {
	if len(in.InstanceIds) == 0 {
		return nil, missing("InstanceId")
	}
	all, err := views(w, in.InstanceIds)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, v := range all {
		if v.Elsewhere {
			return nil, wire.Errorf("OperationNotPermitted", "The instance '%s' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.", v.ID)
		}
		ids = append(ids, v.ID)
	}
	if err := w.Terminate(ids); err != nil {
		return nil, err
	}
	out := &ec2.TerminateInstancesOutput{TerminatingInstances: []types.InstanceStateChange{}}
	for _, v := range all {
		out.TerminatingInstances = append(out.TerminatingInstances, types.InstanceStateChange{
			InstanceId: aws.String(v.ID), PreviousState: state(v.State), CurrentState: state(v.TrueState()),
		})
	}
	return out, nil
}

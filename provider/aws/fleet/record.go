package fleet

import (
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/cluster"
)

// Record is an instance as EC2 describes it, as far as it matters here.
type Record struct {
	ID       string
	Offering cluster.OfferingID
	State    cluster.InstanceState
	Launched cluster.Instant
	ImageID  string
	SubnetID string   // "" once it has terminated
	Groups   []string // security groups, likewise
	Profile  string   // its instance profile's name
	// What its tags say.
	Token, Pool, Class, Template, Request string
	Part                                  int
}

// record reads EC2's description.
func record(i *types.Instance) Record {
	r := Record{ID: aws.ToString(i.InstanceId), State: cluster.InstanceRunning, ImageID: aws.ToString(i.ImageId), SubnetID: aws.ToString(i.SubnetId)}
	r.Offering = cluster.OfferingID{InstanceType: string(i.InstanceType), CapacityType: capacityType(types.InstanceLifecycle(i.InstanceLifecycle))}
	if p := i.Placement; p != nil {
		r.Offering.Zone = aws.ToString(p.AvailabilityZone)
	}
	if i.LaunchTime != nil {
		r.Launched = cluster.Instant(i.LaunchTime.UnixNano())
	}
	if i.State != nil {
		switch i.State.Name {
		case types.InstanceStateNamePending:
			r.State = cluster.InstancePending
		case types.InstanceStateNameShuttingDown:
			r.State = cluster.InstanceShuttingDown
		case types.InstanceStateNameTerminated:
			r.State = cluster.InstanceTerminated
		}
		// One that somebody has stopped exists, and may be started again: it is running with
		// a node that does not answer.
	}
	for _, g := range i.SecurityGroups {
		r.Groups = append(r.Groups, aws.ToString(g.GroupId))
	}
	if p := i.IamInstanceProfile; p != nil {
		arn := aws.ToString(p.Arn)
		r.Profile = arn[strings.LastIndexByte(arn, '/')+1:]
	}
	tags := tagMap(i.Tags)
	r.Token, r.Pool, r.Class, r.Template, r.Request = tags[TagToken], tags[TagPool], tags[TagClass], tags[TagTemplate], tags[TagRequest]
	r.Part, _ = strconv.Atoi(tags[TagPart]) // absent with Karpenter's: 0
	return r
}

func capacityType(lifecycle types.InstanceLifecycle) string {
	if lifecycle == types.InstanceLifecycleSpot {
		return cluster.Spot
	}
	return cluster.OnDemand
}

func sortRecords(all []Record) {
	slices.SortFunc(all, func(a, b Record) int { return strings.Compare(a.ID, b.ID) })
}

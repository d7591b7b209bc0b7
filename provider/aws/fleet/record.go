package fleet

import (
	"slices"
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
	// Reservation is the capacity reservation that it was bought in, "" for none. One that EC2
	// has put into a reservation because it happened to be open was not.
	Reservation string
	// What its tags say; ClassTag is the one that has the name of its class.
	Token, Pool, ClassTag, Class, Template, Request string
	Step                                            Step
}

// record reads EC2's description.
func record(i *types.Instance) Record {
	r := Record{ID: aws.ToString(i.InstanceId), State: cluster.InstanceRunning, ImageID: aws.ToString(i.ImageId), SubnetID: aws.ToString(i.SubnetId)}
	r.Offering = cluster.OfferingID{InstanceType: string(i.InstanceType), CapacityType: cluster.OnDemand}
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
	r.Token, r.Pool, r.Template, r.Request = tags[TagToken], tags[TagPool], tags[TagTemplate], tags[TagRequest]
	r.ClassTag, r.Class = classOf(tags)
	r.Step = parseStep(tags[TagPart])
	switch in := aws.ToString(i.CapacityReservationId); {
	case i.InstanceLifecycle == types.InstanceLifecycleTypeSpot:
		r.Offering.CapacityType = cluster.Spot
	case in != "" && (r.Token == "" || tags[TagReserved] != ""): // Karpenter's are in none by chance
		r.Offering.CapacityType, r.Reservation = cluster.Reserved, in
	}
	return r
}

func sortRecords(all []Record) {
	slices.SortFunc(all, func(a, b Record) int { return strings.Compare(a.ID, b.ID) })
}

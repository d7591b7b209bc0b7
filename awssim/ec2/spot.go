package ec2

import (
	"cmp"
	"slices"
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

// DescribeSpotInstanceRequests shows the requests behind Spot instances.
func DescribeSpotInstanceRequests(w *world.World, _ *world.Call, in *ec2.DescribeSpotInstanceRequestsInput) (*ec2.DescribeSpotInstanceRequestsOutput, error) {
	id := func(v world.View) string { return v.SpotRequest }
	all := slices.DeleteFunc(w.Views(), func(v world.View) bool { return !v.Spot })
	all, err := selected(all, in.SpotInstanceRequestIds, "InvalidSpotInstanceRequestID.NotFound", "spot instance request", id)
	if err != nil {
		return nil, err
	}
	all, err = filtered(w, all, in.Filters, attributes[world.View]{
		"spot-instance-request-id": one(id), "instance-id": one(viewID),
		"state":                      one(func(v world.View) string { state, _ := requestState(v); return string(state) }),
		"status-code":                one(func(v world.View) string { _, code := requestState(v); return code }),
		"launched-availability-zone": one(func(v world.View) string { return v.Zone }),
		"launch.instance-type":       one(func(v world.View) string { return v.Type }),
		"launch.image-id":            one(func(v world.View) string { return v.ImageID }),
		"type":                       one(func(world.View) string { return "one-time" }),
	}, id)
	if err != nil {
		return nil, err
	}
	all, next, err := paging.Page("DescribeSpotInstanceRequests", all, in.MaxResults, in.NextToken, usualPages)
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeSpotInstanceRequestsOutput{SpotInstanceRequests: []types.SpotInstanceRequest{}, NextToken: next}
	for _, v := range all {
		state, code := requestState(v)
		out.SpotInstanceRequests = append(out.SpotInstanceRequests, types.SpotInstanceRequest{
			SpotInstanceRequestId: aws.String(v.SpotRequest), InstanceId: aws.String(v.ID), State: state, Type: types.SpotInstanceTypeOneTime,
			Status:     &types.SpotInstanceStatus{Code: aws.String(code), UpdateTime: aws.Time(world.Time(max(v.Launched, v.Warned, v.Stopping, v.Terminated)))},
			CreateTime: aws.Time(world.Time(v.Launched)), LaunchedAvailabilityZone: aws.String(v.Zone), ProductDescription: types.RIProductDescriptionLinuxUnixAmazonVpc,
			SpotPrice: aws.String(dollars(v.SpotPrice)), InstanceInterruptionBehavior: types.InstanceInterruptionBehaviorTerminate, Tags: tagsOf(w, v.SpotRequest),
			LaunchSpecification: &types.LaunchSpecification{ImageId: aws.String(v.ImageID), InstanceType: types.InstanceType(v.Type), SubnetId: aws.String(v.SubnetID)},
		})
	}
	return out, nil
}

// requestState is how a request for a Spot instance stands.
func requestState(v world.View) (types.SpotInstanceState, string) {
	switch {
	case v.Stopping != 0 && v.ByUser && v.Warned == 0:
		return types.SpotInstanceStateClosed, "instance-terminated-by-user"
	case v.Stopping != 0:
		return types.SpotInstanceStateClosed, "instance-terminated-no-capacity"
	case v.Cancelled:
		return types.SpotInstanceStateCancelled, "request-canceled-and-instance-running"
	case v.Warned != 0:
		return types.SpotInstanceStateActive, "marked-for-termination"
	case v.State == provider.Terminated:
		return types.SpotInstanceStateClosed, "instance-terminated-by-user"
	}
	return types.SpotInstanceStateActive, "fulfilled"
}

// dollars writes a price as EC2 does, with six digits behind the point.
func dollars(m cluster.Money) string {
	return strconv.FormatFloat(float64(m)/float64(cluster.USD), 'f', 6, 64)
}

// historyLimit is how far back EC2 remembers Spot prices.
const historyLimit = 90 * 24 * cluster.Hour

// historyPage is how many prices there are on a page at most. EC2 says a thousand where
// nothing is asked for, and gives more to who asks (Karpenter, for two thousand); where it
// ends is not documented.
const historyPage = 10_000

// spotPool is a Spot pool in the history of prices.
type spotPool struct{ instanceType, zone string }

// DescribeSpotPriceHistory tells what Spot pools cost and cost before: for each pool the
// newest price first, back to the one that held at StartTime.
func DescribeSpotPriceHistory(w *world.World, _ *world.Call, in *ec2.DescribeSpotPriceHistoryInput) (*ec2.DescribeSpotPriceHistoryOutput, error) {
	products := []string{"Linux/UNIX", "Linux/UNIX (Amazon VPC)"}
	if len(in.ProductDescriptions) > 0 && !slices.ContainsFunc(in.ProductDescriptions, func(p string) bool { return slices.Contains(products, p) }) {
		return &ec2.DescribeSpotPriceHistoryOutput{SpotPriceHistory: []types.SpotPrice{}}, nil
	}
	from, to := w.Now().Add(-historyLimit), w.Now()
	if in.EndTime != nil {
		to = min(to, world.Instant(*in.EndTime))
	}
	if in.StartTime != nil {
		from = min(max(from, world.Instant(*in.StartTime)), w.Now())
	}
	if from > to {
		return nil, wire.Errorf("InvalidParameterValue", "StartTime is after EndTime")
	}
	pools, err := spotPools(w, in)
	if err != nil {
		return nil, err
	}
	return priceHistory(w, pools, from, to, in)
}

// spotPools are the pools that a request is about.
func spotPools(w *world.World, in *ec2.DescribeSpotPriceHistoryInput) ([]spotPool, error) {
	var all []spotPool
	for _, t := range w.Types() {
		if len(in.InstanceTypes) > 0 && !slices.Contains(in.InstanceTypes, types.InstanceType(t.Name)) {
			continue
		}
		for _, zone := range t.Offerings[w.Config().Region].Zones {
			_, sold := w.Offering(cluster.OfferingID{InstanceType: t.Name, Zone: zone, CapacityType: cluster.Spot})
			if sold && (in.AvailabilityZone == nil || *in.AvailabilityZone == zone) {
				all = append(all, spotPool{t.Name, zone})
			}
		}
	}
	return filtered(w, all, in.Filters, attributes[spotPool]{
		"instance-type": one(func(p spotPool) string { return p.instanceType }), "availability-zone": one(func(p spotPool) string { return p.zone }),
		"product-description": one(func(spotPool) string { return "Linux/UNIX" }),
	}, nil)
}

// priceHistory is a page of prices. Ninety days of all pools are millions of them: those
// before the page are counted, not made.
func priceHistory(w *world.World, pools []spotPool, from, to cluster.Instant, in *ec2.DescribeSpotPriceHistoryInput) (*ec2.DescribeSpotPriceHistoryOutput, error) {
	const operation = "DescribeSpotPriceHistory"
	size := 1000
	if in.MaxResults != nil {
		if size = int(*in.MaxResults); size < 1 {
			return nil, wire.Errorf("InvalidParameterValue", "Value ( %d ) for parameter maxResults is invalid. Expecting a value of 1 or more", size)
		}
		size = min(size, historyPage)
	}
	skip := 0
	if aws.ToString(in.NextToken) != "" {
		var ok bool
		if skip, ok = paging.Open(operation, *in.NextToken); !ok {
			return nil, wire.Errorf("InvalidNextToken", "The NextToken is not valid for %s", operation)
		}
	}
	out := &ec2.DescribeSpotPriceHistoryOutput{SpotPriceHistory: []types.SpotPrice{}}
	end := skip + size
	for _, p := range pools {
		changes := w.PriceChanges(p.instanceType, p.zone, from, to)
		for _, at := range changes[min(skip, len(changes)):] {
			if len(out.SpotPriceHistory) == size {
				out.NextToken = aws.String(paging.Token(operation, end))
				return out, nil
			}
			out.SpotPriceHistory = append(out.SpotPriceHistory, types.SpotPrice{
				InstanceType: types.InstanceType(p.instanceType), AvailabilityZone: aws.String(p.zone), Timestamp: aws.Time(world.Time(at)),
				SpotPrice: aws.String(dollars(w.SpotPrice(p.instanceType, p.zone, at))), ProductDescription: types.RIProductDescriptionLinuxUnix,
			})
		}
		skip = max(skip-len(changes), 0)
	}
	return out, nil
}

// CancelSpotInstanceRequests closes requests. All have been fulfilled at once and are for
// one instance, which goes on: nothing else changes.
func CancelSpotInstanceRequests(w *world.World, _ *world.Call, in *ec2.CancelSpotInstanceRequestsInput) (*ec2.CancelSpotInstanceRequestsOutput, error) {
	all := slices.DeleteFunc(w.Views(), func(v world.View) bool { return !v.Spot })
	all, err := selected(all, in.SpotInstanceRequestIds, "InvalidSpotInstanceRequestID.NotFound", "spot instance request", func(v world.View) string { return v.SpotRequest })
	if err != nil || len(in.SpotInstanceRequestIds) == 0 {
		return nil, cmp.Or(err, missing("SpotInstanceRequestId"))
	}
	out := &ec2.CancelSpotInstanceRequestsOutput{CancelledSpotInstanceRequests: []types.CancelledSpotInstanceRequest{}}
	for _, v := range all {
		v.Cancelled = true
		out.CancelledSpotInstanceRequests = append(out.CancelledSpotInstanceRequests, types.CancelledSpotInstanceRequest{
			SpotInstanceRequestId: aws.String(v.SpotRequest), State: types.CancelSpotInstanceRequestStateCancelled,
		})
	}
	return out, nil
}

package awssim

import (
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/ullage-sh/ullage/awssim/wire"
	"github.com/ullage-sh/ullage/cluster"
)

// What services say when they are asked too often.
var (
	tooManyOfEC2 = wire.Error{Code: "RequestLimitExceeded", Status: http.StatusServiceUnavailable, Message: "Request limit exceeded."}
	tooManyQuery = wire.Error{Code: "Throttling", Message: "Rate exceeded"}
	tooManyJSON  = wire.Error{Code: "ThrottlingException", Message: "Rate exceeded"}
	tooManyOfEKS = wire.Error{Code: "TooManyRequestsException", Status: http.StatusTooManyRequests, Message: "Too Many Requests"}
)

// unfiltered are the operations with a smaller bucket for requests without filters and
// pages.
var unfiltered = []string{"DescribeInstances", "DescribeInstanceStatus", "DescribeSecurityGroups", "DescribeSpotInstanceRequests"}

// throttle keeps the buckets of an account.
type throttle struct {
	rates   Rates
	buckets map[string]*bucket
}

// bucket holds tokens as of an instant.
type bucket struct {
	tokens float64
	at     cluster.Instant
}

// need is what a request takes out of a bucket.
type need struct {
	bucket string
	rate   Rate
	count  float64
}

// allow takes the tokens for a request, all of them or none; false when there are not
// enough.
func (t *throttle) allow(service, operation string, in any, now cluster.Instant) bool {
	needs := t.needs(service, operation, in)
	for _, n := range needs {
		if t.fill(n.bucket, n.rate, now).tokens < n.count {
			return false
		}
	}
	for _, n := range needs {
		t.buckets[n.bucket].tokens -= n.count
	}
	return true
}

// needs are the tokens for a request.
func (t *throttle) needs(service, operation string, in any) []need {
	if service == "ec2" {
		return t.needsOfEC2(operation, in)
	}
	l, limited := t.rates.Others[service]
	if !limited {
		return nil
	}
	n := need{service, l.Read, 1}
	if !nonMutating(operation) && l.Write != (Rate{}) {
		n.bucket, n.rate = service+" writes", l.Write
	}
	if l.Each {
		n.bucket += ":" + operation
	}
	return []need{n}
}

func (t *throttle) needsOfEC2(operation string, in any) []need {
	n := need{operation, t.rates.Mutating, 1}
	switch {
	case slices.Contains(unfiltered, operation) && asksForAll(in):
		n.bucket, n.rate = operation+" unfiltered", t.rates.Unfiltered
	case nonMutating(operation):
		n.rate = t.rates.NonMutating
	case operation == "RunInstances":
		n.rate = t.rates.Run
	}
	if in, ok := in.(*ec2.TerminateInstancesInput); ok {
		return []need{n, {"terminated", t.rates.Terminated, float64(len(in.InstanceIds))}}
	}
	return []need{n}
}

// fill is a bucket with the tokens that it has by now.
func (t *throttle) fill(name string, rate Rate, now cluster.Instant) *bucket {
	b := t.buckets[name]
	if b == nil {
		b = &bucket{rate.Burst, now}
		t.buckets[name] = b
	}
	if now > b.at {
		b.tokens = min(rate.Burst, b.tokens+rate.PerSecond*float64(now.Sub(b.at))/float64(cluster.Second))
		b.at = now
	}
	return b
}

func nonMutating(operation string) bool {
	return slices.ContainsFunc([]string{"Describe", "List", "Search", "Get"}, func(p string) bool { return strings.HasPrefix(operation, p) })
}

// asksForAll tells whether a request has neither filters nor pages.
func asksForAll(in any) bool {
	v := reflect.ValueOf(in).Elem()
	for _, name := range []string{"Filters", "MaxResults"} {
		if f := v.FieldByName(name); f.IsValid() && !f.IsZero() {
			return false
		}
	}
	return true
}

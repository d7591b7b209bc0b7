package awssim

import (
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/ullage-sh/ullage/cluster"
)

// Rate is a token bucket's: how many tokens it holds, and how many come back a second.
type Rate struct{ Burst, PerSecond float64 }

// Rates are EC2's limits on requests. Each operation has a bucket of its own in its class.
//
// The figures are those of the EC2 developer guide, "Request throttling for the Amazon EC2
// API" (docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html, 2025): they hold
// for an account in a region.
type Rates struct {
	// NonMutating operations: Describe, List, Search and Get.
	NonMutating Rate
	// Unfiltered holds instead for some of them when they ask for everything on one page.
	Unfiltered Rate
	Mutating   Rate
	// Run is for RunInstances.
	Run Rate
	// Launched and Terminated count instances, not requests.
	Launched, Terminated Rate
}

// DefaultRates are AWS's.
func DefaultRates() Rates {
	return Rates{
		NonMutating: Rate{100, 20}, Unfiltered: Rate{50, 10}, Mutating: Rate{50, 5}, Run: Rate{5, 2},
		Launched: Rate{1000, 2}, Terminated: Rate{1000, 20},
	}
}

// unfiltered are the operations with a smaller bucket for requests without filters and
// pages.
var unfiltered = []string{"DescribeInstances", "DescribeInstanceStatus", "DescribeSecurityGroups", "DescribeSpotInstanceRequests"}

// throttle keeps the buckets of EC2.
type throttle struct {
	rates   Rates
	buckets map[string]*bucket
}

// bucket holds tokens as of an instant.
type bucket struct {
	tokens float64
	at     cluster.Instant
}

// allow takes the tokens for a request, all of them or none; false when there are not
// enough.
func (t *throttle) allow(operation string, in any, now cluster.Instant) bool {
	type need struct {
		name  string
		rate  Rate
		count float64
	}
	needs := []need{{operation, t.rates.Mutating, 1}}
	switch {
	case slices.Contains(unfiltered, operation) && asksForAll(in):
		needs[0] = need{operation + " unfiltered", t.rates.Unfiltered, 1}
	case nonMutating(operation):
		needs[0].rate = t.rates.NonMutating
	case operation == "RunInstances":
		needs[0].rate = t.rates.Run
	}
	switch in := in.(type) {
	case *ec2.RunInstancesInput:
		if in.MaxCount != nil {
			needs = append(needs, need{"launched", t.rates.Launched, float64(max(*in.MaxCount, 0))})
		}
	case *ec2.TerminateInstancesInput:
		needs = append(needs, need{"terminated", t.rates.Terminated, float64(len(in.InstanceIds))})
	}
	for _, n := range needs {
		b := t.buckets[n.name]
		if b == nil {
			b = &bucket{n.rate.Burst, now}
			t.buckets[n.name] = b
		}
		if now > b.at {
			b.tokens = min(n.rate.Burst, b.tokens+n.rate.PerSecond*float64(now.Sub(b.at))/float64(cluster.Second))
			b.at = now
		}
		if b.tokens < n.count {
			return false
		}
	}
	for _, n := range needs {
		t.buckets[n.name].tokens -= n.count
	}
	return true
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

// Faster are the rates for a world at a speed: what is asked for in the same span of its
// time comes that much faster.
func (r Rates) Faster(speed float64) Rates {
	for _, each := range []*Rate{&r.NonMutating, &r.Unfiltered, &r.Mutating, &r.Run, &r.Launched, &r.Terminated} {
		each.PerSecond *= speed
	}
	return r
}

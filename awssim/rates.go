package awssim

// Rate is a token bucket's: how many tokens it holds, and how many come back a second.
type Rate struct{ Burst, PerSecond float64 }

// Rates are the limits on requests, for an account in a region.
type Rates struct {
	// Those of EC2, where each operation has a bucket of its own. NonMutating operations are
	// Describe, List, Search and Get.
	NonMutating Rate
	// Unfiltered holds instead for some of them when they ask for everything on one page.
	Unfiltered Rate
	Mutating   Rate
	// Run is for RunInstances.
	Run Rate
	// Launched and Terminated count instances, not requests. A fleet launches what it may,
	// and says of the rest that it was throttled; a run is all or nothing. What groups of
	// Auto Scaling launch, those of EKS too, counts with them.
	Launched, Terminated Rate
	// Others are the limits of other services, by the name in the scope of signatures. One
	// that is not listed has none.
	Others map[string]Limit
}

// Limit bounds the requests to a service.
type Limit struct {
	// Read is for operations that change nothing, Write for the others. A Write of nothing
	// says that they share the buckets of Read.
	Read, Write Rate
	// Each operation has a bucket of its own; else all have one.
	Each bool
}

// DefaultRates are AWS's. Those of EC2 are documented ("Request throttling for the Amazon
// EC2 API" in its developer guide, 2025), and so are those of STS (600 requests a second,
// in IAM's quotas), of the Parameter Store (40 a second for all that reads, in the quotas
// of Systems Manager) and of Pricing (a bucket of 10 that gets 5 a second for each
// operation, "Using the AWS Price List Query API"). Of standard queues SQS says that they
// take nearly any number. The others are not published: Auto Scaling says that it has one
// bucket for all of its operations, IAM and EKS that they have many; what is in them here
// is a guess by what people report of being throttled, within a factor of three.
func DefaultRates() Rates {
	return Rates{
		NonMutating: Rate{100, 20}, Unfiltered: Rate{50, 10}, Mutating: Rate{50, 5}, Run: Rate{5, 2},
		Launched: Rate{1000, 2}, Terminated: Rate{1000, 20},
		Others: map[string]Limit{
			"autoscaling": {Read: Rate{100, 10}},
			"eks":         {Read: Rate{50, 10}, Write: Rate{10, 2}, Each: true},
			"iam":         {Read: Rate{60, 20}, Write: Rate{30, 5}},
			"pricing":     {Read: Rate{10, 5}, Each: true},
			"ssm":         {Read: Rate{40, 40}},
			"sts":         {Read: Rate{600, 600}},
		},
	}
}

// Faster are the rates for a world at a speed: what is asked for in the same span of its
// time comes that much faster.
func (r Rates) Faster(speed float64) Rates {
	for _, each := range []*Rate{&r.NonMutating, &r.Unfiltered, &r.Mutating, &r.Run, &r.Launched, &r.Terminated} {
		each.PerSecond *= speed
	}
	others := map[string]Limit{}
	for name, l := range r.Others {
		l.Read.PerSecond *= speed
		l.Write.PerSecond *= speed
		others[name] = l
	}
	r.Others = others
	return r
}

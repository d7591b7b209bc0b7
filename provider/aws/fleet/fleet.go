package fleet

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/cluster"
)

// Fleet is the instances of one cluster. Its methods may be called concurrently.
type Fleet struct {
	Shortages Shortages
	Templates *Templates

	cfg      Config
	byToken  gatherer[[]Record]
	byID     gatherer[Record]
	stopping gatherer[ending]
	ended    ended
	tries    tries
	trials   trials
	quota    quota
}

// Config is what a Fleet is made of.
type Config struct {
	Client *ec2.Client
	// Cluster is its name, by which its instances are tagged.
	Cluster string
	// Lag bounds how long descriptions may miss what has happened.
	Lag cluster.Duration
	// Speed is that of a simulated AWS: what holds for a while holds for less, and what comes
	// back comes back faster. 0 means 1.
	Speed int64
	// Now is the clock, Sleep waits for a span of it or until ctx ends, and then returns
	// its error.
	Now   func() cluster.Instant
	Sleep func(context.Context, cluster.Duration) error
}

// New makes a Fleet.
func New(cfg Config) *Fleet {
	cfg.Speed = max(cfg.Speed, 1)
	f := &Fleet{cfg: cfg, Templates: &Templates{cfg: cfg}}
	f.quota.cfg, f.quota.probe = &f.cfg, make(chan struct{}, 1)
	f.byToken.call, f.byID.call, f.stopping.call = f.describeTokens, f.describeIDs, f.terminate
	return f
}

func (c *Config) scaled(d cluster.Duration) cluster.Duration { return d / cluster.Duration(c.Speed) }

// mostValues is how many values a filter may have.
const mostValues = 200

// List returns the cluster's instances that have not terminated, Karpenter's included, by
// id.
func (f *Fleet) List(ctx context.Context) ([]Record, error) {
	all, err := f.describe(ctx,
		filter("tag:"+TagCluster, f.cfg.Cluster), filter("tag-key", TagPool),
		filter("instance-state-name", "pending", "running", "stopping", "stopped", "shutting-down"))
	if err == nil {
		f.quota.replay(all)
	}
	return all, err
}

// count makes sure that it is known what was launched before this process began.
func (f *Fleet) count(ctx context.Context) error {
	if f.quota.knows() {
		return nil
	}
	_, err := f.List(ctx)
	return err
}

// Get returns an instance, if only a terminated one; false if nothing is shown by that id,
// or what is shown is not this cluster's.
func (f *Fleet) Get(ctx context.Context, id string) (Record, bool, error) {
	all, err := f.byID.ask(ctx, id)
	if err != nil {
		return Record{}, false, err
	}
	r, ok := all[id]
	return r, ok, nil
}

// describeIDs finds instances. Filters are used since one id that is not known would fail
// the call for all.
func (f *Fleet) describeIDs(ctx context.Context, ids []string) (map[string]Record, error) {
	out := map[string]Record{}
	for some := range slices.Chunk(ids, mostValues) {
		all, err := f.describe(ctx, filter("instance-id", some...), filter("tag:"+TagCluster, f.cfg.Cluster))
		if err != nil {
			return nil, err
		}
		for _, r := range all {
			out[r.ID] = r
		}
	}
	return out, nil
}

// describeTokens finds the instances of tokens, terminated ones included while EC2 shows
// them.
func (f *Fleet) describeTokens(ctx context.Context, tokens []string) (map[string][]Record, error) {
	out := map[string][]Record{}
	for some := range slices.Chunk(tokens, mostValues) {
		all, err := f.describe(ctx, filter("tag:"+TagToken, some...), filter("tag:"+TagCluster, f.cfg.Cluster))
		if err != nil {
			return nil, err
		}
		for _, r := range all {
			out[r.Token] = append(out[r.Token], r)
		}
	}
	return out, nil
}

// describe returns what satisfies filters, by id.
func (f *Fleet) describe(ctx context.Context, filters ...types.Filter) ([]Record, error) {
	var out []Record
	pages := ec2.NewDescribeInstancesPaginator(f.cfg.Client, &ec2.DescribeInstancesInput{Filters: filters, MaxResults: aws.Int32(1000)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("describing instances: %w", err)
		}
		for _, r := range page.Reservations {
			for k := range r.Instances {
				out = append(out, record(&r.Instances[k]))
			}
		}
	}
	sortRecords(out)
	return out, nil
}

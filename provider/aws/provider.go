package aws

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/ullage-sh/ullage/api/awsv1"
	"github.com/ullage-sh/ullage/api/legacy/awsv1alpha1"
	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
	"github.com/ullage-sh/ullage/provider/aws/fleet"
	"github.com/ullage-sh/ullage/provider/aws/instancetype"
	"github.com/ullage-sh/ullage/provider/aws/interruption"
	"github.com/ullage-sh/ullage/provider/aws/nodeclass"
	"github.com/ullage-sh/ullage/provider/aws/price"
)

// ClassKind is the node class kind that is served, LegacyClassKind what it was called in
// 2023: what Provisioners refer to.
var (
	ClassKind       = provider.Kind{Group: awsv1.Group, Version: awsv1.Version, Kind: awsv1.Kind, Plural: awsv1.Plural}
	LegacyClassKind = provider.Kind{Group: awsv1alpha1.Group, Version: awsv1alpha1.Version, Kind: awsv1alpha1.Kind, Plural: awsv1alpha1.Plural}
)

// Config is what a Provider is made of.
type Config struct {
	// Cluster is the one that nodes are for; its region is that of the clients.
	Cluster nodeclass.Config
	Clients *Clients
	// Queue is the name of the queue that interruptions are announced on, "" for none.
	Queue string
	// Tell, if set, is told what is odd and no error of a call: messages that nobody
	// understands, nodes that EC2 did not launch beside others that it did, what was not
	// tidied up.
	Tell func(problem string)
	// Catalog has the prices of what AWS does not tell one of.
	Catalog *catalog.Catalog
	// VMOverheadPPM, ReservedENIs and PrefixDelegation: see catalog.Sizing.
	VMOverheadPPM, ReservedENIs int64
	PrefixDelegation            bool
	// Speed is that of a simulated AWS: what is taken for true for a while stays so for less.
	// 0 means 1.
	Speed int64
	// Lag bounds how long descriptions may miss what has happened; 0 means DefaultLag, at
	// that speed.
	Lag cluster.Duration
	// Now is the clock, Sleep waits for a span of it or until ctx ends, and then returns
	// its error.
	Now   func() cluster.Instant
	Sleep func(context.Context, cluster.Duration) error
}

// DefaultLag is a bound on EC2's eventual consistency that is rarely broken.
const DefaultLag = 10 * cluster.Second

// Provider implements provider.Provider.
type Provider struct {
	cfg     Config
	classes *nodeclass.Resolver
	shelf   *instancetype.Shelf
	prices  *price.Book
	fleet   *fleet.Fleet
	queue   *interruption.Queue

	turns turns // at tokens, and at classes

	mu    sync.Mutex
	known map[classKey]*offer // as last resolved
	swept cluster.Instant
}

var _ provider.Provider = (*Provider)(nil)

// New makes a Provider. Nothing is asked of AWS yet.
func New(cfg Config) *Provider {
	cfg.Speed = max(cfg.Speed, 1)
	cfg.Cluster.Speed, cfg.Cluster.LaunchTag = cfg.Speed, fleet.TagTemplate
	if cfg.Lag == 0 {
		cfg.Lag = DefaultLag / cluster.Duration(cfg.Speed)
	}
	c := cfg.Clients
	queue := interruption.New(c.SQS, cfg.Queue, cfg.Sleep)
	queue.Tell, queue.Speed = cfg.Tell, cfg.Cluster.Speed
	return &Provider{
		cfg:     cfg,
		classes: nodeclass.New(cfg.Cluster, nodeclass.Clients{EC2: c.EC2, SSM: c.SSM, IAM: c.IAM, EKS: c.EKS}, cfg.Now),
		shelf:   instancetype.NewShelf(c.EC2, cfg.Now),
		prices:  price.NewBook(c.Pricing, c.EC2, cfg.Cluster.Region, cfg.Catalog, cfg.Now),
		queue:   queue,
		fleet:   fleet.New(fleet.Config{Client: c.EC2, Cluster: cfg.Cluster.Cluster, Lag: cfg.Lag, Speed: cfg.Speed, Now: cfg.Now, Sleep: cfg.Sleep}),
		known:   map[classKey]*offer{}, swept: cfg.Now(),
	}
}

// classKey names a class as instances do: by the tag of its kind and that one's value. The
// zero value stands for a class that says nothing.
type classKey struct{ tag, name string }

func keyOf(ref cluster.ClassRef) classKey { return classKey{fleet.ClassTag(ref), ref.Name} }

// Kinds are EC2NodeClass and AWSNodeTemplate.
func (p *Provider) Kinds() []provider.Kind { return []provider.Kind{ClassKind, LegacyClassKind} }

// DescribeLag is EC2's, as far as it is known.
func (p *Provider) DescribeLag() cluster.Duration { return p.cfg.Lag }

// Notices are what AWS announces of instances on the queue.
func (p *Provider) Notices(ctx context.Context) ([]provider.Notice, error) {
	return p.queue.Receive(ctx)
}

// Acknowledge takes notices off the queue.
func (p *Provider) Acknowledge(ctx context.Context, receipts []string) error {
	return p.queue.Acknowledge(ctx, receipts)
}

func serves(ref cluster.ClassRef) error {
	for _, k := range []provider.Kind{ClassKind, LegacyClassKind} {
		if ref.Group == k.Group && ref.Kind == k.Kind {
			return nil
		}
	}
	return &provider.RejectedError{Reason: fmt.Sprintf("node class %s.%s is not served here: want %s.%s", ref, ref.Group, ClassKind.Kind, ClassKind.Group)}
}

// sweepEvery is how often it is looked for launch templates and instance profiles that
// nobody uses any more.
const sweepEvery = cluster.Hour

// List describes the cluster's instances.
func (p *Provider) List(ctx context.Context) ([]provider.Instance, error) {
	records, err := p.fleet.List(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.sweep(ctx, records); err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		// The instances are known all the same.
		p.tell(fmt.Sprintf("launch templates and instance profiles that nobody uses stay for another hour: %v", err))
	}
	out := make([]provider.Instance, len(records))
	for k, r := range records {
		if out[k], err = p.instance(ctx, r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (p *Provider) tell(problem string) {
	if p.cfg.Tell != nil {
		p.cfg.Tell(problem)
	}
}

// sweep deletes what nobody uses any more, once in a while.
func (p *Provider) sweep(ctx context.Context, records []fleet.Record) error {
	p.mu.Lock()
	due := p.cfg.Now() >= p.swept.Add(sweepEvery)
	if due {
		p.swept = p.cfg.Now()
	}
	p.mu.Unlock()
	if !due {
		return nil
	}
	if err := p.fleet.Templates.Sweep(ctx); err != nil {
		return err
	}
	return p.classes.Sweep(ctx, func(profile string) bool {
		return slices.ContainsFunc(records, func(r fleet.Record) bool { return r.Profile == profile && r.State != provider.Terminated })
	})
}

// Get describes one instance.
func (p *Provider) Get(ctx context.Context, id string) (provider.Instance, error) {
	r, ok, err := p.fleet.Get(ctx, id)
	if err != nil {
		return provider.Instance{}, err
	}
	if !ok || r.State == provider.Terminated {
		return provider.Instance{}, &provider.NotFoundError{ID: id}
	}
	return p.instance(ctx, r)
}

// Delete terminates instances.
func (p *Provider) Delete(ctx context.Context, ids []string) (map[string]provider.State, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return p.fleet.Terminate(ctx, ids)
}

// instance is a record in the words of the contract. What a node on it has is known from
// its class; without one that was resolved, it is as for a class that says nothing.
func (p *Provider) instance(ctx context.Context, r fleet.Record) (provider.Instance, error) {
	p.mu.Lock()
	o := p.known[classKey{r.ClassTag, r.Class}]
	p.mu.Unlock()
	i := provider.Instance{
		ID: r.ID, ProviderID: "aws:///" + r.Offering.Zone + "/" + r.ID, State: r.State, Offering: r.Offering, ImageID: r.ImageID,
		Launched: r.Launched, Token: r.Token, Pool: r.Pool,
		Labels: cluster.Labels{
			cluster.LabelInstanceType: r.Offering.InstanceType, cluster.LabelZone: r.Offering.Zone, cluster.LabelCapacityType: r.Offering.CapacityType,
		},
	}
	if o == nil {
		var err error
		if o, err = p.plain(ctx); err != nil {
			return i, err
		}
	} else if ready, _ := o.class.Ready(); ready {
		i.Hash = o.class.HashOf(r.Template, r.SubnetID, r.Groups)
	}
	if t := o.find(r.Offering.InstanceType); t != nil {
		i.Capacity, i.Allocatable = t.Capacity, t.Allocatable
		for k, v := range t.Labels {
			i.Labels[k] = v
		}
	}
	if r.Reservation != "" {
		i.Labels[labelReservation] = r.Reservation
	}
	if id := o.zoneID(r.Offering.Zone); id != "" {
		i.Labels[labelZoneID] = id
	}
	return i, nil
}

// labelZoneID says which zone it is across accounts: usw2-az1.
const labelZoneID = "topology.k8s.aws/zone-id"

// Learn takes note of the memory, in bytes, that the kubelet of a node found: nodes of the
// type with the image are sized by the least that was found from then on.
func (p *Provider) Learn(instanceType, imageID string, memory int64) {
	p.shelf.Report(instanceType, imageID, memory)
}

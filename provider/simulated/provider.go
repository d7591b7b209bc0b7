package simulated

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
)

// Provider implements provider.Provider on a [Cloud].
type Provider struct {
	cloud *Cloud
	now   func() cluster.Instant
	sleep func(context.Context, cluster.Duration) error

	mu    sync.Mutex
	short map[cluster.OfferingID]cluster.Instant // believed to be sold out until then
	heard map[string]bool                        // receipts of notices
}

var _ provider.Provider = (*Provider)(nil)

// NewProvider makes a provider on c. now is its clock, sleep waits for a span of
// that clock or until ctx ends, and then returns its error.
func NewProvider(c *Cloud, now func() cluster.Instant, sleep func(context.Context, cluster.Duration) error) *Provider {
	return &Provider{cloud: c, now: now, sleep: sleep, short: map[cluster.OfferingID]cluster.Instant{}, heard: map[string]bool{}}
}

// Kinds are SimulatedNodeClass and, for Provisioners, AWSNodeTemplate.
func (p *Provider) Kinds() []provider.Kind { return []provider.Kind{ClassKind, LegacyClassKind} }

// DescribeLag is the cloud's largest.
func (p *Provider) DescribeLag() cluster.Duration { return p.cloud.Delays().LagMax }

// Learn does nothing: nodes of this cloud have what it says.
func (p *Provider) Learn(string, string, int64) {}

// Resolve reads a node class. An offering that a create found short is
// unavailable for a while.
func (p *Provider) Resolve(ctx context.Context, nc cluster.NodeClass) (provider.Resolution, error) {
	if err := ctx.Err(); err != nil {
		return provider.Resolution{}, err
	}
	if err := serves(nc.Ref); err != nil {
		return provider.Resolution{}, err
	}
	now := p.now()
	k := p.cloud.read(nc)
	types := p.offered(k, now)
	return provider.Resolution{
		Conditions: k.conditions(nc.Conditions, now),
		Status:     k.status(),
		Hash:       k.hash(),
		ImageID:    k.image,
		Types:      types,
		Stocks:     p.cloud.reservedOf(now, types),
	}, nil
}

// offered is what a class offers, less what is believed to be sold out.
func (p *Provider) offered(k class, now cluster.Instant) []cluster.InstanceType {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, until := range p.short {
		if until <= now {
			delete(p.short, id)
		}
	}
	return k.types(p.cloud.cfg.Types, func(id cluster.OfferingID) bool { _, ok := p.short[id]; return ok })
}

func serves(ref cluster.ClassRef) error {
	ours := func(k provider.Kind) bool { return ref.Group == k.Group && ref.Kind == k.Kind }
	if !ours(ClassKind) && !ours(LegacyClassKind) {
		return &provider.RejectedError{Reason: fmt.Sprintf("node class %s.%s is not served here: want %s.%s", ref, ref.Group, ClassKind.Kind, ClassKind.Group)}
	}
	return nil
}

// Create launches instances. They exist before it returns: when ctx ends while
// the cloud takes its time, the same token brings them back.
func (p *Provider) Create(ctx context.Context, req provider.CreateRequest) (provider.CreateResult, error) {
	if err := ctx.Err(); err != nil {
		return provider.CreateResult{}, err
	}
	receipt, err := p.launch(req)
	if slept := p.sleep(ctx, receipt.Takes); slept != nil {
		return provider.CreateResult{}, slept
	}
	if err != nil {
		return provider.CreateResult{}, err
	}
	return provider.CreateResult{Instances: receipt.Instances, SoldOut: receipt.SoldOut}, nil
}

func (p *Provider) launch(req provider.CreateRequest) (Receipt, error) {
	if err := req.Validate(); err != nil {
		return Receipt{}, &provider.RejectedError{Reason: err.Error()}
	}
	order := Order{
		Token: req.Token, Class: req.Class.Ref, Pool: req.Pool, Count: req.Count,
		Offerings: req.Offerings, Labels: req.Labels, Taints: req.Taints,
	}
	// A token comes first: the class may be gone or broken by now, and the
	// instances are there all the same.
	if receipt, ok, err := p.cloud.Recall(p.now(), order); ok {
		return receipt, err
	}
	if err := serves(req.Class.Ref); err != nil {
		return Receipt{}, err
	}
	k := p.cloud.read(req.Class)
	if len(k.problems) > 0 {
		return Receipt{}, &provider.RejectedError{Reason: fmt.Sprintf("create %s: %s is not ready: %s", req.Token, req.Class.Ref, k.problems[0].message)}
	}
	for _, id := range req.Offerings {
		if t := p.cloud.types[id.InstanceType]; t != nil && (!k.sells(t) || !slices.Contains(k.zones, id.Zone)) {
			return Receipt{}, &provider.RejectedError{Reason: fmt.Sprintf("create %s: %s does not offer %s (zones %s)", req.Token, req.Class.Ref, id, strings.Join(k.zones, ", "))}
		}
	}
	order.ImageID, order.Hash, order.Tags = k.image, k.hash(), k.Tags
	receipt, err := p.cloud.Launch(p.now(), order)
	p.remember(receipt.SoldOut)
	return receipt, err
}

// remember believes offerings to be sold out for a while.
func (p *Provider) remember(soldOut []cluster.OfferingID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	until := p.now().Add(p.cloud.Delays().SoldOut)
	for _, id := range soldOut {
		p.short[id] = until
	}
}

// List describes the cluster's instances: those that were launched for a node class.
// Others in the same machine room are none of its business.
func (p *Provider) List(ctx context.Context) ([]provider.Instance, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return p.cloud.listed(p.now(), func(o *Order) bool { return o.Class != cluster.ClassRef{} }), nil
}

// Get describes one instance.
func (p *Provider) Get(ctx context.Context, id string) (provider.Instance, error) {
	if err := ctx.Err(); err != nil {
		return provider.Instance{}, err
	}
	return p.cloud.Get(p.now(), id)
}

// Delete terminates instances.
func (p *Provider) Delete(ctx context.Context, ids []string) (map[string]provider.State, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return p.cloud.Terminate(p.now(), ids)
}

// Notices are the warnings of Spot instances that will be taken back.
func (p *Provider) Notices(ctx context.Context) ([]provider.Notice, error) {
	for waited := cluster.Duration(0); ; waited += lookEvery {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		notices := slices.DeleteFunc(p.cloud.Warnings(p.now()), func(n provider.Notice) bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.heard[n.Receipt]
		})
		if len(notices) > 0 || waited >= silence {
			return notices, nil
		}
		if err := p.sleep(ctx, lookEvery); err != nil {
			return nil, err
		}
	}
}

// As SQS does: a receive that finds nothing returns after twenty seconds.
const (
	lookEvery = 500 * cluster.Millisecond
	silence   = 20 * cluster.Second
)

// Acknowledge makes warnings be heard.
func (p *Provider) Acknowledge(ctx context.Context, receipts []string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range receipts {
		p.heard[r] = true
	}
	return nil
}

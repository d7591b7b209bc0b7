package price

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/pricing"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
)

// How long prices are taken for true. On-demand prices change a few times a year, Spot
// prices a few times a day; after a failure it is tried again sooner.
const (
	OnDemandStay = 12 * cluster.Hour
	SpotStay     = 15 * cluster.Minute
	FailedStay   = 5 * cluster.Minute
)

// Book is what is known of prices in a region. Its methods may be called concurrently.
type Book struct {
	list   *pricing.Client
	market *ec2.Client
	region string
	now    func() cluster.Instant
	sales  map[string]catalog.Sale // of the catalogue, for this region

	refreshing sync.Mutex // held while AWS is asked

	mu       sync.Mutex
	onDemand sheet[string]
	spot     sheet[pool]
}

// pool is a type in a zone.
type pool struct{ instanceType, zone string }

// sheet is the prices of one kind, and when to ask for them next.
type sheet[K comparable] struct {
	prices map[K]cluster.Money
	again  cluster.Instant
}

// NewBook makes a book. list is a client of the Price List API in its [Home].
func NewBook(list *pricing.Client, market *ec2.Client, region string, c *catalog.Catalog, now func() cluster.Instant) *Book {
	b := &Book{list: list, market: market, region: region, now: now, sales: map[string]catalog.Sale{}}
	for _, t := range c.Types() {
		if s, ok := t.Offerings[region]; ok {
			b.sales[t.Name] = s
		}
	}
	return b
}

// Refresh asks AWS for the prices that are due. An error tells what could not be had; what
// is known holds all the same.
func (b *Book) Refresh(ctx context.Context) error {
	if list, spot := b.due(); !list && !spot {
		return nil
	}
	b.refreshing.Lock()
	defer b.refreshing.Unlock()
	list, spot := b.due() // somebody else may have asked meanwhile
	var failed []error
	if list {
		prices, err := onDemand(ctx, b.list, b.region)
		failed = append(failed, err)
		take(ctx, b, &b.onDemand, prices, err, OnDemandStay)
	}
	if spot {
		prices, err := b.askSpot(ctx)
		failed = append(failed, err)
		take(ctx, b, &b.spot, prices, err, SpotStay)
	}
	return errors.Join(failed...)
}

func (b *Book) due() (onDemand, spot bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	return now >= b.onDemand.again, now >= b.spot.again
}

// take puts prices into a sheet, unless asking for them has failed. That the asker's ctx
// ended is no failure: the next one asks.
func take[K comparable](ctx context.Context, b *Book, s *sheet[K], prices map[K]cluster.Money, err error, stay cluster.Duration) {
	if err != nil && ctx.Err() != nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		s.again = b.now().Add(FailedStay)
		return
	}
	s.prices, s.again = prices, b.now().Add(stay)
}

// askSpot asks what Spot pools cost now: a history that begins now has just that.
func (b *Book) askSpot(ctx context.Context) (map[pool]cluster.Money, error) {
	out, at := map[pool]cluster.Money{}, map[pool]time.Time{}
	pages := ec2.NewDescribeSpotPriceHistoryPaginator(b.market, &ec2.DescribeSpotPriceHistoryInput{
		ProductDescriptions: []string{"Linux/UNIX", "Linux/UNIX (Amazon VPC)"}, StartTime: aws.Time(time.Unix(0, int64(b.now())).UTC()),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("asking for Spot prices: %w", err)
		}
		for _, s := range page.SpotPriceHistory {
			p := pool{string(s.InstanceType), aws.ToString(s.AvailabilityZone)}
			price, since := dollars(aws.ToString(s.SpotPrice)), aws.ToTime(s.Timestamp)
			if price > 0 && (out[p] == 0 || since.After(at[p])) {
				out[p], at[p] = price, since
			}
		}
	}
	return out, nil
}

// OnDemand is what a type costs on demand, per hour; imputed when AWS has not said so,
// and 0 when nobody knows.
func (b *Book) OnDemand(instanceType string) (price cluster.Money, imputed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := b.onDemand.prices[instanceType]; p > 0 {
		return p, false
	}
	return cluster.Money(b.sales[instanceType].OnDemand), true
}

// Spot is what a Spot instance costs in a zone, per hour, as OnDemand has it, and how many
// of a million are reclaimed in an hour. EC2 shows no price for a pool that it sells
// nothing from: 0 then, once it has been asked.
func (b *Book) Spot(instanceType, zone string) (price cluster.Money, imputed bool, reclaimPPM int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	sale := b.sales[instanceType]
	reclaimPPM = catalog.ReclaimPPM(sale.Interruption)
	if b.spot.prices != nil {
		return b.spot.prices[pool{instanceType, zone}], false, reclaimPPM
	}
	if !slices.Contains(sale.Zones, zone) {
		return 0, true, reclaimPPM
	}
	return cluster.Money(sale.SpotAvg), true, reclaimPPM
}

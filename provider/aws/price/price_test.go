package price

import (
	"context"
	"encoding/json"
	"maps"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/pricing"

	"github.com/ullage-sh/ullage/awssim"
	"github.com/ullage-sh/ullage/awssim/simtest"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
)

func newBook(t *testing.T, change func(*awssim.Config)) (*Book, *simtest.AWS, *catalog.Catalog) {
	t.Helper()
	a := simtest.New(t, world.Config{Seed: 3}, change)
	c, err := catalog.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	return NewBook(pricing.NewFromConfig(a.Config()), ec2.NewFromConfig(a.Config()), simtest.Region, c, a.Clock.Now), a, c
}

// TestPrices: on-demand prices are those of the Price List, Spot prices those of the
// moment, for all that is sold.
func TestPrices(t *testing.T) {
	b, a, c := newBook(t, nil)
	ctx := context.Background()
	cut, cancel := context.WithCancel(ctx)
	cancel()
	if err := b.Refresh(cut); err == nil {
		t.Error("asked with a context that has ended, it says nothing of that")
	}
	if err := b.Refresh(ctx); err != nil { // who comes next asks
		t.Fatal(err)
	}
	check := func() {
		t.Helper()
		seen := 0
		a.Do(func(w *world.World) {
			for _, typ := range c.Types() {
				sale, ok := typ.Offerings[simtest.Region]
				if !ok {
					continue
				}
				if got, imputed := b.OnDemand(typ.Name); got != cluster.Money(sale.OnDemand) || (got > 0 && imputed) {
					t.Errorf("%s costs %v (imputed: %t), want %v", typ.Name, got, imputed, cluster.Money(sale.OnDemand))
				}
				for _, zone := range sale.Zones {
					want := w.SpotPrice(typ.Name, zone, w.Now())
					if got, imputed, _ := b.Spot(typ.Name, zone); got != want || imputed {
						t.Errorf("%s in %s costs %v as Spot (imputed: %t), want %v", typ.Name, zone, got, imputed, want)
					}
					seen++
				}
			}
		})
		if seen < 2000 {
			t.Errorf("only %d pools were looked at", seen)
		}
	}
	check()
	before := a.Counts()
	if err := b.Refresh(ctx); err != nil || !maps.Equal(a.Counts(), before) {
		t.Errorf("refreshed at once: %v, %v after %v", err, a.Counts(), before)
	}
	// Spot prices move, and are asked for alone until the others are due.
	a.Clock.Advance(6 * cluster.Hour)
	if err := b.Refresh(ctx); err != nil || a.Counts()["pricing:GetProducts"] != before["pricing:GetProducts"] {
		t.Errorf("refreshed after six hours: %v, %v", err, a.Counts())
	}
	check()
	a.Clock.Advance(6 * cluster.Hour)
	if err := b.Refresh(ctx); err != nil || a.Counts()["pricing:GetProducts"] == before["pricing:GetProducts"] {
		t.Errorf("on-demand prices were not asked for after twelve hours: %v", err)
	}
	if p, imputed, _ := b.Spot("m5.large", "nowhere"); p != 0 || imputed {
		t.Errorf("a Spot pool that is none costs %v", p)
	}
}

// TestNoPriceList: what AWS does not tell is the catalogue's, marked so, and asked for
// again before long.
func TestNoPriceList(t *testing.T) {
	b, a, c := newBook(t, func(c *awssim.Config) { c.Denied = []string{"pricing:GetProducts", "ec2:DescribeSpotPriceHistory"} })
	if err := b.Refresh(context.Background()); err == nil {
		t.Error("AWS refuses to tell prices, and there is no error")
	}
	typ, _ := c.Type("m5.large")
	sale := typ.Offerings[simtest.Region]
	if p, imputed := b.OnDemand("m5.large"); p != cluster.Money(sale.OnDemand) || !imputed {
		t.Errorf("m5.large costs %v (imputed: %t), want the catalogue's %v", p, imputed, cluster.Money(sale.OnDemand))
	}
	if p, imputed, ppm := b.Spot("m5.large", sale.Zones[0]); p != cluster.Money(sale.SpotAvg) || !imputed || ppm != catalog.ReclaimPPM(sale.Interruption) {
		t.Errorf("m5.large costs %v as Spot (imputed: %t), reclaimed %d", p, imputed, ppm)
	}
	if err := b.Refresh(context.Background()); err != nil {
		t.Errorf("asked again at once after a refusal: %v", err)
	}
	a.Clock.Advance(FailedStay)
	if err := b.Refresh(context.Background()); err == nil {
		t.Error("it was not asked again after a refusal")
	}
}

// TestOffer reads entries as the Price List has them.
func TestOffer(t *testing.T) {
	for text, want := range map[string]cluster.Money{
		`{"product":{"attributes":{"instanceType":"m5.large"}},"terms":{"OnDemand":{"A.B":{"priceDimensions":{"A.B.C":{"unit":"Hrs","pricePerUnit":{"USD":"0.0960000000"}}}}}}}`: 96000,
		`{"product":{"attributes":{"instanceType":"m5.large"}},"terms":{"OnDemand":{"A.B":{"priceDimensions":{"A.B.C":{"unit":"Hrs","pricePerUnit":{"USD":"0.0000000000"}}}}}}}`: 0,
		`{"product":{"attributes":{"instanceType":"m5.large"}},"terms":{"OnDemand":{"A.B":{"priceDimensions":{"A.B.C":{"unit":"Hrs","pricePerUnit":{"CNY":"1.0"}}}}}}}`:          0,
		`{"product":{"attributes":{"instanceType":"m5.large"}},"terms":{"OnDemand":{"A.B":{"priceDimensions":{"A.B.C":{"unit":"Quantity","pricePerUnit":{"USD":"200"}}}}}}}`:     0,
		`{"product":{"attributes":{"instanceType":"m5.large"}},"terms":{}}`:                                                                                                      0,
	} {
		var o offer
		if err := json.Unmarshal([]byte(text), &o); err != nil {
			t.Fatal(err)
		}
		if name, got := o.read(); name != "m5.large" || got != want {
			t.Errorf("%s: %s at %v, want %v", text, name, got, want)
		}
	}
	for region, want := range map[string]string{"us-west-2": "us-east-1", "ap-northeast-2": "ap-south-1", "eu-north-1": "eu-central-1", "cn-north-1": "cn-northwest-1", "sa-east-1": "us-east-1"} {
		if got := Home(region); got != want {
			t.Errorf("prices of %s are asked for in %s, want %s", region, got, want)
		}
	}
}

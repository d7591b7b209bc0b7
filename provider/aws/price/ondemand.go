package price

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/pricing"
	"github.com/aws/aws-sdk-go-v2/service/pricing/types"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
)

// Home is the region in which the Price List API answers for a region: it is to be had in
// a few, and each knows the prices of its partition.
func Home(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "cn-northwest-1"
	case strings.HasPrefix(region, "ap-"):
		return "ap-south-1"
	case strings.HasPrefix(region, "eu-"), strings.HasPrefix(region, "me-"), strings.HasPrefix(region, "af-"), strings.HasPrefix(region, "il-"):
		return "eu-central-1"
	}
	return "us-east-1"
}

// offer is the part of a Price List entry that is read. Quantities are text there.
type offer struct {
	Product struct {
		Attributes struct {
			InstanceType string `json:"instanceType"`
		} `json:"attributes"`
	} `json:"product"`
	Terms struct {
		OnDemand map[string]struct {
			PriceDimensions map[string]struct {
				Unit         string            `json:"unit"`
				PricePerUnit map[string]string `json:"pricePerUnit"`
			} `json:"priceDimensions"`
		} `json:"OnDemand"`
	} `json:"terms"`
}

// read returns the type and the price per hour of a Price List entry, 0 for none.
func (o *offer) read() (string, cluster.Money) {
	for _, term := range o.Terms.OnDemand {
		for _, d := range term.PriceDimensions {
			if p := dollars(d.PricePerUnit["USD"]); p > 0 && (d.Unit == "" || strings.EqualFold(d.Unit, "Hrs")) {
				return o.Product.Attributes.InstanceType, p
			}
		}
	}
	return o.Product.Attributes.InstanceType, 0
}

// dollars reads a price in dollars per hour, 0 if it is none.
func dollars(text string) cluster.Money {
	var p catalog.USD
	if text == "" || p.UnmarshalJSON([]byte(text)) != nil {
		return 0
	}
	return cluster.Money(p)
}

// onDemand asks what instances of Linux cost in a region, per hour. Virtual machines are
// listed as shared; bare metal, which nobody shares, as dedicated.
func onDemand(ctx context.Context, client *pricing.Client, region string) (map[string]cluster.Money, error) {
	out := map[string]cluster.Money{}
	for _, kind := range []struct{ family, tenancy string }{{"Compute Instance", "Shared"}, {"Compute Instance (bare metal)", "Dedicated"}} {
		pages := pricing.NewGetProductsPaginator(client, &pricing.GetProductsInput{
			ServiceCode: aws.String("AmazonEC2"), MaxResults: aws.Int32(100),
			Filters: []types.Filter{
				equals("regionCode", region), equals("productFamily", kind.family), equals("tenancy", kind.tenancy), equals("operatingSystem", "Linux"),
				equals("preInstalledSw", "NA"), equals("capacitystatus", "Used"), equals("marketoption", "OnDemand"),
			},
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, fmt.Errorf("asking for on-demand prices: %w", err)
			}
			for _, text := range page.PriceList {
				var o offer
				if err := json.Unmarshal([]byte(text), &o); err != nil {
					return nil, fmt.Errorf("reading on-demand prices: %w", err)
				}
				if name, p := o.read(); p > 0 {
					out[name] = p
				}
			}
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("asking for on-demand prices: there are none for region %s", region)
	}
	return out, nil
}

func equals(field, value string) types.Filter {
	return types.Filter{Type: types.FilterTypeTermMatch, Field: aws.String(field), Value: aws.String(value)}
}

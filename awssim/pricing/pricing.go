// Package pricing is the part of the Price List API that tells what instances cost on
// demand: Linux, no software, no licence, as the offer files of AmazonEC2 have it.
package pricing

import (
	"encoding/json"
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/pricing"
	"github.com/aws/aws-sdk-go-v2/service/pricing/types"

	"github.com/ullage-sh/ullage/awssim/paging"
	"github.com/ullage-sh/ullage/awssim/wire"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
)

// offer is a product with its terms, as it stands in an offer file.
type offer struct {
	Product struct {
		ProductFamily string            `json:"productFamily"`
		Attributes    map[string]string `json:"attributes"`
		SKU           string            `json:"sku"`
	} `json:"product"`
	ServiceCode string `json:"serviceCode"`
	Terms       struct {
		OnDemand map[string]term `json:"OnDemand"`
	} `json:"terms"`
	Version         string `json:"version"`
	PublicationDate string `json:"publicationDate"`
}

// term is a way to buy a product.
type term struct {
	PriceDimensions map[string]dimension `json:"priceDimensions"`
	SKU             string               `json:"sku"`
	EffectiveDate   string               `json:"effectiveDate"`
	OfferTermCode   string               `json:"offerTermCode"`
	TermAttributes  map[string]string    `json:"termAttributes"`
}

// dimension is a price for a unit.
type dimension struct {
	Unit         string            `json:"unit"`
	BeginRange   string            `json:"beginRange"`
	EndRange     string            `json:"endRange"`
	Description  string            `json:"description"`
	AppliesTo    []string          `json:"appliesTo"`
	RateCode     string            `json:"rateCode"`
	PricePerUnit map[string]string `json:"pricePerUnit"`
}

// AWS's codes for "on demand" and "per hour".
const (
	onDemandCode = "JRTCKXETXF"
	hourlyCode   = "6YS6EN2CT7"
)

var pages = paging.Bounds{Least: 1, Most: 100, Usual: 100, Codes: paging.Codes{Size: "InvalidParameterException", Token: "InvalidNextTokenException"}}

// GetProducts lists what is sold on demand, one product a type. Filters match whole
// values; a field that a product does not have matches none.
func GetProducts(w *world.World, _ *world.Call, in *pricing.GetProductsInput) (*pricing.GetProductsOutput, error) {
	if aws.ToString(in.ServiceCode) != "AmazonEC2" {
		return nil, wire.Errorf("InvalidParameterException", "Only the prices of AmazonEC2 are simulated")
	}
	var all []catalog.Type
	for _, t := range w.Types() {
		price := t.Offerings[w.Config().Region].OnDemand
		if price <= 0 {
			continue
		}
		o := describe(w, t, cluster.Money(price))
		ok, err := satisfies(&o, in.Filters)
		if err != nil {
			return nil, err
		}
		if ok {
			all = append(all, t)
		}
	}
	all, next, err := paging.Page("GetProducts", all, in.MaxResults, in.NextToken, pages)
	if err != nil {
		return nil, err
	}
	out := &pricing.GetProductsOutput{FormatVersion: aws.String("aws_v1"), PriceList: []string{}, NextToken: next}
	for _, t := range all {
		text, err := json.Marshal(describe(w, t, cluster.Money(t.Offerings[w.Config().Region].OnDemand)))
		if err != nil {
			return nil, err
		}
		out.PriceList = append(out.PriceList, string(text))
	}
	return out, nil
}

func satisfies(o *offer, filters []types.Filter) (bool, error) {
	for _, f := range filters {
		if f.Type != types.FilterTypeTermMatch {
			return false, wire.Errorf("InvalidParameterException", "Filters of type %s are not simulated, only TERM_MATCH", f.Type)
		}
		field, want := aws.ToString(f.Field), aws.ToString(f.Value)
		value, ok := o.Product.Attributes[field]
		switch strings.ToLower(field) {
		case "servicecode":
			value, ok = o.ServiceCode, true
		case "productfamily":
			value, ok = o.Product.ProductFamily, true
		case "sku":
			value, ok = o.Product.SKU, true
		}
		if !ok || !strings.EqualFold(value, want) {
			return false, nil
		}
	}
	return true, nil
}

func describe(w *world.World, t catalog.Type, price cluster.Money) offer {
	region := w.Config().Region
	h := fnv.New64a()
	_, _ = h.Write([]byte(region + "/" + t.Name)) // a hash does not fail
	sku := strings.ToUpper(strconv.FormatUint(h.Sum64(), 36))
	published := world.Time(w.Born()).Format("2006-01-02T15:04:05Z")
	tenancy, family := "Shared", "Compute Instance"
	if t.BareMetal {
		tenancy, family = "Dedicated", "Compute Instance (bare metal)"
	}
	dollars := strconv.FormatFloat(float64(price)/float64(cluster.USD), 'f', 10, 64)
	var o offer
	o.ServiceCode, o.Version, o.PublicationDate = "AmazonEC2", "20250501000000", published
	o.Product.ProductFamily, o.Product.SKU = family, sku
	o.Product.Attributes = map[string]string{
		"servicecode": "AmazonEC2", "instanceType": t.Name, "regionCode": region, "location": region, "locationType": "AWS Region", "tenancy": tenancy,
		"operatingSystem": "Linux", "preInstalledSw": "NA", "capacitystatus": "Used", "licenseModel": "No License required", "marketoption": "OnDemand",
		"operation": "RunInstances", "vcpu": strconv.FormatInt(t.VCPU, 10), "memory": strconv.FormatFloat(float64(t.MemoryMiB)/1024, 'f', -1, 64) + " GiB",
		"usagetype": "BoxUsage:" + t.Name,
	}
	code := sku + "." + onDemandCode
	o.Terms.OnDemand = map[string]term{code: {
		SKU: sku, EffectiveDate: published, OfferTermCode: onDemandCode, TermAttributes: map[string]string{},
		PriceDimensions: map[string]dimension{code + "." + hourlyCode: {
			Unit: "Hrs", BeginRange: "0", EndRange: "Inf", AppliesTo: []string{}, RateCode: code + "." + hourlyCode,
			Description: "$" + dollars + " per On Demand Linux " + t.Name + " Instance Hour", PricePerUnit: map[string]string{"USD": dollars},
		}},
	}}
	return o
}

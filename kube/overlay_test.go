package kube

import (
	"reflect"
	"strings"
	"testing"

	karpv1alpha1 "sigs.k8s.io/karpenter/pkg/apis/v1alpha1"

	"github.com/ullage-sh/ullage/cluster"
)

func TestNodeOverlay(t *testing.T) {
	got, err := NodeOverlay(read[karpv1alpha1.NodeOverlay](t, `
metadata: {name: gpu, resourceVersion: "7"}
spec:
  weight: 10
  priceAdjustment: "-12.5%"
  capacity: {example.com/device: "4"}
  requirements:
  - {key: failure-domain.beta.kubernetes.io/zone, operator: In, values: [b, a]}
  - {key: karpenter.k8s.aws/instance-cpu, operator: Gte, values: ["8"]}`))
	want := &cluster.Overlay{
		Name: "gpu", Revision: "7", Weight: 10, Price: &cluster.PriceChange{PPM: -125_000},
		Capacity: cluster.Resources{{Name: "example.com/device", Value: 4}},
		Requirements: cluster.Term{
			{Key: cluster.LabelZone, Operator: cluster.In, Values: []string{"a", "b"}},
			{Key: "karpenter.k8s.aws/instance-cpu", Operator: cluster.Gte, Values: []string{"8"}},
		},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}

func TestOverlayPrices(t *testing.T) {
	for text, want := range map[string]cluster.PriceChange{
		"price 0":               {Absolute: true},
		"price 1.25":            {Absolute: true, Amount: 1_250_000},
		"price 0.0000014":       {Absolute: true, Amount: 1},
		"price 0.0000015":       {Absolute: true, Amount: 2},
		"priceAdjustment +0.5":  {Amount: 500_000},
		"priceAdjustment -.5":   {Amount: -500_000},
		"priceAdjustment +10%":  {PPM: 100_000},
		"priceAdjustment -100%": {PPM: -1_000_000},
	} {
		if got, err := overlayPrice(t, text); err != nil || got == nil || *got != want {
			t.Errorf("%s: got %+v, %v", text, got, err)
		}
	}
	for _, bad := range []string{
		"price -1", "price 5%", "price 1e3", "price ''", "price 1/2", "price 99999999999999999999", "price 0x10", "price .",
		"priceAdjustment 10%", "priceAdjustment +", "priceAdjustment ''", "priceAdjustment +-1", "priceAdjustment +1%%",
	} {
		if got, err := overlayPrice(t, bad); err == nil {
			t.Errorf("%s: read as %+v", bad, got)
		}
	}
	for _, bad := range []string{`{capacity: {cpu: "1"}}`, `{capacity: {a/b: "-1"}}`, `{requirements: [{key: a, operator: Like}]}`, `{requirements: [{key: a, operator: NotIn}]}`} {
		if _, err := NodeOverlay(read[karpv1alpha1.NodeOverlay](t, `spec: `+bad)); err == nil {
			t.Errorf("%s: accepted", bad)
		}
	}
}

func overlayPrice(t *testing.T, text string) (*cluster.PriceChange, error) {
	t.Helper()
	field, value, _ := strings.Cut(text, " ")
	if value == "''" {
		value = ""
	}
	o, err := NodeOverlay(read[karpv1alpha1.NodeOverlay](t, `spec: {`+field+`: "`+value+`"}`))
	if err != nil {
		return nil, err
	}
	return o.Price, nil
}

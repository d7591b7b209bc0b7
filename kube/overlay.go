package kube

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/karpenter/pkg/apis"
	karpv1alpha1 "sigs.k8s.io/karpenter/pkg/apis/v1alpha1"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// overlays is how NodeOverlays are watched; nothing where the cluster does not know
// the kind, which came late to Karpenter.
func (c *Cluster) overlays() ([]watched, error) {
	served, err := c.serves(schema.GroupVersionKind{Group: apis.Group, Version: "v1alpha1", Kind: "NodeOverlay"})
	if err != nil || !served {
		return nil, err
	}
	return []watched{{&karpv1alpha1.NodeOverlay{}, &karpv1alpha1.NodeOverlayList{}, func(o client.Object, gone bool) engine.Event {
		ev := engine.OverlayChanged{Name: o.GetName()}
		if gone {
			return ev
		}
		var err error
		if ev.Overlay, err = NodeOverlay(o.(*karpv1alpha1.NodeOverlay)); err != nil {
			c.recorder.Eventf(o, nil, corev1.EventTypeWarning, "InvalidOverlay", "InvalidOverlay", "not used: %s", short(err.Error()))
		}
		return ev
	}}}, nil
}

// NodeOverlay converts a NodeOverlay. One that Karpenter would not use either is an
// error that says why.
func NodeOverlay(o *karpv1alpha1.NodeOverlay) (*cluster.Overlay, error) {
	if problems := leaves(o.RuntimeValidate(context.Background())); len(problems) > 0 {
		return nil, errors.New("spec: " + strings.Join(problems, "; "))
	}
	out := &cluster.Overlay{Name: o.Name, UID: string(o.UID), Revision: o.ResourceVersion, Generation: o.Generation, Capacity: resources(o.Spec.Capacity)}
	for _, c := range o.Status.Conditions {
		out.Conditions = append(out.Conditions, condition(metav1.Condition(c)))
	}
	if o.Spec.Weight != nil {
		out.Weight = *o.Spec.Weight
	}
	for i, r := range o.Spec.Requirements {
		x, err := requirement(r.Key, string(r.Operator), r.Values)
		if err != nil {
			return nil, fmt.Errorf("spec.requirements[%d]: %w", i, err)
		}
		x.Key = labelKey(x.Key)
		out.Requirements = append(out.Requirements, x)
	}
	for _, a := range out.Capacity {
		if a.Value < 0 {
			return nil, fmt.Errorf("spec.capacity[%s]: is negative", a.Name)
		}
	}
	if err := price(o, out); err != nil {
		return nil, err
	}
	return out, nil
}

// price reads the price of an overlay, or how it changes that of the cloud.
func price(o *karpv1alpha1.NodeOverlay, out *cluster.Overlay) (err error) {
	switch price, adjustment := o.Spec.Price, o.Spec.PriceAdjustment; {
	case price != nil:
		out.Price, err = priceChange("spec.price", *price, false)
	case adjustment != nil:
		out.Price, err = priceChange("spec.priceAdjustment", *adjustment, true)
	}
	return err
}

// priceChange reads "0.5" or, if signed, "+0.1", "-0.1" and "-15%".
func priceChange(field, text string, signed bool) (*cluster.PriceChange, error) {
	digits, percent := strings.CutSuffix(text, "%")
	negative := strings.HasPrefix(digits, "-")
	if signed && digits != "" && (negative || digits[0] == '+') {
		digits = digits[1:]
	} else if signed || percent {
		return nil, fmt.Errorf("%s: %q is neither an amount of USD per hour nor a percentage with a sign", field, text)
	}
	unit := int64(cluster.USD)
	if percent {
		unit = 10_000 // millionths
	}
	n, ok := decimal(digits, unit)
	if !ok {
		return nil, fmt.Errorf("%s: %q is not an amount of USD per hour", field, text)
	}
	if negative {
		n = -n
	}
	if percent {
		return &cluster.PriceChange{PPM: n}, nil
	}
	return &cluster.PriceChange{Absolute: !signed, Amount: cluster.Money(n)}, nil
}

// decimal reads a number such as "0.05" as so many of its units, rounded to the
// nearest.
func decimal(s string, unit int64) (int64, bool) {
	r, ok := new(big.Rat).SetString(s)
	if !ok || strings.Trim(s, "0123456789.") != "" {
		return 0, false
	}
	r.Mul(r, new(big.Rat).SetInt64(unit))
	n := new(big.Int).Quo(new(big.Int).Add(new(big.Int).Lsh(r.Num(), 1), r.Denom()), new(big.Int).Lsh(r.Denom(), 1))
	return n.Int64(), n.IsInt64() && n.Int64() <= maxAmount
}

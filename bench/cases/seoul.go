package cases

import (
	"fmt"
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/bench/record"
	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
)

// region is where the real catalogue's instance types are sold.
const region = "ap-northeast-2"

// prices says which instance types are let in.
type prices int

const (
	anyPrice      prices = iota
	publishedOnly        // none with a price that was estimated from its family
)

// seoul sets the market of the real catalogue, nodes sized as Karpenter's AWS
// provider does it.
func (w *world) seoul(p prices, requirements ...karpv1.NodeSelectorRequirementWithMinValues) error {
	c, err := catalog.Embedded()
	if err != nil {
		return err
	}
	types, _, err := c.InstanceTypes(region, catalog.DefaultSizing(), w.in.Seed)
	if err != nil {
		return err
	}
	for _, t := range types {
		if p == publishedOnly && slices.ContainsFunc(t.Offerings, func(o cluster.Offering) bool { return o.Imputed }) {
			continue
		}
		w.in.Types = append(w.in.Types, newType(t))
	}
	w.in.NodePool = newPool(&karpv1.NodeClassReference{Group: "karpenter.k8s.aws", Kind: "EC2NodeClass", Name: "default"},
		append([]karpv1.NodeSelectorRequirementWithMinValues{want(corev1.LabelOSStable, corev1.NodeSelectorOpIn, "linux")}, requirements...)...)
	return nil
}

// general are the requirements of the NodePool in Karpenter's getting-started
// guide: on-demand amd64 types of the three general categories, without the oldest
// generations. Categories can be added.
func general(categories ...string) []karpv1.NodeSelectorRequirementWithMinValues {
	return []karpv1.NodeSelectorRequirementWithMinValues{
		want(corev1.LabelArchStable, corev1.NodeSelectorOpIn, karpv1.ArchitectureAmd64),
		want(karpv1.CapacityTypeLabelKey, corev1.NodeSelectorOpIn, karpv1.CapacityTypeOnDemand),
		want(catalog.LabelCategory, corev1.NodeSelectorOpIn, append([]string{"c", "m", "r"}, categories...)...),
		want(catalog.LabelGeneration, corev1.NodeSelectorOpGt, "2"),
	}
}

func newType(t cluster.InstanceType) record.Type {
	out := record.Type{Name: t.Name, Labels: t.Labels, Capacity: list(t.Capacity), Allocatable: list(t.Allocatable)}
	for _, o := range t.Offerings {
		out.Offerings = append(out.Offerings, record.Offering{Zone: o.Zone, CapacityType: o.CapacityType, Price: record.USD(o.Price), Imputed: o.Imputed})
	}
	return out
}

func list(r cluster.Resources) corev1.ResourceList {
	out := make(corev1.ResourceList, len(r))
	for _, a := range r {
		switch a.Name {
		case cluster.CPU:
			out[corev1.ResourceCPU] = *resource.NewMilliQuantity(a.Value, resource.DecimalSI)
		case cluster.Memory, cluster.EphemeralStorage:
			out[corev1.ResourceName(a.Name)] = *resource.NewQuantity(a.Value, resource.BinarySI)
		default:
			out[corev1.ResourceName(a.Name)] = *resource.NewQuantity(a.Value, resource.DecimalSI)
		}
	}
	return out
}

// logNormal draws a request: medians of half a core and a gibibyte, σ = 1, in
// steps of 10 millicores and 16 MiB, at most 16 cores and 64 GiB. Cores and
// memory are drawn apart.
func (w *world) logNormal() requests {
	draw := func(median, step, most int64) int64 {
		return min((int64(float64(median)*math.Exp(w.r.NormFloat64()))/step+1)*step, most)
	}
	return requests{cpu: draw(500, 10, 16_000), memory: draw(1024, 16, 64<<10) * mebi}
}

// everyday makes pods that ask for resources and nothing else.
func everyday(p prices) func(*world, int) error {
	return func(w *world, pods int) error {
		if err := w.seoul(p, general()...); err != nil {
			return err
		}
		labels := map[string]string{"app": "batch"}
		for i := range pods {
			w.wait(fmt.Sprintf("batch-%d", i), labels, w.logNormal(), nil)
		}
		return nil
	}
}

// classes makes the pods of n Deployments, each of one size, before all types.
func classes(n int) func(*world, int) error {
	return func(w *world, pods int) error {
		if err := w.seoul(anyPrice); err != nil {
			return err
		}
		for k := range n {
			labels, size := map[string]string{"app": fmt.Sprintf("app-%d", k)}, w.logNormal()
			for i := k; i < pods; i += n {
				w.wait(fmt.Sprintf("app-%d-%d", k, i), labels, size, nil)
			}
		}
		return nil
	}
}

// shapes makes pods of n distinct requests before all types.
func shapes(n int) func(*world, int) error {
	return func(w *world, pods int) error {
		if err := w.seoul(anyPrice); err != nil {
			return err
		}
		seen := map[requests]bool{}
		var distinct []requests
		for len(distinct) < min(n, pods) {
			q := w.logNormal()
			q.cpu += w.r.Int64N(10) // finer than the steps, so that there are enough
			if !seen[q] {
				seen[q] = true
				distinct = append(distinct, q)
			}
		}
		labels := map[string]string{"app": "batch"}
		for i := range pods {
			w.wait(fmt.Sprintf("batch-%d", i), labels, distinct[i%len(distinct)], nil)
		}
		return nil
	}
}

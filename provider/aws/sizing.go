package aws

import (
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider/aws/nodeclass"
	"github.com/ullage-sh/ullage/provider/aws/userdata"
)

// sizing is what a class says of how much of a machine pods may use. Settings that make no
// sense have been found by then, and the class is not ready: they count as not there.
func (p *Provider) sizing(c *nodeclass.Class) catalog.Sizing {
	s := catalog.Sizing{
		VMOverheadPPM: p.cfg.VMOverheadPPM, ReservedENIs: p.cfg.ReservedENIs, PrefixDelegation: p.cfg.PrefixDelegation,
		RootVolume: c.DiskBytes(), InstanceStore: c.Spec.InstanceStorePolicy == "RAID0", ReserveByMaxPods: c.Family == userdata.Bottlerocket,
	}
	k := c.Spec.Kubelet
	if k == nil {
		return s
	}
	if k.MaxPods != nil {
		s.MaxPods = int64(*k.MaxPods)
	}
	if k.PodsPerCore != nil && c.Family != userdata.Bottlerocket { // which has no such setting
		s.PodsPerCore = int64(*k.PodsPerCore)
	}
	s.KubeReserved, s.SystemReserved = amounts(k.KubeReserved), cluster.NewResources(amounts(k.SystemReserved))
	s.EvictMemory, s.EvictStorage = threshold(k.EvictionHard["memory.available"]), threshold(k.EvictionHard["nodefs.available"])
	return s
}

// amounts reads quantities of what pods can ask for; what else can be reserved (pid) is
// no resource of theirs.
func amounts(texts map[string]string) map[string]int64 {
	out := map[string]int64{}
	for name, text := range texts {
		q, err := resource.ParseQuantity(text)
		if err != nil {
			continue
		}
		switch name {
		case cluster.CPU:
			out[name] = q.MilliValue()
		case cluster.Memory, cluster.EphemeralStorage:
			out[name] = q.Value()
		}
	}
	return out
}

// threshold reads an eviction threshold, an amount or a share of the capacity; nil for
// none. All of the capacity means that the signal is not looked at.
func threshold(text string) *catalog.Threshold {
	if percent, ok := strings.CutSuffix(text, "%"); ok {
		share, err := strconv.ParseFloat(percent, 64)
		if err != nil || share < 0 || share > 100 {
			return nil
		}
		if share == 100 {
			share = 0
		}
		return &catalog.Threshold{SharePPM: int64(share * 10_000)}
	}
	q, err := resource.ParseQuantity(text)
	if err != nil {
		return nil
	}
	return &catalog.Threshold{Bytes: q.Value()}
}

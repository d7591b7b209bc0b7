package offline

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
)

// kubelet is the part of an EC2NodeClass's spec.kubelet that decides how much of a
// node pods may use.
type kubelet struct {
	MaxPods        *int64            `json:"maxPods"`
	PodsPerCore    *int64            `json:"podsPerCore"`
	KubeReserved   map[string]string `json:"kubeReserved"`
	SystemReserved map[string]string `json:"systemReserved"`
	EvictionHard   map[string]string `json:"evictionHard"`
}

// evictionMemory is what a kubelet keeps free unless it is told otherwise.
const evictionMemory = 100 << 20

// apply changes the allocatable of all types. What is not said stays as it is sized
// by default.
func (k *kubelet) apply(types []cluster.InstanceType) error {
	kube, err := amounts("kubeReserved", k.KubeReserved)
	if err != nil {
		return err
	}
	system, err := amounts("systemReserved", k.SystemReserved)
	if err != nil {
		return err
	}
	for i := range types {
		t := &types[i]
		eviction, err := k.evicts(t.Capacity.Get(cluster.Memory))
		if err != nil {
			return err
		}
		reserved := t.Capacity.Minus(t.Allocatable)
		reserved = reserved.Minus(cluster.NewResources(map[string]int64{cluster.Memory: evictionMemory}))
		for name, v := range kube {
			reserved = reserved.Plus(cluster.NewResources(map[string]int64{name: v - reserved.Get(name)}))
		}
		reserved = reserved.Plus(cluster.NewResources(system)).Plus(cluster.NewResources(map[string]int64{cluster.Memory: eviction}))
		k.pods(t)
		t.Allocatable = t.Capacity.Minus(reserved).Max(nil)
	}
	return nil
}

// pods sets how many pods the kubelet takes: maxPods, and no more than podsPerCore
// says.
func (k *kubelet) pods(t *cluster.InstanceType) {
	n := t.Capacity.Get(cluster.Pods)
	if k.MaxPods != nil {
		n = *k.MaxPods
	}
	if k.PodsPerCore != nil && *k.PodsPerCore > 0 {
		n = min(n, *k.PodsPerCore*t.Capacity.Get(cluster.CPU)/1000)
	}
	t.Capacity = t.Capacity.Plus(cluster.NewResources(map[string]int64{cluster.Pods: n - t.Capacity.Get(cluster.Pods)}))
}

// evicts is the memory that evictionHard keeps free, as an amount or a share.
func (k *kubelet) evicts(memory int64) (int64, error) {
	text, ok := k.EvictionHard["memory.available"]
	if !ok {
		return evictionMemory, nil
	}
	if percent, ok := strings.CutSuffix(text, "%"); ok {
		share, err := strconv.ParseFloat(percent, 64)
		if err != nil || share < 0 || share > 100 {
			return 0, fmt.Errorf("evictionHard[memory.available]: %q is no share", text)
		}
		return int64(float64(memory) * share / 100), nil
	}
	q, err := resource.ParseQuantity(text)
	if err != nil {
		return 0, fmt.Errorf("evictionHard[memory.available]: %q is no quantity", text)
	}
	return q.Value(), nil
}

// amounts reads quantities of cpu, memory and ephemeral-storage; what else can be
// reserved (pid) is no resource of pods.
func amounts(field string, in map[string]string) (map[string]int64, error) {
	out := map[string]int64{}
	for _, name := range slices.Sorted(maps.Keys(in)) {
		q, err := resource.ParseQuantity(in[name])
		if err != nil {
			return nil, fmt.Errorf("%s[%s]: %q is no quantity", field, name, in[name])
		}
		switch name {
		case cluster.CPU:
			out[name] = q.MilliValue()
		case cluster.Memory, cluster.EphemeralStorage:
			out[name] = q.Value()
		}
	}
	return out, nil
}

// instanceStore makes the local disks of types that have them, joined as RAID 0,
// what pods may use as ephemeral storage.
func instanceStore(types []cluster.InstanceType) {
	for i := range types {
		t := &types[i]
		gb, err := strconv.ParseInt(t.Labels[catalog.LabelLocalNVMe], 10, 64)
		if err != nil { // no local disks
			continue
		}
		more := cluster.NewResources(map[string]int64{cluster.EphemeralStorage: gb*1_000_000_000 - t.Capacity.Get(cluster.EphemeralStorage)})
		t.Capacity, t.Allocatable = t.Capacity.Plus(more), t.Allocatable.Plus(more)
	}
}

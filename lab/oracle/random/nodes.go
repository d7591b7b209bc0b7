package random

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/lab/oracle"
)

func (m *maker) nodes() {
	least := 0
	if m.opt.Pools == 0 {
		least = 1
	}
	for i := range m.between(least, m.opt.Nodes) {
		m.node("node-" + strconv.Itoa(i))
	}
}

func (m *maker) node(name string) {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: oracle.WithAliases(m.nodeLabels(name))}}
	for range m.r.IntN(3) {
		if m.binds(40) {
			n.Spec.Taints = append(n.Spec.Taints, m.taint())
		}
	}
	if m.chance(12) {
		// The control plane adds the taint a moment later. A snapshot takes it to be
		// there at once; for that moment a spread that honours taints sees it otherwise.
		n.Spec.Unschedulable = true
		n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule})
	}
	ready := corev1.ConditionTrue
	if m.chance(4) {
		ready = corev1.ConditionFalse
		n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: corev1.TaintNodeNotReady, Effect: corev1.TaintEffectNoSchedule})
	}
	n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: ready}}
	n.Status.Allocatable = m.allocatable()
	n.Status.Capacity = n.Status.Allocatable
	m.o.Nodes = append(m.o.Nodes, n)
	m.csiNode(name) // every kubelet makes one, if only to say that there are no drivers
}

func (m *maker) nodeLabels(name string) map[string]string {
	labels := map[string]string{corev1.LabelOSStable: "linux", corev1.LabelArchStable: pick(m, "amd64", "arm64")}
	if m.chance(95) {
		labels[corev1.LabelHostname] = name
	}
	if m.chance(85) {
		labels[corev1.LabelTopologyZone] = pick(m, zones...)
	}
	if m.chance(80) {
		labels[corev1.LabelTopologyRegion] = pick(m, "north", "south")
	}
	if m.chance(60) {
		labels[corev1.LabelInstanceTypeStable] = pick(m, "type-0", "type-1", "type-2")
	}
	m.customLabels(labels)
	return labels
}

// customLabels are those that people give: numbers and words under the same key.
func (m *maker) customLabels(labels map[string]string) {
	if m.chance(60) {
		labels["rack"] = pick(m, "1", "2", "3")
	}
	if m.chance(50) {
		labels["disk"] = pick(m, "ssd", "hdd")
	}
	if m.chance(50) {
		labels["generation"] = pick(m, "3", "5", "007", "new", "")
	}
}

func (m *maker) taint() corev1.Taint {
	t := corev1.Taint{Key: pick(m, "dedicated", "gpu"), Value: pick(m, "", "db", "web"),
		Effect: pick(m, corev1.TaintEffectNoSchedule, corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute)}
	if m.opt.Compare && m.chance(50) {
		t.Key, t.Value = "load", pick(m, "10", "50", "high")
	}
	return t
}

func (m *maker) allocatable() corev1.ResourceList {
	list := corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewMilliQuantity(int64(m.between(2, 16))*500, resource.DecimalSI),
		corev1.ResourceMemory: *resource.NewQuantity(int64(m.between(2, 16))<<30, resource.BinarySI),
		corev1.ResourcePods:   *resource.NewQuantity(int64(m.between(2, 12)), resource.DecimalSI),
	}
	if m.density < 100 && m.chance(60) {
		list[corev1.ResourceCPU], list[corev1.ResourceMemory] = resource.MustParse("16"), resource.MustParse("64Gi")
		list[corev1.ResourcePods] = resource.MustParse("30")
	}
	if m.chance(80) {
		list[corev1.ResourceEphemeralStorage] = *resource.NewQuantity(int64(m.between(4, 20))<<30, resource.BinarySI)
	}
	if m.chance(40) {
		list["nvidia.com/gpu"] = *resource.NewQuantity(int64(m.between(0, 3)), resource.DecimalSI)
	}
	if m.chance(30) {
		list["hugepages-2Mi"] = *resource.NewQuantity(int64(m.between(0, 4))<<30, resource.BinarySI)
	}
	if m.chance(30) {
		list["example.com/dongle"] = *resource.NewQuantity(int64(m.between(0, 2)), resource.DecimalSI)
	}
	return list
}

// csiNode says what the storage drivers on a node can attach.
func (m *maker) csiNode(name string) {
	n := &storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: name}}
	for _, driver := range drivers {
		if m.chance(20) {
			continue
		}
		d := storagev1.CSINodeDriver{Name: driver, NodeID: name}
		if m.chance(75) {
			count := int32(m.between(0, 3))
			d.Allocatable = &storagev1.VolumeNodeResources{Count: &count}
		}
		n.Spec.Drivers = append(n.Spec.Drivers, d)
	}
	m.o.CSINodes = append(m.o.CSINodes, n)
}

// pools makes what can be bought.
func (m *maker) pools() {
	least := 0
	if len(m.o.Nodes) == 0 {
		least = 1
	}
	class := cluster.ClassRef{Group: "lab", Kind: "Class", Name: "default"}
	for i := range m.between(min(least, m.opt.Pools), m.opt.Pools) {
		p := &cluster.Pool{Name: "pool-" + strconv.Itoa(i), Class: class, Weight: int32(m.r.IntN(2)), Labels: cluster.Labels{}}
		m.customLabels(p.Labels)
		if m.binds(40) {
			t := m.taint()
			p.Taints = append(p.Taints, cluster.Taint{Key: t.Key, Value: t.Value, Effect: cluster.TaintEffect(t.Effect)})
		}
		if m.chance(30) {
			p.Requirements = append(p.Requirements, cluster.Requirement{Key: cluster.LabelZone, Operator: cluster.In, Values: []string{pick(m, zones...), pick(m, zones...)}})
		}
		m.o.Pools = append(m.o.Pools, p)
	}
	if len(m.o.Pools) == 0 {
		return
	}
	for i := range m.between(1, 3) {
		m.o.Types = append(m.o.Types, m.instanceType("type-"+strconv.Itoa(i)))
	}
}

func (m *maker) instanceType(name string) cluster.InstanceType {
	amounts := map[string]int64{}
	for name, q := range m.allocatable() {
		amounts[string(name)] = q.Value()
		if name == corev1.ResourceCPU {
			amounts[string(name)] = q.MilliValue()
		}
	}
	allocatable := cluster.NewResources(amounts)
	var limits cluster.Resources
	for _, driver := range drivers {
		if m.chance(60) {
			limits = append(limits, cluster.Amount{Name: cluster.AttachLimit + driver, Value: int64(m.between(0, 3))})
		}
	}
	t := cluster.InstanceType{
		Name: name, Capacity: allocatable, Allocatable: allocatable, AttachLimits: limits,
		Labels: cluster.Labels{cluster.LabelOS: "linux", cluster.LabelArch: pick(m, "amd64", "arm64"), cluster.LabelRegion: "north"},
	}
	size := allocatable.Get(cluster.CPU)*30 + allocatable.Get(cluster.Memory)>>30*5_000
	for _, zone := range zones {
		if m.chance(60) {
			t.Offerings = append(t.Offerings, cluster.Offering{Zone: zone, CapacityType: pick(m, cluster.Spot, cluster.OnDemand), Price: cluster.Money(size + int64(m.r.IntN(2_000))), Available: true})
		}
	}
	return t
}

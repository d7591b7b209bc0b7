package decisions

import (
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// The vocabulary: few words, so that constraints meet.
var (
	zones      = []string{"zone-a", "zone-b", "zone-c"}
	namespaces = []string{"blue", "green"}
	teams      = []string{"x", "y"}
	disks      = []string{"ssd", "hdd"}
)

// sizes of nodes: millicores and GiB, as compute, general and memory types have them.
var sizes = [][2]int64{{1930, 3}, {1930, 7}, {3920, 6}, {3920, 14}, {3920, 29}, {7910, 14}, {7910, 29}, {15890, 58}}

func (t *town) addNode() {
	t.names++
	name := fmt.Sprintf("node-%d", t.names)
	size := pick(t, sizes...)
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name), ResourceVersion: t.revision(), Labels: map[string]string{
		corev1.LabelHostname: name, corev1.LabelArchStable: "amd64", corev1.LabelOSStable: "linux",
	}}}
	if t.chance(95) {
		n.Labels[corev1.LabelTopologyZone] = pick(t, zones...)
	}
	if t.chance(60) {
		n.Labels["disk"] = pick(t, disks...)
	}
	if t.chance(30) {
		n.Labels["rack"] = pick(t, "1", "2", "3")
	}
	if t.chance(30) {
		t.taint(n)
	}
	if t.chance(3) {
		t.cordon(n)
	}
	n.Status.Allocatable = corev1.ResourceList{
		corev1.ResourceCPU: *resource.NewMilliQuantity(size[0], resource.DecimalSI), corev1.ResourceMemory: *resource.NewQuantity(size[1]<<30, resource.BinarySI),
		corev1.ResourcePods: *resource.NewQuantity(pick(t, int64(110), 58, 29, 8), resource.DecimalSI),
	}
	n.Status.Capacity = n.Status.Allocatable
	n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
	t.nodes = append(t.nodes, n)
	t.showNode(n)
}

func (t *town) taint(n *corev1.Node) {
	for range t.r.IntN(3) {
		x := corev1.Taint{Key: pick(t, "dedicated", "spot", "old"), Value: pick(t, teams...),
			Effect: pick(t, corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute)}
		if !slices.ContainsFunc(n.Spec.Taints, func(y corev1.Taint) bool { return x.Key == y.Key && x.Effect == y.Effect }) {
			n.Spec.Taints = append(n.Spec.Taints, x)
		}
	}
}

// cordon closes a node, or opens it again. The taint, which the control plane adds, comes
// with it.
func (t *town) cordon(n *corev1.Node) {
	n.Spec.Unschedulable = !n.Spec.Unschedulable
	n.Spec.Taints = slices.DeleteFunc(n.Spec.Taints, func(x corev1.Taint) bool { return x.Key == corev1.TaintNodeUnschedulable })
	if n.Spec.Unschedulable {
		n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule})
	}
}

// app is a workload: its pods are alike.
type app struct {
	name     string
	template corev1.Pod
}

func (t *town) app(i int) *app {
	a := &app{name: fmt.Sprintf("app-%d", i)}
	p := &a.template
	p.Namespace = pick(t, namespaces...)
	p.Labels = map[string]string{"app": a.name, "team": pick(t, teams...)}
	t.owner(a)
	p.Spec.SchedulerName = corev1.DefaultSchedulerName
	never := corev1.PreemptNever
	p.Spec.PreemptionPolicy = &never
	c := corev1.Container{Name: "main", Image: "registry.example.com/" + a.name, Resources: corev1.ResourceRequirements{Requests: t.requests()}}
	if t.chance(8) {
		c.Ports = []corev1.ContainerPort{{ContainerPort: 8080, HostPort: 8080, Protocol: corev1.ProtocolTCP}}
	}
	p.Spec.Containers = []corev1.Container{c}
	t.selection(p)
	t.company(p)
	t.spread(p)
	return a
}

// owner makes the controller of a workload, which the scheduler looks up: its pods are
// spread a little if they do not say how.
func (t *town) owner(a *app) {
	p := &a.template
	kind, version := pick(t, "ReplicaSet", "ReplicaSet", "ReplicaSet", "StatefulSet", "Job", ""), "apps/v1"
	meta := metav1.ObjectMeta{Namespace: p.Namespace, Name: a.name, UID: types.UID("owner-" + a.name)}
	selector := &metav1.LabelSelector{MatchLabels: maps.Clone(p.Labels)}
	switch kind {
	case "":
		return
	case "ReplicaSet":
		t.loop.Informers.Put(&appsv1.ReplicaSet{ObjectMeta: meta, Spec: appsv1.ReplicaSetSpec{Selector: selector}})
	case "StatefulSet":
		t.loop.Informers.Put(&appsv1.StatefulSet{ObjectMeta: meta, Spec: appsv1.StatefulSetSpec{Selector: selector}})
	case "Job":
		version = "batch/v1"
	}
	yes := true
	p.OwnerReferences = []metav1.OwnerReference{{APIVersion: version, Kind: kind, Name: a.name, UID: meta.UID, Controller: &yes}}
}

// requests of a pod: some ask for nothing, or for one of both.
func (t *town) requests() corev1.ResourceList {
	list := corev1.ResourceList{}
	if t.chance(90) {
		list[corev1.ResourceCPU] = *resource.NewMilliQuantity(pick(t, int64(50), 100, 250, 500, 900, 1000, 1500, 3000), resource.DecimalSI)
	}
	if t.chance(85) {
		list[corev1.ResourceMemory] = *resource.NewQuantity(pick(t, int64(64), 128, 256, 512, 1024, 1500, 3000, 6000)<<20, resource.BinarySI)
	}
	return list
}

// pod makes the next pod of a workload.
func (t *town) pod(a *app) *corev1.Pod {
	t.names++
	p := a.template.DeepCopy()
	p.Name = fmt.Sprintf("%s-%d", a.name, t.names)
	p.UID = types.UID(p.Namespace + "/" + p.Name)
	p.ResourceVersion = t.revision()
	p.Status.Phase = corev1.PodPending
	return p
}

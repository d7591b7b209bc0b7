package random

import (
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/controller/daemon"

	"github.com/ullage-sh/ullage/lab/oracle"
)

// bound makes a pod that has a node.
func (m *maker) bound() {
	p := m.pod(m.name("bound"))
	p.Spec.NodeName = pick(m, m.o.Nodes...).Name
	p.Status.Phase = corev1.PodRunning
	m.near(p, 20)
	m.volumes(p, 20)
	m.claims(p, 25)
	if m.chance(6) {
		p.Status.Phase = pick(m, corev1.PodSucceeded, corev1.PodFailed)
	}
	if m.chance(12) {
		now := metav1.Unix(1_700_000_000, 0)
		p.DeletionTimestamp = &now
	}
	if m.chance(10) {
		m.resize(p)
	}
	m.o.Pods = append(m.o.Pods, p)
}

// waiting makes a pod that the scheduler has looked at in vain, or several that are
// alike.
func (m *maker) waiting() {
	p := m.pod(m.name("waiting"))
	m.selection(p)
	m.near(p, 25)
	m.spread(p)
	m.volumes(p, 35)
	m.rare(p)
	m.claims(p, 30)
	p.Status.Phase = corev1.PodPending
	p.Status.Conditions = []corev1.PodCondition{{
		Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable,
		LastTransitionTime: metav1.Unix(1_700_000_000, 0),
	}}
	m.o.Pods = append(m.o.Pods, p)
	if !m.opt.Workloads || hasEphemeral(p) {
		return
	}
	for i := range m.r.IntN(pick(m, 4, 8, 25)) {
		twin := p.DeepCopy()
		twin.Name = p.Name + "-" + strconv.Itoa(i)
		twin.UID = types.UID(twin.Namespace + "/" + twin.Name)
		m.o.Pods = append(m.o.Pods, twin)
	}
}

// daemons makes DaemonSets, and their pods on most nodes. They are in a namespace
// of their own, of which nobody speaks: a snapshot does not count the pods that a
// DaemonSet has yet to make.
func (m *maker) daemons() {
	if m.opt.Daemons == 0 || m.chance(50) {
		return
	}
	m.closed = true
	for range m.r.IntN(m.opt.Daemons + 1) {
		ds := &appsv1.DaemonSet{ObjectMeta: m.meta(m.name("daemon"), "system")}
		ds.Spec.Template.Labels = map[string]string{"daemon": ds.Name}
		p := &corev1.Pod{ObjectMeta: ds.Spec.Template.ObjectMeta}
		m.selection(p)
		p.Spec.Containers = []corev1.Container{{Name: "main", Image: "registry.example.com/agent:1", Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
			corev1.ResourceCPU: *resource.NewMilliQuantity(int64(m.between(0, 3))*100, resource.DecimalSI),
		}}}}
		if m.chance(40) {
			p.Spec.Containers[0].Ports = append(p.Spec.Containers[0].Ports, m.port())
		}
		ds.Spec.Template.Spec = p.Spec
		m.o.DaemonSets = append(m.o.DaemonSets, ds)
		for _, n := range m.o.Nodes {
			if m.chance(80) {
				if run, _ := daemon.NodeShouldRunDaemonPod(klog.Background(), n, ds); run {
					m.o.Pods = append(m.o.Pods, oracle.DaemonPod(ds, n.Name))
				}
			}
		}
	}
}

// hasEphemeral tells whether the pod has a volume whose claim is its own.
func hasEphemeral(p *corev1.Pod) bool {
	for _, v := range p.Spec.Volumes {
		if v.Ephemeral != nil {
			return true
		}
	}
	return false
}

// pod makes a pod with labels, an owner, requests and ports.
func (m *maker) pod(name string) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: m.meta(name, pick(m, namespaces...))}
	p.Labels = m.labels()
	yes := true
	p.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: name, UID: "set-" + p.UID, Controller: &yes}}
	p.Spec.Containers = []corev1.Container{m.container("main")}
	if m.chance(15) {
		p.Spec.Containers = append(p.Spec.Containers, m.container("second"))
	}
	for i := range m.r.IntN(3) {
		if !m.chance(15) {
			continue
		}
		c := m.container("init-" + strconv.Itoa(i))
		if m.chance(50) {
			always := corev1.ContainerRestartPolicyAlways
			c.RestartPolicy = &always
		}
		p.Spec.InitContainers = append(p.Spec.InitContainers, c)
	}
	if m.chance(8) {
		p.Spec.Overhead = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("250m"), corev1.ResourceMemory: resource.MustParse("120Mi")}
	}
	if m.chance(10) {
		p.Spec.Resources = m.podLevel(p)
	}
	if m.chance(10) {
		onHost(p)
	}
	priority := int32(m.r.IntN(2) * 100)
	p.Spec.Priority = &priority
	return p
}

func (m *maker) container(name string) corev1.Container {
	c := corev1.Container{Name: name, Image: "registry.example.com/app:1", Resources: corev1.ResourceRequirements{Requests: m.requests()}}
	if m.chance(18) {
		c.Ports = append(c.Ports, m.port())
	}
	if m.chance(5) {
		c.Ports = append(c.Ports, m.port())
	}
	return c
}

// port is one that containers listen to, most of them on the host too.
func (m *maker) port() corev1.ContainerPort {
	n := pick(m, int32(80), 80, 443, 9100)
	p := corev1.ContainerPort{ContainerPort: n, Protocol: pick(m, corev1.ProtocolTCP, corev1.ProtocolTCP, corev1.ProtocolTCP, corev1.ProtocolUDP)}
	if m.chance(85) {
		p.HostPort = n
		p.HostIP = pick(m, "", "", "0.0.0.0", "10.0.0.1", "10.0.0.2", "::", "::1")
	}
	return p
}

func (m *maker) requests() corev1.ResourceList {
	list := corev1.ResourceList{}
	if m.chance(80) {
		list[corev1.ResourceCPU] = *resource.NewMilliQuantity(int64(m.between(0, 12))*200, resource.DecimalSI)
	}
	if m.chance(70) {
		list[corev1.ResourceMemory] = *resource.NewQuantity(int64(m.between(0, 20))<<28, resource.BinarySI)
	}
	if m.chance(15) {
		list[corev1.ResourceEphemeralStorage] = *resource.NewQuantity(int64(m.between(0, 6))<<30, resource.BinarySI)
	}
	if m.chance(7) {
		list["nvidia.com/gpu"] = *resource.NewQuantity(int64(m.between(0, 2)), resource.DecimalSI)
	}
	if m.chance(5) {
		list["hugepages-2Mi"] = *resource.NewQuantity(int64(m.between(1, 2))<<30, resource.BinarySI)
	}
	if m.chance(5) {
		list["example.com/dongle"] = *resource.NewQuantity(1, resource.DecimalSI)
	}
	return list
}

// onHost puts a pod into the network of its host. The API server then writes down
// that containers listen there.
func onHost(p *corev1.Pod) {
	p.Spec.HostNetwork = true
	for _, list := range [][]corev1.Container{p.Spec.InitContainers, p.Spec.Containers} {
		for i := range list {
			for j := range list[i].Ports {
				list[i].Ports[j].HostPort = list[i].Ports[j].ContainerPort
			}
		}
	}
}

// podLevel are requests for the pod as a whole. They are at least what its
// containers ask for, as the API server demands.
func (m *maker) podLevel(p *corev1.Pod) *corev1.ResourceRequirements {
	cpu, memory := resource.MustParse("100m"), resource.MustParse("64Mi")
	for _, list := range [][]corev1.Container{p.Spec.Containers, p.Spec.InitContainers} {
		for _, c := range list {
			cpu.Add(c.Resources.Requests[corev1.ResourceCPU])
			memory.Add(c.Resources.Requests[corev1.ResourceMemory])
		}
	}
	out := &corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: cpu}}
	if m.chance(60) {
		out.Requests[corev1.ResourceMemory] = memory
	}
	return out
}

// resize makes the kubelet's word differ from the spec, as it does while a pod is
// being resized in place.
func (m *maker) resize(p *corev1.Pod) {
	c := &p.Spec.Containers[0]
	cpu := *resource.NewMilliQuantity(int64(m.between(1, 12))*200, resource.DecimalSI)
	status := corev1.ContainerStatus{Name: c.Name, AllocatedResources: corev1.ResourceList{corev1.ResourceCPU: cpu}}
	if m.chance(70) {
		actual := *resource.NewMilliQuantity(int64(m.between(1, 12))*200, resource.DecimalSI)
		status.Resources = &corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: actual}}
	}
	p.Status.ContainerStatuses = []corev1.ContainerStatus{status}
	if m.chance(30) {
		p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{Type: corev1.PodResizePending, Status: corev1.ConditionTrue, Reason: pick(m, corev1.PodReasonInfeasible, corev1.PodReasonDeferred)})
	}
}

// rare gives a pod what few have and the solver does not honour.
func (m *maker) rare(p *corev1.Pod) {
	if m.chance(2) {
		no := false
		p.Spec.HostUsers = &no
		onHost(p)
	}
	if m.chance(2) {
		claim := "devices"
		p.Spec.ResourceClaims = []corev1.PodResourceClaim{{Name: "gpu", ResourceClaimName: &claim}}
	}
	if m.chance(3) {
		p.Spec.Volumes = append(p.Spec.Volumes, corev1.Volume{Name: "disk", VolumeSource: corev1.VolumeSource{AWSElasticBlockStore: &corev1.AWSElasticBlockStoreVolumeSource{VolumeID: "vol-1"}}})
	}
	if m.chance(5) {
		p.Spec.Volumes = append(p.Spec.Volumes, corev1.Volume{Name: "scratch", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
	}
}

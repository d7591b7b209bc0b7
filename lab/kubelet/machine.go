package kubelet

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ullage-sh/ullage/cluster"
)

// Version is what the simulated kubelets say they are.
const Version = "v1.36.4-ullage"

// reachedBy is the address under which the API server finds the kubelet of every
// node: they all share one listener. It is of a type that real nodes on AWS leave
// out, so that the other addresses stay what they would be.
const reachedBy = "localhost"

// Machine is a computer with a kubelet on it.
type Machine struct {
	// Name of the Node.
	Name string
	// ProviderID goes to spec.providerID and identifies the machine: a new machine
	// has a new one, even under an old name.
	ProviderID string
	// Labels the kubelet registers with; host name, os and arch are added.
	Labels cluster.Labels
	Taints []cluster.Taint
	// Capacity and Allocatable as the kubelet reports them.
	Capacity, Allocatable cluster.Resources
	InternalIP            string
	// BootAt is when the kubelet registers; in the past means at once.
	BootAt cluster.Instant
	// OSImage, "" for Amazon Linux 2023.
	OSImage string
}

// attachedByController has the control plane attach volumes to the node, not its kubelet.
const attachedByController = "volumes.kubernetes.io/controller-managed-attach-detach"

func (m Machine) validate() error {
	switch {
	case m.Name == "":
		return fmt.Errorf("machine %s: no name", m.ProviderID)
	case m.ProviderID == "":
		return fmt.Errorf("machine %s: no provider id", m.Name)
	case m.InternalIP == "":
		return fmt.Errorf("machine %s: no internal IP", m.Name)
	case m.Allocatable.Get(cluster.Pods) == 0:
		return fmt.Errorf("machine %s: allocatable has no pods: nothing could run there", m.Name)
	}
	return nil
}

// node is the object that the kubelet registers.
func (m Machine) node(port int, now time.Time) *corev1.Node {
	n := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: m.Name, Labels: map[string]string{}, Annotations: map[string]string{attachedByController: "true"}},
		Spec:       corev1.NodeSpec{ProviderID: m.ProviderID},
	}
	maps.Copy(n.Labels, m.Labels)
	// The labels that a kubelet sets whatever it was told.
	n.Labels[corev1.LabelHostname] = m.Name
	n.Labels[corev1.LabelOSStable], n.Labels["beta.kubernetes.io/os"] = "linux", "linux"
	n.Labels[corev1.LabelArchStable], n.Labels["beta.kubernetes.io/arch"] = m.arch(), m.arch()
	for _, t := range m.Taints {
		n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: t.Key, Value: t.Value, Effect: corev1.TaintEffect(t.Effect)})
	}
	n.Status = m.status(port)
	n.Status.Conditions = conditions(nil, notReady, now)
	return n
}

func (m Machine) arch() string {
	if a := m.Labels[cluster.LabelArch]; a != "" {
		return a
	}
	return "amd64"
}

// status is what does not change while the machine runs.
func (m Machine) status(port int) corev1.NodeStatus {
	image := m.OSImage
	if image == "" {
		image = "Amazon Linux 2023"
	}
	id := sha256.Sum256([]byte(m.ProviderID))
	machineID := hex.EncodeToString(id[:16])
	return corev1.NodeStatus{
		Capacity:    quantities(m.Capacity),
		Allocatable: quantities(m.Allocatable),
		Addresses: []corev1.NodeAddress{
			{Type: corev1.NodeInternalIP, Address: m.InternalIP},
			{Type: corev1.NodeInternalDNS, Address: m.Name},
			{Type: corev1.NodeHostName, Address: m.Name},
			{Type: corev1.NodeExternalDNS, Address: reachedBy},
		},
		DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: int32(port)}},
		NodeInfo: corev1.NodeSystemInfo{
			MachineID: machineID, SystemUUID: "ec2" + machineID[3:], BootID: hex.EncodeToString(id[16:]),
			KernelVersion: "6.12.46-66.121.amzn2023." + map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[m.arch()],
			OSImage:       image, ContainerRuntimeVersion: "containerd://2.1.4", KubeletVersion: Version,
			OperatingSystem: "linux", Architecture: m.arch(),
		},
	}
}

// quantities turns resources into Kubernetes' notation.
func quantities(r cluster.Resources) corev1.ResourceList {
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

// What a kubelet says about its readiness.
var (
	isReady  = corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady", Message: "kubelet is posting ready status"}
	notReady = corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionFalse, Reason: "KubeletNotReady",
		Message: "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized"}
)

// conditions are the four that a kubelet reports. One that says what it said
// before keeps its transition time.
func conditions(old []corev1.NodeCondition, ready corev1.NodeCondition, now time.Time) []corev1.NodeCondition {
	list := []corev1.NodeCondition{
		{Type: corev1.NodeMemoryPressure, Status: corev1.ConditionFalse, Reason: "KubeletHasSufficientMemory", Message: "kubelet has sufficient memory available"},
		{Type: corev1.NodeDiskPressure, Status: corev1.ConditionFalse, Reason: "KubeletHasNoDiskPressure", Message: "kubelet has no disk pressure"},
		{Type: corev1.NodePIDPressure, Status: corev1.ConditionFalse, Reason: "KubeletHasSufficientPID", Message: "kubelet has sufficient PID available"},
		ready,
	}
	for i := range list {
		list[i].LastHeartbeatTime, list[i].LastTransitionTime = metav1.NewTime(now), metav1.NewTime(now)
		for _, o := range old {
			if o.Type == list[i].Type && o.Status == list[i].Status {
				list[i].LastTransitionTime = o.LastTransitionTime
			}
		}
	}
	return list
}

package podlife

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	podutil "k8s.io/kubernetes/pkg/api/v1/pod"
	kubeletstatus "k8s.io/kubernetes/pkg/kubelet/status"
	kubelettypes "k8s.io/kubernetes/pkg/kubelet/types"
)

// Addresses are what a pod can be reached by.
type Addresses struct{ Host, Pod string }

// Status is what the kubelet reports about the pod at now. What it does not own,
// such as the conditions of others, is taken over from the pod's object.
func (s State) Status(pod *corev1.Pod, b Behaviour, a Addresses, now time.Time) corev1.PodStatus {
	old := pod.Status
	out := *old.DeepCopy()
	out.ObservedGeneration = s.observed(pod)
	start := seconds(s.Accepted)
	if out.StartTime == nil {
		out.StartTime = &start
	}
	out.HostIP, out.HostIPs = a.Host, []corev1.HostIP{{IP: a.Host}}
	if s.Rejected != nil {
		out.Phase, out.Reason, out.Message = corev1.PodFailed, s.Rejected.Reason, s.Rejected.Message
		out.Conditions = s.conditions(pod, &out, now)
		return out
	}
	if a.Pod != "" && (pod.Spec.HostNetwork || s.sandbox()) {
		out.PodIP, out.PodIPs = a.Pod, []corev1.PodIP{{IP: a.Pod}}
	}
	out.InitContainerStatuses, out.ContainerStatuses = nil, nil
	for i := range s.Containers {
		c := &s.Containers[i]
		status := s.containerStatus(pod, b, c)
		if c.Init || c.Sidecar {
			out.InitContainerStatuses = append(out.InitContainerStatuses, status)
		} else {
			out.ContainerStatuses = append(out.ContainerStatuses, status)
		}
	}
	if phase := s.phase(); !podutil.IsPodPhaseTerminal(old.Phase) {
		out.Phase = phase // a terminal phase is never left
	}
	out.Conditions = s.conditions(pod, &out, now)
	return out
}

// observed is the generation that the status speaks of. Being deleted is a new
// generation, but while the containers stop there is nothing to say about it, and
// a write for each pod of a drain would be.
func (s State) observed(pod *corev1.Pod) int64 {
	if !s.StopAsked.IsZero() && s.Ended.IsZero() {
		return pod.Status.ObservedGeneration
	}
	return pod.Generation
}

// sandbox tells whether a container has ever run, and so whether the pod has had
// a network.
func (s State) sandbox() bool {
	for _, c := range s.Containers {
		if c.Stage != Waiting {
			return true
		}
	}
	return false
}

func (s State) phase() corev1.PodPhase {
	if !s.Ended.IsZero() {
		for _, c := range s.mains() {
			if c.Stage != Exited || c.ExitCode != 0 {
				return corev1.PodFailed
			}
		}
		return corev1.PodSucceeded
	}
	for _, c := range s.mains() {
		if c.Stage != Waiting {
			return corev1.PodRunning
		}
	}
	return corev1.PodPending
}

func (s State) containerStatus(pod *corev1.Pod, b Behaviour, c *Container) corev1.ContainerStatus {
	spec := SpecOf(pod, c.Name)
	if spec == nil { // containers of a pod never change; this is for a damaged object
		return corev1.ContainerStatus{Name: c.Name, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerStatusUnknown"}}}
	}
	started := c.Stage == Running && (c.Ready || spec.StartupProbe == nil)
	out := corev1.ContainerStatus{
		Name: c.Name, Image: spec.Image, RestartCount: c.Restarts, Ready: c.Ready, Started: &started,
		LastTerminationState: corev1.ContainerState{Terminated: c.last},
	}
	if c.Stage != Waiting {
		out.ImageID, out.ContainerID = spec.Image, containerID(pod, c)
		out.AllocatedResources = spec.Resources.Requests
		out.Resources = &corev1.ResourceRequirements{Requests: spec.Resources.Requests, Limits: spec.Resources.Limits}
	}
	switch c.Stage {
	case Waiting:
		out.State.Waiting = s.waiting(b)
	case Running:
		out.State.Running = &corev1.ContainerStateRunning{StartedAt: seconds(c.Started)}
	case BackOff:
		out.LastTerminationState.Terminated = c.terminated(pod)
		out.State.Waiting = &corev1.ContainerStateWaiting{
			Reason: "CrashLoopBackOff",
			Message: fmt.Sprintf("back-off %s restarting failed container=%s pod=%s_%s(%s)",
				backOff(c.crashes), c.Name, pod.Name, pod.Namespace, pod.UID),
		}
	case Exited:
		out.State.Terminated = c.terminated(pod)
		out.Ready = c.Init && c.ExitCode == 0 // the kubelet calls a completed init container ready
	}
	return out
}

// waiting says what a container waits for that has not started.
func (s State) waiting(b Behaviour) *corev1.ContainerStateWaiting {
	switch {
	case b.Err != nil:
		return &corev1.ContainerStateWaiting{Reason: "CreateContainerConfigError", Message: b.Err.Error()}
	case len(s.mains()) < len(s.Containers):
		return &corev1.ContainerStateWaiting{Reason: "PodInitializing"}
	}
	return &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}
}

// conditions are the kubelet's own, by the kubelet's own code, and those of
// others.
func (s State) conditions(pod *corev1.Pod, out *corev1.PodStatus, now time.Time) []corev1.PodCondition {
	old := &pod.Status
	var list []corev1.PodCondition
	for _, c := range old.Conditions {
		if !kubelettypes.PodConditionByKubelet(c.Type) {
			list = append(list, c)
		}
	}
	all := make([]corev1.ContainerStatus, 0, len(out.InitContainerStatuses)+len(out.ContainerStatuses))
	all = append(append(all, out.InitContainerStatuses...), out.ContainerStatuses...)
	sandbox := corev1.ConditionFalse
	if s.sandbox() && s.Ended.IsZero() {
		sandbox = corev1.ConditionTrue
	}
	own := []corev1.PodCondition{
		{Type: corev1.PodReadyToStartContainers, Status: sandbox},
		kubeletstatus.GeneratePodInitializedCondition(pod, old, all, out.Phase),
		kubeletstatus.GeneratePodReadyCondition(pod, old, old.Conditions, all, out.Phase),
		kubeletstatus.GenerateContainersReadyCondition(pod, old, all, out.Phase),
		{Type: corev1.PodScheduled, Status: corev1.ConditionTrue},
	}
	if s.Rejected != nil {
		own = own[2:] // it never got as far as a sandbox or init containers
	}
	for _, c := range own {
		c.ObservedGeneration = s.observed(pod)
		c.LastTransitionTime = seconds(now)
		if _, was := podutil.GetPodCondition(old, c.Type); was != nil && was.Status == c.Status {
			c.LastTransitionTime = was.LastTransitionTime
		}
		list = append(list, c)
	}
	return list
}

// containerID is made up, and stable: the same container has the same one after a
// restart of the lab.
func containerID(pod *corev1.Pod, c *Container) string {
	sum := sha256.Sum256([]byte(string(pod.UID) + "/" + c.Name + "/" + strconv.Itoa(int(c.Restarts))))
	return "containerd://" + hex.EncodeToString(sum[:])
}

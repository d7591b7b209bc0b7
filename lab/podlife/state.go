package podlife

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	podutil "k8s.io/kubernetes/pkg/api/v1/pod"
)

// Stage is where a container is in its life.
type Stage uint8

// Stages of a container.
const (
	Waiting Stage = iota // not started yet
	Running
	BackOff // ended, to be started again
	Exited  // ended for good
)

// Container is the state of one container.
type Container struct {
	Name    string
	Init    bool // an init container that must end before the next one starts
	Sidecar bool // an init container that keeps running
	Stage   Stage
	// Ready while running: its readiness probe, if any, has passed.
	Ready bool
	// Started and Finished are of the current run, or of the last one in BackOff and
	// Exited.
	Started, Finished time.Time
	ExitCode          int32
	Restarts          int32
	// crashes counts the restarts in a row that set the back-off.
	crashes int
	// last is how the run before the current one ended; nil for the first.
	last *corev1.ContainerStateTerminated
}

// Last is the container as it ended before its current run; nil when there was
// none.
func (c Container) Last() *Container {
	t := c.last
	switch {
	case c.Stage == BackOff:
		return &c // between two runs the fields describe the one that ended
	case t == nil:
		return nil
	}
	return &Container{Name: c.Name, Init: c.Init, Sidecar: c.Sidecar, Stage: Exited,
		Started: t.StartedAt.Time, Finished: t.FinishedAt.Time, ExitCode: t.ExitCode, Restarts: c.Restarts - 1}
}

// State is what a kubelet knows of a pod on its machine. The zero value is a pod
// that it has not taken on.
type State struct {
	// Accepted is when the kubelet took the pod on; zero before.
	Accepted time.Time
	// Rejected: it refused to, and why.
	Rejected *Rejection
	// Containers: init containers and sidecars in order, then the others.
	Containers []Container
	// StopAsked is when the kubelet learned that the pod is to be deleted; KillAt is
	// when the grace period ends.
	StopAsked, KillAt time.Time
	grace             time.Duration
	// Ended is when the last container ended for good.
	Ended time.Time
	// Gone: nothing of the pod is left, its object can be removed.
	Gone bool
}

// Rejection is why a kubelet refused a pod, as its status shows it.
type Rejection struct{ Reason, Message string }

// Accept is the state of a pod that a kubelet takes on at now.
func Accept(pod *corev1.Pod, now time.Time) State {
	s := State{Accepted: now}
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		side := podutil.IsRestartableInitContainer(c)
		s.Containers = append(s.Containers, Container{Name: c.Name, Init: !side, Sidecar: side})
	}
	for i := range pod.Spec.Containers {
		s.Containers = append(s.Containers, Container{Name: pod.Spec.Containers[i].Name})
	}
	return s
}

// Reject is the state of a pod that a kubelet refuses at now.
func Reject(why Rejection, now time.Time) State {
	return State{Accepted: now, Rejected: &why, Ended: now}
}

// Recall reconstructs a state from the status that the API server holds, after a
// restart. Times are then whole seconds.
func Recall(pod *corev1.Pod) State {
	if pod.Status.StartTime == nil {
		return State{}
	}
	s := Accept(pod, pod.Status.StartTime.Time)
	if podutil.IsPodPhaseTerminal(pod.Status.Phase) {
		s.Ended = s.Accepted
		if len(pod.Status.ContainerStatuses) == 0 {
			s.Rejected = &Rejection{pod.Status.Reason, pod.Status.Message}
		}
	}
	for i := range s.Containers {
		c := &s.Containers[i]
		status, ok := podutil.GetContainerStatus(pod.Status.InitContainerStatuses, c.Name)
		if !ok {
			status, ok = podutil.GetContainerStatus(pod.Status.ContainerStatuses, c.Name)
		}
		if ok {
			c.recall(status, !s.Ended.IsZero())
		}
		if s.Ended.Before(c.Finished) && !s.Ended.IsZero() {
			s.Ended = c.Finished
		}
	}
	if s.Rejected != nil {
		s.Containers = nil
	}
	if pod.DeletionTimestamp != nil {
		s.askStop(pod, pod.DeletionTimestamp.Add(-grace(pod)))
	}
	return s
}

func (c *Container) recall(status corev1.ContainerStatus, ended bool) {
	c.Ready, c.Restarts = status.Ready, status.RestartCount
	c.crashes = int(status.RestartCount)
	c.last = status.LastTerminationState.Terminated
	run := status.State.Terminated
	switch {
	case status.State.Running != nil:
		c.Stage, c.Started = Running, status.State.Running.StartedAt.Time
		return
	case run != nil:
		c.Stage = Exited
	case c.last != nil && !ended:
		run, c.last, c.Stage = c.last, nil, BackOff
	default:
		return
	}
	c.Started, c.Finished, c.ExitCode = run.StartedAt.Time, run.FinishedAt.Time, run.ExitCode
}

// Active tells whether the pod holds its share of the machine: taken on and not
// ended.
func (s State) Active() bool { return !s.Accepted.IsZero() && s.Ended.IsZero() }

func (s State) clone() State {
	s.Containers = slices.Clone(s.Containers)
	return s
}

// mains are the containers that are neither init containers nor sidecars.
func (s State) mains() []Container {
	for i, c := range s.Containers {
		if !c.Init && !c.Sidecar {
			return s.Containers[i:]
		}
	}
	return nil
}

func grace(pod *corev1.Pod) time.Duration {
	if pod.DeletionGracePeriodSeconds == nil {
		return 0
	}
	return time.Duration(*pod.DeletionGracePeriodSeconds) * time.Second
}

// askStop notes at which instant the kubelet learned of the pod's deletion, or
// that its grace period has become shorter. The object's own deletionTimestamp is
// whole seconds and up to one too early.
func (s *State) askStop(pod *corev1.Pod, now time.Time) {
	g := grace(pod)
	switch {
	case s.StopAsked.IsZero():
		s.StopAsked, s.KillAt, s.grace = now, now.Add(g), g
	case g < s.grace:
		s.grace = g
		if kill := now.Add(g); kill.Before(s.KillAt) {
			s.KillAt = kill
		}
	}
}

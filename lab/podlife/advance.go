package podlife

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	killed = 137 // 128 + SIGKILL

	// The kubelet's back-off of containers that end again and again: none for the
	// first restart, then doubling; forgotten after a long run.
	firstBackOff   = 10 * time.Second
	longestBackOff = 5 * time.Minute
	calmRun        = 10 * time.Minute
)

// event is the next thing that happens to a pod.
type event struct {
	at   time.Time
	kind eventKind
	i    int // index of the container
	code int32
}

type eventKind uint8

const (
	none   eventKind = iota
	start            // a container starts, or starts again
	ready            // its readiness probe passes
	exit             // it ends
	ended            // the last one has ended for good
	remove           // nothing is left
)

// Advance returns the state at now, given what the pod's object says now, and the
// instant at which it will change by itself; zero when it will not.
//
// What happened before now happened at its own time, so that a late look finds
// the same history as an early one.
func (s State) Advance(pod *corev1.Pod, b Behaviour, now time.Time) (State, time.Time) {
	if s.Accepted.IsZero() || s.Gone {
		return s, time.Time{}
	}
	s = s.clone()
	if pod.DeletionTimestamp != nil {
		s.askStop(pod, now)
	}
	for {
		e := s.next(pod, b)
		if e.kind == none || e.at.After(now) {
			return s, e.at
		}
		s.apply(pod, e)
	}
}

// next finds the earliest event; of several at the same time the first in the
// order of containers.
func (s *State) next(pod *corev1.Pod, b Behaviour) event {
	switch {
	case s.Gone:
		return event{}
	case !s.Ended.IsZero() && s.StopAsked.IsZero():
		return event{}
	case !s.Ended.IsZero():
		return event{at: later(s.Ended, s.StopAsked), kind: remove}
	case !s.StopAsked.IsZero():
		return s.nextStopping(b)
	}
	return s.nextRunning(pod, b)
}

func (s *State) nextStopping(b Behaviour) event {
	at, code := s.StopAsked.Add(b.Stop), int32(0)
	if b.Deaf || at.After(s.KillAt) {
		at, code = s.KillAt, killed
	}
	last := s.StopAsked
	for i, c := range s.Containers {
		if c.Stage == Running {
			return event{at: later(at, c.Started), kind: exit, i: i, code: code}
		}
		last = later(last, c.Finished)
	}
	return event{at: last, kind: ended}
}

func (s *State) nextRunning(pod *corev1.Pod, b Behaviour) event {
	var first event
	add := func(e event) {
		if first.kind == none || e.at.Before(first.at) {
			first = e
		}
	}
	open := s.Accepted.Add(b.Start) // when the next container may start
	for i, c := range s.Containers {
		if !c.Init && !c.Sidecar {
			break
		}
		switch c.Stage {
		case Waiting:
			if b.Err == nil {
				add(event{at: open, kind: start, i: i})
			}
			return first
		case Running:
			if c.Init {
				add(event{at: after(c.Started, b.runs(pod, SpecOf(pod, c.Name), true)), kind: exit, i: i})
				return first
			}
			open = later(open, c.Started)
			s.addReady(add, pod, i)
		default:
			open = later(open, c.Finished)
		}
	}
	s.addMains(add, pod, b, open)
	return first
}

// addMains adds what may happen to the containers that do the pod's work, and to
// the sidecars when that is done.
func (s *State) addMains(add func(event), pod *corev1.Pod, b Behaviour, open time.Time) {
	var done time.Time
	working := false
	for i, c := range s.Containers {
		if c.Init || c.Sidecar {
			continue
		}
		working = working || c.Stage != Exited
		done = later(done, c.Finished)
		switch c.Stage {
		case Waiting:
			if b.Err == nil {
				add(event{at: open, kind: start, i: i})
			}
		case Running:
			s.addReady(add, pod, i)
			if d := b.runs(pod, SpecOf(pod, c.Name), false); d != forever {
				add(event{at: after(c.Started, d), kind: exit, i: i, code: b.ExitCode})
			}
		case BackOff:
			add(event{at: c.Finished.Add(backOff(c.crashes)), kind: start, i: i})
		}
	}
	if working {
		return
	}
	for i, c := range s.Containers {
		if c.Sidecar && c.Stage == Running {
			add(event{at: later(done, c.Started), kind: exit, i: i})
			return
		}
		done = later(done, c.Finished)
	}
	add(event{at: done, kind: ended})
}

func (s *State) addReady(add func(event), pod *corev1.Pod, i int) {
	c := s.Containers[i]
	if c.Ready {
		return
	}
	var wait time.Duration
	if spec := SpecOf(pod, c.Name); spec != nil {
		for _, p := range []*corev1.Probe{spec.StartupProbe, spec.ReadinessProbe} {
			if p != nil {
				wait += time.Duration(p.InitialDelaySeconds) * time.Second
			}
		}
	}
	add(event{at: c.Started.Add(wait), kind: ready, i: i})
}

func (s *State) apply(pod *corev1.Pod, e event) {
	switch e.kind {
	case ended:
		s.Ended = e.at
		for i := range s.Containers {
			if s.Containers[i].Stage == BackOff { // there is no next run
				s.Containers[i].Stage = Exited
			}
		}
		return
	case remove:
		s.Gone = true
		return
	}
	c := &s.Containers[e.i]
	switch e.kind {
	case start:
		if c.Stage == BackOff {
			c.last = c.terminated(pod)
			c.Restarts++
			c.crashes++
		}
		c.Stage, c.Started, c.Finished, c.ExitCode = Running, e.at, time.Time{}, 0
	case ready:
		c.Ready = true
	case exit:
		if e.at.Sub(c.Started) >= calmRun {
			c.crashes = 0
		}
		c.Stage, c.Ready, c.Finished, c.ExitCode = Exited, false, e.at, e.code
		if s.StopAsked.IsZero() && restarts(pod, c) {
			c.Stage = BackOff
		}
	}
}

// restarts tells whether a container that has just ended is started again.
func restarts(pod *corev1.Pod, c *Container) bool {
	if c.Init || c.Sidecar {
		return false
	}
	switch pod.Spec.RestartPolicy {
	case corev1.RestartPolicyNever:
		return false
	case corev1.RestartPolicyOnFailure:
		return c.ExitCode != 0
	}
	return true
}

func backOff(crashes int) time.Duration {
	if crashes == 0 {
		return 0
	}
	d := firstBackOff
	for i := 1; i < crashes && d < longestBackOff; i++ {
		d *= 2
	}
	return min(d, longestBackOff)
}

// terminated is the last run of a container as a status shows it.
func (c *Container) terminated(pod *corev1.Pod) *corev1.ContainerStateTerminated {
	reason := "Completed"
	if c.ExitCode != 0 {
		reason = "Error"
	}
	return &corev1.ContainerStateTerminated{
		ExitCode: c.ExitCode, Reason: reason,
		StartedAt: seconds(c.Started), FinishedAt: seconds(c.Finished),
		ContainerID: containerID(pod, c),
	}
}

// SpecOf is the specification of the container of that name, init containers
// included; nil when the pod has none.
func SpecOf(pod *corev1.Pod, name string) *corev1.Container {
	for _, list := range [][]corev1.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for i := range list {
			if list[i].Name == name {
				return &list[i]
			}
		}
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// after is t + d, far in the future where that has no end.
func after(t time.Time, d time.Duration) time.Time {
	const century = 100 * 365 * 24 * time.Hour
	return t.Add(min(d, century))
}

// seconds is t as the API stores it.
func seconds(t time.Time) metav1.Time { return metav1.NewTime(t.Truncate(time.Second)) }

package podlife

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Annotations of a pod that say how its containers behave.
const (
	// RunForAnnotation is how long its containers run, a Go duration. Without it
	// containers that are always restarted run until they are stopped; others run
	// for as long as the sleep in their command says, or [DefaultRun].
	RunForAnnotation = "lab.ullage.sh/run-for"
	// ExitCodeAnnotation is what they exit with, 0 to 255; 0 without it.
	ExitCodeAnnotation = "lab.ullage.sh/exit-code"
	// StopAfterAnnotation is how long they take to exit when asked to, a Go duration.
	StopAfterAnnotation = "lab.ullage.sh/stop-after"
	// IgnoreSigtermAnnotation set to "true": they run until the grace period ends.
	IgnoreSigtermAnnotation = "lab.ullage.sh/ignore-sigterm"
)

const (
	// DefaultRun is how long a container runs that ends by itself.
	DefaultRun = 5 * time.Second
	// DefaultInitRun is the same for an init container.
	DefaultInitRun = time.Second
	forever        = time.Duration(math.MaxInt64)
)

// Delay is a log-normal distribution of durations, given by its median and its
// 99th percentile. P99 ≤ P50 means: always P50.
type Delay struct{ P50, P99 time.Duration }

// z99 is the 99th percentile of the standard normal distribution.
const z99 = 2.3263478740408408

// Sample draws one duration.
func (d Delay) Sample(r *rand.Rand) time.Duration {
	if d.P99 <= d.P50 || d.P50 <= 0 {
		return max(d.P50, 0)
	}
	sigma := math.Log(float64(d.P99)/float64(d.P50)) / z99
	return time.Duration(float64(d.P50) * math.Exp(sigma*r.NormFloat64()))
}

// Delays are the distributions from which pods draw.
type Delays struct {
	// Start is from the kubelet's taking a pod on until its first container runs:
	// sandbox and image.
	Start Delay
	// Stop is from the request to stop until the containers have exited.
	Stop Delay
}

// Rand is the source for one subject: the same seed and name give the same draws,
// whatever else is drawn in between.
func Rand(seed uint64, name string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // a hash never fails
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// Behaviour is how the containers of one pod behave.
type Behaviour struct {
	Start, Stop time.Duration
	// Deaf containers do not react to SIGTERM.
	Deaf     bool
	ExitCode int32
	// runFor from the annotation; 0 without one.
	runFor time.Duration
	// Err says what is wrong with the pod's annotations. Its containers are then not
	// started.
	Err error
}

// BehaviourOf reads a pod's annotations and draws what they leave open.
func BehaviourOf(pod *corev1.Pod, d Delays, seed uint64) Behaviour {
	r := Rand(seed, pod.Namespace+"/"+pod.Name)
	b := Behaviour{Start: d.Start.Sample(r), Stop: d.Stop.Sample(r)}
	if v, ok := pod.Annotations[StopAfterAnnotation]; ok {
		b.Stop = b.duration(StopAfterAnnotation, v)
	}
	if v, ok := pod.Annotations[RunForAnnotation]; ok {
		b.runFor = max(b.duration(RunForAnnotation, v), 1)
	}
	if v, ok := pod.Annotations[IgnoreSigtermAnnotation]; ok {
		deaf, err := strconv.ParseBool(v)
		if err != nil {
			b.Err = fmt.Errorf("annotation %s is %q, want true or false", IgnoreSigtermAnnotation, v)
		}
		b.Deaf = deaf
	}
	if v, ok := pod.Annotations[ExitCodeAnnotation]; ok {
		code, err := strconv.ParseUint(v, 10, 8)
		if err != nil {
			b.Err = fmt.Errorf("annotation %s is %q, want a number from 0 to 255", ExitCodeAnnotation, v)
		}
		b.ExitCode = int32(code)
	}
	b.Stop += preStop(pod)
	return b
}

func (b *Behaviour) duration(name, v string) time.Duration {
	d, err := time.ParseDuration(v)
	if err != nil || d < 0 {
		b.Err = fmt.Errorf("annotation %s is %q, want a duration such as 30s", name, v)
		return 0
	}
	return d
}

// preStop is the longest preStop hook of a pod: they run at the same time, and
// SIGTERM is sent after them.
func preStop(pod *corev1.Pod) time.Duration {
	var longest time.Duration
	for _, c := range pod.Spec.Containers {
		if c.Lifecycle == nil || c.Lifecycle.PreStop == nil {
			continue
		}
		hook := c.Lifecycle.PreStop
		switch {
		case hook.Sleep != nil:
			longest = max(longest, time.Duration(hook.Sleep.Seconds)*time.Second)
		case hook.Exec != nil:
			if d, ok := sleep(hook.Exec.Command); ok && d != forever {
				longest = max(longest, d)
			}
		}
	}
	return longest
}

// runs is how long a container runs by itself.
func (b Behaviour) runs(pod *corev1.Pod, c *corev1.Container, init bool) time.Duration {
	command := slices.Concat(c.Command, c.Args)
	if init {
		if d, ok := sleep(command); ok {
			return d
		}
		return DefaultInitRun
	}
	if b.runFor > 0 {
		return b.runFor
	}
	if pod.Spec.RestartPolicy == corev1.RestartPolicyAlways || pod.Spec.RestartPolicy == "" {
		return forever
	}
	if d, ok := sleep(command); ok {
		return d
	}
	return DefaultRun
}

// sleep finds the first "sleep N" in a command, be it by itself or in a shell's
// script.
func sleep(command []string) (time.Duration, bool) {
	words := strings.FieldsFunc(strings.Join(command, " "), func(r rune) bool {
		return strings.ContainsRune(" \t\n;&|\"'()", r)
	})
	for i, w := range words[:max(len(words)-1, 0)] {
		if w != "sleep" && !strings.HasSuffix(w, "/sleep") {
			continue
		}
		v := words[i+1]
		if v == "infinity" || v == "inf" {
			return forever, true
		}
		if v[len(v)-1] >= '0' && v[len(v)-1] <= '9' {
			v += "s"
		}
		if strings.HasSuffix(v, "d") {
			if days, err := strconv.ParseFloat(strings.TrimSuffix(v, "d"), 64); err == nil && days >= 0 && days < 1e5 {
				return time.Duration(days * float64(24*time.Hour)), true
			}
		}
		if d, err := time.ParseDuration(v); err == nil && d >= 0 {
			return d, true
		}
	}
	return 0, false
}

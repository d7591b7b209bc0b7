package kubelet

import (
	"golang.org/x/time/rate"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/record"

	"github.com/ullage-sh/ullage/lab/podlife"
)

// Events that all kubelets together write: enough for kubectl describe in a small
// lab; in a scale-out of thousands of pods most are dropped, because each would
// cost as much as a status.
const (
	eventsPerSecond = 20
	eventBurst      = 100
)

type recorder struct {
	broadcaster record.EventBroadcaster
	sink        *typedcorev1.EventSinkImpl
	record.EventRecorder
	limit *rate.Limiter
}

func newRecorder(client kubernetes.Interface) *recorder {
	b := record.NewBroadcaster()
	return &recorder{
		broadcaster:   b,
		sink:          &typedcorev1.EventSinkImpl{Interface: client.CoreV1().Events("")},
		EventRecorder: b.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "kubelet"}),
		limit:         rate.NewLimiter(eventsPerSecond, eventBurst),
	}
}

func (r *recorder) start() { r.broadcaster.StartRecordingToSink(r.sink) }
func (r *recorder) stop()  { r.broadcaster.Shutdown() }

// nodeReady is about a node by its name also as UID: so the real kubelet does it,
// and kubectl describe looks for it.
func (r *recorder) nodeReady(name string) {
	r.say(&corev1.ObjectReference{Kind: "Node", Name: name, UID: types.UID(name)}, corev1.EventTypeNormal, "NodeReady", "Node "+name+" status is now: NodeReady")
}

func (r *recorder) say(about any, kind, reason, message string) {
	if !r.limit.Allow() {
		return
	}
	switch o := about.(type) {
	case *corev1.Pod:
		r.Event(o, kind, reason, message)
	case *corev1.ObjectReference:
		r.Event(o, kind, reason, message)
	}
}

// transition writes the events of a pod's going from one state to another, in the
// kubelet's words.
func (r *recorder) transition(pod *corev1.Pod, from, to podlife.State) {
	if to.Rejected != nil && from.Rejected == nil && from.Accepted.IsZero() {
		r.say(pod, corev1.EventTypeWarning, to.Rejected.Reason, to.Rejected.Message)
		return
	}
	stopping := from.StopAsked.IsZero() && !to.StopAsked.IsZero()
	for i, c := range to.Containers {
		var was podlife.Container
		if i < len(from.Containers) {
			was = from.Containers[i]
		}
		switch {
		case c.Stage == podlife.Running && (was.Stage != podlife.Running || was.Restarts != c.Restarts):
			r.say(pod, corev1.EventTypeNormal, "Pulled", "Container image \""+imageOf(pod, c.Name)+"\" already present on machine")
			r.say(pod, corev1.EventTypeNormal, "Created", "Container created: "+c.Name)
			r.say(pod, corev1.EventTypeNormal, "Started", "Container started: "+c.Name)
		case c.Stage == podlife.BackOff && was.Stage != podlife.BackOff:
			r.say(pod, corev1.EventTypeWarning, "BackOff", "Back-off restarting failed container "+c.Name+" in pod "+pod.Name)
		}
		if stopping && was.Stage == podlife.Running {
			r.say(pod, corev1.EventTypeNormal, "Killing", "Stopping container "+c.Name)
		}
	}
}

func imageOf(pod *corev1.Pod, container string) string {
	if spec := podlife.SpecOf(pod, container); spec != nil {
		return spec.Image
	}
	return ""
}

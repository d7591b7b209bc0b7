package podlife

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// t0 is when the kubelet takes the pod on; looks are in time after it.
var t0 = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// fixed delays: a pod starts after 2 s and stops after 1 s.
var fixed = Delays{Start: Delay{P50: 2 * time.Second}, Stop: Delay{P50: time.Second}}

// look advances to an offset from t0 and expects a summary of the status and the
// offset of the next change.
type look struct {
	at   time.Duration
	want string
	next time.Duration // 0: nothing happens by itself
}

const forgotten = -1 // as look.next: the pod is gone

func TestLife(t *testing.T) {
	always := corev1.ContainerRestartPolicyAlways
	for _, tt := range []struct {
		name  string
		pod   *corev1.Pod
		looks []look
	}{
		{"a server", pod(corev1.RestartPolicyAlways, container("app")), []look{
			{0, "Pending app:ContainerCreating", 2 * time.Second},
			{time.Second, "Pending app:ContainerCreating", 2 * time.Second},
			{2 * time.Second, "Running+ app:running+", 0},
			{time.Hour, "Running+ app:running+", 0},
		}},
		{"a server that sleeps is a server", pod(corev1.RestartPolicyAlways, command("app", "sleep", "3")), []look{
			{time.Hour, "Running+ app:running+", 0},
		}},
		{"readiness probe", pod(corev1.RestartPolicyAlways, probed("app", 7)), []look{
			{2 * time.Second, "Running app:running", 9 * time.Second},
			{9 * time.Second, "Running+ app:running+", 0},
		}},
		{"init containers in order, then a sidecar, then the work",
			withInit(pod(corev1.RestartPolicyNever, command("work", "sh", "-c", "sleep 4; true")),
				command("one", "sleep", "3"), container("two"), corev1.Container{Name: "side", RestartPolicy: &always}), []look{
				{0, "Pending one:PodInitializing two:PodInitializing side:PodInitializing work:PodInitializing", 2 * time.Second},
				{2 * time.Second, "Pending one:running two:PodInitializing side:PodInitializing work:PodInitializing", 5 * time.Second},
				{5 * time.Second, "Pending one:exit(0)+ two:running side:PodInitializing work:PodInitializing", 6 * time.Second},
				{6 * time.Second, "Running+ one:exit(0)+ two:exit(0)+ side:running+ work:running+", 10 * time.Second},
				{10 * time.Second, "Succeeded one:exit(0)+ two:exit(0)+ side:exit(0) work:exit(0)", 0},
			}},
		{"a job's default", pod(corev1.RestartPolicyNever, container("work")), []look{
			{2 * time.Second, "Running+ work:running+", 7 * time.Second},
			{7 * time.Second, "Succeeded work:exit(0)", 0},
		}},
		{"two containers of a job", annotated(pod(corev1.RestartPolicyNever, command("a", "sleep 9"), container("b")), RunForAnnotation, "3s"), []look{
			{5 * time.Second, "Succeeded a:exit(0) b:exit(0)", 0},
		}},
		{"a job that fails", annotated(pod(corev1.RestartPolicyNever, container("work")), ExitCodeAnnotation, "3"), []look{
			{7 * time.Second, "Failed work:exit(3)", 0},
		}},
		{"on failure it restarts, and backs off", annotated(pod(corev1.RestartPolicyOnFailure, container("work")), ExitCodeAnnotation, "1"), []look{
			{7 * time.Second, "Running+ work:running+ restarts=1", 12 * time.Second}, // at once the first time
			{12 * time.Second, "Running work:CrashLoopBackOff restarts=1", 22 * time.Second},
			{22 * time.Second, "Running+ work:running+ restarts=2", 27 * time.Second},
			{27 * time.Second, "Running work:CrashLoopBackOff restarts=2", 47 * time.Second},
			{47 * time.Second, "Running+ work:running+ restarts=3", 52 * time.Second},
		}},
		{"on failure without one it succeeds", pod(corev1.RestartPolicyOnFailure, container("work")), []look{
			{time.Minute, "Succeeded work:exit(0)", 0},
		}},
		{"a server that ends starts again", annotated(pod(corev1.RestartPolicyAlways, container("app")), RunForAnnotation, "20m"), []look{
			{25 * time.Minute, "Running+ app:running+ restarts=1", 40*time.Minute + 2*time.Second},
			{41 * time.Minute, "Running+ app:running+ restarts=2", 60*time.Minute + 2*time.Second}, // after a long run without back-off
		}},
		{"a wrong annotation starts nothing", annotated(pod(corev1.RestartPolicyAlways, container("app")), RunForAnnotation, "ten"), []look{
			{time.Hour, "Pending app:CreateContainerConfigError", 0},
		}},
		{"deleted while running", deleted(pod(corev1.RestartPolicyAlways, container("app")), 30), []look{
			{0, "Failed app:ContainerCreating", forgotten},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := Accept(tt.pod, t0)
			for _, l := range tt.looks {
				var next time.Time
				b := BehaviourOf(tt.pod, fixed, 1)
				s, next = s.Advance(tt.pod, b, t0.Add(l.at))
				check(t, l, s, tt.pod, b, next)
			}
		})
	}
}

func TestDeletion(t *testing.T) {
	server := func() *corev1.Pod { return pod(corev1.RestartPolicyAlways, container("app")) }
	for _, tt := range []struct {
		name  string
		pod   *corev1.Pod
		grace int64
		looks []look // after the deletion at one minute, from t0
	}{
		{"graceful", server(), 30, []look{
			{60 * time.Second, "Running+ app:running+", 61 * time.Second},
			{61 * time.Second, "Succeeded app:exit(0)", forgotten},
		}},
		{"slow to stop", annotated(server(), StopAfterAnnotation, "20s"), 30, []look{
			{79 * time.Second, "Running+ app:running+", 80 * time.Second},
			{80 * time.Second, "Succeeded app:exit(0)", forgotten},
		}},
		{"slower than the grace period", annotated(server(), StopAfterAnnotation, "2m"), 30, []look{
			{89 * time.Second, "Running+ app:running+", 90 * time.Second},
			{90 * time.Second, "Failed app:exit(137)", forgotten},
		}},
		{"deaf", annotated(server(), IgnoreSigtermAnnotation, "true"), 5, []look{
			{60 * time.Second, "Running+ app:running+", 65 * time.Second},
			{65 * time.Second, "Failed app:exit(137)", forgotten},
		}},
		{"preStop hook", hooked(server(), 10), 30, []look{
			{60 * time.Second, "Running+ app:running+", 71 * time.Second},
			{71 * time.Second, "Succeeded app:exit(0)", forgotten},
		}},
		{"between two runs", annotated(pod(corev1.RestartPolicyOnFailure, container("app")), ExitCodeAnnotation, "1"), 30, []look{
			{60 * time.Second, "Failed app:exit(1) restarts=3", forgotten},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := BehaviourOf(tt.pod, fixed, 1)
			s, _ := Accept(tt.pod, t0).Advance(tt.pod, b, t0.Add(time.Minute-time.Nanosecond))
			p := deleted(tt.pod, tt.grace)
			s, _ = s.Advance(p, b, t0.Add(time.Minute)) // when the kubelet learns of it
			for _, l := range tt.looks {
				var next time.Time
				s, next = s.Advance(p, b, t0.Add(l.at))
				check(t, l, s, p, b, next)
			}
		})
	}
}

// TestShorterGrace: a second delete with a shorter grace period counts from then.
func TestShorterGrace(t *testing.T) {
	p := annotated(pod(corev1.RestartPolicyAlways, container("app")), IgnoreSigtermAnnotation, "true")
	b := BehaviourOf(p, fixed, 1)
	s, _ := Accept(p, t0).Advance(p, b, t0.Add(10*time.Second))
	s, next := s.Advance(deleted(p, 600), b, t0.Add(20*time.Second))
	if want := t0.Add(620 * time.Second); !next.Equal(want) {
		t.Fatalf("first delete: killed at %s, want %s", next, want)
	}
	_, next = s.Advance(deleted(p, 3), b, t0.Add(30*time.Second))
	if want := t0.Add(33 * time.Second); !next.Equal(want) {
		t.Fatalf("second delete: killed at %s, want %s", next, want)
	}
}

func check(t *testing.T, l look, s State, pod *corev1.Pod, b Behaviour, next time.Time) {
	t.Helper()
	got := summary(s.Status(pod, b, Addresses{Host: "10.0.0.1", Pod: "100.64.0.1"}, t0.Add(l.at)))
	if got != l.want {
		t.Errorf("at %s: %s\nwant        %s", l.at, got, l.want)
	}
	if gone := l.next == forgotten; s.Gone != gone {
		t.Errorf("at %s: gone is %v, want %v", l.at, s.Gone, gone)
	}
	var want time.Time
	if l.next > 0 {
		want = t0.Add(l.next)
	}
	if l.next != forgotten && !next.Equal(want) {
		t.Errorf("at %s: next change at %s, want %s", l.at, next.Sub(t0), l.next)
	}
}

// summary is a status in a line; + marks what is ready.
func summary(s corev1.PodStatus) string {
	var b strings.Builder
	b.WriteString(string(s.Phase))
	for _, c := range s.Conditions {
		if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
			b.WriteByte('+')
		}
	}
	for _, c := range append(s.InitContainerStatuses, s.ContainerStatuses...) {
		b.WriteString(" " + c.Name + ":")
		switch st := c.State; {
		case st.Waiting != nil:
			b.WriteString(st.Waiting.Reason)
		case st.Running != nil:
			b.WriteString("running")
		case st.Terminated != nil:
			fmt.Fprintf(&b, "exit(%d)", st.Terminated.ExitCode)
		}
		if c.Ready {
			b.WriteByte('+')
		}
		if c.RestartCount > 0 {
			fmt.Fprintf(&b, " restarts=%d", c.RestartCount)
		}
	}
	return b.String()
}

// TestRecall: whatever is written down can be read again and gives the same
// status, and from then on the same life, to the second.
func TestRecall(t *testing.T) {
	always := corev1.ContainerRestartPolicyAlways
	pods := map[string]*corev1.Pod{
		"server":  pod(corev1.RestartPolicyAlways, container("app"), probed("slow", 5)),
		"job":     withInit(pod(corev1.RestartPolicyNever, container("work")), container("init"), corev1.Container{Name: "side", RestartPolicy: &always}),
		"failing": annotated(pod(corev1.RestartPolicyOnFailure, container("work")), ExitCodeAnnotation, "1"),
	}
	a := Addresses{Host: "10.0.0.1", Pod: "100.64.0.1"}
	for name, p := range pods {
		b := BehaviourOf(p, fixed, 1)
		for at := range 40 {
			now := t0.Add(time.Duration(at) * time.Second)
			s, next := Accept(p, t0).Advance(p, b, now)
			stored := p.DeepCopy()
			stored.Status = s.Status(p, b, a, now)
			again, next2 := Recall(stored).Advance(stored, b, now)
			if status := again.Status(stored, b, a, now.Add(time.Hour)); !apiequality.Semantic.DeepEqual(status, stored.Status) {
				t.Errorf("%s at %d s: recalled as %s, was %s", name, at, summary(status), summary(stored.Status))
			}
			if !next.Equal(next2) {
				t.Errorf("%s at %d s: next change at %s, was %s", name, at, next2.Sub(t0), next.Sub(t0))
			}
		}
	}
}

func TestStatusKeepsWhatOthersWrote(t *testing.T) {
	p := pod(corev1.RestartPolicyAlways, container("app"))
	p.Spec.ReadinessGates = []corev1.PodReadinessGate{{ConditionType: "example.com/gate"}}
	other := corev1.PodCondition{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: "EvictionByEvictionAPI"}
	p.Status.Conditions = []corev1.PodCondition{other}
	b := BehaviourOf(p, fixed, 1)
	s, _ := Accept(p, t0).Advance(p, b, t0.Add(time.Minute))
	a := Addresses{Host: "10.0.0.1", Pod: "100.64.0.1"}
	got := s.Status(p, b, a, t0)
	if got.Conditions[0] != other {
		t.Errorf("the condition of another is now %+v", got.Conditions[0])
	}
	if want := "Running app:running+"; summary(got) != want {
		t.Errorf("without its gate: %s, want %s", summary(got), want)
	}
	p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{Type: "example.com/gate", Status: corev1.ConditionTrue})
	if got, want := summary(s.Status(p, b, a, t0)), "Running+ app:running+"; got != want {
		t.Errorf("with its gate: %s, want %s", got, want)
	}
}

func pod(policy corev1.RestartPolicy, containers ...corev1.Container) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "p", UID: "u", Generation: 1},
		Spec:       corev1.PodSpec{RestartPolicy: policy, Containers: containers},
	}
}

func container(name string) corev1.Container { return corev1.Container{Name: name, Image: "img"} }

func command(name string, words ...string) corev1.Container {
	return corev1.Container{Name: name, Image: "img", Command: words}
}

func probed(name string, delay int32) corev1.Container {
	return corev1.Container{Name: name, Image: "img", ReadinessProbe: &corev1.Probe{InitialDelaySeconds: delay}}
}

func withInit(p *corev1.Pod, init ...corev1.Container) *corev1.Pod {
	p.Spec.InitContainers = init
	return p
}

func annotated(p *corev1.Pod, key, value string) *corev1.Pod {
	metav1.SetMetaDataAnnotation(&p.ObjectMeta, key, value)
	return p
}

func hooked(p *corev1.Pod, seconds int64) *corev1.Pod {
	p.Spec.Containers[0].Lifecycle = &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: seconds}}}
	return p
}

func deleted(p *corev1.Pod, grace int64) *corev1.Pod {
	p = p.DeepCopy()
	p.DeletionTimestamp, p.DeletionGracePeriodSeconds = &metav1.Time{Time: t0}, &grace
	return p
}

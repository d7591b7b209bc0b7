package podlife

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"pgregory.net/rapid"
)

func TestSleep(t *testing.T) {
	for _, tt := range []struct {
		command []string
		want    time.Duration
		ok      bool
	}{
		{[]string{"sleep", "10"}, 10 * time.Second, true},
		{[]string{"/bin/sleep", "1.5"}, 1500 * time.Millisecond, true},
		{[]string{"sh", "-c", "echo hi; sleep 2m && exit 1"}, 2 * time.Minute, true},
		{[]string{"sh", "-c", "while true;do sleep '3';done"}, 3 * time.Second, true},
		{[]string{"sleep", "infinity"}, forever, true},
		{[]string{"sleep", "2d"}, 48 * time.Hour, true},
		{[]string{"sleep"}, 0, false},
		{[]string{"sleep", "$N"}, 0, false},
		{[]string{"sleep", "-3"}, 0, false},
		{[]string{"nosleep", "5"}, 0, false},
		{nil, 0, false},
	} {
		if got, ok := sleep(tt.command); got != tt.want || ok != tt.ok {
			t.Errorf("sleep(%q) = %s, %v, want %s, %v", tt.command, got, ok, tt.want, tt.ok)
		}
	}
}

func TestWrongAnnotations(t *testing.T) {
	for key, values := range map[string][]string{
		RunForAnnotation:        {"", "5", "-1s", "soon"},
		StopAfterAnnotation:     {"-1s", "1 s"},
		ExitCodeAnnotation:      {"-1", "256", "one"},
		IgnoreSigtermAnnotation: {"yes!"},
	} {
		for _, v := range values {
			if b := BehaviourOf(annotated(pod(corev1.RestartPolicyNever), key, v), fixed, 1); b.Err == nil {
				t.Errorf("%s=%q is taken", key, v)
			}
		}
	}
}

func TestDelayHasItsQuantiles(t *testing.T) {
	d := Delay{P50: 800 * time.Millisecond, P99: 2500 * time.Millisecond}
	r := Rand(1, "quantiles")
	const n = 100_000
	draws := make([]time.Duration, n)
	for i := range draws {
		draws[i] = d.Sample(r)
	}
	slices.Sort(draws)
	for q, want := range map[float64]time.Duration{0.5: d.P50, 0.99: d.P99} {
		got := draws[int(q*n)]
		if got < want*97/100 || got > want*103/100 {
			t.Errorf("quantile %g is %s, want %s within 3 %%", q, got, want)
		}
	}
}

// TestLooksDoNotMatter: however often a pod is looked at, its history is the same.
func TestLooksDoNotMatter(t *testing.T) {
	always := corev1.ContainerRestartPolicyAlways
	rapid.Check(t, func(rt *rapid.T) {
		policy := rapid.SampledFrom([]corev1.RestartPolicy{corev1.RestartPolicyAlways, corev1.RestartPolicyOnFailure, corev1.RestartPolicyNever}).Draw(rt, "policy")
		p := pod(policy, container("a"), probed("b", rapid.Int32Range(0, 9).Draw(rt, "probe")))
		if rapid.Bool().Draw(rt, "init") {
			withInit(p, container("i"), corev1.Container{Name: "s", RestartPolicy: &always})
		}
		if rapid.Bool().Draw(rt, "fails") {
			annotated(p, ExitCodeAnnotation, "1")
		}
		if rapid.Bool().Draw(rt, "ends") {
			annotated(p, RunForAnnotation, rapid.SampledFrom([]string{"0s", "4s", "11m"}).Draw(rt, "run"))
		}
		b := BehaviourOf(p, fixed, 1)
		jump, step := Accept(p, t0), Accept(p, t0)
		var next1, next2 time.Time
		now := t0
		for range rapid.IntRange(1, 30).Draw(rt, "looks") {
			now = now.Add(time.Duration(rapid.Int64Range(1, int64(3*time.Minute)).Draw(rt, "wait")))
			step, next1 = step.Advance(p, b, now)
		}
		// A third life is looked at exactly when something happens.
		exact, at := Accept(p, t0), t0
		for !at.IsZero() && !at.After(now) {
			exact, at = exact.Advance(p, b, at)
		}
		jump, next2 = jump.Advance(p, b, now)
		a := Addresses{Host: "10.0.0.1"}
		want := jump.Status(p, b, a, now)
		if !apiequality.Semantic.DeepEqual(step.Status(p, b, a, now), want) || !apiequality.Semantic.DeepEqual(exact.Status(p, b, a, now), want) {
			rt.Fatalf("one look: %s\nmany:     %s\nexact:    %s", summary(want), summary(step.Status(p, b, a, now)), summary(exact.Status(p, b, a, now)))
		}
		if !next1.Equal(next2) {
			rt.Fatalf("next change %s, and %s with many looks", next2, next1)
		}
	})
}

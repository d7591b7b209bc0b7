package lab_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/lab"
)

// inflate is the Deployment of the walkthroughs: 1 cpu and 1.5 GiB a pod.
func inflate(replicas int32) *appsv1.Deployment {
	labels := map[string]string{"app": "inflate"}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "inflate"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					TerminationGracePeriodSeconds: ptr.To(int64(0)),
					Containers: []corev1.Container{{Name: "inflate", Image: "pause", Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
						corev1.ResourceCPU: resource.MustParse("1"), corev1.ResourceMemory: resource.MustParse("1.5Gi"),
					}}}},
				},
			},
		},
	}
}

// await waits until done says so and fails the test with what it said last.
func await(t *testing.T, ctx context.Context, within time.Duration, what string, done func(context.Context) (bool, error)) {
	t.Helper()
	if err := wait.PollUntilContextTimeout(ctx, 250*time.Millisecond, within, true, done); err != nil {
		t.Fatalf("waiting for %s: %v", what, err)
	}
}

// running tells whether want pods run and no other is there. Pods that a kubelet
// turned away do not count: their ReplicaSet has made others.
func running(ctx context.Context, c client.Client, want int) (bool, error) {
	var pods corev1.PodList
	if err := c.List(ctx, &pods, client.InNamespace("default")); err != nil {
		return false, err
	}
	run, others := 0, 0
	for _, p := range pods.Items {
		switch {
		case p.Status.Phase == corev1.PodFailed:
		case p.Status.Phase == corev1.PodRunning && p.DeletionTimestamp == nil:
			run++
		default:
			others++
		}
	}
	return run == want && others == 0, nil
}

func scale(t *testing.T, ctx context.Context, c client.Client, n int32) {
	t.Helper()
	scaleOf(t, ctx, c, inflate(n), n)
}

func scaleOf(t *testing.T, ctx context.Context, c client.Client, d *appsv1.Deployment, n int32) {
	t.Helper()
	patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, n))
	if err := c.Patch(ctx, d, patch); err != nil {
		t.Fatal(err)
	}
}

func TestMainJob(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	l, err := lab.Start(ctx, lab.Config{Dir: t.TempDir(), Seed: 1, Speed: 30, Progress: func(s string) { t.Log(s) }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Stop(); err != nil {
			t.Error(err)
		}
	}()
	c := l.Client()
	if err := c.Create(ctx, inflate(5)); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int32{5, 60} {
		scale(t, ctx, c, n)
		began := time.Now()
		await(t, ctx, time.Minute, "pods to run", func(ctx context.Context) (bool, error) { return running(ctx, c, int(n)) })
		t.Logf("%d pods run after %v on %d instances", n, time.Since(began), l.Instances())
	}
	scale(t, ctx, c, 0)
	began := time.Now()
	await(t, ctx, 2*time.Minute, "everything to be given back", func(ctx context.Context) (bool, error) {
		var claims karpv1.NodeClaimList
		err := c.List(ctx, &claims)
		return len(claims.Items) == 0 && l.Instances() == 0, err
	})
	t.Logf("given back after %v", time.Since(began))
}

package kubelet

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/lab/controlplane"
	"github.com/ullage-sh/ullage/lab/podlife"
)

// One control plane and one fleet for all tests of the package. A silent node is
// noticed after 8 s and its pods are evicted 2 s later, instead of 50 s and 300 s;
// to fit, kubelets renew their leases every second.
var (
	plane  *controlplane.ControlPlane
	client kubernetes.Interface
	fleet  *Fleet
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "ullage-kubelet-test")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // a scratch directory
	plane, err = controlplane.Start(context.Background(), controlplane.Config{
		Dir: dir, NodeMonitorGrace: 8 * time.Second, EvictAfter: 2 * time.Second})
	if err != nil {
		return 1, err
	}
	defer func() {
		if stopErr := plane.Stop(); err == nil {
			err = stopErr
		}
	}()
	if client, err = kubernetes.NewForConfig(plane.RESTConfig()); err != nil {
		return 1, err
	}
	f, stop, err := runFleet()
	if err != nil {
		return 1, err
	}
	fleet = f
	defer func() { err = stop() }()
	return m.Run(), nil
}

// runFleet runs a fleet until the returned function is called.
func runFleet() (*Fleet, func() error, error) {
	tls, err := plane.KubeletTLS()
	if err != nil {
		return nil, nil, err
	}
	fast := podlife.Delay{P50: 100 * time.Millisecond}
	f, err := New(Config{
		Client: plane.RESTConfig(), TLS: tls, Heartbeat: time.Second,
		PodStart: fast, PodStop: fast, NodeReady: fast,
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	return f, func() error { cancel(); return <-done }, nil
}

// testMachine is an m5.large that has booted, with a label for the test's own
// selector.
func testMachine(t *testing.T, n int) Machine {
	id := fmt.Sprintf("i-%s-%d", sanitized(t), n)
	return Machine{
		Name: "node-" + sanitized(t) + fmt.Sprintf("-%d", n), ProviderID: "aws:///ap-northeast-2a/" + id,
		Labels:      cluster.Labels{"test": sanitized(t), cluster.LabelZone: "ap-northeast-2a"},
		Capacity:    cluster.NewResources(map[string]int64{cluster.CPU: 2000, cluster.Memory: 8 << 30, cluster.Pods: 29}),
		Allocatable: cluster.NewResources(map[string]int64{cluster.CPU: 1930, cluster.Memory: 7 << 30, cluster.Pods: 29}),
		InternalIP:  fmt.Sprintf("10.0.1.%d", n+1),
	}
}

func sanitized(t *testing.T) string {
	b := []byte(t.Name())
	for i, c := range b {
		switch {
		case c >= 'A' && c <= 'Z':
			b[i] = c + 'a' - 'A'
		case c < 'a' || c > 'z':
			b[i] = '-'
		}
	}
	return string(b)
}

// boot starts machines and waits until their nodes are Ready. At the end of the
// test they are taken away again.
func boot(t *testing.T, machines ...Machine) {
	t.Helper()
	for _, m := range machines {
		if err := fleet.Start(m); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			fleet.Stop(m.ProviderID)
			_ = client.CoreV1().Nodes().Delete(context.Background(), m.Name, metav1.DeleteOptions{}) // the test may have done it
		})
	}
	for _, m := range machines {
		waitReady(t, m.Name, corev1.ConditionTrue)
	}
}

func waitReady(t *testing.T, node string, want corev1.ConditionStatus) {
	t.Helper()
	eventually(t, "node "+node+" to be Ready="+string(want), func() error {
		n, err := client.CoreV1().Nodes().Get(t.Context(), node, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, c := range n.Status.Conditions {
			if c.Type == corev1.NodeReady && c.Status == want {
				return nil
			}
		}
		return fmt.Errorf("conditions are %+v", n.Status.Conditions)
	})
}

// eventually asks until there is no error; the deadline only ends a test that has
// failed.
func eventually(t *testing.T, what string, ask func() error) {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ask()
		if err == nil {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("waited for %s: %v", what, err)
		case <-tick.C:
		}
	}
}

// testPod is a pod for the test's own nodes.
func testPod(t *testing.T, name string, change ...func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: sanitized(t) + "-" + name, Namespace: "default", Annotations: map[string]string{}},
		Spec: corev1.PodSpec{
			NodeSelector: map[string]string{"test": sanitized(t)},
			Containers:   []corev1.Container{{Name: "app", Image: "nginx"}},
		},
	}
	for _, c := range change {
		c(p)
	}
	return p
}

func create(t *testing.T, p *corev1.Pod) *corev1.Pod {
	t.Helper()
	made, err := client.CoreV1().Pods(p.Namespace).Create(t.Context(), p, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		var now int64
		_ = client.CoreV1().Pods(p.Namespace).Delete(context.Background(), p.Name, metav1.DeleteOptions{GracePeriodSeconds: &now}) // mostly gone already
	})
	return made
}

func getPod(t *testing.T, name string) (*corev1.Pod, error) {
	return client.CoreV1().Pods("default").Get(t.Context(), name, metav1.GetOptions{})
}

func waitPhase(t *testing.T, p *corev1.Pod, want corev1.PodPhase) *corev1.Pod {
	t.Helper()
	eventually(t, "pod "+p.Name+" to be "+string(want), func() error {
		now, err := getPod(t, p.Name)
		if err != nil {
			return err
		}
		p = now
		if now.Status.Phase != want {
			return fmt.Errorf("status is %+v", now.Status)
		}
		return nil
	})
	return p
}

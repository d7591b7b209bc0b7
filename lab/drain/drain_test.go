package drain

import (
	"context"
	"log/slog"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/ullage-sh/ullage/awssim/world"
)

func pod(name string, change func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, UID: types.UID(name)}, Spec: corev1.PodSpec{NodeName: "n"}}
	if change != nil {
		change(p)
	}
	return p
}

// TestDrain: a node is cordoned first; pods that a budget keeps stay, the others go, and
// those that come again or have ended do not count; by force all go; and it is opened
// again.
func TestDrain(t *testing.T) {
	ctx := t.Context()
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n"}, Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}}}
	yes := true
	client := fake.NewClientset(node, pod("kept", nil), pod("free", nil),
		pod("daemon", func(p *corev1.Pod) {
			p.OwnerReferences = []metav1.OwnerReference{{Kind: "DaemonSet", Name: "d", Controller: &yes}}
		}),
		pod("mirror", func(p *corev1.Pod) { p.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: "x"} }),
		pod("ended", func(p *corev1.Pod) { p.Status.Phase = corev1.PodSucceeded }),
		pod("elsewhere", func(p *corev1.Pod) { p.Spec.NodeName = "other" }))
	client.PrependReactor("create", "pods", func(a clienttesting.Action) (bool, runtime.Object, error) {
		if a.GetSubresource() != "eviction" {
			return false, nil, nil
		}
		e := a.(clienttesting.CreateAction).GetObject().(*policyv1.Eviction)
		if e.Name == "kept" {
			return true, nil, apierrors.NewTooManyRequests("it would violate the pod's disruption budget", 0)
		}
		return true, nil, client.Tracker().Delete(corev1.SchemeGroupVersion.WithResource("pods"), e.Namespace, e.Name)
	})
	n, err := New(client, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan struct{})
	go func() { defer close(ran); n.Run(ctx) }()
	eks, i := n.EKS(), &world.Instance{PrivateDNS: "n"}
	if eks.Ready(i) || eks.Drain(i, false) != 1 {
		t.Error("before anything has been looked at, the node is ready or empty")
	}
	until := func(what string, done func() bool) {
		t.Helper()
		for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("not after half a minute: %s", what)
			}
		}
	}
	now := func() *corev1.Node {
		got, err := client.CoreV1().Nodes().Get(context.Background(), "n", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	left := func() map[string]bool {
		all, err := client.CoreV1().Pods("default").List(context.Background(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]bool{}
		for _, p := range all.Items {
			out[p.Name] = true
		}
		return out
	}
	until("the node is ready", func() bool { return eks.Ready(i) })
	eks.Cordon(i, true)
	until("what is free has left a node that is cordoned", func() bool {
		return eks.Drain(i, false) == 1 && now().Spec.Unschedulable && now().Labels[corev1.LabelNodeExcludeBalancers] == "true" && !left()["free"]
	})
	for _, name := range []string{"kept", "daemon", "mirror", "ended", "elsewhere"} {
		if !left()[name] {
			t.Errorf("%s has been asked to leave, or more than asked", name)
		}
	}
	until("by force all have left", func() bool { return eks.Drain(i, true) == 0 })
	if l := left(); l["kept"] || !l["daemon"] || !l["elsewhere"] {
		t.Errorf("after that there are %v", l)
	}
	eks.Cordon(i, false)
	until("the node is open again", func() bool {
		_, labelled := now().Labels[corev1.LabelNodeExcludeBalancers]
		return !now().Spec.Unschedulable && !labelled
	})
	if gone := (&world.Instance{PrivateDNS: "gone"}); eks.Ready(gone) || eks.Drain(gone, false) != 0 {
		t.Error("a node that there is not is ready, or has pods")
	}
}

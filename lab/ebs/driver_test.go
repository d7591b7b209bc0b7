package ebs

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
)

// running starts a driver over objects.
func running(t *testing.T, objects ...runtime.Object) kubernetes.Interface {
	t.Helper()
	client := fake.NewClientset(objects...)
	d, err := newDriver(client, Config{
		Log:   slog.New(slog.NewTextHandler(t.Output(), nil)),
		Limit: func(instanceType string) (int64, bool) { return 26, instanceType == "m5.large" },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); d.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return client
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	if err := wait.PollUntilContextTimeout(t.Context(), 5*time.Millisecond, 10*time.Second, true, func(context.Context) (bool, error) { return holds(), nil }); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func machine(name, zone, instanceType string) *corev1.Node {
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name), Labels: map[string]string{
		corev1.LabelTopologyZone: zone, corev1.LabelInstanceTypeStable: instanceType}}}
}

func class(mode storagev1.VolumeBindingMode) *storagev1.StorageClass {
	return &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "gp3"}, Provisioner: Name, VolumeBindingMode: &mode}
}

func wanted(name, node string) *corev1.PersistentVolumeClaim {
	gp3 := "gp3"
	c := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, UID: types.UID("uid-" + name), Annotations: map[string]string{provisioner: Name}}}
	if node != "" {
		c.Annotations[selectedNode] = node
	}
	c.Spec.StorageClassName = &gp3
	c.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
	c.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("8Gi")}
	return c
}

// TestVolumes are made in the zone of the chosen node, and not before one is chosen; a
// claim whose node has gone is given back to the scheduler.
func TestVolumes(t *testing.T) {
	client := running(t, class(storagev1.VolumeBindingWaitForFirstConsumer), machine("a", "zone-a", "m5.large"), machine("c", "zone-c", "m5.large"),
		wanted("chosen", "c"), wanted("waits", ""), wanted("lost", "no-such-node"))
	volumes := func() []corev1.PersistentVolume {
		list, err := client.CoreV1().PersistentVolumes().List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return list.Items
	}
	eventually(t, "the lost claim to be given back", func() bool {
		c, err := client.CoreV1().PersistentVolumeClaims("default").Get(t.Context(), "lost", metav1.GetOptions{})
		return err == nil && c.Annotations[selectedNode] == ""
	})
	eventually(t, "a volume", func() bool { return len(volumes()) > 0 })
	made := volumes()
	v := &made[0]
	if len(made) != 1 || v.Spec.ClaimRef.Name != "chosen" {
		t.Fatalf("made %+v, want one volume, for the claim whose node is chosen", made)
	}
	if zone := v.Spec.NodeAffinity.Required.NodeSelectorTerms[0].MatchExpressions[0].Values; len(zone) != 1 || zone[0] != "zone-c" {
		t.Errorf("the volume is in %v, its node in zone-c", zone)
	}
	if size := v.Spec.Capacity[corev1.ResourceStorage]; size.String() != "8Gi" || !strings.HasPrefix(v.Spec.CSI.VolumeHandle, "vol-") {
		t.Errorf("the volume %s has %s, want 8Gi", v.Spec.CSI.VolumeHandle, size.String())
	}
}

// TestImmediate: without a consumer the volume is in some zone that there is.
func TestImmediate(t *testing.T) {
	client := running(t, class(storagev1.VolumeBindingImmediate), machine("a", "zone-a", "m5.large"), wanted("now", ""))
	eventually(t, "a volume", func() bool {
		list, err := client.CoreV1().PersistentVolumes().List(t.Context(), metav1.ListOptions{})
		return err == nil && len(list.Items) == 1 && list.Items[0].Spec.NodeAffinity.Required.NodeSelectorTerms[0].MatchExpressions[0].Values[0] == "zone-a"
	})
}

// TestLimits are told of each node whose type is known.
func TestLimits(t *testing.T) {
	client := running(t, machine("a", "zone-a", "m5.large"), machine("b", "zone-b", "x9.huge"))
	limit := func(node string) func() bool {
		return func() bool {
			n, err := client.StorageV1().CSINodes().Get(t.Context(), node, metav1.GetOptions{})
			if err != nil {
				return false
			}
			d := n.Spec.Drivers[0]
			return d.Name == Name && (node == "a" && *d.Allocatable.Count == 26 || node == "b" && d.Allocatable == nil)
		}
	}
	eventually(t, "the limit of a known type", limit("a"))
	eventually(t, "no limit of another", limit("b"))
}

// TestAttachment is done as soon as it is asked for; a volume whose claim has gone is
// deleted when it hangs nowhere any more.
func TestAttachment(t *testing.T) {
	name := "pvc-1"
	released := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{provisionedBy: Name}},
		Spec:   corev1.PersistentVolumeSpec{PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimDelete},
		Status: corev1.PersistentVolumeStatus{Phase: corev1.VolumeReleased}}
	kept := released.DeepCopy()
	kept.Name, kept.Spec.PersistentVolumeReclaimPolicy = "kept", corev1.PersistentVolumeReclaimRetain
	hangs := &storagev1.VolumeAttachment{ObjectMeta: metav1.ObjectMeta{Name: "hangs"},
		Spec: storagev1.VolumeAttachmentSpec{Attacher: Name, NodeName: "a", Source: storagev1.VolumeAttachmentSource{PersistentVolumeName: &name}}}
	client := running(t, released, kept, hangs)
	attachments, volumes := client.StorageV1().VolumeAttachments(), client.CoreV1().PersistentVolumes()
	eventually(t, "the volume to be attached", func() bool {
		a, err := attachments.Get(t.Context(), "hangs", metav1.GetOptions{})
		return err == nil && a.Status.Attached
	})
	if _, err := volumes.Get(t.Context(), name, metav1.GetOptions{}); err != nil {
		t.Fatalf("a volume that hangs on a node: %v", err)
	}
	if err := attachments.Delete(t.Context(), "hangs", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the volume to be deleted", func() bool {
		_, err := volumes.Get(t.Context(), name, metav1.GetOptions{})
		return err != nil
	})
	if _, err := volumes.Get(t.Context(), "kept", metav1.GetOptions{}); err != nil {
		t.Errorf("a volume that is to be kept: %v", err)
	}
}

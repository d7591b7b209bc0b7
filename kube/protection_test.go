package kube

import (
	"reflect"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/cluster"
)

func TestProtection(t *testing.T) {
	start := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	const disrupt = karpv1.DoNotDisruptAnnotationKey
	for _, x := range []struct {
		disrupt, evict string
		until          cluster.Instant
		by             string
	}{
		{"", "", 0, ""},
		{"true", "", cluster.Never, disrupt},
		{"90m", "", instant(start.Add(90 * time.Minute)), disrupt},
		{"false", "", 0, ""},
		{"-5m", "", 0, ""},
		{"soon", "", 0, ""},
		{"", "false", cluster.Never, safeToEvict},
		{"90m", "false", cluster.Never, safeToEvict},
		{"", "true", 0, ""},
		{"true", "true", cluster.Never, disrupt},
		{"", "no", 0, ""},
	} {
		p := podFrom(t, `containers: [{name: a}]`)
		p.Status.StartTime = &metav1.Time{Time: start}
		p.Annotations = map[string]string{}
		if x.disrupt != "" {
			p.Annotations[disrupt] = x.disrupt
		}
		if x.evict != "" {
			p.Annotations[safeToEvict] = x.evict
		}
		if got := new(Converter).Pod(p); got.ProtectedUntil != x.until || got.ProtectedBy != x.by {
			t.Errorf("do-not-disrupt %q, safe-to-evict %q: protected until %s by %q", x.disrupt, x.evict, got.ProtectedUntil.RFC3339(), got.ProtectedBy)
		}
	}
}

func TestLocalStorage(t *testing.T) {
	const twoVolumes = `volumes: [{name: cache, emptyDir: {}}, {name: data, emptyDir: {sizeLimit: 1Gi}}]`
	for _, x := range []struct {
		what, volumes string
		change        func(*corev1.Pod)
		want          bool
	}{
		{"an emptyDir", twoVolumes, nil, true},
		{"an emptyDir in memory", `volumes: [{name: a, emptyDir: {medium: Memory}}]`, nil, false},
		{"an emptyDir of huge pages", `volumes: [{name: a, emptyDir: {medium: HugePages}}]`, nil, false},
		{"a hostPath", `volumes: [{name: a, hostPath: {path: /var/log}}]`, nil, true},
		{"a disk and files", `volumes: [{name: a, persistentVolumeClaim: {claimName: a}}, {name: b, configMap: {name: b}}]`, nil, false},
		{"no volumes", `{}`, nil, false},
		{"safe to evict", twoVolumes, func(p *corev1.Pod) { p.Annotations = map[string]string{safeToEvict: "true"} }, false},
		{"one volume safe to evict", twoVolumes, func(p *corev1.Pod) { p.Annotations = map[string]string{safeToEvictVolumes: "cache"} }, true},
		{"all volumes safe to evict", twoVolumes, func(p *corev1.Pod) { p.Annotations = map[string]string{safeToEvictVolumes: "data,cache"} }, false},
		{"a pod of a DaemonSet", twoVolumes, func(p *corev1.Pod) { p.OwnerReferences = controlledBy("DaemonSet") }, false},
		{"a pod of a ReplicaSet", twoVolumes, func(p *corev1.Pod) { p.OwnerReferences = controlledBy("ReplicaSet") }, true},
		{"a static pod", twoVolumes, func(p *corev1.Pod) { p.OwnerReferences = controlledBy("Node") }, false},
	} {
		p := podFrom(t, x.volumes)
		if x.change != nil {
			x.change(p)
		}
		if got := new(Converter).Pod(p).LocalStorage; got != x.want {
			t.Errorf("%s: local storage is %t", x.what, got)
		}
	}
}

func controlledBy(kind string) []metav1.OwnerReference {
	yes := true
	return []metav1.OwnerReference{{Kind: kind, Name: "owner", Controller: &yes}}
}

// TestHeartbeats: a node's record does not change by a heartbeat, and does when a
// condition turns, whatever the order in which they are listed.
func TestHeartbeats(t *testing.T) {
	now := metav1.NewTime(time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC))
	later := metav1.NewTime(now.Add(5 * time.Minute))
	node := func(beat metav1.Time, kinds ...corev1.NodeConditionType) *corev1.Node {
		n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n1"}}
		for _, k := range kinds {
			n.Status.Conditions = append(n.Status.Conditions, corev1.NodeCondition{Type: k, Status: corev1.ConditionTrue, Reason: "Kubelet" + string(k), LastTransitionTime: now, LastHeartbeatTime: beat})
		}
		return n
	}
	before := Node(node(now, corev1.NodeReady, corev1.NodeDiskPressure, "NetworkingReady"))
	if after := Node(node(later, "NetworkingReady", corev1.NodeDiskPressure, corev1.NodeReady)); !reflect.DeepEqual(before, after) {
		t.Errorf("a heartbeat made %+v of %+v", after, before)
	}
	if c := before.Condition("NetworkingReady"); c.Status != "True" || c.Reason != "KubeletNetworkingReady" || c.Since != instant(now.Time) {
		t.Errorf("condition %+v", c)
	}
	if c := before.Condition("StorageReady"); c.Status != "" || c.Type != "StorageReady" {
		t.Errorf("a condition that the node does not have: %+v", c)
	}
	turned := node(now, corev1.NodeReady, corev1.NodeDiskPressure, "NetworkingReady")
	turned.Status.Conditions[2].Status, turned.Status.Conditions[2].LastTransitionTime = corev1.ConditionFalse, later
	if c := Node(turned).Condition("NetworkingReady"); c.Status != "False" || c.Since != instant(later.Time) {
		t.Errorf("condition %+v", c)
	}
}

package kubelet

import (
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/lab/podlife"
)

func TestNodeRegisters(t *testing.T) {
	m := testMachine(t, 0)
	m.Taints = []cluster.Taint{cluster.UnregisteredTaint}
	m.BootAt = cluster.Instant(time.Now().Add(time.Second).UnixNano())
	boot(t, m)
	n, err := client.CoreV1().Nodes().Get(t.Context(), m.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if n.CreationTimestamp.Time.Before(time.Unix(0, int64(m.BootAt)).Truncate(time.Second)) {
		t.Errorf("registered at %s, before it booted", n.CreationTimestamp)
	}
	for key, want := range map[string]string{
		"kubernetes.io/hostname": m.Name, "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux", "topology.kubernetes.io/zone": "ap-northeast-2a",
	} {
		if n.Labels[key] != want {
			t.Errorf("label %s is %q, want %q", key, n.Labels[key], want)
		}
	}
	if n.Spec.ProviderID != m.ProviderID || n.Status.NodeInfo.KubeletVersion != Version {
		t.Errorf("provider id %s, kubelet %s", n.Spec.ProviderID, n.Status.NodeInfo.KubeletVersion)
	}
	if cpu, memory := n.Status.Allocatable.Cpu().String(), n.Status.Capacity.Memory().String(); cpu != "1930m" || memory != "8Gi" {
		t.Errorf("allocatable cpu %s, memory %s", cpu, memory)
	}
	// The node life cycle controller takes its own taint away; ours stays.
	eventually(t, "the taint not-ready to go", func() error {
		n, err := client.CoreV1().Nodes().Get(t.Context(), m.Name, metav1.GetOptions{})
		if err != nil || len(n.Spec.Taints) != 1 || n.Spec.Taints[0].Key != cluster.UnregisteredTaint.Key {
			return fmt.Errorf("%v, taints %+v", err, n.Spec.Taints)
		}
		return nil
	})
	first := leaseTime(t, m.Name)
	eventually(t, "the lease to be renewed", func() error {
		if now := leaseTime(t, m.Name); !now.After(first) {
			return fmt.Errorf("renewed at %s", now)
		}
		return nil
	})
}

func leaseTime(t *testing.T, node string) time.Time {
	t.Helper()
	l, err := client.CoordinationV1().Leases(corev1.NamespaceNodeLease).Get(t.Context(), node, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return time.Time{}
	}
	if err != nil {
		t.Fatal(err)
	}
	return l.Spec.RenewTime.Time
}

func TestPodsRun(t *testing.T) {
	m := testMachine(t, 0)
	boot(t, m)
	ips := map[string]bool{}
	for i := range 5 {
		p := waitPhase(t, create(t, testPod(t, fmt.Sprint(i))), corev1.PodRunning)
		if p.Status.HostIP != m.InternalIP || p.Status.PodIP == "" || ips[p.Status.PodIP] {
			t.Errorf("host %s, pod %s (given out: %v)", p.Status.HostIP, p.Status.PodIP, ips)
		}
		ips[p.Status.PodIP] = true
		for _, c := range p.Status.Conditions {
			if c.Status != corev1.ConditionTrue {
				t.Errorf("condition %s is %s: %s %s", c.Type, c.Status, c.Reason, c.Message)
			}
		}
	}
	host := waitPhase(t, create(t, testPod(t, "host", func(p *corev1.Pod) { p.Spec.HostNetwork = true })), corev1.PodRunning)
	if host.Status.PodIP != m.InternalIP {
		t.Errorf("a pod on the host's network has %s, want %s", host.Status.PodIP, m.InternalIP)
	}
}

// TestFewWrites: a pod that goes past the scheduler costs five writes of its object
// (created, taken on, running, ended, marked for deletion) and its removal; a kubelet
// that wrote in a loop would show here.
func TestFewWrites(t *testing.T) {
	m := testMachine(t, 0)
	boot(t, m)
	w, err := client.CoreV1().Pods("default").Watch(t.Context(), metav1.ListOptions{
		FieldSelector: "metadata.name=" + testPod(t, "one").Name})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	p := waitPhase(t, create(t, testPod(t, "one", func(p *corev1.Pod) {
		p.Spec.NodeName = m.Name
		p.Spec.RestartPolicy = corev1.RestartPolicyNever
		p.Annotations[podlife.RunForAnnotation] = "500ms"
	})), corev1.PodSucceeded)
	if err := client.CoreV1().Pods("default").Delete(t.Context(), p.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	writes := 0
	for e := range w.ResultChan() {
		if e.Type == watch.Deleted {
			break
		}
		writes++
	}
	if writes != 5 {
		t.Errorf("%d writes, want 5", writes)
	}
}

func TestDaemonSetRunsOnEveryNode(t *testing.T) {
	boot(t, testMachine(t, 0))
	labels := map[string]string{"app": sanitized(t)}
	set := &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Name: sanitized(t)},
		Spec: appsv1.DaemonSetSpec{Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: testPod(t, "").Spec}},
	}
	if _, err := client.AppsV1().DaemonSets("default").Create(t.Context(), set, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	ready := func(n int32) func() error {
		return func() error {
			s, err := client.AppsV1().DaemonSets("default").Get(t.Context(), set.Name, metav1.GetOptions{})
			if err != nil || s.Status.NumberReady != n || s.Status.DesiredNumberScheduled != n {
				return fmt.Errorf("%v, status %+v", err, s.Status)
			}
			return nil
		}
	}
	eventually(t, "a pod on one node", ready(1))
	boot(t, testMachine(t, 1), testMachine(t, 2))
	eventually(t, "a pod on each of three nodes", ready(3))
	if err := client.AppsV1().DaemonSets("default").Delete(t.Context(), set.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

func TestJobs(t *testing.T) {
	boot(t, testMachine(t, 0))
	job := func(name string, policy corev1.RestartPolicy, code string) *batchv1.Job {
		limit, n := int32(1), int32(3)
		spec := testPod(t, "").Spec
		spec.RestartPolicy = policy
		j := &batchv1.Job{
			ObjectMeta: metav1.ObjectMeta{Name: sanitized(t) + "-" + name},
			Spec: batchv1.JobSpec{BackoffLimit: &limit, Completions: &n, Parallelism: &n, Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{podlife.RunForAnnotation: "200ms", podlife.ExitCodeAnnotation: code}}, Spec: spec}},
		}
		j, err := client.BatchV1().Jobs("default").Create(t.Context(), j, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return j
	}
	for _, tt := range []struct {
		name, code string
		policy     corev1.RestartPolicy
		want       batchv1.JobConditionType
	}{
		{"completes", "0", corev1.RestartPolicyNever, batchv1.JobComplete},
		{"restarts", "0", corev1.RestartPolicyOnFailure, batchv1.JobComplete},
		{"fails", "7", corev1.RestartPolicyNever, batchv1.JobFailed},
	} {
		j := job(tt.name, tt.policy, tt.code)
		eventually(t, "job "+tt.name+" to be "+string(tt.want), func() error {
			now, err := client.BatchV1().Jobs("default").Get(t.Context(), j.Name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			for _, c := range now.Status.Conditions {
				if c.Type == tt.want && c.Status == corev1.ConditionTrue {
					return nil
				}
			}
			return fmt.Errorf("status is %+v", now.Status)
		})
	}
}

func TestGracefulDeletion(t *testing.T) {
	boot(t, testMachine(t, 0))
	p := waitPhase(t, create(t, testPod(t, "slow", func(p *corev1.Pod) { p.Annotations[podlife.StopAfterAnnotation] = "2s" })), corev1.PodRunning)
	w, err := client.CoreV1().Pods("default").Watch(t.Context(), metav1.ListOptions{
		FieldSelector: "metadata.name=" + p.Name, ResourceVersion: p.ResourceVersion})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	if err := client.CoreV1().Pods("default").Delete(t.Context(), p.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	var history []string
	var last *corev1.Pod
	for e := range w.ResultChan() {
		last = e.Object.(*corev1.Pod)
		if last.DeletionTimestamp == nil {
			continue
		}
		history = append(history, string(e.Type)+" "+string(last.Status.Phase))
		if e.Type == watch.Deleted {
			break
		}
	}
	// Running while it stops, the final status, the grace period set to 0, and away.
	want := "[MODIFIED Running MODIFIED Succeeded MODIFIED Succeeded DELETED Succeeded]"
	if got := fmt.Sprint(history); got != want {
		t.Errorf("after the delete: %s, want %s", got, want)
	}
	end := last.Status.ContainerStatuses[0].State.Terminated
	if asked := last.DeletionTimestamp.Add(-30 * time.Second); end == nil || end.FinishedAt.Sub(asked) < time.Second {
		t.Errorf("asked to stop about %s, container ended as %+v", asked, end)
	}
}

func TestFinalizerKeepsThePod(t *testing.T) {
	boot(t, testMachine(t, 0))
	p := waitPhase(t, create(t, testPod(t, "kept", func(p *corev1.Pod) { p.Finalizers = []string{"example.com/keep"} })), corev1.PodRunning)
	if err := client.CoreV1().Pods("default").Delete(t.Context(), p.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	p = waitPhase(t, p, corev1.PodSucceeded)
	eventually(t, "the kubelet to be done with it", func() error {
		if p, _ = getPod(t, p.Name); p.DeletionGracePeriodSeconds == nil || *p.DeletionGracePeriodSeconds != 0 {
			return fmt.Errorf("grace period is %v", p.DeletionGracePeriodSeconds)
		}
		return nil
	})
	p.Finalizers = nil
	if _, err := client.CoreV1().Pods("default").Update(t.Context(), p, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	waitGone(t, p)
}

func waitGone(t *testing.T, p *corev1.Pod) {
	t.Helper()
	eventually(t, "pod "+p.Name+" to be gone", func() error {
		now, err := getPod(t, p.Name)
		if apierrors.IsNotFound(err) || (err == nil && now.UID != p.UID) {
			return nil
		}
		return fmt.Errorf("%v, still there", err)
	})
}

func TestKubeletRejects(t *testing.T) {
	m := testMachine(t, 0)
	boot(t, m)
	bound := func(name string, change func(*corev1.Pod)) *corev1.Pod {
		return create(t, testPod(t, name, change, func(p *corev1.Pod) { p.Spec.NodeName = m.Name }))
	}
	for name, tt := range map[string]struct {
		change func(*corev1.Pod)
		reason string
	}{
		"cpu": {func(p *corev1.Pod) {
			p.Spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("2")}
		}, "OutOfcpu"},
		"memory": {func(p *corev1.Pod) {
			p.Spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("8Gi")}
		}, "OutOfmemory"},
		"selector": {func(p *corev1.Pod) { p.Spec.NodeSelector["test"] = "another" }, "NodeAffinity"},
	} {
		p := waitPhase(t, bound(name, tt.change), corev1.PodFailed)
		if p.Status.Reason != tt.reason {
			t.Errorf("%s: %s: %s, want %s", name, p.Status.Reason, p.Status.Message, tt.reason)
		}
	}
	// 40 pods that go past the scheduler onto a node for 29.
	var pods []*corev1.Pod
	for i := range 40 {
		pods = append(pods, bound(fmt.Sprint(i), func(*corev1.Pod) {}))
	}
	running, rejected := 0, 0
	for _, p := range pods {
		eventually(t, "pod "+p.Name+" to run or be rejected", func() error {
			now, err := getPod(t, p.Name)
			switch {
			case err != nil:
				return err
			case now.Status.Phase == corev1.PodRunning:
				running++
			case now.Status.Phase == corev1.PodFailed && now.Status.Reason == "OutOfpods":
				rejected++
			default:
				return fmt.Errorf("status is %+v", now.Status)
			}
			return nil
		})
	}
	if running != 29 || rejected != 11 {
		t.Errorf("%d run and %d are rejected, want 29 and 11", running, rejected)
	}
}

func TestFrozenNode(t *testing.T) {
	a, b := testMachine(t, 0), testMachine(t, 1)
	boot(t, a, b)
	p := waitPhase(t, create(t, testPod(t, "app", func(p *corev1.Pod) { p.Spec.NodeName = a.Name })), corev1.PodRunning)
	if err := fleet.Freeze(a.Name); err != nil {
		t.Fatal(err)
	}
	waitReady(t, a.Name, corev1.ConditionUnknown)
	eventually(t, "the pod to be evicted", func() error {
		now, err := getPod(t, p.Name)
		if err != nil || now.DeletionTimestamp == nil {
			return fmt.Errorf("%v, not deleted", err)
		}
		return nil
	})
	if now, err := getPod(t, p.Name); err != nil || now.Status.Phase != corev1.PodRunning {
		t.Errorf("%v: a frozen kubelet has reported %s", err, now.Status.Phase)
	}
	if err := fleet.Thaw(a.Name); err != nil {
		t.Fatal(err)
	}
	waitReady(t, a.Name, corev1.ConditionTrue)
	waitGone(t, p)
	if err := fleet.Freeze("no-such-node"); err == nil {
		t.Error("freezing a node that does not exist is no error")
	}
}

func TestStoppedMachine(t *testing.T) {
	m := testMachine(t, 0)
	boot(t, m)
	fleet.Stop(m.ProviderID)
	fleet.Stop(m.ProviderID) // again
	waitReady(t, m.Name, corev1.ConditionUnknown)
	// A new machine under the old name gets a Node of its own.
	before, err := client.CoreV1().Nodes().Get(t.Context(), m.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	m.ProviderID += "-new"
	boot(t, m)
	after, err := client.CoreV1().Nodes().Get(t.Context(), m.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if after.UID == before.UID || after.Spec.ProviderID != m.ProviderID {
		t.Errorf("the node is that of %s", after.Spec.ProviderID)
	}
}

func TestStartRefuses(t *testing.T) {
	good := testMachine(t, 0)
	boot(t, good)
	if err := fleet.Start(good); err != nil {
		t.Errorf("the same machine again: %v", err)
	}
	for name, change := range map[string]func(*Machine){
		"another machine of that name":  func(m *Machine) { m.ProviderID += "x" },
		"another name for that machine": func(m *Machine) { m.Name += "x" },
		"no provider id":                func(m *Machine) { m.ProviderID = "" },
		"no room for pods":              func(m *Machine) { m.Allocatable = nil },
	} {
		m := good
		change(&m)
		if err := fleet.Start(m); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

package kube

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ullage-sh/ullage/api/v1alpha1"
	"github.com/ullage-sh/ullage/cluster"
)

func TestNodeGroup(t *testing.T) {
	g := &v1alpha1.NodeGroup{ObjectMeta: metav1.ObjectMeta{Name: "workers"}, Spec: v1alpha1.NodeGroupSpec{
		MinSize: 1, MaxSize: 3, InstanceTypes: []string{"m7i.large"}, CapacityType: "spot", Zones: []string{"us-east-1a"},
		Labels: map[string]string{"team": "shop"}, Taints: []corev1.Taint{{Key: "dedicated", Effect: corev1.TaintEffectNoSchedule}},
	}}
	p := NodeGroup(g)
	if p.Invalid != "" || p.Shape != cluster.NodeGroup || p.Min != 1 || p.Limits.Get(cluster.NodesLimit) != 3 || len(p.Taints) != 1 ||
		p.Labels["team"] != "shop" || p.Labels["eks.amazonaws.com/capacityType"] != "SPOT" || len(p.Requirements) != 3 {
		t.Errorf("%+v", p)
	}
	if !p.Members.Matches(cluster.Labels{"eks.amazonaws.com/nodegroup": "workers"}.Get) || p.Members.Matches(cluster.Labels{}.Get) {
		t.Error("its nodes are not told by their label")
	}
	for want, change := range map[string]func(*v1alpha1.NodeGroupSpec){
		"instanceTypes": func(s *v1alpha1.NodeGroupSpec) { s.InstanceTypes = nil },
		"capacityType":  func(s *v1alpha1.NodeGroupSpec) { s.CapacityType = "cheap" },
		"minSize":       func(s *v1alpha1.NodeGroupSpec) { s.MinSize = -1 },
		"maxSize":       func(s *v1alpha1.NodeGroupSpec) { s.MaxSize = 0 },
	} {
		bad := g.DeepCopy()
		change(&bad.Spec)
		if got := NodeGroup(bad).Invalid; !strings.HasPrefix(got, "spec."+want) {
			t.Errorf("spec.%s is wrong, and we say %q", want, got)
		}
	}
}

func TestFargateProfile(t *testing.T) {
	f := &v1alpha1.FargateProfile{Spec: v1alpha1.FargateProfileSpec{
		Selectors: []v1alpha1.FargateSelector{{Namespace: "team-?", Labels: map[string]string{"tier": "web*", "a": "b"}}},
	}}
	p := FargateProfile(f)
	like := func(namespace string, labels cluster.Labels) bool {
		id := cluster.Identity{Namespace: namespace, Labels: labels}
		return slices.ContainsFunc(p.Selects, func(x cluster.PodPattern) bool { return x.Matches(&id) })
	}
	if p.Invalid != "" || !like("team-a", cluster.Labels{"tier": "web-1", "a": "b", "more": "yes"}) || like("team-a", cluster.Labels{"tier": "web-1"}) ||
		like("team-ab", cluster.Labels{"tier": "web-1", "a": "b"}) {
		t.Errorf("%+v", p)
	}
	f.Spec.Selectors[0].Namespace = ""
	if FargateProfile(f).Invalid == "" || FargateProfile(&v1alpha1.FargateProfile{}).Invalid == "" {
		t.Error("selectors without a namespace, and none at all, are taken")
	}
}

// TestHostAccess: what Fargate would not run is named.
func TestHostAccess(t *testing.T) {
	p := &corev1.Pod{Spec: corev1.PodSpec{
		HostPID: true, Containers: []corev1.Container{{}, {SecurityContext: &corev1.SecurityContext{Privileged: new(true)}}},
		Volumes: []corev1.Volume{{VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/var/log"}}}},
	}}
	if got := new(Converter).Pod(p).Demand.HostAccess; !slices.Equal(got, []string{"hostPID", "hostPath volumes", "privileged containers"}) {
		t.Errorf("%q", got)
	}
}

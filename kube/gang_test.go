package kube

import (
	"testing"

	schedulingv1alpha2 "k8s.io/api/scheduling/v1alpha2"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"

	"github.com/ullage-sh/ullage/cluster"
)

func TestGangOfPod(t *testing.T) {
	for _, x := range []struct{ spec, label, want string }{
		{`{}`, "", ""},
		{`{schedulingGroup: {podGroupName: train}}`, "", "scheduling.k8s.io/default/train"},
		{`{}`, "train", "scheduling.x-k8s.io/default/train"},
		{`{schedulingGroup: {podGroupName: train}}`, "other", "scheduling.k8s.io/default/train"},
		{`{schedulingGroup: {}}`, "", ""},
	} {
		p := podFrom(t, x.spec)
		if x.label != "" {
			p.Labels = map[string]string{"scheduling.x-k8s.io/pod-group": x.label}
		}
		if got := new(Converter).Pod(p).Gang; got != x.want {
			t.Errorf("%s with label %q: gang %q, want %q", x.spec, x.label, got, x.want)
		}
	}
}

func TestPodGroups(t *testing.T) {
	for spec, want := range map[string]int{
		`{schedulingPolicy: {gang: {minCount: 4}}}`: 4,
		`{schedulingPolicy: {basic: {}}}`:           0,
		`{}`:                                        0,
	} {
		g := PodGroup(read[schedulingv1alpha2.PodGroup](t, `{metadata: {namespace: ml, name: train, resourceVersion: "7"}, spec: `+spec+`}`))
		if *g != (cluster.Gang{Group: cluster.PodGroups, Namespace: "ml", Name: "train", Revision: "7", Least: want}) {
			t.Errorf("%s: %+v", spec, g)
		}
	}
	for spec, want := range map[string]int{
		`{minMember: 4, scheduleTimeoutSeconds: 10}`: 4,
		`{minMember: 99999999999}`:                   1<<31 - 1,
		`{minMember: -1}`:                            0,
		`{minMember: many}`:                          0,
		`{}`:                                         0,
		`4`:                                          0,
	} {
		u := &unstructured.Unstructured{}
		text := `{apiVersion: scheduling.x-k8s.io/v1alpha1, kind: PodGroup, metadata: {namespace: ml, name: train, resourceVersion: "7"}, spec: ` + spec + `}`
		if err := utilyaml.Unmarshal([]byte(text), &u.Object); err != nil {
			t.Fatal(err)
		}
		g := PodGroupOfPlugin(u)
		if *g != (cluster.Gang{Group: cluster.Coscheduling, Namespace: "ml", Name: "train", Revision: "7", Least: want}) {
			t.Errorf("%s: %+v", spec, g)
		}
	}
}

package kube

import (
	"errors"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	autoscalingv1beta1 "sigs.k8s.io/karpenter/pkg/apis/autoscaling/v1beta1"

	"github.com/ullage-sh/ullage/cluster"
)

func bufferFrom(t *testing.T, spec string) *autoscalingv1beta1.CapacityBuffer {
	t.Helper()
	return read[autoscalingv1beta1.CapacityBuffer](t, `{metadata: {namespace: shop, name: room, uid: u, generation: 3}, spec: `+spec+`}`)
}

// shop is a namespace with a workload of 9 replicas and a template.
func shop(t *testing.T) func(kind, name string) (metav1.Object, error) {
	const pod = `{metadata: {labels: {app: web}}, spec: {containers: [{name: a, resources: {requests: {cpu: 500m, memory: 1Gi}}}], volumes: [{name: d, persistentVolumeClaim: {claimName: d}}]}}`
	d := read[appsv1.Deployment](t, `{metadata: {namespace: shop, name: web}, spec: {replicas: 9, template: `+pod+`}}`)
	p := read[corev1.PodTemplate](t, `{metadata: {namespace: shop, name: chunk, generation: 4}, template: `+pod+`}`)
	return func(kind, name string) (metav1.Object, error) {
		switch {
		case name == "broken":
			return nil, errors.New("no answer")
		case kind == "Deployment" && name == "web":
			return d, nil
		case kind == podTemplate && name == "chunk":
			return p, nil
		}
		return nil, nil
	}
}

func TestBufferChunks(t *testing.T) {
	const ofWeb, ofTemplate = `scalableRef: {apiGroup: apps, kind: Deployment, name: web}`, `podTemplateRef: {name: chunk}`
	for spec, want := range map[string]int32{
		`{` + ofTemplate + `, replicas: 3}`:                                                   3,
		`{` + ofTemplate + `, replicas: 0}`:                                                   0,
		`{` + ofTemplate + `, limits: {cpu: "2.2"}}`:                                          4,
		`{` + ofTemplate + `, limits: {cpu: "2", memory: 1.5Gi}}`:                             1,
		`{` + ofTemplate + `, limits: {cpu: "0"}}`:                                            0,
		`{` + ofTemplate + `, replicas: 3, limits: {cpu: "1"}}`:                               2,
		`{` + ofTemplate + `, replicas: 3, limits: {nvidia.com/gpu: "1"}}`:                    3,
		`{` + ofTemplate + `, limits: {nvidia.com/gpu: "1"}}`:                                 0,
		`{` + ofTemplate + `, replicas: 3, percentage: 100}`:                                  3,
		`{` + ofTemplate + `, limits: {cpu: 10M}}`:                                            maxChunks,
		`{` + ofWeb + `, percentage: 20}`:                                                     2,
		`{` + ofWeb + `, percentage: 0}`:                                                      0,
		`{` + ofWeb + `, percentage: 1}`:                                                      1,
		`{` + ofWeb + `, percentage: 100, replicas: 3}`:                                       9,
		`{` + ofWeb + `, percentage: 10, replicas: 3}`:                                        3,
		`{` + ofWeb + `, percentage: 100, limits: {memory: 4Gi}}`:                             4,
		`{` + ofWeb + `, replicas: 2, provisioningStrategy: buffer.x-k8s.io/active-capacity}`: 2,
	} {
		got := new(Converter).CapacityBuffer(bufferFrom(t, spec), shop(t))
		if got.Chunks != want || got.Demand == nil || got.Problem.Reason != "" {
			t.Errorf("%s: %d chunks (%+v), want %d", spec, got.Chunks, got.Problem, want)
		}
	}
}

func TestBufferRecord(t *testing.T) {
	b := bufferFrom(t, `{podTemplateRef: {name: chunk}, replicas: 2}`)
	got := new(Converter).CapacityBuffer(b, shop(t))
	if got.Template != "chunk" || got.TemplateGeneration != 4 || got.Generation != 3 || got.Strategy != "" {
		t.Errorf("%+v", got)
	}
	pods := got.Pods(7)
	if len(pods) != 2 || pods[0].ID() != "shop/capacity-buffer-room-1" || pods[1].UID != "u-2" || !pods[1].Provisionable() || !pods[1].Virtual() {
		t.Fatalf("pods %+v", pods)
	}
	d := pods[0].Demand
	if d.Requests.Get(cluster.CPU) != 500 || len(d.Volumes) != 0 || pods[0].Identity.Labels["app"] != "web" || pods[0].Priority >= 0 {
		t.Errorf("demand %+v", d)
	}
	// A pod of the workload without volumes is of the same class.
	var c Converter
	p := podFrom(t, `containers: [{name: a, resources: {requests: {cpu: 500m, memory: 1Gi}}}]`)
	p.Namespace, p.Labels = "shop", map[string]string{"app": "web"}
	member := c.Pod(p)
	if x := c.CapacityBuffer(b, shop(t)); x.Demand != member.Demand || x.Identity != member.Identity {
		t.Error("a chunk and a pod of the same template do not share their records")
	}
	if other := c.CapacityBuffer(bufferFrom(t, `{podTemplateRef: {name: chunk}, provisioningStrategy: buffer.gke.io/standby-capacity}`), shop(t)); other != nil {
		t.Errorf("another autoscaler's buffer is ours: %+v", other)
	}
}

func TestBufferProblems(t *testing.T) {
	for spec, want := range map[string][2]string{
		`{podTemplateRef: {name: none}, replicas: 1}`:                  {cluster.PodTemplateNotFound, "there is no PodTemplate none in namespace shop"},
		`{scalableRef: {kind: Deployment, name: none}, replicas: 1}`:   {cluster.ScalableRefNotFound, "there is no Deployment none in namespace shop"},
		`{scalableRef: {kind: Deployment, name: broken}, replicas: 1}`: {cluster.ResolutionFailed, "no answer"},
		`{scalableRef: {kind: Job, name: web}, replicas: 1}`:           {cluster.ResolutionFailed, "Job of API group"},
		`{scalableRef: {apiGroup: x, kind: Deployment, name: web}}`:    {cluster.ResolutionFailed, `API group "x"`},
		`{replicas: 1}`: {cluster.ResolutionFailed, "neither"},
		`{podTemplateRef: {name: chunk}, scalableRef: {kind: Deployment, name: web}}`: {cluster.ResolutionFailed, "both"},
	} {
		got := new(Converter).CapacityBuffer(bufferFrom(t, spec), shop(t))
		if got.Problem.Reason != want[0] || !strings.Contains(got.Problem.Message, want[1]) || got.Demand != nil || len(got.Pods(1)) != 0 {
			t.Errorf("%s: %+v, want %q", spec, got.Problem, want)
		}
	}
}

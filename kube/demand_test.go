package kube

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/ullage-sh/ullage/cluster"
)

// podFrom reads the spec of a pod as people write it.
func podFrom(t *testing.T, spec string) *corev1.Pod {
	t.Helper()
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web"}}
	if err := yaml.UnmarshalStrict([]byte(spec), &p.Spec); err != nil {
		t.Fatal(err)
	}
	return p
}

func demandFrom(t *testing.T, spec string) *cluster.Demand {
	t.Helper()
	return new(Converter).lane().demand(podFrom(t, spec))
}

func TestRequests(t *testing.T) {
	for _, tc := range []struct {
		name, spec string
		want       map[string]int64
	}{
		{"sum of containers", `
containers:
- {name: a, resources: {requests: {cpu: 500m, memory: 1Gi}}}
- {name: b, resources: {requests: {cpu: 250m, memory: 512Mi}}}`,
			map[string]int64{"cpu": 750, "memory": 1536 << 20, "pods": 1}},
		{"larger init container", `
initContainers: [{name: i, resources: {requests: {cpu: "2", memory: 64Mi}}}]
containers: [{name: a, resources: {requests: {cpu: 500m, memory: 1Gi}}}]`,
			map[string]int64{"cpu": 2000, "memory": 1 << 30, "pods": 1}},
		{"sidecars count beside containers and beside later init containers", `
initContainers:
- {name: side, restartPolicy: Always, resources: {requests: {cpu: 300m}}}
- {name: i, resources: {requests: {cpu: "1"}}}
containers: [{name: a, resources: {requests: {cpu: 500m}}}]`,
			map[string]int64{"cpu": 1300, "pods": 1}},
		{"overhead", `
overhead: {cpu: 250m, memory: 120Mi}
containers: [{name: a, resources: {requests: {cpu: 2000m, memory: 200Mi}}}]`,
			map[string]int64{"cpu": 2250, "memory": 320 << 20, "pods": 1}},
		{"pod level", `
resources: {requests: {cpu: "3"}}
containers: [{name: a, resources: {requests: {cpu: "1", memory: 1Gi}}}]`,
			map[string]int64{"cpu": 3000, "memory": 1 << 30, "pods": 1}},
		{"extended", `
containers: [{name: a, resources: {requests: {nvidia.com/gpu: "2"}}}]`,
			map[string]int64{"nvidia.com/gpu": 2, "pods": 1}},
		{"nothing", `containers: [{name: a}]`, map[string]int64{"pods": 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := demandFrom(t, tc.spec).Requests
			if want := cluster.NewResources(tc.want); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestQuantities(t *testing.T) {
	for _, tc := range []struct {
		name corev1.ResourceName
		text string
		want int64
	}{
		{"cpu", "0.0001", 1}, // rounded up, as the scheduler does
		{"cpu", "1500m", 1500},
		{"cpu", "-1", -1000},
		{"cpu", "1e30", maxAmount},
		{"memory", "1e30", maxAmount},
		{"memory", "-1e30", -maxAmount},
		{"memory", "1.5Gi", 3 << 29},
		{"memory", "100m", 1}, // a tenth of a byte is a byte
		{"pods", "110", 110},
	} {
		if got := amount(tc.name, resource.MustParse(tc.text)); got != tc.want {
			t.Errorf("%s %s: got %d, want %d", tc.name, tc.text, got, tc.want)
		}
	}
	// What is too large to exist must not become small by being added up.
	huge := cluster.NewResources(map[string]int64{"memory": maxAmount})
	if sum := huge.Plus(huge).Plus(huge).Plus(huge).Plus(huge); sum.Get("memory") < maxAmount {
		t.Errorf("the sum of five huge requests is %d", sum.Get("memory"))
	}
}

func TestConstraints(t *testing.T) {
	d := demandFrom(t, `
nodeSelector: {failure-domain.beta.kubernetes.io/zone: a}
affinity:
  nodeAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      nodeSelectorTerms:
      - matchExpressions: [{key: arch, operator: In, values: [arm64]}]
      - matchExpressions: [{key: cpus, operator: Gt, values: ["7"]}]
tolerations: [{key: dedicated, operator: Equal, value: db, effect: NoSchedule}]
containers: [{name: a}]`)
	zoneA := cluster.Labels{cluster.LabelZone: "a"}
	with := func(kv ...string) cluster.Labels {
		l := cluster.Labels{cluster.LabelZone: "a"}
		for i := 0; i < len(kv); i += 2 {
			l[kv[i]] = kv[i+1]
		}
		return l
	}
	db := []cluster.Taint{{Key: "dedicated", Value: "db", Effect: cluster.NoSchedule}}
	for _, tc := range []struct {
		name   string
		labels cluster.Labels
		taints []cluster.Taint
		want   bool
	}{
		{"first term", with("arch", "arm64"), nil, true},
		{"second term", with("cpus", "8"), nil, true},
		{"neither", zoneA, nil, false},
		{"other zone", cluster.Labels{cluster.LabelZone: "b", "arch": "arm64"}, nil, false},
		{"tolerated", with("arch", "arm64"), db, true},
		{"not tolerated", with("arch", "arm64"), []cluster.Taint{{Key: "dedicated", Value: "web", Effect: cluster.NoSchedule}}, false},
		{"preferred not", with("arch", "arm64"), []cluster.Taint{{Key: "x", Effect: cluster.PreferNoSchedule}}, true},
	} {
		if got := d.Admits(tc.labels.Get, tc.taints); got != tc.want {
			t.Errorf("%s: got %t", tc.name, got)
		}
	}
	empty := demandFrom(t, `
affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{}]}}}
containers: [{name: a}]`)
	if empty.Selects(zoneA.Get) {
		t.Error("an empty term matches nothing, says Kubernetes")
	}
}

// What is not honoured must be refused, never ignored, and the reason names the
// field.
func TestRefused(t *testing.T) {
	for want, spec := range map[string]string{
		`spec.os.name: "plan9"`:                                                                                                  `os: {name: plan9}`,
		`spec.hostUsers: `:                                                                                                       `{hostNetwork: true, hostUsers: false}`,
		`spec.containers.restartPolicyRules: `:                                                                                   `containers: [{name: a, restartPolicyRules: [{action: RestartAllContainers}]}]`,
		`spec.tolerations[0].operator: "Like"`:                                                                                   `tolerations: [{key: a, operator: Like, value: "1"}]`,
		`spec.tolerations[0].value: "07"`:                                                                                        `tolerations: [{key: a, operator: Lt, value: "07"}]`,
		`spec.tolerations[0].value: "one"`:                                                                                       `tolerations: [{key: a, operator: Gt, value: one}]`,
		`spec.tolerations[1].operator: must be Exists`:                                                                           `tolerations: [{key: a}, {value: b}]`,
		`spec.volumes.awsElasticBlockStore: a disk`:                                                                              `volumes: [{name: v, awsElasticBlockStore: {volumeID: v}}]`,
		`spec.volumes.persistentVolumeClaim.claimName: `:                                                                         `volumes: [{name: v, persistentVolumeClaim: {}}]`,
		`spec.containers.ports.hostPort: 70000`:                                                                                  `containers: [{name: a, ports: [{hostPort: 70000}]}]`,
		`spec.containers.ports.hostPort: -1`:                                                                                     `containers: [{name: a, ports: [{hostPort: -1}]}]`,
		`spec.containers.ports.protocol: "ICMP"`:                                                                                 `containers: [{name: a, ports: [{hostPort: 1, protocol: ICMP}]}]`,
		`spec.topologySpreadConstraints[0].maxSkew: 0`:                                                                           `topologySpreadConstraints: [{topologyKey: zone, whenUnsatisfiable: DoNotSchedule}]`,
		`spec.topologySpreadConstraints[0].topologyKey: `:                                                                        `topologySpreadConstraints: [{maxSkew: 1, whenUnsatisfiable: DoNotSchedule}]`,
		`spec.topologySpreadConstraints[0].whenUnsatisfiable: "Maybe"`:                                                           `topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: Maybe}]`,
		`spec.topologySpreadConstraints[0].minDomains: 0`:                                                                        `topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, minDomains: 0}]`,
		`spec.topologySpreadConstraints[0].minDomains: goes with`:                                                                `topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway, minDomains: 2}]`,
		`spec.topologySpreadConstraints[0].nodeTaintsPolicy: "Perhaps"`:                                                          `topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, nodeTaintsPolicy: Perhaps}]`,
		`spec.topologySpreadConstraints[0].labelSelector.matchExpressions[0]: operator Gt`:                                       `topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchExpressions: [{key: a, operator: Gt, values: ["1"]}]}}]`,
		`spec.topologySpreadConstraints[0].labelSelector.matchLabels[a b]: `:                                                     `topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {"a b": c}}}]`,
		`requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0]: key "spec.x"`:                       `affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchFields: [{key: spec.x, operator: In, values: [n]}]}]}}}`,
		`requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0]: operator "Exists"`:                  `affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchFields: [{key: metadata.name, operator: Exists}]}]}}}`,
		`requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0]: 2 values`:                           `affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchFields: [{key: metadata.name, operator: In, values: [n, m]}]}]}}}`,
		`requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0]: operator "~"`:                  `affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: "~"}]}]}}}`,
		`requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0]: operator Gte`:                  `affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: Gte, values: ["1"]}]}]}}}`,
		`requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0]: values[0]: Invalid value: "x"`: `affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: Gt, values: [x]}]}]}}}`,
		`spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: is empty`:                      `affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {}}]}}`,
		`spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].namespaceSelector.matchExpressions[0]: operator "Gone"`: `affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: zone, namespaceSelector: {matchExpressions: [{key: a, operator: Gone}]}}]}}`,
		`spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: 101`:                                               `affinity: {podAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 101, podAffinityTerm: {topologyKey: zone}}]}}`,
		`spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: -1`:                                               `affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: -1, preference: {matchExpressions: [{key: a, operator: Exists}]}}]}}`,
		`spec.containers[a].resources.requests[cpu]: -1 is negative`:                                                                             `containers: [{name: a, resources: {requests: {cpu: "-1"}}}, {name: b, resources: {requests: {cpu: "2"}}}]`,
		`spec.containers[a].resources.requests[memory]: 1e+30 is more than any node has`:                                                         `containers: [{name: a, resources: {requests: {memory: 1e30}}}]`,
		`spec.containers[a].resources.requests[gpus]: no resource`:                                                                               `containers: [{name: a, resources: {requests: {gpus: "1"}}}]`,
		`spec.initContainers[a].resources.requests[memory]: -1 is negative`:                                                                      `initContainers: [{name: a, resources: {requests: {memory: "-1"}}}]`,
		`spec.resources.requests[ephemeral-storage]: no resource`:                                                                                `resources: {requests: {ephemeral-storage: 1Gi}}`,
		`spec.overhead[memory]: -1 is negative`:                                                                                                  `overhead: {memory: "-1"}`,
	} {
		got := demandFrom(t, spec).Refused
		if len(got) != 1 || !strings.Contains(got[0], want) {
			t.Errorf("%s: refused is %q", want, got)
		}
	}
	fine := demandFrom(t, `
topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}]
volumes: [{name: v, emptyDir: {}}, {name: w, hostPath: {path: /}}, {name: x, nfs: {server: a, path: /}}]
os: {name: linux}
containers: [{name: a, ports: [{containerPort: 80}]}]`)
	if len(fine.Refused) > 0 {
		t.Errorf("refused without need: %q", fine.Refused)
	}
}

// Pods that are alike to the scheduler share one record, others never do.
func TestInterning(t *testing.T) {
	var c Converter
	specs := []string{
		`containers: [{name: a}]`,
		`{nodeSelector: {a: b}, containers: [{name: a}]}`,
		`{nodeSelector: {a: "b;c"}, containers: [{name: a}]}`,
		`{nodeSelector: {a: b, c: d}, containers: [{name: a}]}`,
		`{affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: In, values: [b]}]}]}}}, containers: [{name: a}]}`,
		`{tolerations: [{key: a, operator: Exists}], containers: [{name: a}]}`,
		`{tolerations: [{key: a, operator: Equal}], containers: [{name: a}]}`,
		`containers: [{name: a, resources: {requests: {cpu: 1m}}}]`,
	}
	seen := map[*cluster.Demand]string{}
	for _, s := range specs {
		x := c.lane().demand(podFrom(t, s))
		if other, ok := seen[x]; ok {
			t.Errorf("%s and %s share a demand", other, s)
		}
		seen[x] = s
		again := podFrom(t, s)
		again.Name, again.Spec.Containers[0].Image = "other", "other"
		if c.lane().demand(again) != x {
			t.Errorf("%s: a pod of another name has another demand", s)
		}
	}
}

func TestPodRecord(t *testing.T) {
	p := podFrom(t, `
nodeName: n1
priorityClassName: system-node-critical
priority: 5
terminationGracePeriodSeconds: 30
tolerations: [{operator: Exists}]
containers: [{name: a}]`)
	p.Annotations = map[string]string{"karpenter.sh/do-not-disrupt": "true", "controller.kubernetes.io/pod-deletion-cost": "-7"}
	p.OwnerReferences = []metav1.OwnerReference{{Kind: "DaemonSet", Name: "d", UID: "u", Controller: ptr.To(true)}}
	got := new(Converter).Pod(p)
	if !got.Critical || !got.Daemon() || !got.ToleratesDisrupted || got.ProtectedUntil != cluster.Never || got.DeletionCost != -7 || got.Grace != 30*cluster.Second || got.Provisionable() {
		t.Errorf("%+v", got)
	}
	p.Annotations["karpenter.sh/do-not-disrupt"] = "perhaps"
	if new(Converter).Pod(p).ProtectedUntil != 0 {
		t.Error("an annotation that is neither true nor a duration protects")
	}
}

func TestLaunchAnnotation(t *testing.T) {
	l := &cluster.Launch{Token: "abc", Size: 3, Offerings: []cluster.OfferingID{{InstanceType: "m5.large", Zone: "a", CapacityType: "spot"}}}
	text := encodeLaunch(l)
	back := decodeLaunch(text)
	if back == nil || back.Token != l.Token || back.Size != l.Size || !slices.Equal(back.Offerings, l.Offerings) {
		t.Fatalf("%s became %+v", text, back)
	}
	for _, bad := range []string{"", "{", `{"token":"a"}`, `{"token":"a","size":1}`, `{"token":"a","size":1,"offerings":["m5.large"]}`, strings.Replace(text, `"size":3`, `"size":-1`, 1)} {
		if got := decodeLaunch(bad); got != nil {
			t.Errorf("%s was read as %+v", bad, got)
		}
	}
}

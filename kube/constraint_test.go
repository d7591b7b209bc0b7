package kube

import (
	"reflect"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/solve"
)

// TestConstraintsBetweenPods reads constraints as people write them.
func TestConstraintsBetweenPods(t *testing.T) {
	pods := func(term cluster.Term) cluster.PodSelector {
		return cluster.PodSelector{Namespaces: []string{"default"}, Labels: term}
	}
	app := func(name string) cluster.Term {
		return cluster.Term{{Key: "app", Operator: cluster.In, Values: []string{name}}}
	}
	d := demandFrom(t, `
topologySpreadConstraints:
- {maxSkew: 2, topologyKey: failure-domain.beta.kubernetes.io/zone, whenUnsatisfiable: DoNotSchedule, minDomains: 3, nodeAffinityPolicy: Ignore, nodeTaintsPolicy: Honor, labelSelector: {matchLabels: {app: web}}}
- {maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway, labelSelector: {}}
affinity:
  podAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
    - {topologyKey: rack, labelSelector: {matchExpressions: [{key: app, operator: In, values: [web, db]}]}, namespaces: [b, a, b]}
  podAntiAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
    - {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: web}}}
    - {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: web}}, namespaceSelector: {}}
    preferredDuringSchedulingIgnoredDuringExecution:
    - {weight: 10, podAffinityTerm: {topologyKey: rack}}
  nodeAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      nodeSelectorTerms: [{matchFields: [{key: metadata.name, operator: NotIn, values: [n1]}]}]
    preferredDuringSchedulingIgnoredDuringExecution:
    - {weight: 20, preference: {matchExpressions: [{key: disk, operator: Exists}]}}
    - {weight: 30, preference: {}}
containers: [{name: a}]`)
	if len(d.Refused) > 0 {
		t.Fatalf("refused: %q", d.Refused)
	}
	for _, tc := range []struct {
		name      string
		got, want any
	}{
		{"spreads", d.Spreads, []cluster.TopologySpread{
			{Key: cluster.LabelZone, MaxSkew: 2, MinDomains: 3, HonorTaints: true, Pods: pods(app("web"))},
			{Key: cluster.LabelHostname, MaxSkew: 1, Soft: true, HonorAffinity: true, Pods: pods(nil)}, // an empty selector counts no pods
		}},
		{"affinity", d.PodAffinity, []cluster.PodAffinityTerm{
			{Key: "rack", Pods: cluster.PodSelector{Namespaces: []string{"a", "b"}, Labels: cluster.Term{{Key: "app", Operator: cluster.In, Values: []string{"db", "web"}}}}},
		}},
		{"anti-affinity", d.PodAntiAffinity, []cluster.PodAffinityTerm{
			{Key: cluster.LabelHostname, Pods: pods(app("web"))},
			{Key: cluster.LabelHostname, Pods: cluster.PodSelector{NamespaceLabels: cluster.Term{}, Labels: app("web")}},
		}},
		{"node affinity", d.Affinity, []cluster.Term{{{Key: cluster.FieldName, Operator: cluster.NotIn, Values: []string{"n1"}}}}},
		{"preferences", d.Preferences, []cluster.Preference{
			{Weight: 20, Node: cluster.Term{{Key: "disk", Operator: cluster.Exists}}}, // an empty one is worth nothing
			{Weight: 10, Near: &cluster.PodAffinityTerm{Key: "rack", Pods: pods(nil)}, Apart: true},
		}},
	} {
		if !reflect.DeepEqual(tc.got, tc.want) {
			t.Errorf("%s: got %+v, want %+v", tc.name, tc.got, tc.want)
		}
	}
}

func TestHostPorts(t *testing.T) {
	for spec, want := range map[string][]cluster.HostPort{
		`containers: [{name: a, ports: [{containerPort: 80, hostPort: 8080}, {containerPort: 53, hostPort: 53, protocol: UDP, hostIP: 10.0.0.1}]}]`: {
			{IP: "10.0.0.1", Protocol: "UDP", Port: 53}, {Protocol: "TCP", Port: 8080},
		},
		`containers: [{name: a, ports: [{containerPort: 80, hostPort: 80, protocol: TCP}]}, {name: b, ports: [{containerPort: 80, hostPort: 80, hostIP: 0.0.0.0}]}]`: {
			{Protocol: "TCP", Port: 80},
		},
		`{hostNetwork: true, containers: [{name: a, ports: [{containerPort: 80}]}]}`:                                     {{Protocol: "TCP", Port: 80}},
		`initContainers: [{name: i, ports: [{containerPort: 80, hostPort: 80}]}]`:                                        nil, // gone before the pod runs
		`initContainers: [{name: i, restartPolicy: Always, ports: [{containerPort: 80, hostPort: 80, protocol: SCTP}]}]`: {{Protocol: "SCTP", Port: 80}},
		`containers: [{name: a, ports: [{containerPort: 80}]}]`:                                                          nil,
	} {
		if got := demandFrom(t, spec).Ports; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", spec, got, want)
		}
	}
}

func TestPodVolumes(t *testing.T) {
	got := demandFrom(t, `
volumes:
- {name: token, projected: {sources: []}}
- {name: data, persistentVolumeClaim: {claimName: data-0}}
- {name: again, persistentVolumeClaim: {claimName: data-0, readOnly: true}}
- {name: scratch, ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce]}}}}
- {name: secrets, csi: {driver: secrets-store.csi.k8s.io}}
containers: [{name: a}]`).Volumes
	want := []cluster.VolumeUse{{Claim: "data-0"}, {Claim: "scratch", Ephemeral: true}, {Driver: "secrets-store.csi.k8s.io"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestOperatingSystem: the kubelet of a node of the other kind would turn the pod
// away.
func TestOperatingSystem(t *testing.T) {
	windows, linux := cluster.Labels{cluster.LabelOS: "windows"}, cluster.Labels{cluster.LabelOS: "linux"}
	for os, want := range map[string][3]bool{"linux": {true, true, false}, "windows": {false, false, true}} {
		d := demandFrom(t, `os: {name: `+os+`}`)
		if got := [3]bool{d.Selects(cluster.Labels{}.Get), d.Selects(linux.Get), d.Selects(windows.Get)}; got != want {
			t.Errorf("%s: on nodes that do not say, of linux, of windows: %t", os, got)
		}
	}
}

func TestPreferencePrice(t *testing.T) {
	const soft = `topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}]`
	price := func(text, spec string) (m cluster.Money, set bool, refused []string) {
		p := podFrom(t, spec)
		if text != "none" {
			p.Annotations = map[string]string{pricePreferences: text}
		}
		d := new(Converter).Pod(p).Demand
		if d.PreferencePrice == nil {
			return 0, false, d.Refused
		}
		return *d.PreferencePrice, true, d.Refused
	}
	for text, want := range map[string]cluster.Money{"ignore": 0, "0": 0, "0.05": 50_000, "0.050": 50_000, "2": 2 * cluster.USD, "1.000001": 1_000_001, "respect": solve.Respect} {
		if got, set, refused := price(text, soft); got != want || !set || len(refused) > 0 {
			t.Errorf("%s: got %s, set: %t, refused: %q", text, got, set, refused)
		}
	}
	for _, bad := range []string{"", "much", "-1", "1e3", "0.0000001", "$1", "1.", ".5x", "99999999999999999999"} {
		if _, set, refused := price(bad, soft); set || len(refused) != 1 {
			t.Errorf("%q: set: %t, refused: %q", bad, set, refused)
		}
	}
	var c Converter
	a, b := podFrom(t, soft), podFrom(t, soft)
	a.Annotations, b.Annotations = map[string]string{pricePreferences: "0.000001"}, map[string]string{pricePreferences: "0.000002"}
	if c.Pod(a).Demand == c.Pod(b).Demand {
		t.Error("a micro-dollar makes no difference")
	}
	if _, set, _ := price("none", soft); set {
		t.Error("a price that nobody has set")
	}
	if _, set, _ := price("0.05", `containers: [{name: a}]`); set {
		t.Error("a price for preferences that the pod does not have")
	}
}

// TestLimitsCount: a limit is a request where there is none, as after the API
// server; the template of a DaemonSet has not been there.
func TestLimitsCount(t *testing.T) {
	for spec, want := range map[string]int64{
		`containers: [{name: a, resources: {limits: {cpu: "1"}}}]`:                                                              1000,
		`containers: [{name: a, resources: {limits: {cpu: "1"}, requests: {cpu: 200m}}}]`:                                       200,
		`{resources: {limits: {cpu: "3"}}, containers: [{name: a}]}`:                                                            3000,
		`{resources: {limits: {cpu: "3"}}, containers: [{name: a, resources: {requests: {cpu: 200m}}}]}`:                        200,
		`{overhead: {cpu: 50m}, resources: {limits: {cpu: "3"}}, containers: [{name: a}]}`:                                      3050,
		`{resources: {limits: {cpu: "3"}, requests: {cpu: "2"}}, initContainers: [{name: i, resources: {limits: {cpu: "9"}}}]}`: 2000,
	} {
		if got := demandFrom(t, spec).Requests.Get(cluster.CPU); got != want {
			t.Errorf("%s: %dm of cpu, want %dm", spec, got, want)
		}
	}
}

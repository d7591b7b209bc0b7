package kube

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ullage-sh/ullage/api/legacy/v1alpha5"
	"github.com/ullage-sh/ullage/cluster"
)

func provisionerFrom(t *testing.T, spec string) *cluster.Pool {
	t.Helper()
	p := read[v1alpha5.Provisioner](t, `{metadata: {name: default, uid: u, resourceVersion: "7", generation: 3}, spec: `+spec+`}`)
	before := p.DeepCopy()
	out := Provisioner(p)
	if !reflect.DeepEqual(p, before) {
		t.Errorf("%s: the Provisioner was changed", spec)
	}
	return out
}

func TestProvisioner(t *testing.T) {
	p := provisionerFrom(t, `{
labels: {team: study}, annotations: {note: a},
taints: [{key: k, value: v, effect: NoSchedule}], startupTaints: [{key: s, effect: NoExecute}],
requirements: [{key: karpenter.sh/capacity-type, operator: In, values: [spot]}],
limits: {resources: {cpu: "1000", memory: 1Ti}},
providerRef: {name: study}, ttlSecondsAfterEmpty: 30, ttlSecondsUntilExpired: 86400, weight: 10}`)
	if p.Invalid != "" || p.Ignored != "" {
		t.Fatalf("invalid %q, ignored %q", p.Invalid, p.Ignored)
	}
	if !p.Legacy || p.Kind() != "Provisioner" || p.Name != "default" || p.UID != "u" || p.Revision != "7" || p.Generation != 3 || p.Weight != 10 {
		t.Errorf("%+v", p)
	}
	if want := (cluster.ClassRef{Group: "karpenter.k8s.aws", Kind: "AWSNodeTemplate", Name: "study"}); p.Class != want {
		t.Errorf("class %v", p.Class)
	}
	if p.Labels["team"] != "study" || p.Labels[v1alpha5.ProvisionerNameLabel] != "default" || len(p.Labels) != 2 || p.Annotations["note"] != "a" {
		t.Errorf("labels %v, annotations %v", p.Labels, p.Annotations)
	}
	if p.Policy != cluster.WhenEmpty || p.ConsolidateAfter != 30*cluster.Second || p.ExpireAfter != 24*cluster.Hour || p.TerminationGracePeriod != cluster.Forever {
		t.Errorf("%s after %d, expires after %d", p.Policy, p.ConsolidateAfter, p.ExpireAfter)
	}
	if p.Limits.Get(cluster.CPU) != 1_000_000 || p.Limits.Get(cluster.Memory) != 1<<40 || len(p.Limits) != 2 {
		t.Errorf("limits %v", p.Limits)
	}
	if len(p.Taints) != 1 || len(p.StartupTaints) != 1 || len(p.Budgets) != 1 || p.Hash == "" {
		t.Errorf("%+v", p)
	}
}

func TestProvisionerDeprovisioning(t *testing.T) {
	const ref = `providerRef: {name: a}, `
	for spec, want := range map[string]struct {
		policy cluster.ConsolidationPolicy
		after  cluster.Duration
	}{
		`{` + ref + `ttlSecondsAfterEmpty: 0}`:                                   {cluster.WhenEmpty, 0},
		`{` + ref + `ttlSecondsAfterEmpty: 30, consolidation: {enabled: false}}`: {cluster.WhenEmpty, 30 * cluster.Second},
		`{` + ref + `consolidation: {enabled: true}}`:                            {cluster.WhenEmptyOrUnderutilized, 0},
		`{` + ref + `consolidation: {enabled: false}}`:                           {cluster.WhenEmpty, cluster.Forever},
		`{` + ref + `consolidation: {}}`:                                         {cluster.WhenEmpty, cluster.Forever},
		`{` + ref + `weight: 1}`:                                                 {cluster.WhenEmpty, cluster.Forever},
	} {
		if p := provisionerFrom(t, spec); p.Policy != want.policy || p.ConsolidateAfter != want.after || p.ExpireAfter != cluster.Forever || p.Invalid != "" {
			t.Errorf("%s: %s after %d, expires after %d (%s)", spec, p.Policy, p.ConsolidateAfter, p.ExpireAfter, p.Invalid)
		}
	}
}

// TestProvisionerDefaults: what was meant by a Provisioner that says nothing of it.
func TestProvisionerDefaults(t *testing.T) {
	const (
		system = "karpenter.sh/capacity-type In [on-demand]; kubernetes.io/arch In [amd64]; kubernetes.io/os In [linux]"
		types  = "karpenter.k8s.aws/instance-category In [c m r]; karpenter.k8s.aws/instance-generation Gt [2]; "
	)
	for spec, want := range map[string]string{
		`{}`: types + system,
		`{requirements: [{key: karpenter.sh/capacity-type, operator: Exists}]}`:                       "karpenter.sh/capacity-type Exists []; " + types + "kubernetes.io/arch In [amd64]; kubernetes.io/os In [linux]",
		`{requirements: [{key: beta.kubernetes.io/arch, operator: In, values: [arm64]}]}`:             "kubernetes.io/arch In [arm64]; " + types + "karpenter.sh/capacity-type In [on-demand]; kubernetes.io/os In [linux]",
		`{requirements: [{key: node.kubernetes.io/instance-type, operator: In, values: [m5.large]}]}`: "node.kubernetes.io/instance-type In [m5.large]; " + system,
		`{requirements: [{key: karpenter.k8s.aws/instance-family, operator: NotIn, values: [m5]}]}`:   "karpenter.k8s.aws/instance-family NotIn [m5]; " + system,
		`{requirements: [{key: karpenter.k8s.aws/instance-generation, operator: Gt, values: ["4"]}]}`: "karpenter.k8s.aws/instance-generation Gt [4]; " + system,
		`{labels: {kubernetes.io/arch: arm64}}`:                                                       types + "karpenter.sh/capacity-type In [on-demand]; kubernetes.io/os In [linux]",
	} {
		var got []string
		for _, r := range provisionerFrom(t, spec).Requirements {
			got = append(got, r.Key+" "+r.Operator.String()+" ["+strings.Join(r.Values, " ")+"]")
		}
		if text := strings.Join(got, "; "); text != want {
			t.Errorf("%s: %s\nwant %s", spec, text, want)
		}
	}
}

func TestInvalidProvisioners(t *testing.T) {
	const ref = `providerRef: {name: a}, `
	for spec, want := range map[string]string{
		`{` + ref + `ttlSecondsAfterEmpty: 30, consolidation: {enabled: true}}`: "expected exactly one, got both: spec.consolidation.enabled, spec.ttlSecondsAfterEmpty",
		`{weight: 1}`: "spec.providerRef is missing",
		`{providerRef: {kind: EC2NodeClass, name: a}}`:                                                 `"EC2NodeClass" is not AWSNodeTemplate`,
		`{` + ref + `limits: {resources: {cpu: "-1"}}}`:                                                "limits.cpu is negative",
		`{` + ref + `requirements: [{key: a, operator: Like}]}`:                                        `operator "Like"`,
		`{` + ref + `requirements: [{key: karpenter.sh/provisioner-name, operator: In, values: [a]}]}`: "spec.requirements[0]",
		`{` + ref + `labels: {kubernetes.io/hostname: a}}`:                                             "kubernetes.io/hostname",
	} {
		if p := provisionerFrom(t, spec); !strings.Contains(p.Invalid, want) {
			t.Errorf("%s: invalid is %q, want %q", spec, p.Invalid, want)
		}
	}
	if p := provisionerFrom(t, `{`+ref+`kubeletConfiguration: {maxPods: 20}}`); p.Invalid != "" || !strings.Contains(p.Ignored, "spec.kubeletConfiguration") {
		t.Errorf("kubelet settings: invalid %q, ignored %q", p.Invalid, p.Ignored)
	}
}

// TestProvisionerStatus comes back as it was written, so that it is not written again.
func TestProvisionerStatus(t *testing.T) {
	p := &v1alpha5.Provisioner{ObjectMeta: metav1.ObjectMeta{Name: "a"}}
	p.Status.Resources = corev1.ResourceList{"cpu": resource.MustParse("8"), "nodes": resource.MustParse("1")}
	p.Status.Conditions = []metav1.Condition{{Type: "Ready", Status: "True", Reason: "Ready"}}
	got := Provisioner(p)
	if want := cluster.NewResources(map[string]int64{cluster.CPU: 8000, cluster.NodesLimit: 1}); !slices.Equal(got.Resources, want) {
		t.Errorf("resources %v", got.Resources)
	}
	if len(got.Conditions) != 1 || got.Conditions[0].Status != "True" {
		t.Errorf("conditions %v", got.Conditions)
	}
}

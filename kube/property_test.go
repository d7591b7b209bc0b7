package kube

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	podresources "k8s.io/component-helpers/resource"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"github.com/ullage-sh/ullage/cluster"
)

func keyOf(p *corev1.Pod) string {
	var c counter
	requests, plain := c.count(p)
	var problems []string
	if !plain {
		problems = quantityProblems(p)
	}
	var made demandRecord
	demand(p, requests, problems, &made)
	return made.Key
}

// TestFingerprint: equal fingerprints mean equal demands, whichever field of a pod
// is changed, and a Converter gives out one record for equal fingerprints.
func TestFingerprint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := randomPod(t)
		b := a.DeepCopy()
		if fingerprintOf(a) != fingerprintOf(b) {
			t.Fatal("a copy has another fingerprint")
		}
		var c Converter
		mark, key, record := fingerprintOf(a), keyOf(a), c.Pod(a).Demand
		if record.Key != key {
			t.Fatalf("the record is %s\nthe demand is %s", record.Key, key)
		}
		next := rapid.IntRange(0, 4).Draw(t, "first change") // a fifth of them each time
		walk(reflect.ValueOf(b).Elem(), "", func(field string, change func(func())) bool {
			if next--; next >= 0 {
				return true
			}
			next = 4
			change(func() {
				other, alike := keyOf(b), fingerprintOf(b) == mark
				if other != key && alike {
					t.Fatalf("%s: one fingerprint for two demands\n%s\n%s", field, key, other)
				}
				if got := c.Pod(b).Demand; (got == record) != alike || got.Key != other {
					t.Fatalf("%s: the records are one: %t; the fingerprints are equal: %t", field, got == record, alike)
				}
			})
			return true
		})
	})
}

// TestFingerprintsApart are pods that only a careless fingerprint would confuse.
func TestFingerprintsApart(t *testing.T) {
	for _, pair := range [][2]string{
		{`tolerations: [{key: ab, operator: Exists}]`, `tolerations: [{key: a, value: b, operator: Exists}]`},
		{`tolerations: [{key: a, value: b}]`, `tolerations: [{key: ab}]`},
		{`nodeSelector: {a: bc}`, `nodeSelector: {ab: c}`},
		{`nodeSelector: {a: b, c: d}`, `nodeSelector: {a: bcd}`},
		{`volumes: [{name: v, persistentVolumeClaim: {claimName: v}}]`, `volumes: [{name: v, ephemeral: {}}]`},
		{`volumes: [{name: v, persistentVolumeClaim: {claimName: a}}, {name: w, persistentVolumeClaim: {claimName: b}}]`, `volumes: [{name: v, persistentVolumeClaim: {claimName: acb}}]`},
		{`affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: z}]}}`, `affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: z}]}}`},
		{`affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: z, namespaces: [a, b]}]}}`, `affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: z, namespaces: [ab]}]}}`},
		{`affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: []}}}`, `affinity: {nodeAffinity: {}}`},
		{`containers: [{name: a, resources: {requests: {cpu: -1}}}, {name: b, resources: {requests: {cpu: 3}}}]`, `containers: [{name: a, resources: {requests: {cpu: 2}}}]`},
		{`containers: [{name: a, resources: {requests: {cpu: 1, x/y: 0}}}]`, `containers: [{name: a, resources: {requests: {memory: 1}}}]`},
	} {
		a, b := podFrom(t, pair[0]), podFrom(t, pair[1])
		if fingerprintOf(a) == fingerprintOf(b) {
			t.Errorf("%s and %s have one fingerprint", pair[0], pair[1])
		}
		if keyOf(a) == keyOf(b) {
			t.Errorf("%s and %s have one demand: a poor example", pair[0], pair[1])
		}
	}
}

// TestIdentity: pods share an identity when namespace and labels are the same.
func TestIdentity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := randomPod(t), randomPod(t)
		var c Converter
		same := a.Namespace == b.Namespace && labels.Equals(a.Labels, b.Labels)
		if x, y := c.Pod(a).Identity, c.Pod(b).Identity; (x == y) != same {
			t.Fatalf("%v and %v share an identity: %t", x, y, x == y)
		}
	})
}

// TestBatch: the same records come out of Pods, in the order of the pods.
func TestBatch(t *testing.T) {
	pods := benchmarkPods(3 * batch)
	var c Converter
	for i, got := range c.Pods(pods) {
		if want := c.Pod(pods[i]); got.Demand != want.Demand || got.Identity != want.Identity || !reflect.DeepEqual(got, want) {
			t.Fatalf("pod %d: %+v instead of %+v", i, got, want)
		}
	}
}

// filledIn is a pod with the requests that an API server would have added.
func filledIn(p *corev1.Pod) *corev1.Pod {
	p = p.DeepCopy()
	for _, list := range [][]corev1.Container{p.Spec.InitContainers, p.Spec.Containers} {
		for _, k := range list {
			for name, q := range k.Resources.Limits {
				if _, ok := k.Resources.Requests[name]; !ok {
					k.Resources.Requests[name] = q
				}
			}
		}
	}
	if r := p.Spec.Resources; r != nil && len(r.Limits) > 0 {
		missing := func(name corev1.ResourceName) bool {
			_, of := r.Requests[name]
			return !of && podresources.IsSupportedPodLevelResource(name)
		}
		for name, q := range podresources.AggregateContainerRequests(p, podresources.PodResourcesOptions{}) {
			if missing(name) && !strings.HasPrefix(string(name), "hugepages-") {
				r.Requests[name] = q
			}
		}
		for name, q := range r.Limits {
			if missing(name) {
				r.Requests[name] = q
			}
		}
	}
	return p
}

// TestRequestsAgreeWithKubernetes compares our sum with that of component-helpers,
// which is the scheduler's.
func TestRequestsAgreeWithKubernetes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomPod(t)
		list := podresources.PodRequests(filledIn(p), podresources.PodResourcesOptions{UseStatusResources: p.Spec.NodeName != "", InPlacePodLevelResourcesVerticalScalingEnabled: true})
		want := map[string]int64{cluster.Pods: 1}
		for name, q := range list {
			want[string(name)] = q.Value()
			if name == corev1.ResourceCPU {
				want[string(name)] = q.MilliValue()
			}
		}
		got, _ := new(counter).count(p)
		if want := cluster.NewResources(want); !slices.Equal(got, want) {
			text, _ := yaml.Marshal(p)
			t.Fatalf("got %v, want %v of\n%s", got, want, text)
		}
	})
}

// TestSelectionAgreesWithKubernetes compares node selector, node affinity and
// tolerations with what the scheduler's own code says of a node.
func TestSelectionAgreesWithKubernetes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomPod(t)
		p.Spec.OS = nil // the scheduler does not look at it
		node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: pick(t, "n1", "n2", "n3"), Labels: randomLabels(t)}}
		node.Spec.Taints = several(t, 2, func() corev1.Taint {
			return corev1.Taint{Key: pick(t, "a", "b"), Value: pick(t, "", "1", "2", "7", "x"), Effect: pick(t, corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute, corev1.TaintEffectPreferNoSchedule)}
		})
		want, err := nodeaffinity.GetRequiredNodeAffinity(p).Match(node)
		if err != nil {
			t.Fatal(err)
		}
		for i := range node.Spec.Taints {
			taint := &node.Spec.Taints[i]
			want = want && (taint.Effect == corev1.TaintEffectPreferNoSchedule || slices.ContainsFunc(p.Spec.Tolerations, func(x corev1.Toleration) bool {
				return x.ToleratesTaint(klog.Logger{}, taint, true)
			}))
		}
		n := Node(node)
		got := new(Converter).Pod(p).Demand.Admits(func(key string) (string, bool) {
			if key == cluster.FieldName {
				return n.Name, true
			}
			return n.Labels.Get(key)
		}, n.Taints)
		if got != want {
			t.Fatalf("admits: %t, the scheduler says %t", got, want)
		}
	})
}

// TestSelectorsAgreeWithKubernetes compares who terms of affinity and spreads count
// with what apimachinery's selectors say.
func TestSelectorsAgreeWithKubernetes(t *testing.T) {
	matches := func(t *rapid.T, s *metav1.LabelSelector, set map[string]string) bool {
		x, err := metav1.LabelSelectorAsSelector(s)
		if err != nil {
			t.Fatal(err)
		}
		return x.Matches(labels.Set(set))
	}
	rapid.Check(t, func(t *rapid.T) {
		p := randomPod(t)
		term, spread := randomPodTerm(t), randomSpread(t)
		p.Spec.Affinity = &corev1.Affinity{PodAffinity: &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{term}}}
		p.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{spread}
		other, namespace := randomPod(t), randomLabels(t)
		d := new(Converter).Pod(p).Demand
		id := new(Converter).Pod(other).Identity
		namespaces := map[string]cluster.Labels{other.Namespace: namespace}

		mergeKeys(&term.LabelSelector, p.Labels, term.MatchLabelKeys, metav1.LabelSelectorOpIn)
		mergeKeys(&term.LabelSelector, p.Labels, term.MismatchLabelKeys, metav1.LabelSelectorOpNotIn)
		own := len(term.Namespaces) == 0 && term.NamespaceSelector == nil && other.Namespace == p.Namespace
		want := (own || slices.Contains(term.Namespaces, other.Namespace) || matches(t, term.NamespaceSelector, namespace)) && matches(t, term.LabelSelector, other.Labels)
		if got := d.PodAffinity[0].Pods.Matches(id, namespaces); got != want {
			t.Fatalf("affinity selects: %t, the scheduler says %t", got, want)
		}
		mergeKeys(&spread.LabelSelector, p.Labels, spread.MatchLabelKeys, metav1.LabelSelectorOpIn)
		empty := spread.LabelSelector == nil || len(spread.LabelSelector.MatchLabels)+len(spread.LabelSelector.MatchExpressions) == 0
		want = !empty && other.Namespace == p.Namespace && matches(t, spread.LabelSelector, other.Labels)
		if got := d.Spreads[0].Pods.Matches(id, namespaces); got != want {
			t.Fatalf("spread counts: %t, the scheduler says %t", got, want)
		}
	})
}

// mergeKeys does to a selector what the API server does with matchLabelKeys.
func mergeKeys(s **metav1.LabelSelector, own map[string]string, keys []string, op metav1.LabelSelectorOperator) {
	if *s == nil {
		return
	}
	*s = (*s).DeepCopy()
	for _, key := range keys {
		if value, ok := own[key]; ok {
			(*s).MatchExpressions = append((*s).MatchExpressions, metav1.LabelSelectorRequirement{Key: key, Operator: op, Values: []string{value}})
		}
	}
}

// TestMergedKeys: it makes no difference whether the API server has merged
// matchLabelKeys into the selectors.
func TestMergedKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomPod(t)
		q := p.DeepCopy()
		term := func(x *corev1.PodAffinityTerm) {
			mergeKeys(&x.LabelSelector, q.Labels, x.MatchLabelKeys, metav1.LabelSelectorOpIn)
			mergeKeys(&x.LabelSelector, q.Labels, x.MismatchLabelKeys, metav1.LabelSelectorOpNotIn)
		}
		for i := range q.Spec.TopologySpreadConstraints {
			c := &q.Spec.TopologySpreadConstraints[i]
			mergeKeys(&c.LabelSelector, q.Labels, c.MatchLabelKeys, metav1.LabelSelectorOpIn)
		}
		if a := q.Spec.Affinity; a != nil && a.PodAffinity != nil {
			for i := range a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution {
				term(&a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution[i])
			}
			for i := range a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
				term(&a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution[i].PodAffinityTerm)
			}
		}
		if keyOf(p) != keyOf(q) {
			t.Fatalf("not the same demand:\n%s\n%s", keyOf(p), keyOf(q))
		}
	})
}

// TestVolumeAffinityAgreesWithKubernetes compares where a volume can be used.
func TestVolumeAffinityAgreesWithKubernetes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		terms := several(t, 3, func() corev1.NodeSelectorTerm {
			x := randomNodeTerm(t)
			if len(x.MatchExpressions) > 0 && chance(t, 20) {
				x.MatchExpressions[0].Operator = pick(t, "Like", corev1.NodeSelectorOpGt, corev1.NodeSelectorOpExists)
			}
			return x
		})
		v := &corev1.PersistentVolume{Spec: corev1.PersistentVolumeSpec{NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: terms}}}}
		node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Labels: randomLabels(t)}}
		want, err := nodeaffinity.NewLazyErrorNodeSelector(v.Spec.NodeAffinity.Required).Match(node)
		want = want && err == nil
		got := slices.ContainsFunc(PersistentVolume(v).Affinity, func(x cluster.Term) bool { return x.Matches(cluster.Labels(node.Labels).Get) })
		if got != want {
			t.Fatalf("usable: %t, Kubernetes says %t", got, want)
		}
	})
}

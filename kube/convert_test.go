package kube

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"github.com/ullage-sh/ullage/cluster"
)

// TestConcurrentConversion: watches convert at the same time, and still pods that
// are alike share their records.
func TestConcurrentConversion(t *testing.T) {
	pods := benchmarkPods(2000)
	var c Converter
	var got [4][]*cluster.Pod
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() {
			if i == 0 {
				got[i] = c.Pods(pods)
				return
			}
			for _, p := range pods {
				got[i] = append(got[i], c.Pod(p))
			}
		})
	}
	wg.Wait()
	for i := range pods {
		for _, other := range got[1:] {
			if x, y := other[i], got[0][i]; x.Demand != y.Demand || x.Identity != y.Identity || !reflect.DeepEqual(x, y) {
				t.Fatalf("pod %d differs", i)
			}
		}
	}
}

// TestForgetting: what no pod has any more is dropped, what one has is kept.
func TestForgetting(t *testing.T) {
	var c Converter
	kept := c.Pod(podFrom(t, `containers: [{name: a}]`))
	p := podFrom(t, `containers: [{name: a}]`)
	few := len(c.tables) * minSweep
	for round := range 10 {
		for i := range few {
			p.Labels = map[string]string{"job": fmt.Sprint(round*few + i)}
			p.Spec.NodeSelector = p.Labels
			c.Pod(p)
		}
		runtime.GC()
	}
	held := map[string]int{}
	for i := range c.tables {
		held["demands"] += len(c.tables[i].demands.byHash)
		held["identities"] += len(c.tables[i].identities.byHash)
	}
	for name, n := range held {
		if n > 4*few {
			t.Errorf("%d %s are held for pods that are gone", n, name)
		}
	}
	if again := c.Pod(podFrom(t, `containers: [{name: a}]`)); again.Demand != kept.Demand || again.Identity != kept.Identity {
		t.Error("a record in use was forgotten")
	}
}

// TestBadValues spoils pods in many places: what comes out without a refusal is
// something that a solver can work with.
func TestBadValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomPod(t)
		for range rapid.IntRange(1, 3).Draw(t, "bad values") {
			spoil(t, reflect.ValueOf(&p.Spec).Elem())
		}
		var c Converter
		got := c.Pod(p)
		if c.Pod(p.DeepCopy()).Demand != got.Demand {
			t.Fatal("a copy of the pod has another demand")
		}
		if len(got.Demand.Refused) == 0 {
			check(t, got.Demand)
		}
	})
}

// spoil sets something below v to a value that no API server would let pass.
func spoil(t *rapid.T, v reflect.Value) {
	var leaves []func()
	var find func(v reflect.Value)
	find = func(v reflect.Value) {
		switch x := v.Addr().Interface().(type) {
		case *corev1.ResourceList:
			if *x != nil {
				leaves = append(leaves, func() {
					name := pick(t, corev1.ResourceCPU, corev1.ResourceMemory, "gpus", "", "requests.cpu", "attachable-volumes-csi-x")
					(*x)[name] = resource.MustParse(pick(t, "-1", "-1n", "1n", "1e30", "-1e30", "9223372036854775807", "9223372036854775807k", "1e-9"))
				})
			}
			return
		}
		switch v.Kind() {
		case reflect.String:
			leaves = append(leaves, func() {
				v.SetString(pick(t, "", "~", "Exists", "Gt", "Gte", "a b", "\x00", strings.Repeat("long", 99)))
			})
		case reflect.Int32:
			leaves = append(leaves, func() { v.SetInt(pick(t, int64(-1), 0, 101, 65536, math.MaxInt32, math.MinInt32)) })
		case reflect.Pointer:
			if !v.IsNil() {
				find(v.Elem())
			}
		case reflect.Slice:
			for i := range v.Len() {
				find(v.Index(i))
			}
			leaves = append(leaves, func() { v.SetZero() })
		case reflect.Map:
			if labels, ok := v.Interface().(map[string]string); ok && labels != nil {
				leaves = append(leaves, func() { labels[pick(t, "", "a b", "/", "a")] = pick(t, "a b", "~", strings.Repeat("long", 99)) })
			}
		case reflect.Struct:
			for i := range v.NumField() {
				find(v.Field(i))
			}
		}
	}
	find(v)
	pick(t, leaves...)()
}

// FuzzPod converts whatever can be read as a pod. For minutes:
//
//	go test ./kube -run '^$' -fuzz FuzzPod -fuzztime 5m -fuzzminimizetime 10x
func FuzzPod(f *testing.F) {
	for _, seed := range []string{
		`{}`,
		`{spec: {containers: [{name: a, resources: {requests: {cpu: -1, memory: 1e30}, limits: {ephemeral-storage: 1n}}}]}}`,
		`{spec: {overhead: {cpu: 9e9, gpus: 1}, resources: {requests: {cpu: 1}, limits: {hugepages-2Mi: 2Mi}}}}`,
		`{metadata: {labels: {a: b}}, spec: {topologySpreadConstraints: [{maxSkew: -1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, minDomains: -2, matchLabelKeys: [a], labelSelector: {matchExpressions: [{key: a, operator: In}]}}]}}`,
		`{spec: {affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1000, podAffinityTerm: {topologyKey: "", mismatchLabelKeys: [b]}}]}}}}`,
		`{spec: {hostNetwork: true, initContainers: [{restartPolicy: Always, ports: [{containerPort: -5}]}], tolerations: [{operator: Lt, value: x}], volumes: [{persistentVolumeClaim: {}}]}}`,
		`{metadata: {annotations: {ullage.sh/preference-price: "1.5"}}, spec: {nodeSelector: {"": ""}, os: {name: beos}}}`,
	} {
		text, err := yaml.YAMLToJSON([]byte(seed))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	full, err := json.Marshal(fullPod())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(full)
	f.Fuzz(func(t *testing.T, text []byte) {
		var p corev1.Pod
		if json.Unmarshal(text, &p) != nil {
			return
		}
		var c Converter
		got := c.Pod(&p)
		if c.Pod(p.DeepCopy()).Demand != got.Demand {
			t.Fatal("a copy of the pod has another demand")
		}
		if len(got.Demand.Refused) == 0 {
			check(t, got.Demand)
		}
	})
}

// failer is a *testing.T or a *rapid.T.
type failer interface {
	Helper()
	Errorf(format string, args ...any)
}

// check looks for what no solver should be given.
func check(t failer, d *cluster.Demand) {
	t.Helper()
	for _, a := range d.Requests {
		if a.Value <= 0 || a.Value > 1<<60 {
			t.Errorf("requests %d of %s", a.Value, a.Name)
		}
	}
	for _, s := range d.Spreads {
		if s.Key == "" || s.MaxSkew < 1 || s.MinDomains < 0 {
			t.Errorf("spread %+v", s)
		}
		checkTerm(t, s.Pods.Labels)
	}
	for _, terms := range [][]cluster.PodAffinityTerm{d.PodAffinity, d.PodAntiAffinity} {
		for _, x := range terms {
			if x.Key == "" {
				t.Errorf("affinity %+v", x)
			}
			checkTerm(t, x.Pods.Labels)
			checkTerm(t, x.Pods.NamespaceLabels)
		}
	}
	for _, p := range d.Ports {
		if p.Port < 1 || p.Port > 65535 || p.Protocol == "" {
			t.Errorf("port %+v", p)
		}
	}
	for _, p := range d.Preferences {
		if p.Weight < 1 || p.Weight > 100 || (p.Near == nil) == (len(p.Node) == 0) {
			t.Errorf("preference %+v", p)
		}
		checkTerm(t, p.Node)
	}
	for _, x := range append(d.Affinity, d.Selector) {
		checkTerm(t, x)
	}
}

func checkTerm(t failer, term cluster.Term) {
	t.Helper()
	for _, r := range term {
		one := r.Operator == cluster.Gt || r.Operator == cluster.Lt
		set := r.Operator == cluster.In || r.Operator == cluster.NotIn
		if (one && len(r.Values) != 1) || (set && len(r.Values) == 0) || r.Operator == cluster.Equal {
			t.Errorf("requirement %+v", r)
		}
	}
}

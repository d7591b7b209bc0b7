package kube

import (
	"encoding/json"
	"fmt"
	"runtime"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
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
			if *other[i] != *got[0][i] {
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
	for range 20 {
		for i := range minSweep {
			p.Labels = map[string]string{"job": fmt.Sprint(i)}
			p.Spec.NodeSelector = p.Labels
			c.Pod(p)
		}
		runtime.GC()
	}
	for name, n := range map[string]int{"demands": len(c.demands.byText), "keys": len(c.byKey.byText), "identities": len(c.identities.byText)} {
		if n > 4*minSweep {
			t.Errorf("%d %s are held for pods that are gone", n, name)
		}
	}
	if again := c.Pod(podFrom(t, `containers: [{name: a}]`)); again.Demand != kept.Demand || again.Identity != kept.Identity {
		t.Error("a record in use was forgotten")
	}
}

// FuzzPod converts whatever can be read as a pod: it never panics, and what comes
// out without a refusal is something that a solver can work with. For minutes:
//
//	go test ./kube -run '^$' -fuzz FuzzPod -fuzztime 5m
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

// check looks for what no solver should be given.
func check(t *testing.T, d *cluster.Demand) {
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

func checkTerm(t *testing.T, term cluster.Term) {
	t.Helper()
	for _, r := range term {
		one := r.Operator == cluster.Gt || r.Operator == cluster.Lt
		set := r.Operator == cluster.In || r.Operator == cluster.NotIn
		if (one && len(r.Values) != 1) || (set && len(r.Values) == 0) || r.Operator == cluster.Equal {
			t.Errorf("requirement %+v", r)
		}
	}
}

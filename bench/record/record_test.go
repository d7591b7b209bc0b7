package record_test

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/bench/record"
)

func TestUSD(t *testing.T) {
	for text, want := range map[string]record.USD{
		"0": 0, "0.192": 192_000, "1": record.Dollar, "12.000001": 12_000_001, "-0.5": -500_000, "98765.432109": 98_765_432_109,
	} {
		var got record.USD
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s is read as %d µ$ (%v), want %d", text, got, err, want)
		}
		if back, err := json.Marshal(want); err != nil || string(back) != text {
			t.Errorf("%d µ$ is written as %s (%v), want %s", want, back, err, text)
		}
		if got := record.FromDollars(want.Dollars()); got != want {
			t.Errorf("%d µ$ becomes %d as a float64", want, got)
		}
	}
	var u record.USD
	if err := json.Unmarshal([]byte("1e12"), &u); err == nil {
		t.Error("an absurd amount is read without an error")
	}
}

func TestFiles(t *testing.T) {
	pod := func(name string) *corev1.Pod {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{
				Name:      "app",
				Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{"cpu": resource.MustParse("100m")}},
			}}},
		}
	}
	for _, pods := range [][]*corev1.Pod{nil, {pod("a")}, {pod("a"), pod("b"), pod("c")}} {
		in := &record.Input{
			Case: "files", Seed: 7, Preferences: record.Ignore, NodePool: &karpv1.NodePool{ObjectMeta: metav1.ObjectMeta{Name: "p"}},
			Types: []record.Type{{Name: "t", Offerings: []record.Offering{{Zone: "z", CapacityType: "spot", Price: 12_345}}}},
			Pods:  pods,
		}
		path := filepath.Join(t.TempDir(), "input.json")
		if err := in.Write(path); err != nil {
			t.Fatal(err)
		}
		got, err := record.ReadInput(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Pods) != len(pods) || got.Types[0].Offerings[0] != in.Types[0].Offerings[0] || got.Seed != 7 {
			t.Errorf("read %d pods, %+v; wrote %d pods, %+v", len(got.Pods), got.Types, len(pods), in.Types)
		}
		for i, p := range pods {
			if record.PodID(got.Pods[i]) != record.PodID(p) || !got.Pods[i].Spec.Containers[0].Resources.Requests.Cpu().Equal(*p.Spec.Containers[0].Resources.Requests.Cpu()) {
				t.Errorf("pod %d has changed: %+v", i, got.Pods[i])
			}
		}
	}
	plan := &record.Plan{Nodes: []record.Node{{Name: "n", Price: 192_000, Pods: []string{"default/a"}}, {Name: "old", Existing: true}}}
	plan.Price(8_000)
	plan.SetBound(160_000)
	if plan.Cost != 192_000 || plan.Objective != 200_000 || plan.Gap != 0.25 || plan.NewNodes() != 1 {
		t.Errorf("cost %s, objective %s, gap %v, %d new nodes", plan.Cost, plan.Objective, plan.Gap, plan.NewNodes())
	}
	path := filepath.Join(t.TempDir(), "plan.json")
	if err := plan.Write(path); err != nil {
		t.Fatal(err)
	}
	if got, err := record.ReadPlan(path); err != nil || !reflect.DeepEqual(got, plan) {
		t.Errorf("read %+v (%v), wrote %+v", got, err, plan)
	}
}

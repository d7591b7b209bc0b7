package system

import (
	"testing"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
)

func TestMachines(t *testing.T) {
	c, err := catalog.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	machines, err := Machines(c, "ap-northeast-2", []string{"ap-northeast-2a", "ap-northeast-2c"})
	if err != nil {
		t.Fatal(err)
	}
	if len(machines) != 2 || machines[0].Name == machines[1].Name || machines[0].ProviderID == machines[1].ProviderID || machines[0].InternalIP == machines[1].InternalIP {
		t.Fatalf("want two machines, got %+v", machines)
	}
	for i, zone := range []string{"ap-northeast-2a", "ap-northeast-2c"} {
		m := machines[i]
		if m.Labels[cluster.LabelZone] != zone || m.Labels[cluster.LabelNodePool] != "" {
			t.Errorf("machine %d has labels %v", i, m.Labels)
		}
		// An m5.large under EKS: 29 pods, 70m of 2 cpu kept for the kubelet.
		if cpu, pods := m.Allocatable.Get(cluster.CPU), m.Allocatable.Get(cluster.Pods); cpu != 1930 || pods != 29 {
			t.Errorf("machine %d offers %dm cpu and %d pods, want 1930m and 29", i, cpu, pods)
		}
	}
	if _, err := Machines(c, "ap-northeast-2", nil); err == nil {
		t.Error("no zones is no error")
	}
}

package catalog

import (
	"slices"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
)

// TestFargateSizes: the cheapest size that holds a pod is the one that AWS rounds it
// up to.
func TestFargateSizes(t *testing.T) {
	types := Fargate("us-east-1", []string{"us-east-1a"})
	for _, c := range []struct {
		cpu, memory int64 // millicores, MiB
		want        string
	}{
		{0, 0, "fargate-0.25vcpu-0.5gb"},
		{250, 256, "fargate-0.25vcpu-0.5gb"},
		{250, 257, "fargate-0.25vcpu-1gb"},
		{100, 2 * 1024, "fargate-0.5vcpu-3gb"}, // a quarter of a core has 2 GiB at the most
		{500, 500, "fargate-0.5vcpu-1gb"},
		{1000, 8 * 1024, "fargate-2vcpu-9gb"},
		{3000, 1024, "fargate-4vcpu-8gb"},
		{5000, 17 * 1024, "fargate-8vcpu-20gb"},
		{9000, 60 * 1024, "fargate-16vcpu-64gb"},
		{16000, 120*1024 - 256, "fargate-16vcpu-120gb"},
		{16000, 120 * 1024, ""},
		{16001, 1024, ""},
	} {
		got := ""
		if i := slices.IndexFunc(types, func(x cluster.InstanceType) bool {
			return x.Allocatable.Get(cluster.CPU) >= c.cpu && x.Allocatable.Get(cluster.Memory) >= c.memory*mebi
		}); i >= 0 {
			got = types[i].Name
		}
		if got != c.want {
			t.Errorf("%dm, %d MiB: %q, want %q", c.cpu, c.memory, got, c.want)
		}
	}
}

func TestFargatePrices(t *testing.T) {
	types := Fargate("us-east-1", []string{"us-east-1a", "us-east-1b"})
	// Half a core and one GiB: 0.5 × 0.04048 + 1 × 0.004445.
	i := slices.IndexFunc(types, func(x cluster.InstanceType) bool { return x.Name == "fargate-0.5vcpu-1gb" })
	if o := types[i].Offerings; len(o) != 2 || o[1].Zone != "us-east-1b" || o[1].Price != 20_240+4_445 || o[1].Imputed {
		t.Errorf("half a core is sold as %+v", o)
	}
	if !Fargate("ap-northeast-2", []string{"ap-northeast-2a"})[0].Offerings[0].Imputed {
		t.Error("the price of Seoul is not marked as unverified")
	}
	if Fargate("mars-1", nil) != nil {
		t.Error("a price on Mars")
	}
}

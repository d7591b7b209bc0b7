package aws

import (
	"slices"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/awssim"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
	"github.com/ullage-sh/ullage/provider/simulated"
)

// small is an account that sells few types, so that it is quickly read, and whose
// descriptions trail far behind.
func small(t testing.TB, change func(*awssim.Config)) *account {
	t.Helper()
	all, err := catalog.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	few := all.Only(func(t catalog.Type) bool {
		return strings.HasPrefix(t.Name, "m5.") || strings.HasPrefix(t.Name, "m6g.")
	})
	delays := simulated.DefaultDelays()
	delays.LagMax = DefaultLag
	return newAccount(t, world.Config{Seed: 11, Catalog: few, Delays: delays}, change)
}

func request(token string, count int, from ...string) provider.CreateRequest {
	r := provider.CreateRequest{
		Token: token, Class: class(nil), Pool: "general", Count: count,
		Labels: cluster.Labels{"karpenter.sh/nodepool": "general"}, Taints: []cluster.Taint{cluster.UnregisteredTaint},
	}
	for _, text := range from {
		parts := strings.Split(text, "/")
		r.Offerings = append(r.Offerings, cluster.OfferingID{InstanceType: parts[0], Zone: parts[1], CapacityType: parts[2]})
	}
	return r
}

// alive are the ids of the machines that there really are, sorted.
func (a *account) alive() []string {
	var out []string
	a.Do(func(w *world.World) {
		for _, i := range w.Launches() {
			if i.Stopping == 0 && i.Terminated == 0 {
				out = append(out, i.ID)
			}
		}
	})
	slices.Sort(out)
	return out
}

func idsOf(r provider.CreateResult) []string {
	var out []string
	for _, i := range r.Instances {
		out = append(out, i.ID)
	}
	return out
}

// three is a request that takes three calls: the cheap Spot pools are short, the dear one
// is too, and on demand has the rest.
func three(t testing.TB, a *account) provider.CreateRequest {
	t.Helper()
	a.setRoom(t, simulated.Pattern{InstanceType: "m5.large", CapacityType: cluster.Spot}, 2)
	a.setRoom(t, simulated.Pattern{InstanceType: "m5.4xlarge", CapacityType: cluster.Spot}, 1)
	return request("three", 6, "m5.large/us-west-2a/spot", "m5.4xlarge/us-west-2a/spot", "m6g.large/us-west-2a/on-demand")
}

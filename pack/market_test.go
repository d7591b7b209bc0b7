package pack_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/pack"
)

// Dimensions of the test problems. Those of groups that keep apart come after.
const (
	cpu    int32 = iota // millicores
	memory              // bytes
	pods
	gpus
	numDims
)

// nodeCharge is what a node costs beside its price, as the operator reckons.
const nodeCharge = 2_500

// market is what a pool of the real catalogue sells.
type market struct {
	name   string
	types  func(cluster.InstanceType) bool
	spot   bool // beside on demand
	zones  bool // a zone of its own is a shape of its own, of kind 1 + zone
	merged bool // offerings that pods cannot tell apart are one shape
}

// general is the pool that the lab's walkthroughs use: c, m and r from the fifth
// generation on, amd64.
func general(t cluster.InstanceType) bool {
	return slices.Contains([]string{"c", "m", "r"}, t.Labels[catalog.LabelCategory]) &&
		t.Labels[catalog.LabelGeneration] > "4" && t.Labels[cluster.LabelArch] == "amd64"
}

func anyType(t cluster.InstanceType) bool { return t.Labels[cluster.LabelOS] == "linux" }

var (
	onDemand = market{name: "od", types: general, merged: true}
	withSpot = market{name: "spot", types: general, spot: true, merged: true}
	all      = market{name: "all", types: anyType, spot: true, merged: true}
	allOD    = market{name: "all-od", types: anyType, merged: true}
	zonal    = market{name: "zonal", types: general, zones: true, merged: true}
	unmerged = market{name: "unmerged", types: anyType, spot: true}
)

var zoneNames = []string{"ap-northeast-2a", "ap-northeast-2b", "ap-northeast-2c"}

// shapes returns what the market sells in ap-northeast-2. Kind 0 admits all.
func (m market) shapes(tb testing.TB) []pack.Shape {
	c, err := catalog.Embedded()
	if err != nil {
		tb.Fatal(err)
	}
	types, _, err := c.InstanceTypes("ap-northeast-2", catalog.DefaultSizing(), 1)
	if err != nil {
		tb.Fatal(err)
	}
	var out []pack.Shape
	for _, t := range types {
		if !m.types(t) {
			continue
		}
		cheapest := map[int32]int{} // by kind
		for _, o := range t.Offerings {
			kind := int32(0)
			if m.zones {
				kind = int32(1 + slices.Index(zoneNames, o.Zone))
			}
			if (o.CapacityType != cluster.OnDemand && !m.spot) || (m.zones && kind == 0) {
				continue
			}
			s := pack.Shape{Room: roomOf(t.Allocatable), Price: int64(o.Price), Kind: kind}
			if at, ok := cheapest[kind]; ok && m.merged {
				if s.Price < out[at].Price {
					out[at] = s
				}
				continue
			}
			cheapest[kind] = len(out)
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		tb.Fatalf("market %s sells nothing", m.name)
	}
	return out
}

// roomOf lays out what a node offers.
func roomOf(r cluster.Resources) []pack.Amount {
	gpu := int64(0)
	for _, a := range r {
		if strings.HasSuffix(a.Name, "/gpu") {
			gpu += a.Value
		}
	}
	room := []pack.Amount{{Dim: cpu, Value: r.Get(cluster.CPU)}, {Dim: memory, Value: r.Get(cluster.Memory)}, {Dim: pods, Value: r.Get(cluster.Pods)}}
	if gpu > 0 {
		room = append(room, pack.Amount{Dim: gpus, Value: gpu})
	}
	return room
}

// problem is items before a market. Kinds 0 (anywhere) and 1 … 3 (zones) are
// admitted by profiles 0 (anywhere) and 1 … 3.
func (m market) problem(tb testing.TB, items []pack.Item) *pack.Problem {
	p := &pack.Problem{Room: make([]int64, numDims), Items: items, Shapes: m.shapes(tb), NodeCharge: nodeCharge}
	for kind := range 4 {
		set := pack.NewSet(4)
		for profile := range 4 {
			if kind == 0 || profile == 0 || profile == kind {
				set.Add(profile)
			}
		}
		p.Admits = append(p.Admits, set)
	}
	return p
}

package compare

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/cluster/clustertest"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/solve"
)

func snapshot(t testing.TB, text string) *cluster.Snapshot {
	t.Helper()
	in, err := clustertest.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return cluster.NewSnapshot(in)
}

func TestFargate(t *testing.T) {
	snap := snapshot(t, `
type m.large cpu=8 mem=32Gi pods=50 price.on-demand=0.4 zones=a
pool default
pods web 3 cpu=500m mem=500Mi
pods gpu 1 cpu=500m mem=500Mi nvidia.com/gpu=1
pods port 1 cpu=500m mem=500Mi port=80
`)
	p := solve.Solve(snap, solve.Options{})
	r, ok := Fargate(p, "us-east-1")
	// Half a core and one GiB: 0.5 × 0.04048 + 1 × 0.004445.
	if want := 3 * cluster.Money(20_240+4_445); !ok || r.Price != want || r.Nodes != 3 || r.Unplaced != 2 || r.Imputed {
		t.Errorf("%+v %t, want a price of %s, 3 nodes, 2 pods that cannot run", r, ok, want)
	}
	if r, _ := Fargate(p, "ap-northeast-2"); !r.Imputed {
		t.Error("the price of Seoul is not marked as unverified")
	}
	if _, ok := Fargate(p, "mars-1"); ok {
		t.Error("a price on Mars")
	}
}

func TestFirstFit(t *testing.T) {
	const market = `
type small cpu=2 mem=8Gi pods=20 price.on-demand=0.10 zones=a,b
type large cpu=8 mem=32Gi pods=50 price.on-demand=0.38 zones=a,b
pool default
`
	for _, c := range []struct {
		name, pods      string
		price           cluster.Money
		nodes, unplaced int
		note            string
	}{
		{"nothing", "", 0, 0, 0, ""},
		{"one large node stays open", "pods web 7 cpu=1 mem=1Gi", 380_000, 1, 0, ""},
		{"the last node is small", "pods web 9 cpu=1 mem=1Gi", 480_000, 2, 0, ""},
		{"too large for any", "pods web 2 cpu=9 mem=1Gi", 0, 0, 2, ""},
		{"hosts first", "node n cpu=4 mem=8Gi pods=10\npods web 6 cpu=1 mem=1Gi", 100_000, 1, 0, ""},
		{"selection", "pods a 1 cpu=1 mem=1Gi selector=zone=a\npods b 1 cpu=1 mem=1Gi selector=zone=b", 200_000, 2, 0, ""},
		{"nowhere", "pods a 1 cpu=1 mem=1Gi selector=zone=c", 0, 0, 1, ""},
		{"apart", "pods a 2 cpu=1 mem=1Gi apart=kubernetes.io/hostname", 100_000, 1, 0,
			"ignores constraints between pods, ports and volumes of 2 pods, so it would need more"},
		{"apart on hosts", "node n cpu=4 mem=8Gi pods=10 label.kubernetes.io/hostname=n\npods a 2 cpu=1 mem=1Gi apart=kubernetes.io/hostname", 100_000, 1, 0,
			"ignores constraints between pods, ports and volumes of 1 pod, so it would need more"},
	} {
		r := FirstFit(snapshot(t, market+c.pods))
		want := Rival{Name: "first-fit-decreasing", Price: c.price, Nodes: c.nodes, Unplaced: c.unplaced, Note: c.note}
		if r != want {
			t.Errorf("%s:\n%+v, want\n%+v", c.name, r, want)
		}
	}
}

func TestNodeGroups(t *testing.T) {
	snap := snapshot(t, `
type m7i.large cpu=2 mem=8Gi pods=20 price.on-demand=0.10 zones=a,b
type m7i.xlarge cpu=4 mem=16Gi pods=20 price.on-demand=0.20 zones=a,b
type other.large cpu=4 mem=16Gi pods=20 price.on-demand=0.15 zones=a,b
pool default require=type;min=2
pods web 3 cpu=1500m mem=1Gi
pods big 1 cpu=3 mem=1Gi
`)
	var got []string
	for _, types := range [][]string{nil, {"other.large", "never.large"}} {
		for _, r := range NodeGroups(snap, types, solve.Options{}) {
			got = append(got, fmt.Sprintf("%s %s %d %d %s", r.Name, r.Price, r.Nodes, r.Unplaced, r.Note))
		}
	}
	want := []string{
		"node group of m7i.large $0.3000 3 1 ",
		"node group of m7i.xlarge $0.6000 3 0 ",
		"node group of other.large $0.4500 3 0 ",
		"node group of never.large $0.0000 0 4 no pool offers this type",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(snap.Offerings) != 6 || snap.Pools[0].Requirements[0].MinValues != 2 {
		t.Error("the snapshot was written to")
	}
}

// market is a random cluster without constraints that first fit ignores, and
// without nodes: which pods get their room decides how many are left over.
func market(t *rapid.T) string {
	var b strings.Builder
	for i := range rapid.IntRange(1, 5).Draw(t, "types") {
		fmt.Fprintf(&b, "type t%d.large cpu=%d mem=%dGi pods=%d price.on-demand=%.2f zones=a,b\n", i,
			rapid.IntRange(1, 16).Draw(t, "cpu"), rapid.IntRange(1, 64).Draw(t, "mem"), rapid.IntRange(3, 30).Draw(t, "pods"),
			float64(rapid.IntRange(5, 100).Draw(t, "price"))/100)
	}
	b.WriteString("pool default\n")
	for i := range rapid.IntRange(1, 6).Draw(t, "classes") {
		fmt.Fprintf(&b, "pods p%d %d cpu=%dm mem=%dMi", i, rapid.IntRange(1, 20).Draw(t, "count"),
			rapid.IntRange(1, 5000).Draw(t, "millis"), rapid.IntRange(1, 9000).Draw(t, "mib"))
		if rapid.Bool().Draw(t, "zonal") {
			b.WriteString(" selector=zone=a")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// TestFirstFitIsHonest: first fit runs the pods that the solver runs, and does not
// cost less than is proven to be the least.
func TestFirstFitIsHonest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in, err := clustertest.Parse(market(t))
		if err != nil {
			t.Fatal(err)
		}
		snap := cluster.NewSnapshot(in)
		if err := honest(FirstFit(snap), solve.Solve(snap, solve.Options{})); err != nil {
			t.Error(err)
		}
	})
}

func honest(r Rival, p *plan.Plan) error {
	if own := Self(p); r.Unplaced != own.Unplaced {
		return fmt.Errorf("%d pods without a place, the solver has %d", r.Unplaced, own.Unplaced)
	}
	if r.Price < p.Bound {
		return fmt.Errorf("%s is less than the bound of %s", r.Price, p.Bound)
	}
	return nil
}

// TestHonestMutants shows that the property notices a rival that looks too good.
func TestHonestMutants(t *testing.T) {
	snap := snapshot(t, "type a.large cpu=2 mem=8Gi pods=20 price.on-demand=0.10 zones=a\npool default\npods web 4 cpu=1 mem=1Gi\n")
	r, p := FirstFit(snap), solve.Solve(snap, solve.Options{})
	if err := honest(r, p); err != nil {
		t.Fatal(err)
	}
	cheap, lossy := r, r
	cheap.Price -= cheap.Price / 2
	lossy.Unplaced++
	for name, m := range map[string]Rival{"half the price": cheap, "a pod lost": lossy} {
		if honest(m, p) == nil {
			t.Errorf("%s is not noticed", name)
		}
	}
}

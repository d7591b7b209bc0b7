package clustertest_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/cluster/clustertest"
)

func parse(t *testing.T, script string) cluster.Input {
	t.Helper()
	in, err := clustertest.Parse(script)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func TestTypes(t *testing.T) {
	in := parse(t, `
		# a comment
		type m5.large cpu=2 mem=8Gi alloc.cpu=1930m nvidia.com/gpu=1 arch=arm64 label.family=m5 zones=a,b price.on-demand=0.118 price.spot=0.05 price.spot@b=0.04 soldout=spot@a imputed=spot reclaim.spot=70 # here too
		type other cpu=1 mem=1Gi price.on-demand=0.01 class=else`)
	got := in.Types[cluster.ClassRef{Group: "test.ullage.sh", Kind: "TestNodeClass", Name: "default"}]
	capacity := map[string]int64{cluster.CPU: 2000, cluster.Memory: 8 << 30, cluster.Pods: 110, "nvidia.com/gpu": 1}
	allocatable := map[string]int64{cluster.CPU: 1930, cluster.Memory: 8 << 30, cluster.Pods: 110, "nvidia.com/gpu": 1}
	want := []cluster.InstanceType{{
		Name:     "m5.large",
		Labels:   cluster.Labels{cluster.LabelArch: "arm64", cluster.LabelOS: "linux", "family": "m5"},
		Capacity: cluster.NewResources(capacity), Allocatable: cluster.NewResources(allocatable),
		Offerings: []cluster.Offering{
			{Zone: "a", CapacityType: cluster.OnDemand, Price: 118_000, Available: true},
			{Zone: "b", CapacityType: cluster.OnDemand, Price: 118_000, Available: true},
			{Zone: "a", CapacityType: cluster.Spot, Price: 50_000, Imputed: true, ReclaimPPM: 70},
			{Zone: "b", CapacityType: cluster.Spot, Price: 40_000, Imputed: true, ReclaimPPM: 70, Available: true},
		},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if n := len(in.Types); n != 2 {
		t.Errorf("%d node classes, want 2", n)
	}
}

func TestPools(t *testing.T) {
	in := parse(t, `pool p weight=10 limit.cpu=100 limit.nodes=0 taint=dedicated=db:NoSchedule startup-taint=warm:NoExecute label.team=x require=arch!=arm64 require=type;min=3 require=cores>=4 consolidate-after=30s expire-after=720h policy=WhenEmpty budget=10% budget=3 invalid=why`)
	got := in.Pools[0]
	want := &cluster.Pool{
		Name: "p", UID: "pool-p", Weight: 10, Class: cluster.ClassRef{Group: "test.ullage.sh", Kind: "TestNodeClass", Name: "default"},
		Labels: cluster.Labels{"team": "x"},
		Requirements: []cluster.Requirement{
			{Key: cluster.LabelArch, Operator: cluster.NotIn, Values: []string{"arm64"}},
			{Key: cluster.LabelInstanceType, Operator: cluster.Exists, MinValues: 3},
			{Key: "cores", Operator: cluster.Gte, Values: []string{"4"}},
		},
		Taints:        []cluster.Taint{{Key: "dedicated", Value: "db", Effect: cluster.NoSchedule}},
		StartupTaints: []cluster.Taint{{Key: "warm", Effect: cluster.NoExecute}},
		ExpireAfter:   720 * cluster.Hour, TerminationGracePeriod: cluster.Forever,
		Limits:           cluster.Resources{{Name: cluster.CPU, Value: 100_000}, {Name: cluster.NodesLimit, Value: 0}},
		ConsolidateAfter: 30 * cluster.Second, Policy: cluster.WhenEmpty,
		Budgets: []cluster.Budget{{Nodes: 10, Percent: true}, {Nodes: 3}}, Invalid: "why",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestPods(t *testing.T) {
	in := parse(t, `
		pods web 11 cpu=0.5 mem=1.5Gi selector=zone=a selector=disk affinity=arch=amd64,arm64&!gpu affinity=zone=b tolerate=dedicated=db:NoSchedule tolerate=other refused=a,b priority=5
		pods same 1 mem=1536Mi cpu=500m selector=disk selector=zone=a affinity=arch=amd64,arm64&!gpu affinity=zone=b tolerate=dedicated=db:NoSchedule tolerate=other refused=a,b
		pods bound 1 node=n1 bare tolerate=*
		pods agent 1 node=n1 daemon=agent ns=kube-system
		pods odd 1 gated untried deleting do-not-disrupt`)
	if len(in.Pods) != 15 {
		t.Fatalf("%d pods, want 15", len(in.Pods))
	}
	web, same, bound, agent, odd := in.Pods[10], in.Pods[11], in.Pods[12], in.Pods[13], in.Pods[14]
	if web.ID() != "default/web-10" || in.Pods[0].ID() != "default/web-00" || web.Priority != 5 || !web.Provisionable() {
		t.Errorf("web: %+v", web)
	}
	if web.Demand != same.Demand {
		t.Errorf("equal demands are not one:\n%s\n%s", web.Demand.Key, same.Demand.Key)
	}
	want := cluster.Demand{
		Key:      web.Demand.Key,
		Requests: cluster.NewResources(map[string]int64{cluster.CPU: 500, cluster.Memory: 1536 << 20, cluster.Pods: 1}),
		Selector: cluster.Term{{Key: cluster.LabelZone, Operator: cluster.In, Values: []string{"a"}}, {Key: "disk", Operator: cluster.Exists}},
		Affinity: []cluster.Term{
			{{Key: cluster.LabelArch, Operator: cluster.In, Values: []string{"amd64", "arm64"}}, {Key: "gpu", Operator: cluster.DoesNotExist}},
			{{Key: cluster.LabelZone, Operator: cluster.In, Values: []string{"b"}}},
		},
		Tolerations: []cluster.Toleration{{Key: "dedicated", Value: "db", Effect: cluster.NoSchedule}, {Key: "other", Operator: cluster.Exists}},
		Refused:     []string{"a", "b"},
	}
	if !reflect.DeepEqual(*web.Demand, want) {
		t.Errorf("got  %+v\nwant %+v", *web.Demand, want)
	}
	if bound.Node != "n1" || bound.Phase != cluster.Running || bound.Owner.Kind != "" || !bound.ToleratesDisrupted {
		t.Errorf("bound: %+v", bound)
	}
	if !agent.Daemon() || agent.Namespace != "kube-system" {
		t.Errorf("agent: %+v", agent)
	}
	if odd.Provisionable() || !odd.Gated || odd.UnschedulableSince != 0 || !odd.Deleting() || odd.ProtectedUntil != cluster.Never {
		t.Errorf("odd: %+v", odd)
	}
}

func TestNodes(t *testing.T) {
	snap := cluster.NewSnapshot(parse(t, `
		type large cpu=2 mem=8Gi price.on-demand=0.10 price.spot=0.04 zones=a,b
		pool default
		daemonset agent cpu=100m
		node mine type=large pool=default zone=b capacity-type=spot label.disk=ssd
		node young type=large pool=default young notready
		node loose cpu=4 mem=1Gi pods=3 cordoned
		claim coming type=large pool=default`))
	want := []struct {
		name, claim, closed string
		pool                int
		inFlight            bool
		price               cluster.Money
		cpu                 int64
	}{
		{"coming", "coming", "", 0, true, 100_000, 1900},
		{"loose", "", "", -1, false, 0, 4000},
		{"mine", "claim-mine", "", 0, false, 40_000, 1900},
		{"young", "claim-young", "", 0, true, 100_000, 1900},
	}
	if len(snap.Hosts) != len(want) {
		t.Fatalf("%d hosts, want %d", len(snap.Hosts), len(want))
	}
	for i, w := range want {
		h := snap.Hosts[i]
		if h.Name != w.name || h.Claim != w.claim || h.Closed != w.closed || h.Pool != w.pool || h.InFlight != w.inFlight || h.Price != w.price || h.Free[0] != w.cpu {
			t.Errorf("got %+v, want %+v", h, w)
		}
	}
	mine := snap.Hosts[2].Labels
	for key, v := range map[string]string{
		"disk": "ssd", cluster.LabelZone: "b", cluster.LabelCapacityType: cluster.Spot, cluster.LabelInstanceType: "large",
		cluster.LabelNodePool: "default", cluster.LabelHostname: "mine", cluster.LabelArch: "amd64",
	} {
		if mine[key] != v {
			t.Errorf("label %s is %q, want %q", key, mine[key], v)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, x := range []struct{ script, want string }{
		{"\n\nfoo x", "line 3: foo x: no such object"},
		{"pods", "line 1: pods : a name is missing"},
		{"pods web", "want pods NAME COUNT"},
		{"pods web many", `the count "many" is not a number`},
		{"pods web -1", `the count "-1" is not a number`},
		{"pods web 1 cpu=1x", `cpu: "1x" is not an amount`},
		{"pods web 1 mem=-1Gi", `memory: "-1Gi" is not an amount`},
		{"pods web 1 mem=99999999999Ti", "too large"},
		{"pods web 1 colour=red", `unknown option "colour"`},
		{"pods web 1 selector==a", "the label's key is missing"},
		{"pods web 1 tolerate=a:Never", "is not a toleration"},
		{"pods web 1 priority=high", "invalid syntax"},
		{"type t cpu=1 mem=1Gi", "no price"},
		{"type t cpu=1 price.on-demand=cheap", "is not a price"},
		{"type t cpu=1 price.on-demand=1 price.spot@a=1", "price.spot@a: no such offering"},
		{"type t cpu=1 price.on-demand=1 zones=a price.on-demand@b=1", "price.on-demand@b: no such offering"},
		{"type t cpu=1 price.on-demand=1 alloc.foo=1", "alloc.foo: no such resource"},
		{"pool p taint=x", "is not a taint"},
		{"pool p require=type;min=x", `min="x" is not a number`},
		{"pool p expire-after=soon", "is not a duration"},
		{"pool p budget=half", "is not a budget"},
		{"node n type=t", `type "t" is not defined above`},
		{"node n pool=p cpu=1", `pool "p" is not defined above`},
		{"node n", "no size"},
		{"pool p\nclaim c pool=p", "line 2: claim c: a claim needs pool= and type="},
	} {
		_, err := clustertest.Parse(x.script)
		if err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%q: got error %v, want %q", x.script, err, x.want)
		}
	}
}

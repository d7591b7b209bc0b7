package view_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/cluster/clustertest"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/view"
)

const now = clustertest.Born + cluster.Instant(cluster.Hour)

func ago(d cluster.Duration) cluster.Instant { return now - cluster.Instant(d) }

func parse(t *testing.T, script string) cluster.Input {
	t.Helper()
	in, err := clustertest.Parse(script)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func node(t *testing.T, f view.Frame, name string) view.Node {
	t.Helper()
	i := slices.IndexFunc(f.Nodes, func(n view.Node) bool { return n.Name == name })
	if i < 0 {
		t.Fatalf("the frame holds no node %s: %+v", name, f.Nodes)
	}
	return f.Nodes[i]
}

const market = `
type m.large  cpu=2 mem=8Gi  pods=29 price.on-demand=0.1 price.spot=0.04 zones=eu-1a,eu-1b imputed=spot
type m.xlarge cpu=4 mem=16Gi pods=58 price.on-demand=0.2 zones=eu-1a,eu-1b
pool default
`

func TestFrameAddsUp(t *testing.T) {
	in := parse(t, market+`
daemonset net cpu=100m
node n1 type=m.xlarge pool=default zone=eu-1a
node n2 type=m.large pool=default zone=eu-1b capacity-type=spot
node own cpu=8 mem=32Gi pods=110
claim c3 pool=default type=m.large zone=eu-1a
pods web 3 cpu=1 mem=2Gi node=n1
pods net 1 cpu=100m node=n1 daemon=net
pods db 1 cpu=500m mem=1Gi node=n2
pods old 1 cpu=500m node=n2 deleting
pods wait 4 cpu=1
pods gate 2 cpu=1 gated
pods new 1 cpu=1 untried
`)
	in.Pods[0].Phase = cluster.Pending // bound, its image is being pulled
	in.Pods[1].Phase = cluster.Failed  // ended: holds nothing
	in.Pods[4].Phase = cluster.Running // db
	in.Promised = map[string]string{}
	for _, p := range in.Pods {
		switch p.Name {
		case "wait-0":
			in.Promised[p.UID] = "c3"
		case "wait-1":
			in.Promised[p.UID] = "n1"
		}
	}
	f := view.NewFrame(now, in, engine.Status{Synced: true, Unplaced: 3}, view.Story{})

	if want := (view.Pods{Total: 11, Running: 2, Starting: 1, Terminating: 1, Waiting: 4, Unplaced: 3, Unscheduled: 3, Daemons: 1}); f.Pods != want {
		t.Errorf("pods: %+v, want %+v", f.Pods, want)
	}
	n1 := node(t, f, "n1")
	if want := (view.Use{Requested: 2100, Promised: 1000, Allocatable: 4000}); n1.CPU != want {
		t.Errorf("n1: cpu %+v, want %+v: two pods that have not ended, a daemon, and a pod that waits", n1.CPU, want)
	}
	if n1.Pods != 2 || n1.Daemons != 1 || n1.Expected != 1 {
		t.Errorf("n1: %d pods, %d daemons and %d to come, want 2, 1 and 1", n1.Pods, n1.Daemons, n1.Expected)
	}
	n2 := node(t, f, "n2")
	if want := (view.Use{Requested: 1100, Allocatable: 2000}); n2.CPU != want {
		t.Errorf("n2: cpu %+v, want %+v: two pods and the daemon that has yet to come", n2.CPU, want)
	}
	if n2.InstanceType != "m.large" || n2.Zone != "eu-1b" || n2.CapacityType != "spot" || n2.Pool != "default" || n2.Claim != "claim-n2" {
		t.Errorf("n2 is %+v", n2)
	}
	c3 := node(t, f, "c3")
	if want := (view.Use{Requested: 100, Promised: 1000, Allocatable: 2000}); c3.CPU != want {
		t.Errorf("c3: cpu %+v, want %+v: the daemon, and the pod that waits for it", c3.CPU, want)
	}
	if c3.Expected != 1 || c3.State != view.Booting {
		t.Errorf("c3: %s for %d pods, want Booting for 1", c3.State, c3.Expected)
	}
	for name, want := range map[string]string{"n1": "$0.2000", "n2": "~$0.0400", "own": "?", "c3": "$0.1000"} {
		if got := node(t, f, name).Price.String(); got != want {
			t.Errorf("%s costs %s, want %s", name, got, want)
		}
	}
	if got := f.Price.String(); got != "~$0.3400+?" {
		t.Errorf("all cost %s, want ~$0.3400+?", got)
	}
	// The daemon is expected on own, too.
	if want := (view.Use{Requested: 2100 + 1100 + 100 + 100, Promised: 2000, Allocatable: 16000}); f.CPU != want {
		t.Errorf("cpu in all: %+v, want %+v", f.CPU, want)
	}
	if want := []view.Count{{State: view.Booting, Nodes: 1}, {State: view.Ready, Nodes: 2}, {State: view.Empty, Nodes: 1}}; !slices.Equal(f.States, want) {
		t.Errorf("states: %v, want %v", f.States, want)
	}
}

// TestStates follows one node through its life.
func TestStates(t *testing.T) {
	set := func(c *cluster.Claim, kind, status, message string, since cluster.Instant) {
		c.Conditions = append(c.Conditions, cluster.Condition{Type: kind, Status: status, Message: message, Since: since})
	}
	reserve := func(c *cluster.Claim, n *cluster.Node) { n.Taints = append(n.Taints, cluster.ReservedTaint(c.Name)) }
	for _, x := range []struct {
		name, script string
		change       func(c *cluster.Claim, n *cluster.Node) // n is nil without a node
		state        view.State
		since        cluster.Instant
		why          string
		promised     string // where the first pod has been put
	}{
		{name: "asked for", script: "claim x pool=default type=m.large", state: view.Launching, since: ago(9), change: func(c *cluster.Claim, _ *cluster.Node) {
			c.Conditions, c.ProviderID, c.UID, c.Created = nil, "", "", ago(9)
		}},
		{name: "cannot be launched", script: "claim x pool=default type=m.large", state: view.Launching, since: ago(9), why: "quota exceeded", change: func(c *cluster.Claim, _ *cluster.Node) {
			c.Conditions, c.ProviderID, c.Created = nil, "", ago(9)
			set(c, cluster.Launched, "Unknown", "quota\nexceeded", ago(5))
		}},
		{name: "booting", script: "claim x pool=default type=m.large", state: view.Booting, since: clustertest.Born},
		{name: "registered", script: "node x type=m.large pool=default young notready", state: view.Registered, since: ago(7), why: "Node status is NotReady", change: func(c *cluster.Claim, n *cluster.Node) {
			n.Created = ago(7)
			set(c, cluster.Initialized, "Unknown", "Node status is NotReady", ago(6))
		}},
		{name: "empty since it is ready", script: "node x type=m.large pool=default", state: view.Empty, since: clustertest.Born},
		{name: "empty since a pod left", script: "node x type=m.large pool=default", state: view.Empty, since: ago(4), change: func(c *cluster.Claim, _ *cluster.Node) {
			c.LastPodEvent = ago(4)
		}},
		{name: "a daemon does not fill it", script: "node x type=m.large pool=default\npods net 1 cpu=1 node=x daemon=net", state: view.Empty, since: clustertest.Born},
		{name: "ready", script: "node x type=m.large pool=default\npods web 1 cpu=1 node=x", state: view.Ready, since: ago(3), change: func(_ *cluster.Claim, n *cluster.Node) {
			n.ReadySince = ago(3)
		}},
		{name: "a pod is on its way", script: "node x type=m.large pool=default\npods web 1 cpu=1", state: view.Ready, since: clustertest.Born, promised: "x"},
		{name: "reserved", script: "node x type=m.large pool=default\npods web 1 cpu=1", state: view.Ready, since: clustertest.Born, why: "reserved for 1 pod", promised: "x", change: reserve},
		{name: "reserved for others' sake", script: "node x type=m.large pool=default\npods web 1 cpu=1 node=x", state: view.Ready, since: clustertest.Born, why: "reserved until others have found their nodes", change: reserve},
		{name: "cordoned", script: "node x type=m.large pool=default cordoned", state: view.Cordoned},
		{name: "not ready", script: "node x type=m.large pool=default notready", state: view.NotReady, since: ago(2), change: func(_ *cluster.Claim, n *cluster.Node) {
			n.ReadySince = ago(2)
		}},
		{name: "lost", script: "node x type=m.large pool=default notready", state: view.NotReady, since: clustertest.Born, why: "its kubelet no longer answers", change: func(_ *cluster.Claim, n *cluster.Node) {
			n.HeartbeatIsGone = true
		}},
		{name: "tainted", script: "node x type=m.large pool=default", state: view.Draining, why: "about to be given back", change: func(_ *cluster.Claim, n *cluster.Node) {
			n.Taints = append(n.Taints, cluster.DisruptedTaint)
		}},
		{name: "draining", script: "node x type=m.large pool=default deleting\npods web 1 cpu=1 node=x", state: view.Draining, since: ago(8), change: func(c *cluster.Claim, _ *cluster.Node) {
			c.DeletingAt = ago(8)
			set(c, cluster.Drained, "Unknown", "Draining", ago(8))
		}},
		{name: "detaching", script: "node x type=m.large pool=default deleting", state: view.Draining, since: clustertest.Born, why: "volumes are still attached", change: func(c *cluster.Claim, _ *cluster.Node) {
			set(c, cluster.Drained, "True", "", ago(5))
			set(c, cluster.VolumesDetached, "Unknown", "", ago(5))
		}},
		{name: "terminating", script: "node x type=m.large pool=default deleting", state: view.Terminating, since: ago(4), change: func(c *cluster.Claim, _ *cluster.Node) {
			set(c, cluster.Drained, "True", "", ago(5))
			set(c, cluster.VolumesDetached, "True", "", ago(4))
		}},
		{name: "given up while booting", script: "claim x pool=default type=m.large deleting", state: view.Terminating, since: clustertest.Born},
		{name: "nobody's", script: "node x cpu=2 mem=8Gi pods=20", state: view.Empty},
		{name: "nobody's, deleted", script: "node x cpu=2 mem=8Gi pods=20 deleting", state: view.Draining, since: clustertest.Born},
	} {
		t.Run(x.name, func(t *testing.T) {
			in := parse(t, market+x.script)
			var c *cluster.Claim
			var n *cluster.Node
			if len(in.Claims) > 0 {
				c = in.Claims[0]
			}
			if len(in.Nodes) > 0 {
				n = in.Nodes[0]
			}
			if x.change != nil {
				x.change(c, n)
			}
			if x.promised != "" {
				in.Promised = map[string]string{in.Pods[0].UID: x.promised}
			}
			f := view.NewFrame(now, in, engine.Status{}, view.Story{})
			got := node(t, f, "x")
			if got.State != x.state || got.Since != x.since || got.Why != x.why {
				t.Errorf("%s since %d: %q, want %s since %d: %q", got.State, got.Since, got.Why, x.state, x.since, x.why)
			}
		})
	}
}

// TestFrameIsOrdered: records in any order give the same frame, and a frame shows
// each node once.
func TestFrameIsOrdered(t *testing.T) {
	var b strings.Builder
	b.WriteString(market)
	for i := range 40 {
		fmt.Fprintf(&b, "node n%02d type=m.xlarge pool=default\npods web%02d %d cpu=500m node=n%02d\n", i, i, i%4, i)
	}
	b.WriteString("claim young pool=default type=m.large\npods wait 9 cpu=1\n")
	in := parse(t, b.String())
	in.Claims[7].Created += cluster.Instant(3 * cluster.Second)
	want := view.NewFrame(now, in, engine.Status{}, view.Story{})
	if len(want.Nodes) != 41 || want.Nodes[40].Name != "n07" {
		t.Fatalf("%d nodes, the last is %s; want 41, and n07, the youngest", len(want.Nodes), want.Nodes[40].Name)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		rng.Shuffle(len(in.Pods), func(i, j int) { in.Pods[i], in.Pods[j] = in.Pods[j], in.Pods[i] })
		rng.Shuffle(len(in.Nodes), func(i, j int) { in.Nodes[i], in.Nodes[j] = in.Nodes[j], in.Nodes[i] })
		rng.Shuffle(len(in.Claims), func(i, j int) { in.Claims[i], in.Claims[j] = in.Claims[j], in.Claims[i] })
		if got := view.NewFrame(now, in, engine.Status{}, view.Story{}); !reflect.DeepEqual(got, want) {
			t.Fatalf("another order gives another frame:\n%+v\nwant\n%+v", got, want)
		}
	}
}

// TestBareClaimBesideNode: a claim without an instance is not the node that
// happens to have its name and no provider id.
func TestBareClaimBesideNode(t *testing.T) {
	in := parse(t, market+"claim x pool=default type=m.large\nnode x cpu=2 mem=8Gi pods=20\n")
	in.Claims[0].ProviderID, in.Claims[0].Conditions = "", nil
	in.Nodes[0].ProviderID = ""
	f := view.NewFrame(now, in, engine.Status{}, view.Story{})
	if want := []view.Count{{State: view.Launching, Nodes: 1}, {State: view.Empty, Nodes: 1}}; !slices.Equal(f.States, want) {
		t.Errorf("states: %v, want %v", f.States, want)
	}
}

func TestNothing(t *testing.T) {
	f := view.NewFrame(now, cluster.Input{}, engine.Status{Suspended: "held by\x1b[31m somebody"}, view.Story{})
	if len(f.Nodes) != 0 || f.Price.String() != "$0.0000" || f.Pods != (view.Pods{}) {
		t.Errorf("a frame of nothing is %+v", f)
	}
	if f.Suspended != "held by [31m somebody" {
		t.Errorf("suspended: %q; control characters must not reach a terminal", f.Suspended)
	}
}

func BenchmarkNewFrame(b *testing.B) {
	var s strings.Builder
	s.WriteString(market)
	for i := range 1000 {
		fmt.Fprintf(&s, "node n%03d type=m.xlarge pool=default\npods web%03d 10 cpu=300m node=n%03d\n", i, i, i)
	}
	in, err := clustertest.Parse(s.String())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		view.NewFrame(now, in, engine.Status{}, view.Story{})
	}
}

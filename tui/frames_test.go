package tui

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/view"
)

// The frames that the tests draw.

const (
	start = cluster.Instant(1_700_000_000 * int64(cluster.Second))
	noon  = start + cluster.Instant(40*cluster.Second)
)

func before(d cluster.Duration) cluster.Instant { return noon - cluster.Instant(d) }

// add puts a node into a frame and into its sums.
func add(f *view.Frame, n view.Node) {
	f.Nodes = append(f.Nodes, n)
	f.CPU = sum(f.CPU, n.CPU)
	f.Memory = sum(f.Memory, n.Memory)
	f.Price = f.Price.Plus(n.Price)
	for i := range f.States {
		if f.States[i].State == n.State {
			f.States[i].Nodes++
			return
		}
	}
	f.States = append(f.States, view.Count{State: n.State, Nodes: 1})
	slices.SortFunc(f.States, func(a, b view.Count) int { return cmp.Compare(a.State, b.State) })
}

func sum(a, b view.Use) view.Use {
	return view.Use{Requested: a.Requested + b.Requested, Promised: a.Promised + b.Promised, Allocatable: a.Allocatable + b.Allocatable}
}

// worker is a node of m7i.2xlarge that is full to a share in percent.
func worker(name string, full int64, state view.State, since cluster.Duration) view.Node {
	return view.Node{
		Name: name, Claim: name, Pool: "default", InstanceType: "m7i.2xlarge", Zone: "ap-northeast-2a", CapacityType: "on-demand",
		Price:  view.Price{PerHour: 495_600},
		CPU:    view.Use{Requested: 7910 * full / 100, Allocatable: 7910},
		Memory: view.Use{Requested: (29 << 30) * full / 120, Allocatable: 29 << 30},
		Pods:   int(full / 13), Daemons: 2, State: state, Since: before(since), Created: before(since + 50*cluster.Second),
	}
}

// busy is a scale-out half way: every state, an estimate, an unknown price.
func busy() view.Frame {
	f := view.Frame{At: noon, Synced: true}
	add(&f, worker("ip-10-0-1-17.ap-northeast-2.compute.internal", 97, view.Ready, 5*cluster.Minute))
	add(&f, worker("ip-10-0-1-204.ap-northeast-2.compute.internal", 88, view.Ready, 4*cluster.Minute))
	n := worker("ip-10-0-2-9.ap-northeast-2.compute.internal", 41, view.Ready, 70*cluster.Second)
	n.Zone, n.CapacityType, n.Price = "ap-northeast-2b", "spot", view.Price{PerHour: 148_700, Imputed: true}
	add(&f, n)
	n = worker("ip-10-0-3-66.ap-northeast-2.compute.internal", 0, view.Empty, 12*cluster.Second)
	n.CPU.Requested, n.Pods = 190, 0
	add(&f, n)
	n = worker("metal-in-the-cellar", 63, view.NotReady, 25*cluster.Hour)
	n.Claim, n.Pool, n.InstanceType, n.Zone, n.CapacityType = "", "", "", "", ""
	n.Price, n.Why = view.Price{Unknown: 1}, "its kubelet no longer answers"
	add(&f, n)
	n = worker("ip-10-0-1-80.ap-northeast-2.compute.internal", 20, view.Draining, 9*cluster.Second)
	n.InstanceType = "c7i-flex.4xlarge"
	add(&f, n)
	for i, state := range []view.State{view.Registered, view.Booting, view.Launching} {
		n = worker(fmt.Sprintf("default-%07d", 4711*(i+1)), 0, state, cluster.Duration(9-3*i)*cluster.Second)
		n.CPU.Requested, n.CPU.Promised, n.Memory.Promised, n.Expected, n.Pods = 190, 7000, 20<<30, 7, 0
		n.Created = before(10 * cluster.Second)
		if state == view.Registered {
			n.Name = "ip-10-0-2-31.ap-northeast-2.compute.internal"
			n.Why = "Node status is NotReady"
			n.CPU.Requested, n.CPU.Promised, n.Pods, n.Expected = 2190, 5000, 2, 5
		}
		add(&f, n)
	}
	f.Pods = view.Pods{Total: 62, Running: 31, Starting: 7, Terminating: 1, Waiting: 22, Unplaced: 1, Unscheduled: 1, Daemons: 14}
	f.Story = view.Story{
		Start: start,
		Plan: &view.Plan{At: before(10 * cluster.Second), Nodes: 3, New: 21, Unplaced: 1,
			Cost: view.Price{PerHour: 1_486_800}, Bound: 1_447_700, Gap: 0.027},
		Lines: []view.Line{
			{Number: 1, At: start, Count: 1, Text: "scaling inflate from 40 to 62 pods"},
			{Number: 2, At: before(10 * cluster.Second), Count: 1, Text: "planned 22 pods: 21 on 3 new nodes, 1 nowhere: $1.4868 per hour, bound $1.4477, gap 2.7 %"},
			{Number: 3, At: before(10 * cluster.Second), Count: 1, Text: "buying 3 × m7i.2xlarge ap-northeast-2a on-demand for 21 pods, $1.4868 per hour (pool default, 59 alternatives)"},
			{Number: 4, At: before(10 * cluster.Second), Count: 1, Warning: true, Text: "Pod default/giant-0 fits nowhere: 2,214 offerings: resources (cpu 1000 wanted, at most 191.4 free); 8 nodes: closed; 6 offerings: taint (dedicated=db:NoSchedule)"},
			{Number: 5, At: before(8 * cluster.Second), Count: 3, Text: "launched 3 nodes: 3 × m7i.2xlarge ap-northeast-2a on-demand, $1.4868 per hour"},
			{Number: 6, At: before(1500 * cluster.Millisecond), Count: 1, Text: "node ip-10-0-2-31.ap-northeast-2.compute.internal registered"},
		},
	}
	return f
}

// crowd is a cluster of so many nodes at rest, and one that is not.
func crowd(n int) view.Frame {
	f := view.Frame{At: noon, Synced: true}
	for i := range n {
		x := worker(fmt.Sprintf("default-%04d", i), int64(50+i*7%50), view.Ready, cluster.Duration(i)*cluster.Minute)
		if i == n/2 {
			x.State, x.Since = view.Draining, before(5*cluster.Second)
		}
		add(&f, x)
		f.Pods.Total += x.Pods
		f.Pods.Running += x.Pods
	}
	f.Story = view.Story{Start: start, Lines: []view.Line{{Number: 1, At: noon, Count: 1, Text: "node default-0500: Disrupting NodeClaim"}}}
	return f
}

// odd holds what nobody should do, and somebody will.
func odd() view.Frame {
	f := view.Frame{At: noon, Synced: true}
	n := worker("a-node-with-a-name-that-is-as-long-as-kubernetes-allows-names-to-be-"+
		"which-is-two-hundred-and-fifty-three-characters-and-so-does-not-fit-anywhere-at-all-1", 140, view.Ready, 400*24*cluster.Hour)
	n.Pool = "a-pool-that-was-named-by-a-committee"
	add(&f, n)
	n = worker("節点の名前はとても長いです", 50, view.Cordoned, 0)
	n.Since, n.Pool = 0, "通常"
	add(&f, n)
	n = worker("size-unknown", 0, view.Launching, 3*cluster.Second)
	n.CPU, n.Memory, n.Price, n.Zone, n.CapacityType, n.InstanceType = view.Use{}, view.Use{}, view.Price{Unknown: 1}, "", "", ""
	n.Why = "容量が足りません。別のゾーンを試してください。容量が足りません。別のゾーンを試してください。"
	add(&f, n)
	f.Pods = view.Pods{Total: 10, Running: 10}
	f.Story = view.Story{Start: start, Lines: []view.Line{
		{Number: 1, At: before(90 * cluster.Minute), Text: "before the start"},
		{Number: 2, At: noon, Warning: true, Text: "NodeClaim x: LaunchFailed: 容量が足りません。別のゾーンを試してください。" + "averylongwordwithoutanyspaceinitthatcannotbebrokenanywhereelsethaninitsmiddle"},
	}}
	return f
}

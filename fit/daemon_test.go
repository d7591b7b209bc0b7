package fit

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// A node that is bought for a pod is of no use to it if a DaemonSet takes its port
// there first.
func TestPortsOfDaemonSetsAreTaken(t *testing.T) {
	port := []cluster.HostPort{{Protocol: "TCP", Port: 9100}}
	requests := cluster.NewResources(map[string]int64{cluster.Pods: 1})
	class := cluster.ClassRef{Name: "class"}
	pool := func(name string, taints ...cluster.Taint) *cluster.Pool {
		return &cluster.Pool{Name: name, Class: class, Taints: taints}
	}
	tainted := cluster.Taint{Key: "agents", Effect: cluster.NoSchedule}
	arrived := &cluster.Pod{UID: "d", Namespace: "ns", Name: "d", Node: "arrived", Owner: cluster.Owner{Kind: "DaemonSet", UID: "ds"}, Demand: &cluster.Demand{Requests: requests}}
	in := cluster.Input{
		Types: map[cluster.ClassRef][]cluster.InstanceType{class: {{Name: "type", Allocatable: cluster.NewResources(map[string]int64{cluster.Pods: 10}),
			Offerings: []cluster.Offering{{Zone: "a", CapacityType: cluster.OnDemand, Price: 1, Available: true}}}}},
		Pools:   []*cluster.Pool{pool("agents", tainted), pool("plain")},
		Daemons: []*cluster.DaemonSet{{UID: "ds", Demand: &cluster.Demand{Key: "ds", Requests: requests, Ports: port}}},
		Pods: []*cluster.Pod{arrived, {UID: "p", Namespace: "ns", Name: "p", UnschedulableSince: 1, Demand: &cluster.Demand{
			Key: "p", Requests: requests, Ports: port, Tolerations: []cluster.Toleration{{Operator: cluster.Exists}}}}},
	}
	for _, name := range []string{"arrived", "coming"} {
		in.Nodes = append(in.Nodes, &cluster.Node{Name: name, Ready: true, Allocatable: cluster.NewResources(map[string]int64{cluster.Pods: 10})})
	}
	snap := cluster.NewSnapshot(in)
	w := New(snap)
	v := w.View(0)
	// The DaemonSet's pod on the first node has no port, whatever its set says now.
	if got := [2]plan.Constraint{v.Node(0), v.Node(1)}; got != [2]plan.Constraint{0, plan.HostPorts} {
		t.Errorf("on nodes with and without the daemon: %v", got)
	}
	// It does not tolerate the taint of the first pool.
	if got := [2]plan.Constraint{v.Offering(0), v.Offering(1)}; got != [2]plan.Constraint{0, plan.HostPorts} {
		t.Errorf("on offerings of a pool without and with the daemon: %v", got)
	}
	if bought := w.Buy(1); w.View(0).Node(bought) != plan.HostPorts {
		t.Error("a node that was bought has the port free")
	}
}

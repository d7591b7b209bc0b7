package engine

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
)

var groundClass = cluster.ClassRef{Group: "ullage.sh", Kind: "TestClass", Name: "default"}

// grounded is an engine that has made a ground of one pool with one node.
func grounded() *Engine {
	opts := DefaultOptions()
	opts.Kinds = []string{"ullage.sh/TestClass"}
	e := New(opts)
	e.Step(1, []Event{
		PoolChanged{Name: "pool", Pool: &cluster.Pool{Name: "pool", UID: "pool", Class: groundClass, ConsolidateAfter: cluster.Minute}},
		groundClaim("one", "i-one"), groundNode("on-one", "i-one", true),
	})
	e.standsOn()
	return e
}

func groundClaim(name, instance string) ClaimChanged {
	room := cluster.NewResources(map[string]int64{cluster.CPU: 2000, cluster.Pods: 10})
	return ClaimChanged{name, &cluster.Claim{Name: name, UID: name, Pool: "pool", Class: groundClass, ProviderID: instance, Capacity: room, Allocatable: room,
		Conditions: []cluster.Condition{{Type: cluster.Initialized, Status: "True"}}}}
}

func groundNode(name, instance string, ready bool) NodeChanged {
	room := cluster.NewResources(map[string]int64{cluster.CPU: 2000, cluster.Pods: 10})
	return NodeChanged{name, &cluster.Node{Name: name, UID: name, ProviderID: instance, Ready: ready, Capacity: room, Allocatable: room}}
}

// TestNamesakes: a claim and a node of one name that are not the same host are two hosts,
// whichever of them comes first and whichever changes.
func TestNamesakes(t *testing.T) {
	node, claim := groundNode("same", "i-other", true), groundClaim("same", "")
	for name, steps := range map[string][]Event{
		"together":   nil,
		"node first": {node, claim, claim, node},
		"claim first": {claim, node, node, claim,
			NodeChanged{Name: "same"}, node, ClaimChanged{Name: "same"}, claim},
		"they become one": {claim, node, groundClaim("same", "i-other")},
	} {
		t.Run(name, func(t *testing.T) {
			e := grounded()
			if steps == nil {
				e.Step(2, []Event{claim, node})
			}
			for i, ev := range steps {
				e.Step(cluster.Instant(2+i), []Event{ev})
				if wrong := e.Check(true); wrong != "" {
					t.Fatalf("after step %d: %s", i, wrong)
				}
			}
			if wrong := e.Check(true); wrong != "" {
				t.Error(wrong)
			}
		})
	}
}

// TestTwoClaimsOfOneInstance: what becomes of the node counts for both of them.
func TestTwoClaimsOfOneInstance(t *testing.T) {
	e := grounded()
	for i, ev := range []Event{
		groundClaim("two", "i-one"), groundNode("on-one", "i-one", false), groundNode("on-one", "i-one", true),
		NodeChanged{Name: "on-one"}, groundNode("on-one", "i-one", true), ClaimChanged{Name: "two"}, groundNode("on-one", "i-one", false),
	} {
		e.Step(cluster.Instant(2+i), []Event{ev})
		if wrong := e.Check(true); wrong != "" {
			t.Errorf("after step %d: %s", i, wrong)
		}
	}
}

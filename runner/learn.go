package runner

import (
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// lessons are what the provider is told of nodes: how much memory their kubelets found. A
// node says what it has, its claim which image that is with; either may be seen first.
type lessons struct {
	learn  func(instanceType, image string, memory int64)
	nodes  map[string]*cluster.Node  // by name
	claims map[string]*cluster.Claim // by the name of their node
	told   map[lesson]bool
}

// lesson is that nodes of a type with an image have so much memory, bytes.
type lesson struct {
	instanceType, image string
	memory              int64
}

func newLessons(learn func(instanceType, image string, memory int64)) *lessons {
	return &lessons{learn: learn, nodes: map[string]*cluster.Node{}, claims: map[string]*cluster.Claim{}, told: map[lesson]bool{}}
}

// hear takes in what was observed.
func (l *lessons) hear(events []engine.Event) {
	for _, e := range events {
		switch e := e.(type) {
		case engine.NodeChanged:
			if e.Node == nil {
				delete(l.nodes, e.Name)
			} else {
				l.nodes[e.Name] = e.Node
				l.tell(e.Name)
			}
		case engine.ClaimChanged:
			switch c := e.Claim; {
			case c == nil || c.NodeName == "":
			case c.DeletingAt != 0: // one that goes says so first
				delete(l.claims, c.NodeName)
			default:
				l.claims[c.NodeName] = c
				l.tell(c.NodeName)
			}
		}
	}
}

// tell passes on what is known of a node once both sides have been seen. The name may have
// been another machine's before.
func (l *lessons) tell(node string) {
	n, c := l.nodes[node], l.claims[node]
	if n == nil || c == nil || n.ProviderID != c.ProviderID {
		return
	}
	x := lesson{n.Labels[cluster.LabelInstanceType], c.ImageID, n.Capacity.Get(cluster.Memory)}
	if x.instanceType == "" || x.image == "" || x.memory <= 0 || l.told[x] {
		return
	}
	l.told[x] = true
	l.learn(x.instanceType, x.image, x.memory)
}

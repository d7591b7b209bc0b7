package runner

import (
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// lessons are what the provider is told of nodes: how much memory their kubelets found. A
// node says what it has, its claim which image that is with; either may be seen first.
type lessons struct {
	learn  func(instanceType, image string, memory int64)
	nodes  map[string]*cluster.Node  // by provider id
	claims map[string]*cluster.Claim // likewise
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
			// One that goes says so first.
			if n := e.Node; n != nil && n.DeletingAt != 0 {
				delete(l.nodes, n.ProviderID)
			} else if n != nil && n.ProviderID != "" {
				l.nodes[n.ProviderID] = n
				l.tell(n.ProviderID)
			}
		case engine.ClaimChanged:
			if c := e.Claim; c != nil && c.DeletingAt != 0 {
				delete(l.claims, c.ProviderID)
			} else if c != nil && c.ProviderID != "" {
				l.claims[c.ProviderID] = c
				l.tell(c.ProviderID)
			}
		}
	}
}

// tell passes on what is known of a node once both sides have been seen.
func (l *lessons) tell(providerID string) {
	n, c := l.nodes[providerID], l.claims[providerID]
	if n == nil || c == nil {
		return
	}
	x := lesson{n.Labels[cluster.LabelInstanceType], c.ImageID, n.Capacity.Get(cluster.Memory)}
	if x.instanceType == "" || x.image == "" || x.memory <= 0 || l.told[x] {
		return
	}
	l.told[x] = true
	l.learn(x.instanceType, x.image, x.memory)
}

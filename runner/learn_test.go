package runner

import (
	"fmt"
	"slices"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// TestLessons: the provider is told of a node when its claim is known too, whichever comes
// first, and once of nodes that are alike.
func TestLessons(t *testing.T) {
	var told []string
	l := newLessons(func(instanceType, image string, memory int64) {
		told = append(told, fmt.Sprint(instanceType, " ", image, " ", memory))
	})
	node := func(id, instanceType string, memory int64) engine.Event {
		return engine.NodeChanged{Name: id, Node: &cluster.Node{
			Name: id, ProviderID: "aws:///a/" + id, Labels: cluster.Labels{cluster.LabelInstanceType: instanceType},
			Capacity: cluster.NewResources(map[string]int64{cluster.Memory: memory}),
		}}
	}
	claim := func(id, image string) engine.Event {
		return engine.ClaimChanged{Name: id, Claim: &cluster.Claim{Name: id, NodeName: id, ProviderID: "aws:///a/" + id, ImageID: image}}
	}
	l.hear([]engine.Event{node("i-1", "m5.large", 100), engine.NodeChanged{Name: "gone"}, engine.ClaimChanged{Name: "gone"}})
	if len(told) != 0 {
		t.Errorf("told %q of a node whose image nobody knows", told)
	}
	l.hear([]engine.Event{claim("i-1", "ami-1"), claim("i-2", "ami-2"), node("i-2", "m5.large", 100)})
	l.hear([]engine.Event{claim("i-3", "ami-2"), node("i-3", "m5.large", 100), node("i-1", "m5.large", 100)}) // nothing new
	l.hear([]engine.Event{claim("i-4", "ami-2"), node("i-4", "m5.large", 0), node("i-4", "m5.large", 90)})    // it says later what it has
	if want := []string{"m5.large ami-1 100", "m5.large ami-2 100", "m5.large ami-2 90"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	// A machine that has the name of another one teaches nothing of that one's image.
	other := node("i-4", "m5.large", 80).(engine.NodeChanged)
	other.Node.ProviderID = "aws:///a/i-5"
	if l.hear([]engine.Event{other}); len(told) != 3 {
		t.Errorf("told %q of a machine without a claim", told[3:])
	}
	for k := range 4 {
		id := fmt.Sprint("i-", k+1)
		c := claim(id, "ami-1").(engine.ClaimChanged)
		c.Claim.DeletingAt = 1
		l.hear([]engine.Event{engine.NodeChanged{Name: id}, c})
	}
	if len(l.nodes)+len(l.claims) != 0 {
		t.Errorf("of nodes that are gone it remembers %d, of claims %d", len(l.nodes), len(l.claims))
	}
}

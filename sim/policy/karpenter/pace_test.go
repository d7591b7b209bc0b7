package karpenter

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/cluster/clustertest"
	"github.com/ullage-sh/ullage/repack"
)

const twoNodes = `
type large cpu=2 mem=8Gi pods=29 price.on-demand=0.10
type huge cpu=8 mem=32Gi pods=58 price.on-demand=0.40
pool default
node n1 type=huge pool=default
pods a 3 cpu=500m mem=1Gi node=n1
`

func input(t *testing.T, script string, after cluster.Duration) repack.Input {
	t.Helper()
	in, err := clustertest.Parse(script)
	if err != nil {
		t.Fatal(err)
	}
	return repack.Input{Input: in, Now: clustertest.Born.Add(cluster.Hour + after)}
}

// TestPace: what is found waits for as long as Karpenter thinks, then for 15 seconds, and
// is begun if it still holds; then there is another look.
func TestPace(t *testing.T) {
	const think = simulationBase + simulationPerNode
	l := loop{}
	r, again := l.disrupt(input(t, twoNodes, 0))
	if len(r.Actions) > 0 || again != clustertest.Born.Add(cluster.Hour+think+validateAfter) {
		t.Fatalf("%d actions at once, the next look at %d", len(r.Actions), again)
	}
	if r, early := l.disrupt(input(t, twoNodes, cluster.Second)); len(r.Actions) > 0 || early != again {
		t.Fatalf("asked early: %d actions, the next look at %d", len(r.Actions), early)
	}
	r, again = l.disrupt(input(t, twoNodes, think+validateAfter))
	if len(r.Actions) != 1 || len(r.Actions[0].Creates) != 1 || r.Actions[0].Hosts[0] != "n1" {
		t.Fatalf("when it has been checked: %s", r.Text())
	}
	if want := clustertest.Born.Add(cluster.Hour + think + validateAfter + cluster.Second); again != want {
		t.Errorf("the next look is at %d, want %d", again, want)
	}
}

// TestValidation: what has changed meanwhile is not begun.
func TestValidation(t *testing.T) {
	for name, later := range map[string]string{
		"a pod must not be moved":  twoNodes + "pods b 1 cpu=500m mem=1Gi node=n1 do-not-disrupt\n",
		"the pods fill a dear one": twoNodes + "pods b 9 cpu=500m mem=1Gi node=n1\n",
		"there is room elsewhere":  twoNodes + "node n2 type=large pool=default\n",
	} {
		t.Run(name, func(t *testing.T) {
			l := loop{}
			_, again := l.disrupt(input(t, twoNodes, 0))
			in := input(t, later, 0)
			in.Now = again
			if r, _ := l.disrupt(in); len(r.Actions) > 0 {
				t.Errorf("begun all the same: %s", r.Text())
			}
		})
	}
}

// TestTimeouts: candidates for which there is no time are not looked at.
func TestTimeouts(t *testing.T) {
	p := newPass(input(t, twoNodes, 0), Options{})
	if c, looked := p.single(0); c != nil || looked != 0 {
		t.Errorf("without time for any, %d were looked at", looked)
	}
	if c, looked := p.single(1); c == nil || looked != 1 {
		t.Errorf("with time for one, %d were looked at", looked)
	}
}

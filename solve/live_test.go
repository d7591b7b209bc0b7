package solve_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/cluster/clustertest"
	"github.com/ullage-sh/ullage/fit"
	"github.com/ullage-sh/ullage/plan"
)

// TestViewsStayTrue: a view that was taken at any time says the same as one of a world
// that was made anew with all that is there in the end.
func TestViewsStayTrue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		script := drawTopology(t)
		in, err := clustertest.Parse(script)
		if err != nil {
			t.Fatalf("%v\n%s", err, script)
		}
		snap := cluster.NewSnapshot(in)
		if len(snap.Classes) == 0 || len(snap.Offerings) == 0 {
			return
		}
		pick := func(what string, n int) int { return rapid.IntRange(0, n-1).Draw(t, what) }
		w := fit.New(snap)
		var bought []int
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			class := pick("class", len(snap.Classes))
			switch pick("step", 5) {
			case 0:
				w.View(class) // taken early, before what comes
			case 1:
				o := pick("offering", len(snap.Offerings))
				bought = append(bought, o)
				w.Buy(o)
			case 2, 3:
				if w.Nodes() > 0 {
					w.Place(class, pick("node", w.Nodes()), int32(1+pick("pods", 2)))
				}
			case 4:
				if n := w.Nodes(); n > 0 {
					if at := pick("node", n); w.View(class).Holds(at) {
						w.Remove(class, at)
					}
				}
			}
		}
		fresh := fit.New(snap)
		for _, o := range bought {
			fresh.Buy(o)
		}
		for at := range w.Nodes() {
			for _, p := range w.Placed(at) {
				fresh.Place(p.Class, at, p.Pods)
			}
		}
		for class := range snap.Classes {
			if err := alikeViews(w, w.View(class), fresh.View(class), len(snap.Offerings)); err != "" {
				t.Fatalf("class %d: %s\n%s", class, err, script)
			}
		}
	})
}

// alikeViews compares what two views say of all nodes and offerings.
func alikeViews(w *fit.World, x, y *fit.View, offerings int) string {
	differ := func(what string, at int, a, b plan.Constraint) string {
		if a == b {
			return ""
		}
		return what + " " + string(rune('0'+at)) + ": " + a.String() + ", made anew " + b.String()
	}
	for at := range w.Nodes() {
		if s := differ("node", at, x.Node(at), y.Node(at)); s != "" {
			return s
		}
		if x.Holds(at) {
			if s := differ("stands on", at, x.Stands(at), y.Stands(at)); s != "" {
				return s
			}
		}
	}
	for o := range offerings {
		if s := differ("offering", o, x.Offering(o), y.Offering(o)); s != "" {
			return s
		}
	}
	return ""
}

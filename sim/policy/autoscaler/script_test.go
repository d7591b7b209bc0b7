package autoscaler_test

import (
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/cluster/clustertest"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/repack"
	"github.com/ullage-sh/ullage/sim/policy/autoscaler"
)

// TestScripts runs testdata/*.txt: clusters in the language of package clustertest.
//
//	groups      writes the node groups
//	provision   writes the plan for the pods that wait
//	unneeded    writes the nodes that are not needed, and where their pods would go
//
// go test ./sim/policy/autoscaler -run Scripts -rewrite writes it into the files.
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			records, err := clustertest.Parse(d.Input)
			if err != nil {
				return "error: " + err.Error() + "\n"
			}
			s := cluster.NewSnapshot(records)
			switch d.Cmd {
			case "groups":
				var b strings.Builder
				for _, g := range autoscaler.Groups(s) {
					b.WriteString(s.Pools[s.Offerings[g].Pool].Name + " " + s.Offerings[g].ID.String() + "\n")
				}
				return b.String()
			case "provision":
				return autoscaler.Provision(s).Text()
			case "unneeded":
				r := plan.Repacking{Actions: autoscaler.Unneeded(repack.Input{Input: records, Now: clustertest.Born.Add(cluster.Hour)})}
				text, _, _ := strings.Cut(r.Text(), "cost ")
				return text
			}
			t.Fatalf("%s: unknown directive %q", d.Pos, d.Cmd)
			return ""
		})
	})
}

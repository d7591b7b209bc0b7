package karpenter_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/cluster/clustertest"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/repack"
	"github.com/ullage-sh/ullage/sim/policy/karpenter"
)

// TestScripts runs testdata/*.txt: clusters in the language of package clustertest.
//
//	provision [types=N] [ignore-preferences]
//	    writes the plan for the pods that wait.
//	disrupt [spot-to-spot] [keep=NODE]
//	    writes the command and the method that has found it.
//
// go test ./sim/policy/karpenter -run Scripts -rewrite writes it into the files.
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			records, err := clustertest.Parse(d.Input)
			if err != nil {
				return "error: " + err.Error() + "\n"
			}
			o, kept := karpenter.Options{}, map[string]string{}
			for _, a := range d.CmdArgs {
				switch a.Key {
				case "types":
					d.ScanArgs(t, a.Key, &o.MaxTypes)
				case "ignore-preferences":
					o.IgnorePreferences = true
				case "spot-to-spot":
					o.SpotToSpot = true
				case "keep":
					kept[strings.Join(a.Vals, "")] = "kept"
				default:
					t.Fatalf("%s: unknown argument %q", d.Pos, a.Key)
				}
			}
			switch d.Cmd {
			case "provision":
				return karpenter.Provision(cluster.NewSnapshot(records), o).Text()
			case "disrupt":
				return described(karpenter.Disrupt(repack.Input{Input: records, Now: clustertest.Born.Add(cluster.Hour), Kept: kept}, o))
			}
			t.Fatalf("%s: unknown directive %q", d.Pos, d.Cmd)
			return ""
		})
	})
}

func described(c *karpenter.Command) string {
	if c == nil {
		return "nothing\n"
	}
	r := plan.Repacking{Actions: []plan.Action{c.Action}}
	text, _, _ := strings.Cut(r.Text(), "cost ")
	for _, x := range c.Action.Creates {
		text += fmt.Sprintf("  as one of %v\n", x.Offerings)
	}
	return string(c.Method) + ": " + text
}

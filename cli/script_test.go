package cli_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/ullage-sh/ullage/cli"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/cluster/clustertest"
	"github.com/ullage-sh/ullage/solve"
)

// TestScripts runs testdata/*.txt: clusters in the language of package clustertest,
// and what people read about them.
//
//	plan      the text of a plan
//	json      the JSON of a plan
//	explain pod=NAME | node=NAME
//	          the explanation, of the cluster before if none is given
//
// go test ./cli -run Scripts -rewrite writes what comes out into the files.
func TestScripts(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no scripts in testdata: %v", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			var r *cli.Report
			datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
				if d.Input != "" {
					r = report(t, d)
				}
				var b strings.Builder
				var err error
				switch d.Cmd {
				case "plan":
					err = r.Text(&b)
				case "json":
					err = r.JSON(&b, []string{"noted"})
				case "explain":
					var name, text string
					for _, key := range []string{"pod", "node"} {
						if d.HasArg(key) {
							d.ScanArgs(t, key, &name)
						}
					}
					text, err = r.Explain(name, "default")
					b.WriteString(text)
				default:
					t.Fatalf("%s: unknown directive %q", d.Pos, d.Cmd)
				}
				if err != nil {
					return "error: " + err.Error() + "\n"
				}
				return b.String()
			})
		})
	}
}

func report(t *testing.T, d *datadriven.TestData) *cli.Report {
	in, err := clustertest.Parse(d.Input)
	if err != nil {
		t.Fatalf("%s: %v", d.Pos, err)
	}
	snap := cluster.NewSnapshot(in)
	opt := solve.Options{NodeCharge: 10_000}
	return cli.NewReport("test-1", &in, snap, solve.Solve(snap, opt), opt.NodeCharge)
}

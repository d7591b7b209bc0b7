package repack_test

import (
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/cluster/clustertest"
	"github.com/ullage-sh/ullage/repack"
)

// TestScripts runs testdata/*.txt: clusters in the language of package clustertest,
// and what becomes of their nodes.
//
//	repack [keep=NODE=WHY] [least-ppm=N] [charge-millis=N] [keep-local-storage]
//	    writes the actions, why the other nodes stay, and the bound.
//
// What comes out is checked ([check]). go test ./repack -run Scripts -rewrite writes
// it into the files.
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd != "repack" {
				t.Fatalf("%s: unknown directive %q", d.Pos, d.Cmd)
			}
			records, err := clustertest.Parse(d.Input)
			if err != nil {
				return "error: " + err.Error() + "\n"
			}
			in, opt := repack.Input{Input: records, Now: clustertest.Born}, repack.Options{}
			for _, a := range d.CmdArgs {
				key, value, _ := strings.Cut(strings.Join(a.Vals, ","), "=")
				switch a.Key {
				case "keep":
					if in.Kept == nil {
						in.Kept = map[string]string{}
					}
					in.Kept[key] = value
				case "keep-local-storage":
					opt.KeepLocalStorage = true
				case "least-ppm":
					d.ScanArgs(t, a.Key, &opt.LeastSaving)
				case "charge-millis":
					var millis int64
					d.ScanArgs(t, a.Key, &millis)
					opt.Solve.NodeCharge = cluster.Money(millis) * cluster.USD / 1000
				default:
					t.Fatalf("%s: unknown argument %q", d.Pos, a.Key)
				}
			}
			r := repack.Repack(in, opt)
			if err := check(in, r); err != nil {
				t.Errorf("%s: %v", d.Pos, err)
			}
			return r.Text()
		})
	})
}

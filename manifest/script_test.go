package manifest_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/manifest"
)

// TestScripts runs testdata/*.txt: inputs, and what is read from them.
//
//	read [namespace=NAME] [demand]
//
// reads the input as stdin and writes every pod (with what it demands, if asked),
// every other record by name, and the notes or the mistakes. To write what comes
// out into the files: go test ./manifest -run Scripts -rewrite
func TestScripts(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no scripts in testdata: %v", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
				if d.Cmd != "read" {
					t.Fatalf("%s: unknown directive %q", d.Pos, d.Cmd)
				}
				opt := manifest.Options{Stdin: strings.NewReader(d.Input)}
				if d.HasArg("namespace") {
					d.ScanArgs(t, "namespace", &opt.Namespace)
				}
				o, err := manifest.Read([]string{manifest.Stdin}, opt)
				if err != nil {
					var mistakes manifest.Errors
					if !errors.As(err, &mistakes) {
						return "not a mistake in the input: " + err.Error() + "\n"
					}
					return err.Error() + "\n"
				}
				return describe(o, d.HasArg("demand"))
			})
		})
	}
}

func describe(o *manifest.Objects, demand bool) string {
	var b strings.Builder
	for _, p := range o.Pods {
		fmt.Fprintf(&b, "pod %s", p.ID())
		if p.Node != "" {
			fmt.Fprintf(&b, " on %s", p.Node)
		}
		if p.Provisionable() {
			b.WriteString(" waits")
		}
		if p.Owner.Kind != "" {
			fmt.Fprintf(&b, " of %s %s", p.Owner.Kind, p.Owner.Name)
		}
		if p.Priority != 0 {
			fmt.Fprintf(&b, " priority %d", p.Priority)
		}
		b.WriteByte('\n')
		if demand {
			describeDemand(&b, p.Demand)
		}
	}
	names := []string{}
	for _, d := range o.Daemons {
		names = append(names, "DaemonSet "+d.Namespace+"/"+d.Name+" "+d.UID+" "+amounts(d.Demand.Requests))
	}
	for _, n := range o.Nodes {
		names = append(names, fmt.Sprintf("Node %s ready=%t", n.Name, n.Ready))
	}
	for _, p := range o.Pools {
		names = append(names, "NodePool "+p.Name+" of "+p.Class.String())
	}
	for _, c := range o.Claims {
		names = append(names, "NodeClaim "+c.Name)
	}
	for _, c := range o.Classes {
		names = append(names, fmt.Sprintf("%s zones=%v %s", c.Ref, c.Zones, c.Spec))
	}
	for _, p := range o.Budgets {
		names = append(names, fmt.Sprintf("PodDisruptionBudget %s/%s allowed=%d %s", p.Namespace, p.Name, p.Allowed, p.Why))
	}
	for _, g := range o.Gangs {
		names = append(names, fmt.Sprintf("PodGroup %s least=%d", g.ID(), g.Least))
	}
	for _, c := range o.PersistentVolumeClaims {
		names = append(names, "PersistentVolumeClaim "+c.Namespace+"/"+c.Name+" of class "+c.StorageClass)
	}
	slices.Sort(names)
	for _, n := range names {
		b.WriteString(n + "\n")
	}
	if o.Region != "" {
		b.WriteString("region " + o.Region + "\n")
	}
	for _, n := range o.Notes {
		b.WriteString("note: " + n + "\n")
	}
	return b.String()
}

func describeDemand(b *strings.Builder, d *cluster.Demand) {
	fmt.Fprintf(b, "    %s\n", amounts(d.Requests))
	for _, r := range d.Selector {
		fmt.Fprintf(b, "    selector %s %s %v\n", r.Key, r.Operator, r.Values)
	}
	for _, t := range d.Tolerations {
		fmt.Fprintf(b, "    tolerates %s %s %s %s\n", t.Key, t.Operator, t.Value, t.Effect)
	}
	for _, p := range d.Ports {
		fmt.Fprintf(b, "    host port %s %d\n", p.Protocol, p.Port)
	}
	for _, v := range d.Volumes {
		fmt.Fprintf(b, "    volume %s\n", v.Claim)
	}
	for _, r := range d.Refused {
		fmt.Fprintf(b, "    refused %s\n", r)
	}
}

func amounts(r cluster.Resources) string {
	parts := make([]string, len(r))
	for i, a := range r {
		parts[i] = a.Name + "=" + cluster.FormatAmount(a.Name, a.Value)
	}
	return strings.Join(parts, " ")
}

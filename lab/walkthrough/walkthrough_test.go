package walkthrough_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/lab/attached"
	"github.com/ullage-sh/ullage/lab/kubectl"
	"github.com/ullage-sh/ullage/lab/walkthrough"
)

// The test binary is kubectl and the operator too, as ullage-lab is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "operator" {
		attached.Main(os.Args[2:])
	}
	if len(os.Args) > 1 && os.Args[1] == "kubectl" {
		if err := kubectl.Main(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestLabs runs every walkthrough of labs/.
func TestLabs(t *testing.T) {
	files, err := filepath.Glob("../../labs/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no walkthroughs found: %v", err)
	}
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			var transcript strings.Builder
			err := walkthrough.Run(context.Background(), file, walkthrough.Options{Kubectl: []string{os.Args[0], "kubectl"}, Operator: []string{os.Args[0], "operator"}, Out: &transcript})
			if err != nil {
				t.Errorf("%v\n%s", err, transcript.String())
			}
		})
	}
}

// A script that asks for what must not happen fails: the commands can fail.
func TestScriptsCanFail(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	dir := t.TempDir()
	for name, script := range map[string]string{
		"until":    "until 300ms 'no such thing' kubectl get nodes",
		"during":   "! during 300ms 'NAME' kubectl get namespaces",
		"empty":    "until 300ms '^$' kubectl get namespaces",
		"kubectl":  "kubectl get unicorns",
		"rests":    "rests 2s 300ms",
		"freeze":   "freeze no-such-node",
		"setting":  "# lab: colour=blue",
		"shortage": "shortage not-a-pattern 3",
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(dir, name+".txt")
			if err := os.WriteFile(file, []byte("# lab: bare\n"+script+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			var transcript strings.Builder
			err := walkthrough.Run(context.Background(), file, walkthrough.Options{Kubectl: []string{os.Args[0], "kubectl"}, Operator: []string{os.Args[0], "operator"}, Out: &transcript})
			if err == nil {
				t.Errorf("passed:\n%s", transcript.String())
			}
		})
	}
}

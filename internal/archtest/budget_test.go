package archtest

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write the modules that cmd/ullage is made of to testdata, for review")

const (
	budgetFile   = "testdata/cmd-ullage.modules"
	budgetUpdate = "go test ./internal/archtest -run TestBudget -rewrite"
)

// carriesServer are packages that no review lets into the operator's binary.
// (Client code shares some small packages of k8s.io/apiserver, such as
// authentication/user; they are harmless.)
var carriesServer = []string{
	"k8s.io/kubernetes", "go.etcd.io",
	"k8s.io/apiserver/pkg/server", "k8s.io/apiserver/pkg/endpoints", "k8s.io/apiserver/pkg/registry", "k8s.io/apiserver/pkg/storage",
}

// TestBudget compares the modules that cmd/ullage is made of with the list that
// was reviewed.
func TestBudget(t *testing.T) {
	_, err := os.Stat(root + "/cmd/ullage")
	if errors.Is(err, fs.ErrNotExist) {
		t.Log("cmd/ullage does not exist yet: nothing to weigh; once it does, this test wants " + budgetFile)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	packages, modules := dependencies(t)
	for _, p := range packages {
		if carries(p) {
			t.Errorf("cmd/ullage carries a piece of a control plane: %s (find out how with: go mod why %s)", p, p)
		}
	}
	if *rewrite {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(budgetFile, []byte(strings.Join(modules, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	text, err := os.ReadFile(budgetFile)
	if err != nil {
		t.Fatalf("the modules of cmd/ullage have not been reviewed: %v\nlist them with: %s", err, budgetUpdate)
	}
	if d := diff(strings.Fields(string(text)), modules); len(d) > 0 {
		t.Errorf("cmd/ullage is made of other modules than %s says:\n%s\nIf that is meant, rewrite the list and let it be reviewed: %s",
			budgetFile, strings.Join(d, "\n"), budgetUpdate)
	}
}

// dependencies lists the packages from elsewhere that cmd/ullage is made of on
// linux, and their modules, both sorted.
func dependencies(t *testing.T) (packages, modules []string) {
	t.Helper()
	const format = `{{with .Module}}{{if not .Main}}{{$.ImportPath}} {{.Path}}{{end}}{{end}}`
	cmd := exec.Command("go", "list", "-deps", "-f", format, "./cmd/ullage")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, stderr.String())
	}
	for line := range strings.Lines(string(out)) {
		if p, m, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			packages, modules = append(packages, p), append(modules, m)
		}
	}
	if len(packages) == 0 {
		t.Fatalf("%s names no package from elsewhere: the check looks at nothing", cmd)
	}
	slices.Sort(packages)
	slices.Sort(modules)
	return packages, slices.Compact(modules)
}

func carries(importPath string) bool {
	return slices.ContainsFunc(carriesServer, func(root string) bool { return below(importPath, root) })
}

// diff of two sorted lists, as lines that begin with + or −.
func diff(old, now []string) []string {
	var out []string
	for _, m := range old {
		if !slices.Contains(now, m) {
			out = append(out, "- "+m)
		}
	}
	for _, m := range now {
		if !slices.Contains(old, m) {
			out = append(out, "+ "+m)
		}
	}
	slices.SortFunc(out, func(a, b string) int { return strings.Compare(a[2:], b[2:]) })
	return out
}

func TestBudgetMutants(t *testing.T) {
	got := diff([]string{"a", "b", "d"}, []string{"a", "c", "d"})
	if want := []string{"- b", "+ c"}; !slices.Equal(got, want) {
		t.Errorf("diff: got %q, want %q", got, want)
	}
	for path, want := range map[string]bool{
		"k8s.io/kubernetes/pkg/kubelet":               true,
		"go.etcd.io/etcd/client/v3":                   true,
		"k8s.io/apiserver/pkg/server/options":         true,
		"k8s.io/apiserver/pkg/authentication/user":    false,
		"k8s.io/apiserver/pkg/storagefoo":             false,
		"sigs.k8s.io/controller-runtime/pkg/manager":  false,
		"k8s.io/kubernetes-sigs/something/else/again": false,
	} {
		if carries(path) != want {
			t.Errorf("carries(%s) = %v", path, !want)
		}
	}
}

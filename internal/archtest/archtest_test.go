package archtest

import (
	"os"
	"strings"
	"testing"
)

// root of the repository, seen from this folder.
const root = "../.."

func projectRules(t *testing.T) *rules {
	t.Helper()
	r, err := newRules(houses, walls, core, coreAllows)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestArrows checks the project against its own architecture.
func TestArrows(t *testing.T) {
	gomod, err := os.ReadFile(root + "/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if first, _, _ := strings.Cut(string(gomod), "\n"); first != "module "+module {
		t.Fatalf("go.mod begins with %q, want \"module %s\": the checks would look at nothing", first, module)
	}
	tree, err := load(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.packages["cluster"].files) == 0 {
		t.Fatal("cluster has no files: the checks look at nothing")
	}
	for _, broken := range projectRules(t).check(tree) {
		t.Error(broken)
	}
}

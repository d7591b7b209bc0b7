package nodeclass

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/ullage-sh/ullage/cluster"
)

// guide is docs/aws.md.
func guide(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/aws.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestGuide: the class that the guide has people write is ready on an account that is
// tagged as the guide says, and it names each reason for which one is not.
func TestGuide(t *testing.T) {
	text := guide(t)
	_, rest, ok := strings.Cut(text, "apiVersion: karpenter.k8s.aws/v1")
	object, _, ok2 := strings.Cut(rest, "---")
	if !ok || !ok2 {
		t.Fatal("the guide has no EC2NodeClass")
	}
	object = strings.ReplaceAll(strings.ReplaceAll(object, "$CLUSTER", "shop"), "\n    ", "\n")
	var class struct{ Spec json.RawMessage }
	if err := yaml.Unmarshal([]byte(object), &class); err != nil {
		t.Fatal(err)
	}
	if ok, why := newAccount(t).resolve(t, cluster.NodeClass{Ref: ref("default"), Spec: string(class.Spec)}).Ready(); !ok {
		t.Errorf("the guide's class is not ready: %s", why)
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	reasons := 0
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		source, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`f\.add\([\w.]+, "(\w+)"`).FindAllStringSubmatch(string(source), -1) {
			if reasons++; !strings.Contains(text, m[1]) && m[1] != "NodeClassTerminating" {
				t.Errorf("%s: the guide does not name the reason %s", f, m[1])
			}
		}
	}
	if reasons < 20 {
		t.Errorf("only %d reasons were found", reasons)
	}
}

package cases_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/ullage-sh/ullage/bench/cases"
	"github.com/ullage-sh/ullage/bench/record"
)

// small is a number of pods at which each case still has all that it is about.
const small = 40

func write(t *testing.T, in *record.Input) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "input.json")
	if err := in.Write(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestSeed: the same seed makes the same bytes, another one others.
func TestSeed(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range cases.All() {
		if seen[c.Name] {
			t.Errorf("two cases are called %s", c.Name)
		}
		seen[c.Name] = true
		build := func(seed uint64) []byte {
			in, err := c.MakeSized(seed, small)
			if err != nil {
				t.Fatal(err)
			}
			in.Seed = 0 // it is in the file, and is not what is compared
			return write(t, in)
		}
		one, again, two := build(1), build(1), build(2)
		if !bytes.Equal(one, again) {
			t.Errorf("%s: the same seed made two different inputs", c.Name)
		}
		if bytes.Equal(one, two) {
			t.Errorf("%s: another seed made the same input", c.Name)
		}
	}
}

// TestPublished: a case and its variant without imputed prices have the same pods
// before different types.
func TestPublished(t *testing.T) {
	in := map[string]*record.Input{}
	for _, c := range cases.All() {
		if c.Name == "lognormal-1000" || c.Name == "lognormal-1000-published" {
			var err error
			if in[c.Name], err = c.Make(1); err != nil {
				t.Fatal(err)
			}
		}
	}
	all, published := in["lognormal-1000"], in["lognormal-1000-published"]
	for i, p := range all.Pods {
		if q := published.Pods[i]; p.UID != q.UID || !p.Spec.Containers[0].Resources.Requests.Cpu().Equal(*q.Spec.Containers[0].Resources.Requests.Cpu()) {
			t.Fatalf("pod %d differs", i)
		}
	}
	imputed := func(in *record.Input) (n int) {
		for _, t := range in.Types {
			for _, o := range t.Offerings {
				if o.Imputed {
					n++
				}
			}
		}
		return n
	}
	if imputed(published) != 0 || imputed(all) == 0 || len(published.Types) < 100 {
		t.Errorf("%d imputed offerings of %d types, published: %d of %d", imputed(all), len(all.Types), imputed(published), len(published.Types))
	}
}

// TestShapes: the cases that are about numbers of classes have them.
func TestShapes(t *testing.T) {
	for _, c := range cases.All() {
		var pods, want int
		switch c.Name {
		case "classes-1000000":
			pods, want = 2000, 500
		case "shapes-100000":
			pods, want = c.Pods, 50_000
		default:
			continue
		}
		in, err := c.MakeSized(1, pods)
		if err != nil {
			t.Fatal(err)
		}
		type shape struct {
			app         string
			cpu, memory int64
		}
		distinct := map[shape]bool{}
		for _, p := range in.Pods {
			q := p.Spec.Containers[0].Resources.Requests
			distinct[shape{p.Labels["app"], q.Cpu().MilliValue(), q.Memory().Value()}] = true
		}
		if len(distinct) != want {
			t.Errorf("%s: %d distinct shapes, want %d", c.Name, len(distinct), want)
		}
	}
}

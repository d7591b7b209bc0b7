package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// Fuzzing beyond the corpus that is kept in testdata/fuzz.corpus, and keeping what it
// found to be interesting:
//
//	go test ./manifest -run '^$' -fuzz FuzzRead -fuzztime 5m -fuzzminimizetime 10x
//	go test ./manifest -run '^$' -fuzz FuzzSplit -fuzztime 5m -fuzzminimizetime 10x
//	go test ./manifest -run TestCorpus -keep $(go env GOCACHE)/fuzz/github.com/ullage-sh/ullage/manifest
var keep = flag.String("keep", "", "folder of fuzzing to write testdata/fuzz.corpus from")

const corpus = "testdata/fuzz.corpus"

// seeds are inputs of all forms: the examples, and the scripts of this package as
// they are, texts of many documents with many mistakes.
func seeds(f *testing.F) {
	for _, root := range []string{"../examples", "testdata"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || path == corpus {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, part := range bytes.Split(text, []byte("\n----\n")) {
				f.Add(part)
			}
			return nil
		})
		if err != nil {
			f.Fatal(err)
		}
	}
	for _, s := range kept(f) {
		f.Add([]byte(s))
	}
	for _, s := range []string{
		"apiVersion: v1\nitems:\n- kind: Pod\n  a: |\n    - b\n\n  c: d\n# e\n-\n  f: g\nkind: List\n",
		"items:\n  - {a: b}\n  - - c\nkind: PodList\n---\n{\"items\": [1, {\"a\": []}], \"kind\": \"List\"}",
		"{\"kind\": \"PodList\", \"items\": [{\"metadata\": {\"name\": \"a\"}}]}\n{\"kind\"",
		"\xef\xbb\xbf--- {a: b}\n...\n%YAML 1.2\n---\n- a\n",
		"items:\n\t- a\nkind: &a List\nx: *a\n",
	} {
		f.Add([]byte(s))
	}
}

// kept is the corpus, one quoted input on a line.
func kept(t testing.TB) []string {
	t.Helper()
	text, err := os.ReadFile(corpus)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(text)) {
		s, err := strconv.Unquote(strings.TrimSpace(line))
		if err != nil {
			t.Fatalf("%s: %v: %s", corpus, err, line)
		}
		out = append(out, s)
	}
	return out
}

// TestCorpus makes sure that there is a corpus, or writes it.
func TestCorpus(t *testing.T) {
	if *keep == "" {
		if n := len(kept(t)); n < 100 {
			t.Errorf("%s has %d inputs", corpus, n)
		}
		return
	}
	files, err := filepath.Glob(filepath.Join(*keep, "Fuzz*", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("nothing in %s: %v", *keep, err)
	}
	all := map[string]bool{}
	for _, s := range kept(t) {
		all[s] = true
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		// A version, then []byte("…").
		_, value, _ := strings.Cut(string(text), "[]byte(")
		s, err := strconv.Unquote(strings.TrimSuffix(strings.TrimSpace(value), ")"))
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		if len(s) <= maxKept {
			all[s] = true
		}
	}
	var out strings.Builder
	for _, s := range slices.Sorted(maps.Keys(all)) {
		out.WriteString(strconv.Quote(s) + "\n")
	}
	if err := os.WriteFile(corpus, []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// maxKept bounds an input that is kept, bytes: what is interesting about larger ones
// is rarely that they are large.
const maxKept = 400

// FuzzRead: whatever is read, it ends without a panic, and twice with the same
// result; a mistake says where it is.
func FuzzRead(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		first, second := outcome(t, text), outcome(t, text)
		if first != second {
			t.Errorf("read twice:\n%s\n%s", first, second)
		}
	})
}

func outcome(t *testing.T, text []byte) string {
	t.Helper()
	o, err := Read([]string{Stdin}, Options{Stdin: bytes.NewReader(text)})
	var mistakes Errors
	switch {
	case errors.As(err, &mistakes):
		for _, m := range mistakes {
			if m.At.File != "stdin" || m.Err == nil || m.Err.Error() == "" {
				t.Fatalf("a mistake that says nothing: %+v", m)
			}
		}
		return err.Error()
	case err != nil:
		t.Fatalf("not a mistake in the input: %v", err)
	}
	var b strings.Builder
	for _, p := range o.Pods {
		b.WriteString(p.ID() + " " + p.UID + " " + p.Demand.Key + "\n")
	}
	fmt.Fprintln(&b, len(o.Nodes), len(o.Pools), len(o.Claims), len(o.Classes), len(o.Daemons), o.Notes)
	return b.String()
}

// FuzzSplit: a List that is cut into items has the very items that a parser of the
// whole text finds, or it is a mistake; nothing is lost or changed on the way.
func FuzzSplit(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		want, ok := wholeItems(text)
		if !ok {
			return
		}
		got, ok := cutItems(text)
		if ok && !reflect.DeepEqual(got, want) {
			t.Errorf("cut into %d items:\n%v\nthe whole has %d:\n%v", len(got), got, len(want), want)
		}
	})
}

// wholeItems parses a text as one document that is a List. It is false where that
// is not so.
func wholeItems(text []byte) ([]any, bool) {
	for line := range bytes.Lines(text) {
		if isMarker(line) || bytes.HasPrefix(line, []byte("%")) {
			return nil, false
		}
	}
	var whole map[string]any
	converted, err := yaml.YAMLToJSONStrict(text)
	if err != nil || json.Unmarshal(converted, &whole) != nil {
		return nil, false
	}
	kind, _ := whole["kind"].(string)
	items, ok := whole["items"].([]any)
	return items, ok && len(items) > 0 && strings.HasSuffix(kind, "List")
}

// cutItems are the items that the splitter hands on, false if it finds a mistake or
// leaves the List whole.
func cutItems(text []byte) ([]any, bool) {
	var out []any
	stripped, failed := false, false
	err := split("stdin", bytes.NewReader(text), func(p piece) {
		converted, err := p.toJSON()
		var item any
		if err == nil {
			err = json.Unmarshal(converted, &item)
		}
		failed = failed || err != nil
		if p.at.Item > 0 {
			out = append(out, item)
		}
		stripped = stripped || p.stripped
	})
	return out, err == nil && stripped && !failed
}

// TestSplitFindsItems makes sure that FuzzSplit compares something: of its seeds,
// Lists are cut and compared.
func TestSplitFindsItems(t *testing.T) {
	for _, text := range []string{
		"kind: List\nitems:\n- a: 1\n- b: 2\n",
		"items:\n    - a: 1\n    - b: |\n        - c\nkind: List\n",
		`{"items": [{"a": 1}, {"b": 2}], "kind": "List"}`,
	} {
		want, ok1 := wholeItems([]byte(text))
		got, ok2 := cutItems([]byte(text))
		if !ok1 || !ok2 || len(got) != 2 || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: whole %v %t, cut %v %t", text, want, ok1, got, ok2)
		}
	}
	// What the property must catch: an item that is lost.
	want, _ := wholeItems([]byte("kind: List\nitems:\n- a: 1\n- b: 2\n"))
	got, _ := cutItems([]byte("kind: List\nitems:\n- a: 1\n"))
	if reflect.DeepEqual(got, want) {
		t.Error("a lost item is not noticed")
	}
}

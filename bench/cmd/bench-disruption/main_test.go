package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestQuick: each subject runs, writes what it says to the file too, and has its figures.
func TestQuick(t *testing.T) {
	for subject, want := range map[string][]string{
		"speed":     {"bloated-100/bounded", "speed-ratio=", "there is an order"},
		"calibrate": {"in which Karpenter is of two minds", "all "},
		"saving":    {"Karpenter, spot to spot", "Ullage "},
	} {
		path := filepath.Join(t.TempDir(), "tables", "out.txt")
		var said strings.Builder
		if err := run(t.Context(), []string{subject, "-quick", "-out", path}, &said); err != nil {
			t.Errorf("%s: %v", subject, err)
		}
		file, err := os.ReadFile(path)
		if err != nil || string(file) != said.String() {
			t.Errorf("%s: the file is not what was said (%v)", subject, err)
		}
		for _, w := range want {
			if !strings.Contains(said.String(), w) {
				t.Errorf("%s does not say %q:\n%s", subject, w, said.String())
			}
		}
	}
}

// TestBadFlags: what is wrong is named.
func TestBadFlags(t *testing.T) {
	for want, args := range map[string][]string{
		`"memory" is not known`:         {"memory"},
		`"x" is not a number of nodes`:  {"speed", "-nodes", "100,x"},
		`"twelve" is not expected`:      {"saving", "twelve"},
		`flag provided but not defined`: {"calibrate", "-nodes", "3"},
	} {
		if err := run(t.Context(), args, &strings.Builder{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: want %q, got %v", args, want, err)
		}
	}
}

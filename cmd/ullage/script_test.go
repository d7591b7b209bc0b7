package main

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"ullage": main})
}

// TestScripts runs the command lines in testdata/*.txt. Most plan with the small
// catalogue in testdata/small.json, whose prices are easy to add up. To write what
// comes out into the files: UPDATE=1 go test ./cmd/ullage -run Scripts
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		UpdateScripts:       update,
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("CATALOG", catalogPath)
			e.Setenv("EXAMPLES", examplesPath)
			e.Setenv("SCENARIOS", filepath.Join(filepath.Dir(examplesPath), "scenarios"))
			return nil
		},
	})
}

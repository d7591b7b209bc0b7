package walkthrough

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// install builds a Go program that others wrote, of the version that it names and with
// the dependencies that its own go.sum pins. (go install would not take a module that
// replaces some of them.) The first time that takes minutes; then it is in Go's caches.
func (r *run) install(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 || !strings.Contains(args[1], "@") {
		ts.Fatalf("usage: install PROGRAM MODULE@VERSION PACKAGE")
	}
	ts.Check(build(ts.MkAbs("."), args[0], args[1], args[2]))
}

func build(work, program, module, pkg string) error {
	command := func(dir string, args ...string) *exec.Cmd {
		cmd := exec.Command("go", args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
		return cmd
	}
	out, err := command(work, "mod", "download", "-json", module).Output()
	var found struct{ Dir, Error string }
	if json.Unmarshal(out, &found) != nil || found.Dir == "" {
		return fmt.Errorf("download %s: %w", module, errors.Join(err, errors.New(found.Error)))
	}
	// The module's own copies cannot be written to, which go build wants to be able to.
	own := filepath.Join(work, program)
	for _, ext := range []string{".mod", ".sum"} {
		text, err := os.ReadFile(filepath.Join(found.Dir, "go"+ext))
		if err != nil {
			return fmt.Errorf("install %s: %w", module, err)
		}
		if err := os.WriteFile(own+ext, text, 0o600); err != nil {
			return fmt.Errorf("install %s: %w", module, err)
		}
	}
	if text, err := command(found.Dir, "build", "-modfile", own+".mod", "-o", own, pkg).CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", module, err, text)
	}
	return nil
}

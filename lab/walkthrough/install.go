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
// replaces some of them.) A directory is one of ours with a go.mod that pins the program,
// for one that cannot be built by its own. The first time that takes minutes; then it is
// in Go's caches.
func (r *run) install(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: install PROGRAM MODULE@VERSION|DIRECTORY PACKAGE")
	}
	program := filepath.Join(ts.MkAbs("."), args[0])
	if strings.Contains(args[1], "@") {
		ts.Check(build(program, args[1], args[2]))
		return
	}
	dir, err := filepath.Abs(filepath.Join(r.dir, args[1]))
	ts.Check(err)
	ts.Check(goBuild(dir, "-o", program, args[2]))
}

// build builds a package of a module into the file program.
func build(program, module, pkg string) error {
	out, err := goCommand(filepath.Dir(program), "mod", "download", "-json", module).Output()
	var found struct{ Dir, Error string }
	if json.Unmarshal(out, &found) != nil || found.Dir == "" {
		return fmt.Errorf("download %s: %w", module, errors.Join(err, errors.New(found.Error)))
	}
	// The module's own copies cannot be written to, which go build wants to be able to.
	for _, ext := range []string{".mod", ".sum"} {
		text, err := os.ReadFile(filepath.Join(found.Dir, "go"+ext))
		if err != nil {
			return fmt.Errorf("install %s: %w", module, err)
		}
		if err := os.WriteFile(program+ext, text, 0o600); err != nil {
			return fmt.Errorf("install %s: %w", module, err)
		}
	}
	return goBuild(found.Dir, "-mod=mod", "-modfile", program+".mod", "-o", program, pkg)
}

// goBuild runs go build in a directory.
func goBuild(dir string, args ...string) error {
	if text, err := goCommand(dir, append([]string{"build"}, args...)...).CombinedOutput(); err != nil {
		return fmt.Errorf("build %s in %s: %w\n%s", args[len(args)-1], dir, err, text)
	}
	return nil
}

// goCommand is a go command that sees nothing of a workspace around it.
func goCommand(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOFLAGS=-buildvcs=false", "GOWORK=off")
	return cmd
}

package running

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/ullage-sh/ullage/lab/controlplane"
)

// hold locks a directory as a control plane on it does.
func hold(t *testing.T, dir string) (release func()) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	return func() { _ = f.Close() } // the lock goes with it
}

func announce(t *testing.T, dir string, started time.Time) func() error {
	t.Helper()
	remove, err := Announce(Lab{Dir: dir, Started: started})
	if err != nil {
		t.Fatal(err)
	}
	return remove
}

func TestFind(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	var none *NoneError
	if _, err := Find(""); !errors.As(err, &none) {
		t.Fatalf("without a lab: %v", err)
	}
	day := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	old, young, killed := t.TempDir(), t.TempDir(), t.TempDir()
	defer hold(t, old)()
	release := hold(t, young)
	announce(t, young, day.Add(time.Hour))
	announce(t, old, day)
	announce(t, killed, day.Add(2*time.Hour)) // nobody holds its lock
	if l, err := Find(""); err != nil || l.Dir != young {
		t.Errorf("found %s, %v, want the one started last, %s", l.Dir, err, young)
	}
	if l, err := Find(old); err != nil || l.Kubeconfig() != controlplane.KubeconfigIn(old) {
		t.Errorf("by directory: %+v, %v", l, err)
	}
	if _, err := Find(killed); !errors.As(err, &none) || none.Dir != killed {
		t.Errorf("a killed one: %v", err)
	}
	release()
	if l, err := Find(""); err != nil || l.Dir != old {
		t.Errorf("after the young one was killed: %s, %v, want %s", l.Dir, err, old)
	}
	if labs, err := List(); err != nil || len(labs) != 1 {
		t.Errorf("list: %v, %v", labs, err)
	}
}

func TestTakenBack(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	dir := t.TempDir()
	defer hold(t, dir)()
	remove := announce(t, dir, time.Time{})
	if err := errors.Join(remove(), remove()); err != nil {
		t.Error(err)
	}
	if labs, err := List(); err != nil || len(labs) != 0 {
		t.Errorf("list: %v, %v", labs, err)
	}
}

// TestSharedDirectory: a list that others may write to is not believed.
func TestSharedDirectory(t *testing.T) {
	run := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", run)
	if err := os.Mkdir(filepath.Join(run, "ullage-lab"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(run, "ullage-lab"), 0o777); err != nil {
		t.Fatal(err)
	}
	var none *NoneError
	if _, err := Find(""); err == nil || errors.As(err, &none) {
		t.Errorf("%v, want that the directory is not private", err)
	}
}

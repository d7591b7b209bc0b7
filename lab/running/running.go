// Package running knows which labs run on this machine for this user, so that
// `ullage-lab kubectl` in another terminal finds the one it means.
//
// It owns a directory with one small file per lab. Whether a lab really runs is
// decided by the lock on its data directory, which the kernel drops however the
// process ends, never by the file.
package running

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/ullage-sh/ullage/lab/controlplane"
)

// Lab is a running lab.
type Lab struct {
	Dir     string    `json:"dir"` // data directory, absolute
	Started time.Time `json:"started"`
}

// Kubeconfig of the lab.
func (l Lab) Kubeconfig() string { return controlplane.KubeconfigIn(l.Dir) }

// NoneError says that no lab runs, or none on the directory asked for.
type NoneError struct{ Dir string }

func (e *NoneError) Error() string {
	if e.Dir != "" {
		return "no lab is running on " + e.Dir + ": start one with ullage-lab up --data-dir " + e.Dir
	}
	return "no lab is running: start one with ullage-lab up"
}

// registry is the user's directory of running labs.
func registry() (string, error) {
	dir := os.Getenv("XDG_RUNTIME_DIR")
	if dir == "" {
		dir = filepath.Join(os.TempDir(), "ullage-lab-"+strconv.Itoa(os.Getuid()))
	} else {
		dir = filepath.Join(dir, "ullage-lab")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("list of running labs: %w", err)
	}
	// In a shared temporary directory somebody else may have been first: whoever
	// writes there chooses which cluster kubectl talks to.
	info, err := os.Lstat(dir)
	if err != nil {
		return "", fmt.Errorf("list of running labs: %w", err)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !info.IsDir() || (ok && int(st.Uid) != os.Getuid()) || info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("list of running labs: %s must be a directory that only you can use: remove it, or set XDG_RUNTIME_DIR", dir)
	}
	return dir, nil
}

func fileOf(registry, dir string) string {
	sum := sha256.Sum256([]byte(dir))
	return filepath.Join(registry, hex.EncodeToString(sum[:8])+".json")
}

// Announce makes a lab findable; call it when its control plane serves. The
// returned function takes it back.
func Announce(l Lab) (func() error, error) {
	reg, err := registry()
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("announce lab: %w", err)
	}
	file := fileOf(reg, l.Dir)
	if err := os.WriteFile(file+".tmp", data, 0o600); err != nil {
		return nil, fmt.Errorf("announce lab: %w", err)
	}
	if err := os.Rename(file+".tmp", file); err != nil {
		return nil, fmt.Errorf("announce lab: %w", err)
	}
	return func() error {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("take lab off the list: %w", err)
		}
		return nil
	}, nil
}

// Find returns the lab on dir, or with an empty dir the one that was started last.
// It fails with *NoneError when there is none.
func Find(dir string) (Lab, error) {
	if dir != "" {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return Lab{}, fmt.Errorf("data directory: %w", err)
		}
		if _, ok := controlplane.InUse(abs); !ok {
			return Lab{}, &NoneError{Dir: dir}
		}
		return Lab{Dir: abs}, nil
	}
	labs, err := List()
	if err != nil {
		return Lab{}, err
	}
	if len(labs) == 0 {
		return Lab{}, &NoneError{}
	}
	return labs[0], nil
}

// List returns the running labs, newest first, and forgets those that ended
// without saying so.
func List() ([]Lab, error) {
	reg, err := registry()
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(reg, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("list of running labs: %w", err)
	}
	var labs []Lab
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // it has just ended
		}
		var l Lab
		if json.Unmarshal(data, &l) == nil {
			if _, ok := controlplane.InUse(l.Dir); ok {
				labs = append(labs, l)
				continue
			}
		}
		_ = os.Remove(file) // left by a lab that was killed; if it cannot be removed it is skipped again
	}
	slices.SortFunc(labs, func(a, b Lab) int {
		return cmp.Or(b.Started.Compare(a.Started), strings.Compare(a.Dir, b.Dir))
	})
	return labs, nil
}

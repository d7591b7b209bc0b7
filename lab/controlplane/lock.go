package controlplane

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// lockFile is held for as long as a control plane uses a directory. The kernel
// drops the lock when the process ends, however it ends.
const lockFile = "lock"

// InUseError says that another control plane runs on the same directory.
type InUseError struct {
	Dir string
	PID int // 0 when it could not be read
}

func (e *InUseError) Error() string {
	who := "another process"
	if e.PID != 0 {
		who = "process " + strconv.Itoa(e.PID)
	}
	return fmt.Sprintf("data directory %s is in use by the lab of %s: stop that one, or choose another directory", e.Dir, who)
}

// lock takes the directory for this process.
func lock(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock data directory: %w", err)
	}
	if err := exclusive(f); err != nil {
		defer func() { _ = f.Close() }() // nothing was written
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
		}
		return nil, &InUseError{Dir: dir, PID: holder(f)}
	}
	if err := f.Truncate(0); err != nil {
		_ = f.Close() // the first error is the one to report
		return nil, fmt.Errorf("write %s: %w", f.Name(), err)
	}
	if _, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
		_ = f.Close() // the first error is the one to report
		return nil, fmt.Errorf("write %s: %w", f.Name(), err)
	}
	return f, nil
}

// exclusive tries a few times: InUse holds the lock for a moment when it looks.
func exclusive(f *os.File) (err error) {
	for range 10 {
		if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); !errors.Is(err, syscall.EWOULDBLOCK) {
			return err
		}
		time.Sleep(5 * time.Millisecond)
	}
	return err
}

func holder(f *os.File) int {
	b := make([]byte, 32)
	n, _ := f.ReadAt(b, 0) // only for the message: 0 means unknown
	pid, _ := strconv.Atoi(strings.TrimSpace(string(b[:n])))
	return pid
}

// InUse tells whether a control plane runs on dir now, and in which process.
func InUse(dir string) (pid int, running bool) {
	f, err := os.Open(filepath.Join(dir, lockFile))
	if err != nil {
		return 0, false
	}
	defer func() { _ = f.Close() }() // read only
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); err != nil {
		return holder(f), errors.Is(err, syscall.EWOULDBLOCK)
	}
	return 0, false
}

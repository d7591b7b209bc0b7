package duel

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a contestant that runs.
type process struct {
	name string
	cmd  *exec.Cmd
	log  *os.File
	done chan struct{} // closed when it has ended
	err  error         // why, from then on
}

// start runs a contestant with an environment of its own: nothing of ours but where
// programs are. Its output goes to a file in dir.
func start(c Contestant, dir, kubeconfig string, aws []string) (*process, error) {
	log, err := os.Create(filepath.Join(dir, c.Name+".log"))
	if err != nil {
		return nil, fmt.Errorf("log of %s: %w", c.Name, err)
	}
	p := &process{name: c.Name, log: log, done: make(chan struct{})}
	p.cmd = exec.Command(c.Binary, c.args...)
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.Dir = log, log, dir
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "KUBECONFIG=" + kubeconfig}, append(aws, c.env...)...)
	// It ends with us, however we do. The kernel goes by the thread that has started it.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			p.err = p.cmd.Wait()
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		_ = log.Close() // nothing was written
		return nil, fmt.Errorf("start %s: %w", c.Name, err)
	}
	return p, nil
}

// ended says that it has, when it was to go on.
func (p *process) ended() error {
	if p.err == nil {
		return fmt.Errorf("%s has ended by itself, without an error; its log is %s", p.name, p.log.Name())
	}
	return fmt.Errorf("%s has ended by itself: %w; its log is %s", p.name, p.err, p.log.Name())
}

// program is the beginning of the SHA-256 of a file.
func program(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // read only
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil))[:12], nil
}

// load is the machine's load average over the last minute.
func load() (float64, error) {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0, fmt.Errorf("load of the machine: %w", err)
	}
	first, _, _ := strings.Cut(string(text), " ")
	return strconv.ParseFloat(first, 64)
}

// stopLimit is how long a contestant may take to end when it is asked to.
const stopLimit = 30 * time.Second

// stop ends it, and tells if it had ended before.
func (p *process) stop() error {
	defer func() { _ = p.log.Close() }() // it was written by another process
	select {
	case <-p.done:
		return p.ended()
	default:
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // if it has ended in between, that is what was wanted
	select {
	case <-p.done:
	case <-time.After(stopLimit):
		_ = p.cmd.Process.Kill() // likewise
		<-p.done
	}
	return nil
}

// usage is what a process has taken until now.
type usage struct {
	cpu  time.Duration // user and system, over all cores
	peak int64         // most memory that was resident, bytes
}

// ticksPerSecond is the unit of times in /proc, the same on every Linux that Go runs on.
const ticksPerSecond = 100

// usage reads /proc.
func (p *process) usage() (usage, error) {
	dir := filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid))
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return usage{}, fmt.Errorf("CPU time of %s: %w", p.name, err)
	}
	// The name, in brackets, may have spaces: fields count from behind it.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	var u usage
	for _, at := range []int{11, 12} {
		ticks, err := strconv.ParseInt(fields[at], 10, 64)
		if err != nil {
			return usage{}, fmt.Errorf("CPU time of %s: %w", p.name, err)
		}
		u.cpu += time.Duration(ticks) * time.Second / ticksPerSecond
	}
	status, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil {
		return usage{}, fmt.Errorf("memory of %s: %w", p.name, err)
	}
	_, rest, found := strings.Cut(string(status), "VmHWM:")
	fields = strings.Fields(rest)
	if !found || len(fields) == 0 {
		return usage{}, fmt.Errorf("memory of %s: /proc does not tell", p.name)
	}
	kib, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return usage{}, fmt.Errorf("memory of %s: %w", p.name, err)
	}
	u.peak = kib << 10
	return u, nil
}

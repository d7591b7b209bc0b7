package supervise

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// Config says what is kept running.
type Config struct {
	// Command makes the command line, anew for each start: ports may have been taken.
	Command func() ([]string, error)
	// Env is its environment: NAME=value. It has nothing of this program's own.
	Env []string
	// Output gets what the process writes to its standard output and error.
	Output io.Writer
	// Changed is told of each start and each end; may be nil.
	Changed func(State)
}

// State is how the process is.
type State struct {
	// PID of the process, 0 while none runs.
	PID int `json:"pid"`
	// Started is when it was started last.
	Started time.Time `json:"started"`
	// Restarts counts the starts after the first.
	Restarts int `json:"restarts"`
	// Ended is how the one before ended, "" for never: "signal: killed".
	Ended string `json:"ended,omitempty"`
}

// Process is a program that is kept running.
type Process struct {
	cfg    Config
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{}

	mu    sync.Mutex
	state State
	child *os.Process // nil while none runs
}

// How long it is waited before a program that ends by itself is started again: longer each
// time, unless it has run for some time. One that was killed is started at once.
const (
	firstPause = 250 * time.Millisecond
	lastPause  = 10 * time.Second
	ranWell    = 10 * time.Second
)

// endWithin is how long a program has to end when it is asked to.
const endWithin = 15 * time.Second

// Start starts the program. That it can be started once is made sure of before it returns.
func Start(cfg Config) (*Process, error) {
	p := &Process{cfg: cfg, done: make(chan struct{})}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	cmd, err := p.start()
	if err != nil {
		p.cancel()
		return nil, err
	}
	go p.keep(cmd)
	return p, nil
}

// State is how the process is now.
func (p *Process) State() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

// Kill ends the process that runs now as kill -9 does; another one is started.
func (p *Process) Kill() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.child == nil {
		return nil // it has just ended
	}
	if err := p.child.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill process %d: %w", p.state.PID, err)
	}
	return nil
}

// Stop asks the process to end, waits for it, and starts no other.
func (p *Process) Stop() {
	p.cancel()
	<-p.done
}

// start starts the program.
func (p *Process) start() (*exec.Cmd, error) {
	line, err := p.cfg.Command()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(p.ctx, line[0], line[1:]...)
	cmd.Env = append([]string{}, p.cfg.Env...) // nil would be this program's own
	cmd.Stdout, cmd.Stderr = p.cfg.Output, p.cfg.Output
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = endWithin
	// In a group of its own, so that Ctrl-C reaches this program alone, which ends it then.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// Nothing is ever written there: it ends with this program.
	if _, err := cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start %s: %w", line[0], err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", line[0], err)
	}
	p.mu.Lock()
	p.child = cmd.Process
	p.state.PID, p.state.Started = cmd.Process.Pid, time.Now()
	p.mu.Unlock()
	p.tell()
	return cmd, nil
}

func (p *Process) tell() {
	if p.cfg.Changed != nil {
		p.cfg.Changed(p.State())
	}
}

// keep waits for the program's end, and starts it again until it is to stop.
func (p *Process) keep(cmd *exec.Cmd) {
	defer close(p.done)
	pause := firstPause
	for {
		_ = cmd.Wait() // how it ended is in its state
		killed := false
		if s, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok {
			killed = s.Signaled()
		}
		p.mu.Lock()
		if time.Since(p.state.Started) > ranWell {
			pause = firstPause
		}
		p.child, p.state.PID, p.state.Ended = nil, 0, cmd.ProcessState.String()
		p.mu.Unlock()
		if p.ctx.Err() != nil {
			return
		}
		p.tell()
		if cmd = p.again(killed, &pause); cmd == nil {
			return
		}
	}
}

// again starts the program once more, after a pause unless it was killed; nil when it is
// to stop.
func (p *Process) again(killed bool, pause *time.Duration) *exec.Cmd {
	for {
		wait := time.Duration(0)
		if !killed {
			wait = *pause
			*pause = min(2**pause, lastPause)
		}
		killed = false
		select {
		case <-p.ctx.Done():
			return nil
		case <-time.After(wait):
		}
		p.mu.Lock()
		p.state.Restarts++
		p.mu.Unlock()
		cmd, err := p.start()
		if err == nil {
			return cmd
		}
		p.mu.Lock()
		p.state.Ended = err.Error()
		p.mu.Unlock()
		p.tell()
	}
}

// Orphaned is for the program that is kept running: its channel is closed when whoever
// keeps it has ended.
func Orphaned(stdin io.Reader) <-chan struct{} {
	gone := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, stdin) // its end is all there is to know
		close(gone)
	}()
	return gone
}

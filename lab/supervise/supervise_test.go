package supervise

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The test binary is the programs, too, that are kept running.
func TestMain(m *testing.M) {
	switch os.Getenv("SUPERVISED") {
	case "":
		os.Exit(m.Run())
	case "waits": // until its parent has ended
		fmt.Println("waits", os.Args[1], "with", os.Environ())
		<-Orphaned(os.Stdin)
	case "fails":
		fmt.Println("fails")
		os.Exit(3)
	case "keeps": // a program that waits, and ends by a crash
		p, err := Start(Config{Command: self("x"), Env: []string{"SUPERVISED=waits"}, Output: io.Discard})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(p.State().PID)
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
}

func self(args ...string) func() ([]string, error) {
	return func() ([]string, error) { return append([]string{os.Args[0]}, args...), nil }
}

// output is what processes have written.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) count(what string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Count(o.text.String(), what)
}

// until waits; the deadline only ends a test that has failed.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited a minute for %s", what)
		}
	}
}

// runs tells whether a process is there and has not ended; one that nobody has asked how it
// ended is still there.
func runs(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err == nil && bytes.Contains(stat, []byte(") Z ")) {
		return false
	}
	return syscall.Kill(pid, 0) == nil
}

// TestKilled: a process that is killed is replaced by one with a fresh command line, which
// says how the one before ended; stopped, none is left. They have the environment that was
// said, and nothing of ours.
func TestKilled(t *testing.T) {
	t.Setenv("AWS_PROFILE", "work")
	var out output
	n := 0
	p, err := Start(Config{Output: &out, Env: []string{"SUPERVISED=waits"}, Command: func() ([]string, error) {
		n++
		return self(fmt.Sprint("start-", n))()
	}})
	if err != nil {
		t.Fatal(err)
	}
	first := p.State().PID
	until(t, "the first to run", func() bool { return out.count("waits start-1") == 1 })
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	until(t, "the second to run", func() bool { return out.count("waits start-2") == 1 })
	if n := out.count("with [SUPERVISED=waits]"); n != 2 {
		t.Errorf("%d of 2 processes have that environment and no other", n)
	}
	s := p.State()
	if s.PID == first || s.PID == 0 || s.Restarts != 1 || s.Ended != "signal: killed" {
		t.Errorf("after a kill: %+v, before it %d", s, first)
	}
	p.Stop()
	if runs(first) || runs(s.PID) || p.State().PID != 0 {
		t.Errorf("processes %d and %d: one is left: %+v", first, s.PID, p.State())
	}
}

// TestFails: a program that ends by itself is started again, and what it said is kept.
func TestFails(t *testing.T) {
	var out output
	p, err := Start(Config{Output: &out, Env: []string{"SUPERVISED=fails"}, Command: self()})
	if err != nil {
		t.Fatal(err)
	}
	until(t, "three tries that failed", func() bool {
		s := p.State()
		return out.count("fails") >= 3 && s.Restarts >= 2 && s.Ended == "exit status 3"
	})
	p.Stop()
	if _, err := Start(Config{Command: func() ([]string, error) { return []string{"/nowhere/at/all"}, nil }}); err == nil {
		t.Error("started what is not there")
	}
}

// TestOrphaned: the program ends when who keeps it is killed.
func TestOrphaned(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SUPERVISED=keeps")
	text, err := cmd.Output()
	if err == nil {
		t.Fatal("the parent was not killed")
	}
	pid := 0
	if _, err := fmt.Sscan(string(text), &pid); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	until(t, "the program to end", func() bool { return !runs(pid) })
}

package kubelet

import (
	"bytes"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/clock"

	"github.com/ullage-sh/ullage/lab/podlife"
)

// LogAnnotation on a pod names a registered log ([Fleet.Log]): all its containers
// show that instead of simulated lines.
const LogAnnotation = "lab.ullage.sh/log"

// logLines is how many lines a Log keeps.
const logLines = 10_000

type logLine struct {
	at   time.Time
	text string
}

// Log is the log of something real, shown as the log of pods. It keeps the last
// 10,000 lines. Writing never blocks and never fails.
type Log struct {
	clock clock.PassiveClock

	mu      sync.Mutex
	lines   []logLine
	first   int    // number of lines[0], counted from the start
	partial []byte // a line that has not ended
	more    chan struct{}
}

// Log returns the registered log of the given name; what is written to it is what
// `kubectl logs` of pods with [LogAnnotation] shows.
func (f *Fleet) Log(name string) *Log {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := f.logs[name]
	if l == nil {
		l = &Log{clock: f.clock, more: make(chan struct{})}
		f.logs[name] = l
	}
	return l
}

// Write adds to the log, line by line.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.Now()
	l.partial = append(l.partial, p...)
	for {
		i := bytes.IndexByte(l.partial, '\n')
		if i < 0 {
			break
		}
		l.lines = append(l.lines, logLine{now, string(l.partial[:i])})
		l.partial = l.partial[i+1:]
	}
	if cut := len(l.lines) - logLines; cut > logLines/10 { // in larger steps: each one copies
		l.lines = append([]logLine(nil), l.lines[cut:]...)
		l.first += cut
	}
	close(l.more)
	l.more = make(chan struct{})
	return len(p), nil
}

// read returns the lines from number n on, the number to go on with, and a channel
// that is closed when there is more.
func (l *Log) read(n int) logPage {
	l.mu.Lock()
	defer l.mu.Unlock()
	skip := min(max(n-l.first, 0), len(l.lines))
	return logPage{lines: l.lines[skip:len(l.lines):len(l.lines)], next: l.first + len(l.lines), more: l.more}
}

// logPage is a part of a log. A nil more: the log has ended.
type logPage struct {
	lines []logLine
	next  int
	more  <-chan struct{}
}

// simulated are the lines of a container that runs nothing.
func simulated(pod *corev1.Pod, spec *corev1.Container, c podlife.Container) []logLine {
	command := strings.Join(append(append([]string(nil), spec.Command...), spec.Args...), " ")
	if command == "" {
		command = "(the image's own command)"
	}
	if c.Started.IsZero() {
		return nil
	}
	lines := []logLine{
		{c.Started, "simulated container " + c.Name + " of image " + spec.Image + " on " + pod.Spec.NodeName + " started"},
		{c.Started, "command: " + command},
	}
	if !c.Finished.IsZero() {
		lines = append(lines, logLine{c.Finished, "exited with code " + strconv.Itoa(int(c.ExitCode))})
	}
	return lines
}

package kubelet

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/remotecommand"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/ullage-sh/ullage/lab/podlife"
)

func logs(t *testing.T, p *corev1.Pod, o corev1.PodLogOptions) (string, error) {
	t.Helper()
	stream, err := client.CoreV1().Pods(p.Namespace).GetLogs(p.Name, &o).Stream(t.Context())
	if err != nil {
		return "", err
	}
	defer func() { _ = stream.Close() }() // read only
	text, err := io.ReadAll(stream)
	return string(text), err
}

func TestSimulatedLogs(t *testing.T) {
	boot(t, testMachine(t, 0))
	p := waitPhase(t, create(t, testPod(t, "job", func(p *corev1.Pod) {
		p.Spec.RestartPolicy = corev1.RestartPolicyNever
		p.Spec.Containers[0].Command = []string{"sleep", "2"}
		p.Annotations[podlife.ExitCodeAnnotation] = "3"
	})), corev1.PodRunning)
	// Following ends when the container does.
	text, err := logs(t, p, corev1.PodLogOptions{Follow: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"of image nginx on " + p.Spec.NodeName, "command: sleep 2\n", "exited with code 3\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("log lacks %q:\n%s", want, text)
		}
	}
	one := int64(1)
	if text, err := logs(t, p, corev1.PodLogOptions{TailLines: &one}); err != nil || text != "exited with code 3\n" {
		t.Errorf("tail of one line: %v, %q", err, text)
	}
	if text, err := logs(t, p, corev1.PodLogOptions{TailLines: &one, Timestamps: true}); err != nil || !stamped(text) {
		t.Errorf("with timestamps: %v, %q", err, text)
	}
	nine := int64(9)
	if text, err := logs(t, p, corev1.PodLogOptions{LimitBytes: &nine}); err != nil || text != "simulated" {
		t.Errorf("limited to nine bytes: %v, %q", err, text)
	}
	if _, err := logs(t, p, corev1.PodLogOptions{Previous: true}); err == nil || !strings.Contains(err.Error(), "previous terminated container") {
		t.Errorf("previous log of a container that ran once: %v", err)
	}
	if _, err := logs(t, p, corev1.PodLogOptions{Container: "other"}); !apierrors.IsBadRequest(err) {
		t.Errorf("a container that does not exist: %v", err)
	}
}

func stamped(line string) bool {
	at, _, _ := strings.Cut(line, " ")
	_, err := time.Parse(time.RFC3339Nano, at)
	return err == nil
}

func TestLogsOfAPodThatWaits(t *testing.T) {
	boot(t, testMachine(t, 0))
	p := create(t, testPod(t, "bad", func(p *corev1.Pod) { p.Annotations[podlife.RunForAnnotation] = "soon" }))
	eventually(t, "the wrong annotation to show", func() error {
		now, err := getPod(t, p.Name)
		if err != nil || len(now.Status.ContainerStatuses) == 0 || now.Status.ContainerStatuses[0].State.Waiting.Reason != "CreateContainerConfigError" {
			return fmt.Errorf("%v, %+v", err, now.Status)
		}
		return nil
	})
	if _, err := logs(t, p, corev1.PodLogOptions{}); err == nil || !strings.Contains(err.Error(), "waiting to start") {
		t.Errorf("log of a container that waits: %v", err)
	}
}

func TestRegisteredLog(t *testing.T) {
	boot(t, testMachine(t, 0))
	log := fleet.Log("operator")
	_, _ = io.WriteString(log, "one\ntwo\nthr") // a Log never fails
	p := waitPhase(t, create(t, testPod(t, "operator", func(p *corev1.Pod) { p.Annotations[LogAnnotation] = "operator" })), corev1.PodRunning)
	if text, err := logs(t, p, corev1.PodLogOptions{}); err != nil || text != "one\ntwo\n" {
		t.Errorf("%v, %q", err, text)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	one := int64(1)
	stream, err := client.CoreV1().Pods(p.Namespace).GetLogs(p.Name, &corev1.PodLogOptions{Follow: true, TailLines: &one}).Stream(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stream.Close() }() // read only
	lines := bufio.NewScanner(stream)
	next := func() string {
		if !lines.Scan() {
			t.Fatalf("the stream has ended: %v", lines.Err())
		}
		return lines.Text()
	}
	if got := next(); got != "two" {
		t.Errorf("first line %q, want two", got)
	}
	_, _ = io.WriteString(log, "ee\nfour\n")
	if a, b := next(), next(); a != "three" || b != "four" {
		t.Errorf("then %q and %q, want three and four", a, b)
	}
}

func TestLogKeepsItsEnd(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(t0)
	l := &Log{clock: clock, more: make(chan struct{})}
	for i := range 3 * logLines {
		_, _ = fmt.Fprintf(l, "line %d\n", i)
	}
	page := l.read(0)
	if n := len(page.lines); n < logLines || n > logLines*11/10 {
		t.Errorf("%d lines are kept", n)
	}
	if last := page.lines[len(page.lines)-1].text; last != fmt.Sprintf("line %d", 3*logLines-1) || page.next != 3*logLines {
		t.Errorf("last line %q, next %d", last, page.next)
	}
	_, _ = io.WriteString(l, "new\n")
	if more := l.read(page.next); len(more.lines) != 1 || more.lines[0].text != "new" {
		t.Errorf("after %d there is %+v", page.next, more.lines)
	}
}

var t0 = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func TestSince(t *testing.T) {
	lines := []logLine{{t0, "a"}, {t0.Add(time.Minute), "b"}, {t0.Add(2 * time.Minute), "c"}}
	seconds, tail := int64(60), int64(1)
	for want, o := range map[string]corev1.PodLogOptions{
		"abc": {}, "bc": {SinceSeconds: &seconds}, "c": {SinceSeconds: &seconds, TailLines: &tail},
	} {
		s := logStream{opts: o}
		var got string
		for _, l := range s.selected(lines, t0.Add(2*time.Minute)) {
			got += l.text
		}
		if got != want {
			t.Errorf("%+v: %q, want %q", o, got, want)
		}
	}
}

// TestEndpointIsForTheAPIServer: nobody else gets through, and what is not
// simulated says so.
func TestEndpointIsForTheAPIServer(t *testing.T) {
	if resp, err := http.Get(fmt.Sprintf("https://localhost:%d/healthz", fleet.Port())); err == nil {
		_ = resp.Body.Close()
		t.Error("a stranger got an answer")
	}
	boot(t, testMachine(t, 0))
	p := waitPhase(t, create(t, testPod(t, "app")), corev1.PodRunning)
	exec := client.CoreV1().RESTClient().Post().Resource("pods").Namespace(p.Namespace).Name(p.Name).SubResource("exec").
		Param("command", "sh").Param("container", "app").Param("stdout", "true")
	spdy, err := remotecommand.NewSPDYExecutor(plane.RESTConfig(), http.MethodPost, exec.URL())
	if err != nil {
		t.Fatal(err)
	}
	if err := spdy.StreamWithContext(t.Context(), remotecommand.StreamOptions{Stdout: io.Discard}); err == nil || !strings.Contains(err.Error(), "not simulated") {
		t.Errorf("exec: %v", err)
	}
}

// TestRestart: a new fleet takes the nodes and pods over as they are.
func TestRestart(t *testing.T) {
	m := testMachine(t, 0)
	first, stopFirst, err := runFleet()
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Start(m); err != nil {
		t.Fatal(err)
	}
	waitReady(t, m.Name, corev1.ConditionTrue)
	before := waitPhase(t, create(t, testPod(t, "server")), corev1.PodRunning)
	job := waitPhase(t, create(t, testPod(t, "job", func(p *corev1.Pod) {
		p.Spec.RestartPolicy = corev1.RestartPolicyNever
		p.Annotations[podlife.RunForAnnotation] = "3s"
	})), corev1.PodRunning)
	if err := stopFirst(); err != nil {
		t.Fatal(err)
	}
	boot(t, m) // in the fleet of the other tests
	waitPhase(t, job, corev1.PodSucceeded)
	after, err := getPod(t, before.Name)
	if err != nil {
		t.Fatal(err)
	}
	if after.Status.PodIP != before.Status.PodIP || after.Status.ContainerStatuses[0].ContainerID != before.Status.ContainerStatuses[0].ContainerID {
		t.Errorf("the pod was %+v, is %+v", before.Status, after.Status)
	}
	eventually(t, "the new kubelet to be found", func() error {
		_, err := logs(t, before, corev1.PodLogOptions{})
		return err
	})
	if p := waitPhase(t, create(t, testPod(t, "new")), corev1.PodRunning); p.Status.PodIP == before.Status.PodIP {
		t.Errorf("%s is given out twice", p.Status.PodIP)
	}
}

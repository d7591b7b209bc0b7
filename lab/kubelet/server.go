package kubelet

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/core/install" // the conversion of query parameters

	"github.com/ullage-sh/ullage/lab/podlife"
)

// newServer serves the part of the kubelet API that a simulated kubelet can. One
// listener stands for all nodes: the API server names the pod in each request.
func (f *Fleet) newServer() *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", f.serveLogs)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }) // the client is gone otherwise
	for _, what := range []string{"exec", "attach", "portForward", "run"} {
		mux.HandleFunc("/"+what+"/", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, what+" is not simulated: the lab's containers run no processes", http.StatusNotImplemented)
		})
	}
	return &http.Server{
		Handler: mux, TLSConfig: f.cfg.TLS, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: log.New(io.Discard, "", 0), // broken connections of clients that went away
	}
}

// refusal is an answer other than the log.
type refusal struct {
	code int
	text string
}

// serveLogs answers kubectl logs.
func (f *Fleet) serveLogs(w http.ResponseWriter, r *http.Request) {
	var opts corev1.PodLogOptions
	if err := legacyscheme.ParameterCodec.DecodeParameters(r.URL.Query(), corev1.SchemeGroupVersion, &opts); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	key := types.NamespacedName{Namespace: r.PathValue("namespace"), Name: r.PathValue("pod")}
	read, no := f.openLog(key, r.PathValue("container"), opts.Previous)
	if no != nil {
		http.Error(w, no.text, no.code)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(http.StatusOK)
	s := logStream{out: bufio.NewWriter(w), flush: w.(http.Flusher).Flush, opts: opts, left: -1}
	if opts.LimitBytes != nil {
		s.left = *opts.LimitBytes
	}
	s.copy(r.Context(), read, f.clock.Now())
}

// openLog finds the log of a container and returns the function that reads it from
// a line on.
func (f *Fleet) openLog(key types.NamespacedName, name string, previous bool) (func(int) logPage, *refusal) {
	obj, exists, err := f.pods.GetIndexer().GetByKey(key.String())
	if err != nil || !exists {
		return nil, &refusal{http.StatusNotFound, fmt.Sprintf("pod %q not found", key)}
	}
	pod := obj.(*corev1.Pod)
	spec := podlife.SpecOf(pod, name)
	if spec == nil {
		return nil, &refusal{http.StatusNotFound, fmt.Sprintf("container %q not found in pod %q", name, pod.Name)}
	}
	if f.answering(pod.Spec.NodeName) == nil {
		return nil, &refusal{http.StatusServiceUnavailable, fmt.Sprintf("the kubelet of node %s does not answer", pod.Spec.NodeName)}
	}
	if source := pod.Annotations[LogAnnotation]; source != "" && !previous {
		return f.Log(source).read, nil
	}
	c, _, ok := f.container(key, pod.UID, name)
	if previous {
		last := c.Last()
		if !ok || last == nil {
			return nil, &refusal{http.StatusBadRequest, fmt.Sprintf("previous terminated container %q in pod %q not found", name, pod.Name)}
		}
		c = *last
		return func(n int) logPage { return pageOf(simulated(pod, spec, c), n, nil) }, nil
	}
	if !ok || c.Stage == podlife.Waiting {
		return nil, &refusal{http.StatusBadRequest, fmt.Sprintf("container %q in pod %q is waiting to start: ContainerCreating", name, pod.Name)}
	}
	run := c.Restarts
	return func(n int) logPage {
		now, more, ok := f.container(key, pod.UID, name)
		if !ok || now.Restarts != run || now.Stage != podlife.Running {
			more = nil // this run has ended
		}
		if ok && now.Restarts == run {
			c = now
		}
		return pageOf(simulated(pod, spec, c), n, more)
	}, nil
}

func pageOf(lines []logLine, n int, more <-chan struct{}) logPage {
	return logPage{lines: lines[min(n, len(lines)):], next: len(lines), more: more}
}

// container is the present state of one container, with a channel that is closed
// when its pod changes.
func (f *Fleet) container(key types.NamespacedName, uid types.UID, name string) (c podlife.Container, changed <-chan struct{}, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := f.lives[key]
	if l == nil || l.uid != uid {
		return c, nil, false
	}
	if l.changed == nil {
		l.changed = make(chan struct{})
	}
	for _, c := range l.state.Containers {
		if c.Name == name {
			return c, l.changed, true
		}
	}
	return c, nil, false
}

// logStream writes a log as PodLogOptions ask for it.
type logStream struct {
	out   *bufio.Writer
	flush func()
	opts  corev1.PodLogOptions
	left  int64 // bytes that may still be written, −1 for any number
}

// copy writes what is there and, when asked to follow, what comes, until the log
// or ctx ends.
func (s *logStream) copy(ctx context.Context, read func(int) logPage, now time.Time) {
	page := read(0)
	if !s.write(s.selected(page.lines, now)) {
		return
	}
	for s.opts.Follow && page.more != nil {
		select {
		case <-ctx.Done():
			return
		case <-page.more:
		}
		page = read(page.next)
		if !s.write(page.lines) {
			return
		}
	}
}

// selected applies sinceSeconds, sinceTime and tailLines to what is there at now.
func (s *logStream) selected(lines []logLine, now time.Time) []logLine {
	var since time.Time
	switch {
	case s.opts.SinceSeconds != nil:
		since = now.Add(-time.Duration(*s.opts.SinceSeconds) * time.Second)
	case s.opts.SinceTime != nil:
		since = s.opts.SinceTime.Time
	}
	for len(lines) > 0 && lines[0].at.Before(since) {
		lines = lines[1:]
	}
	if n := s.opts.TailLines; n != nil && *n >= 0 && int64(len(lines)) > *n {
		lines = lines[int64(len(lines))-*n:]
	}
	return lines
}

// write tells whether to go on.
func (s *logStream) write(lines []logLine) bool {
	for _, l := range lines {
		text := l.text + "\n"
		if s.opts.Timestamps {
			text = l.at.UTC().Format(time.RFC3339Nano) + " " + text
		}
		if s.left >= 0 {
			text = text[:min(int64(len(text)), s.left)]
			s.left -= int64(len(text))
		}
		if _, err := s.out.WriteString(text); err != nil || s.left == 0 {
			break
		}
	}
	if s.out.Flush() != nil {
		return false // the client is gone
	}
	s.flush()
	return s.left != 0
}

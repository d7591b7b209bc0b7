package aws

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// line carries requests to AWS, and is where things go wrong.
type line struct {
	mu   sync.Mutex
	sent int
	// trouble is told of the n-th request (from 1) by name and says what goes wrong with it.
	trouble func(n int, name string) trouble
}

type trouble int

const (
	fine   trouble = iota
	lost           // the request does not arrive
	unsaid         // it does, and the answer does not
	broken         // the server has a fault of its own
)

func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	name := requested(r)
	l.mu.Lock()
	l.sent++
	what := fine
	if l.trouble != nil {
		what = l.trouble(l.sent, name)
	}
	l.mu.Unlock()
	switch what {
	case lost:
		return nil, &url.Error{Op: "Post", URL: r.URL.String(), Err: io.ErrUnexpectedEOF}
	case broken:
		return &http.Response{StatusCode: http.StatusServiceUnavailable, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), Request: r}, nil
	}
	out, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && what == unsaid {
		_ = out.Body.Close() // nobody reads it
		return nil, &url.Error{Op: "Post", URL: r.URL.String(), Err: io.ErrUnexpectedEOF}
	}
	return out, err
}

// requested is the name of an EC2 operation, "" for another service's.
func requested(r *http.Request) string {
	if r.Body == nil || !strings.Contains(r.Header.Get("Authorization"), "/ec2/") {
		return ""
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return ""
	}
	_ = r.Body.Close() // it has been read
	r.Body = io.NopCloser(bytes.NewReader(text))
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return ""
	}
	return form.Get("Action")
}

package operator

import (
	"fmt"
	"net/http"
	"sync/atomic"
)

// ready answers the probes. A replica that waits for leadership is ready: it can
// take over at once.
type ready struct {
	started atomic.Bool
	synced  atomic.Bool
}

func (r *ready) alive() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") })
}

func (r *ready) ready() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !r.started.Load() {
			say(w, http.StatusServiceUnavailable, "starting")
			return
		}
		say(w, http.StatusOK, "ok")
	})
}

func say(w http.ResponseWriter, code int, text string) {
	w.WriteHeader(code)
	_, _ = fmt.Fprintln(w, text) // the client has gone
}

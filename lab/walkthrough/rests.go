package walkthrough

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/runner"
)

// quiet knows when the operator wrote last. One in this process is listened to; of one in
// another the requests are counted that it made to the API server.
type quiet struct {
	mu       sync.Mutex
	wrote    string // what was written last
	at       time.Time
	requests float64 // seen so far
}

// observe notes what an operator in this process writes.
func (q *quiet) observe(s runner.Step) {
	for _, f := range s.Effects {
		if text := written(f); text != "" {
			q.note(text)
		}
	}
}

func (q *quiet) note(text string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.wrote, q.at = text, time.Now()
}

func (q *quiet) last() (string, time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.wrote, q.at
}

// ask reads what an operator of its own process has written, from its metrics.
func (q *quiet) ask(address string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("the operator's metrics: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	if err != nil {
		return fmt.Errorf("the operator's metrics: %w", err)
	}
	const requests = "rest_client_requests_total"
	if families[requests] == nil {
		return fmt.Errorf("the operator's metrics have no %s", requests)
	}
	n := 0.0
	for _, m := range families[requests].GetMetric() {
		for _, l := range m.GetLabel() {
			if l.GetName() == "method" && l.GetValue() != http.MethodGet {
				n += m.GetCounter().GetValue()
			}
		}
	}
	if n != q.requests { // fewer, too: it is another process
		q.requests = n
		q.note(fmt.Sprintf("%.0f requests that write", n))
	}
	return nil
}

// written names a write to the cluster; "" for what is none.
func written(f engine.Effect) string {
	switch f := f.(type) {
	case engine.Resolve, engine.Launch, engine.Terminate, engine.List, engine.Acknowledge, engine.Planned, engine.Repacked:
		return ""
	case engine.Note:
		if f.Quiet {
			return ""
		}
		return "event " + f.Reason + " of " + f.About.Kind + "/" + f.About.Name + ": " + f.Message
	}
	return fmt.Sprintf("%T %s", f, f.Key())
}

// rests waits until the operator has written nothing for some time.
func (r *run) rests(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: rests TIME LIMIT")
	}
	want, err := time.ParseDuration(args[0])
	ts.Check(err)
	limit, err := time.ParseDuration(args[1])
	ts.Check(err)
	for begun := time.Now(); ; time.Sleep(lookEvery) {
		if address := r.lab.OperatorMetrics(); address != "" {
			if err := r.quiet.ask(address); err != nil {
				r.quiet.note(err.Error()) // it may have just been killed
			}
		}
		wrote, since := r.quiet.last()
		if since.Before(begun) {
			since = begun
		}
		switch {
		case time.Since(since) >= want:
			return
		case time.Since(begun) > limit:
			ts.Fatalf("after %v the operator still writes: %s", limit, wrote)
		}
	}
}

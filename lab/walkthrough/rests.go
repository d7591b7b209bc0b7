package walkthrough

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/rogpeppe/go-internal/testscript"
)

// written asks an operator what it has written to the cluster so far, by its metrics:
// "CreateClaim 3, Note 12".
func written(address string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	if err != nil {
		return "", err
	}
	if families["ullage_engine_step_duration_seconds"] == nil {
		return "", fmt.Errorf("%s serves metrics that are not an operator's", address)
	}
	var kinds []string
	for _, m := range families["ullage_writes_total"].GetMetric() {
		kinds = append(kinds, fmt.Sprintf("%s %.0f", m.GetLabel()[0].GetValue(), m.GetCounter().GetValue()))
	}
	slices.Sort(kinds)
	return strings.Join(kinds, ", "), nil
}

// rests waits until the operator has written nothing for some time, and answers.
func (r *run) rests(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: rests TIME LIMIT")
	}
	want, err := time.ParseDuration(args[0])
	ts.Check(err)
	limit, err := time.ParseDuration(args[1])
	ts.Check(err)
	begun := time.Now()
	wrote, since := "it has not been asked", begun
	for ; ; time.Sleep(lookEvery) {
		address := r.lab.OperatorMetrics()
		if address == "" {
			ts.Fatalf("rests: the operator is in this process, and serves no metrics")
		}
		now, err := written(address)
		if err != nil {
			now = err.Error() // that is no rest: it may have just been killed
		}
		if now != wrote || err != nil {
			wrote, since = now, time.Now()
		}
		switch {
		case time.Since(since) >= want:
			return
		case time.Since(begun) > limit:
			ts.Fatalf("after %v the operator still writes: %s", limit, wrote)
		}
	}
}

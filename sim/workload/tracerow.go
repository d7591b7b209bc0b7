package workload

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/ullage-sh/ullage/cluster"
)

// What a trace may say at the most: hundreds of years and a million pods at once are
// mistakes.
const (
	maxSeconds = 100 * 365 * 86400
	maxCount   = 1_000_000
)

// read makes an arrival of a row.
func (t *Trace) read(r *row) error {
	at, err := seconds("submit", r.submit)
	if err != nil {
		return err
	}
	switch {
	case r.submit == "":
		return errors.New("submit is missing")
	case at < t.last:
		return fmt.Errorf("submit is %s, the line before says %s: sort the trace by submit", at, t.last)
	}
	runs, err := seconds("duration", r.duration)
	if err != nil {
		return err
	}
	count, err := whole("count", r.count, 1, maxCount)
	if err != nil {
		return err
	}
	pod, err := t.pod(r)
	if err != nil {
		return err
	}
	t.last, t.left, t.arrival = at, int(count), Arrival{At: at, Runs: runs, Pod: pod}
	return nil
}

// seconds reads a span with fractions of a second; 0 for an empty field.
func seconds(field, text string) (cluster.Duration, error) {
	if text == "" {
		return 0, nil
	}
	v, err := ParseQuantity(text)
	if err != nil {
		return 0, fmt.Errorf("%s: %q is not a number of seconds", field, text)
	}
	if v > maxSeconds*1000 {
		return 0, fmt.Errorf("%s: %s seconds are more than a hundred years", field, text)
	}
	return cluster.Duration(v) * cluster.Millisecond, nil
}

// whole reads a whole number from 0 to most; missing is what an empty field means.
func whole(field, text string, missing, most int64) (int64, error) {
	if text == "" {
		return missing, nil
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil || v < 0 || v > most {
		return 0, fmt.Errorf("%s: %q is not a whole number from 0 to %d", field, text, most)
	}
	return v, nil
}

// pod returns the pod of a row, the same one for rows that are alike.
func (t *Trace) pod(r *row) (*Pod, error) {
	d, err := t.demand(r)
	if err != nil {
		return nil, err
	}
	k := podKey{demand: d, app: r.app}
	grace, err := whole("grace", r.grace, 30, 86400)
	if err != nil {
		return nil, err
	}
	k.grace = cluster.Duration(grace) * cluster.Second
	if r.priority != "" {
		p, err := strconv.ParseInt(r.priority, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("priority: %q is not a whole number", r.priority)
		}
		k.priority = int32(p)
	}
	switch r.protected {
	case "", "false":
	case "true":
		k.protected = true
	default:
		return nil, fmt.Errorf("protected: %q is neither true nor false", r.protected)
	}
	if p := t.pods[k]; p != nil {
		return p, nil
	}
	p := &Pod{Demand: d, Grace: k.grace, Ends: min(k.grace, 2*cluster.Second), Starts: 2 * cluster.Second, Priority: k.priority, Protected: k.protected}
	if r.app != "" {
		p.Labels = cluster.Labels{App: r.app}
	}
	t.pods[k] = p
	return p, nil
}

// Requests are rounded up to these.
const (
	stepMilli = 10
	stepBytes = 16 << 20
)

func (t *Trace) demand(r *row) (*cluster.Demand, error) {
	cpu, err := milli(r.cpu)
	if err != nil {
		return nil, fmt.Errorf("cpu: %w", err)
	}
	memory, err := bytes(r.memory)
	if err != nil {
		return nil, fmt.Errorf("memory: %w", err)
	}
	gpu, err := whole("gpu", r.gpu, 0, 1024)
	if err != nil {
		return nil, err
	}
	d := cluster.Demand{Requests: cluster.NewResources(map[string]int64{
		cluster.CPU: roundUp(cpu, stepMilli), cluster.Memory: roundUp(memory, stepBytes), cluster.Pods: 1, "nvidia.com/gpu": gpu,
	})}
	for _, x := range []struct{ key, value string }{
		{cluster.LabelArch, r.arch}, {cluster.LabelCapacityType, r.capacityType}, {cluster.LabelZone, r.zone},
	} {
		if x.value != "" {
			d.Selector = append(d.Selector, cluster.Requirement{Key: x.key, Operator: cluster.In, Values: []string{x.value}})
		}
	}
	own := Own("trace", r.app)
	if key, err := t.over("spread", r.spread, r.app); err != nil {
		return nil, err
	} else if key != "" {
		d.Spreads = []cluster.TopologySpread{{Key: key, MaxSkew: 1, Pods: own, HonorAffinity: true}}
	}
	if key, err := t.over("apart", r.apart, r.app); err != nil {
		return nil, err
	} else if key != "" {
		d.PodAntiAffinity = []cluster.PodAffinityTerm{{Key: key, Pods: own}}
	}
	return t.demands.Intern(d), nil
}

func roundUp(v, step int64) int64 { return (v + step - 1) / step * step }

// over returns the label that a constraint is about, "" without one.
func (t *Trace) over(field, text, app string) (string, error) {
	switch {
	case text == "":
		return "", nil
	case app == "":
		return "", fmt.Errorf("%s: the pod belongs to no app, so that nothing is to be %s from it: fill in app", field, field)
	case text == "zone":
		return cluster.LabelZone, nil
	case text == "hostname":
		return cluster.LabelHostname, nil
	}
	return "", fmt.Errorf("%s: %q is neither zone nor hostname", field, text)
}

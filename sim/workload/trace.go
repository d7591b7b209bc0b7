package workload

import (
	"fmt"

	"github.com/ullage-sh/ullage/cluster"
)

// Source is a stream of pods in the order of their time.
type Source interface {
	// Next returns the next pod, or io.EOF after the last.
	Next() (Arrival, error)
}

// Arrival is a pod of a trace.
type Arrival struct {
	At   cluster.Duration // since the beginning of the trace
	Runs cluster.Duration // 0 for ever
	Pod  *Pod             // shared by pods that are alike
}

// TraceError is a mistake in a trace.
type TraceError struct {
	File string
	Line int
	Err  error
}

func (e *TraceError) Error() string { return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err) }

// Unwrap returns the mistake itself.
func (e *TraceError) Unwrap() error { return e.Err }

// Trace is a recorded stream of pods, read as it is needed: of the file only a line is
// held at a time, beside one record for each kind of pod.
//
// A trace is CSV with a header, or JSON Lines: one object a line. Columns and keys are
// the same, in any order, and all but submit, cpu and memory may be missing:
//
//	submit         seconds since the beginning, with fractions; never less than before
//	duration       seconds that the pod works; for ever if empty or 0
//	cpu, memory    requests, as Kubernetes writes quantities: 500m, 0.5, 512Mi, 2Gi
//	gpu            how many of nvidia.com/gpu
//	count          how many such pods come at once; 1
//	app            what the pods belong to; spread and apart are among those of one app
//	zone           the zone that it must run in
//	capacity_type  on-demand or spot
//	arch           amd64 or arm64
//	spread         zone or hostname: spread over these, a skew of one at most
//	apart          zone or hostname: never two of them in one
//	priority       a whole number
//	protected      true for karpenter.sh/do-not-disrupt
//	grace          terminationGracePeriodSeconds; 30
//
// Requests are rounded up to 10 millicores and 16 MiB: pods that differ by less than
// that are alike, so that what is held stays small.
//
// A pod whose node goes comes again and begins anew.
type Trace struct {
	file    string
	rows    rows
	last    cluster.Duration
	demands cluster.Demands
	pods    map[podKey]*Pod
	left    int // of the row at hand
	arrival Arrival
}

// podKey is what makes pods of a trace alike.
type podKey struct {
	demand    *cluster.Demand
	app       string
	grace     cluster.Duration
	priority  int32
	protected bool
}

// rows is a file as rows of fields.
type rows interface {
	// next reads a row into r and returns its line.
	next(r *row) (line int, err error)
}

// row is a line of a trace as text; missing fields are empty.
type row struct {
	submit, duration, cpu, memory, gpu, count, app, zone, capacityType, arch, spread, apart, priority, protected, grace string
}

// field returns the field of a column, nil for one that does not exist.
func (r *row) field(name string) *string {
	switch name {
	case "submit":
		return &r.submit
	case "duration":
		return &r.duration
	case "cpu":
		return &r.cpu
	case "memory":
		return &r.memory
	case "gpu":
		return &r.gpu
	case "count":
		return &r.count
	case "app":
		return &r.app
	case "zone":
		return &r.zone
	case "capacity_type":
		return &r.capacityType
	case "arch":
		return &r.arch
	case "spread":
		return &r.spread
	case "apart":
		return &r.apart
	case "priority":
		return &r.priority
	case "protected":
		return &r.protected
	case "grace":
		return &r.grace
	}
	return nil
}

// columns are all there are, for messages.
const columns = "submit, duration, cpu, memory, gpu, count, app, zone, capacity_type, arch, spread, apart, priority, protected, grace"

func unknownColumn(name string) error {
	return fmt.Errorf("there is no column %q: there are %s", name, columns)
}

// Next implements Source.
func (t *Trace) Next() (Arrival, error) {
	for t.left == 0 {
		var r row
		line, err := t.rows.next(&r)
		if err != nil {
			return Arrival{}, err
		}
		if err := t.read(&r); err != nil {
			return Arrival{}, &TraceError{t.file, line, err}
		}
	}
	t.left--
	return t.arrival, nil
}

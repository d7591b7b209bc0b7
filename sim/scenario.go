package sim

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/provider/simulated"
	"github.com/ullage-sh/ullage/sim/judge"
	"github.com/ullage-sh/ullage/sim/workload"
)

// Scenario is everything that a run depends on: the same scenario gives the same
// bytes.
type Scenario struct {
	Seed   uint64
	Start  cluster.Instant
	Length cluster.Duration

	// The cloud.
	Region string
	Types  []cluster.InstanceType
	Cloud  simulated.Delays // the zero value means its defaults
	Hazard bool             // Spot pools are reclaimed at their rates
	// Reserved is capacity that is reserved from a time on, until another is said of the same.
	// Types have its offerings (simulated.WithReserved).
	Reserved []Reserved

	// The cluster. Records are not changed.
	Classes []*cluster.NodeClass
	Pools   []*cluster.Pool
	// Resizes change the number of nodes of pools that have a fixed one.
	Resizes []Resize

	Workloads []*workload.Workload
	Buffers   []*workload.Buffer
	// Trace is a stream of pods beside the workloads; nil for none.
	Trace workload.Source

	Faults []Fault
	Pace   Pace

	// Options of the engine; Kinds is filled in.
	Options engine.Options
	// Brain makes the engine, or something that stands in for it; nil for the engine.
	Brain func(engine.Options) Brain

	// Sample is how far apart the points of Result.Series are; 0 for five minutes.
	Sample cluster.Duration
	// Journal, if set, is told every change, effect and outcome, a line each. Its
	// errors end the run.
	Journal io.Writer
	// Unchecked leaves the invariants out, for measurements.
	Unchecked bool
	// Stop, if set, is shown each violation, and ends the run there if it says so: who only
	// wants to know whether there is one need not wait for the rest.
	Stop func(judge.Violation) bool
	// Look, if set, is shown the cluster at each point of Result.Series. What it is shown
	// is not to be changed.
	Look func(Moment)
	// Left, if set, is told the records that there are in the end, such as a snapshot is
	// made of.
	Left func(cluster.Input)
}

// Brain decides. [engine.Engine] is one.
type Brain interface {
	// Step takes what was observed and the time, and returns what to do and when to be
	// stepped again.
	Step(now cluster.Instant, events []engine.Event) (effects []engine.Effect, wake cluster.Instant)
}

// Resize gives a pool with a fixed number of nodes another.
type Resize struct {
	At       cluster.Duration // since the beginning
	Pool     string
	Replicas int64
}

// Reserved is how large a reservation is from a time on. Instances that are more than that stay.
type Reserved struct {
	At cluster.Duration // since the beginning
	simulated.Reservation
}

// Pace is how quick everybody is.
type Pace struct {
	Watch Delay // from a change to the operator's inbox
	Send  Delay // from the operator to the API server or the cloud
	Reply Delay // and back
	// Gather is how long the operator lets events come together after the first. Larger
	// makes long runs cheaper.
	Gather cluster.Duration
	// Cycle is what the scheduler takes for a pod, Bind until the binding is written,
	// Lag how far behind its cache is.
	Cycle, Bind, Lag cluster.Duration
	Control          Delay // controllers, from a change to what they do about it
	Ready            Delay // from a node's registration until it is ready
	Restart          Delay // from the end of an operator to the next one's first step
}

// DefaultPace is a healthy cluster.
func DefaultPace() Pace {
	ms := cluster.Millisecond
	return Pace{
		Watch: Delay{10 * ms, 80 * ms}, Send: Delay{5 * ms, 40 * ms}, Reply: Delay{3 * ms, 20 * ms}, Gather: 5 * ms,
		Cycle: 2 * ms, Bind: 5 * ms, Lag: 10 * ms,
		Control: Delay{30 * ms, 200 * ms}, Ready: Delay{4 * cluster.Second, 12 * cluster.Second}, Restart: Delay{5 * cluster.Second, 20 * cluster.Second},
	}
}

// DefaultStart is a Monday, midnight in UTC: 2026-01-05.
const DefaultStart = cluster.Instant(1_767_571_200 * int64(cluster.Second))

// complete fills in what was left out and says what is missing.
func (s Scenario) complete() (Scenario, error) {
	switch {
	case s.Length <= 0:
		return s, errors.New("scenario: length is 0: say how long to simulate")
	case len(s.Types) == 0:
		return s, errors.New("scenario: the cloud sells no instance types")
	case len(s.Pools) == 0:
		return s, errors.New("scenario: there is no pool to buy nodes for")
	}
	if s.Start == 0 {
		s.Start = DefaultStart
	}
	if s.Region == "" {
		s.Region = "ap-northeast-2"
	}
	if s.Pace == (Pace{}) {
		s.Pace = DefaultPace()
	}
	if s.Pace.Gather <= 0 || s.Pace.Cycle <= 0 {
		return s, errors.New("scenario: pace: Gather and Cycle must be more than 0")
	}
	if s.Sample == 0 {
		s.Sample = 5 * cluster.Minute
	}
	if s.Options.Speed == 0 {
		s.Options = engine.DefaultOptions()
	}
	// Nobody reads bounds here, and nothing follows from them.
	s.Options.BoundEvery, s.Options.Solve.Unproven = cluster.Forever, true
	if s.Brain == nil {
		s.Brain = func(o engine.Options) Brain { return engine.New(o) }
	}
	for i, r := range s.Resizes {
		if !slices.ContainsFunc(s.Pools, func(p *cluster.Pool) bool { return p.Name == r.Pool && p.Replicas != nil }) || r.Replicas < 0 {
			return s, fmt.Errorf("scenario: resize %d: there is no pool %q with a fixed number of nodes that could have %d", i+1, r.Pool, r.Replicas)
		}
	}
	for i, r := range s.Reserved {
		if t := cluster.FindType(s.Types, r.InstanceType); r.Count < 0 || t == nil || !slices.ContainsFunc(t.Offerings, func(o cluster.Offering) bool {
			return o.Zone == r.Zone && o.CapacityType == cluster.Reserved
		}) {
			return s, fmt.Errorf("scenario: reservation %d: there is nothing to be reserved of %s in %s that could be %d", i+1, r.InstanceType, r.Zone, r.Count)
		}
	}
	names := map[string]bool{}
	for _, w := range s.Workloads {
		if names[w.ID()] {
			return s, fmt.Errorf("scenario: two workloads are called %s", w.ID())
		}
		names[w.ID()] = true
	}
	for _, b := range s.Buffers {
		if names["buffer "+b.ID()] {
			return s, fmt.Errorf("scenario: two buffers are called %s", b.ID())
		}
		names["buffer "+b.ID()] = true
	}
	for i := range s.Faults {
		if err := s.Faults[i].check(); err != nil {
			return s, fmt.Errorf("scenario: fault %d: %w", i+1, err)
		}
	}
	return s, nil
}

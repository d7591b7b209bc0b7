package policy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/sim"
)

// Contest is what is to be compared.
type Contest struct {
	// Name of what is run, for people.
	Name     string
	Policies []Policy
	Seeds    []uint64
	// Scenario makes the scenario of a seed, anew each time; what is closed when it has
	// been run may be nil. Its Brain, Look and Unchecked are not used: the rules that a
	// judge holds runs against are the engine's own promises.
	Scenario func(seed uint64) (sim.Scenario, io.Closer, error)
	// Workers is how many runs there may be at a time, 1 if 0. It changes nothing but
	// how long it takes.
	Workers int
	// Done, if set, is told of each run that is over; one call at a time.
	Done func(policy string, seed uint64)
}

// Comparison is what came of a contest.
type Comparison struct {
	Name   string
	Length cluster.Duration
	Seeds  []uint64
	// Standings of the policies, in the order of the contest.
	Standings []Standing
	// Unmoved is what the engine's own policy pays if no pod is moved to save money and
	// nodes are given back when they are empty; what a policy saves is counted against it.
	Unmoved Standing
}

// Standing is what came of one policy, a run for each seed.
type Standing struct {
	Policy
	Runs []Run
}

// Run is one policy on one seed.
type Run struct {
	*sim.Result
	Seed uint64
	// Floor is what no policy could have had for less, at each point of Series, per hour;
	// Least is that, added up as if each held until the next.
	Floor []cluster.Money
	Least cluster.Money
	// Families are the nodes at each point of Series, by instance family.
	Families []map[string]int
}

// Compare runs a contest, or what of it is done when ctx ends: then there is no comparison.
// The same contest gives the same comparison.
func Compare(ctx context.Context, c Contest) (*Comparison, error) {
	if len(c.Policies) == 0 || len(c.Seeds) == 0 {
		return nil, errors.New("nothing to compare: there have to be policies and seeds")
	}
	out := &Comparison{Name: c.Name, Seeds: c.Seeds}
	out.Unmoved = Standing{Policy{Name: "unmoved", Title: "Ullage, nothing moved", Brain: All()[0].Brain}, make([]Run, len(c.Seeds))}
	for _, p := range c.Policies {
		out.Standings = append(out.Standings, Standing{p, make([]Run, len(c.Seeds))})
	}
	all := []*Standing{&out.Unmoved}
	for i := range out.Standings {
		all = append(all, &out.Standings[i])
	}
	if err := c.runAll(ctx, all); err != nil {
		return nil, err
	}
	out.Length = out.Unmoved.Runs[0].Length
	return out, nil
}

// runAll runs each policy on each seed.
func (c *Contest) runAll(ctx context.Context, all []*Standing) error {
	type job struct{ standing, seed int }
	jobs := make(chan job)
	failed := make([]error, len(all)*len(c.Seeds))
	var told sync.Mutex
	var wait sync.WaitGroup
	for range max(c.Workers, 1) {
		wait.Go(func() {
			for j := range jobs {
				s := all[j.standing]
				r, err := c.run(ctx, s.Policy, c.Seeds[j.seed], j.standing == 0)
				if err != nil {
					failed[j.standing*len(c.Seeds)+j.seed] = fmt.Errorf("%s, seed %d: %w", s.Title, c.Seeds[j.seed], err)
					continue
				}
				s.Runs[j.seed] = r
				if c.Done != nil {
					told.Lock()
					c.Done(s.Title, c.Seeds[j.seed])
					told.Unlock()
				}
			}
		})
	}
	for seed := range c.Seeds {
		for standing := range all {
			if ctx.Err() == nil {
				jobs <- job{standing, seed}
			}
		}
	}
	close(jobs)
	wait.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return errors.Join(failed...)
}

// run is one policy on one seed.
func (c *Contest) run(ctx context.Context, p Policy, seed uint64, still bool) (r Run, err error) {
	s, file, err := c.Scenario(seed)
	if err != nil {
		return r, err
	}
	if file != nil {
		defer func() { err = errors.Join(err, file.Close()) }()
	}
	if still {
		s = unmoved(s)
	}
	r.Seed = seed
	floor := NewFloor(&s)
	families := familiesOf(s.Types)
	s.Brain = func(o engine.Options) sim.Brain { return p.Brain(o) }
	s.Unchecked = true
	s.Look = func(m sim.Moment) {
		r.Floor = append(r.Floor, floor.At(m))
		by := map[string]int{}
		for _, id := range m.Bought {
			by[families[id.InstanceType]]++
		}
		r.Families = append(r.Families, by)
	}
	if r.Result, err = sim.Run(ctx, s); err != nil {
		return r, err
	}
	r.Least = integrate(r.Result, r.Floor)
	return r, nil
}

// integrate adds up rates per hour, each as if it held until the next.
func integrate(r *sim.Result, rates []cluster.Money) cluster.Money {
	sum := int64(0) // micro-USD times seconds per hour
	for i, rate := range rates {
		until := r.Length
		if i+1 < len(r.Series) {
			until = r.Series[i+1].At
		}
		sum += int64(rate) * (until - r.Series[i].At).Seconds()
	}
	return cluster.Money(sum / 3600)
}

// familiesOf says of instance types what family they are of.
func familiesOf(types []cluster.InstanceType) map[string]string {
	out := make(map[string]string, len(types))
	for i := range types {
		family := types[i].Labels[catalog.LabelFamily]
		if family == "" {
			family, _, _ = strings.Cut(types[i].Name, ".")
		}
		out[types[i].Name] = family
	}
	return out
}

// Summary is a standing in a line: means over its seeds.
type Summary struct {
	Cost, Least cluster.Money
	// Over is how far the cost is over the floor: 0.1 is a tenth.
	Over float64
	// Saved is what it costs less than if nothing had been moved.
	Saved cluster.Money
	// Evictions are pods that were evicted, PerDollar those for each dollar saved; −1 if
	// nothing was.
	Evictions, PerDollar float64
	// Waited is in pod-seconds; P50 and P99 are how long pods waited, in seconds: means
	// of each run's.
	Waited, P50, P99       float64
	Launched, Ended, Nodes float64
	CPU, Memory            float64 // requested of what was paid for
	// Against is the cost as a part of the first policy's on the same seed: the mean, the
	// least and the most.
	Against, AgainstLeast, AgainstMost float64
}

// Summary sums a standing up.
func (c *Comparison) Summary(s *Standing) Summary {
	var x Summary
	n := float64(len(s.Runs))
	ratios := make([]float64, len(s.Runs))
	var cost, least, saved cluster.Money
	for i := range s.Runs {
		r := &s.Runs[i]
		cost += r.Cost
		least += r.Least
		saved += c.Unmoved.Runs[i].Cost - r.Cost
		x.Evictions += float64(r.Evictions) / n
		x.Waited += float64(r.Waits.Sum) / n
		x.P50 += float64(r.Waits.P50) / float64(cluster.Second) / n
		x.P99 += float64(r.Waits.P99) / float64(cluster.Second) / n
		x.Launched += float64(r.Launched) / n
		x.Ended += float64(r.Ended) / n
		x.Nodes += float64(r.NodeTime) / float64(r.Length) / n
		x.CPU += float64(r.Used.CPU) / 1e6 / n
		x.Memory += float64(r.Used.Memory) / 1e6 / n
		ratios[i] = float64(r.Cost) / float64(max(c.Standings[0].Runs[i].Cost, 1))
		x.Against += ratios[i] / n
	}
	x.AgainstLeast, x.AgainstMost = slices.Min(ratios), slices.Max(ratios)
	k := cluster.Money(len(s.Runs))
	x.Cost, x.Least, x.Saved = cost/k, least/k, saved/k
	if least > 0 {
		x.Over = float64(cost)/float64(least) - 1
	}
	x.PerDollar = -1
	if saved > 0 {
		x.PerDollar = x.Evictions * n / (float64(saved) / float64(cluster.USD))
	}
	return x
}

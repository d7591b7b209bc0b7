package script

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/provider/simulated"
	"github.com/ullage-sh/ullage/sim"
	"github.com/ullage-sh/ullage/sim/workload"
)

// file is a scenario as it is written.
type file struct {
	Seed     uint64   `json:"seed,omitempty"`
	Length   span     `json:"length,omitempty"` // 24h
	Calm     span     `json:"calm,omitempty"`   // of that at the end, without generated changes
	Start    string   `json:"start,omitempty"`  // 2026-01-05T00:00:00Z
	Region   string   `json:"region,omitempty"`
	Families []string `json:"families,omitempty"` // of instance types; all that the region has if empty
	// Hazard lets Spot pools be reclaimed at their rates.
	Hazard       bool              `json:"hazard,omitempty"`
	Reservations []reservationFile `json:"reservations,omitempty"`
	// Gather is how long the operator lets events come together, PassEvery how long it
	// waits from one look at all nodes to the next: what long days of large clusters are
	// made of. As the operator does it if missing.
	Gather    span           `json:"gather,omitempty"`
	PassEvery span           `json:"passEvery,omitempty"`
	Pools     []poolFile     `json:"pools,omitempty"`
	Workloads []workloadFile `json:"workloads,omitempty"`
	Buffers   []bufferFile   `json:"buffers,omitempty"`
	// Generate adds random workloads with about so many pods at the peak of the day.
	Generate int         `json:"generate,omitempty"`
	Faults   []faultFile `json:"faults,omitempty"`
}

// span is a length of time as Go writes it: 90s, 1h30m.
type span cluster.Duration

// UnmarshalJSON reads it.
func (s *span) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return fmt.Errorf("%s is not a length of time such as \"90s\" or \"1h30m\"", b)
	}
	if strings.EqualFold(text, "never") {
		*s = span(cluster.Forever)
		return nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return fmt.Errorf("%q is not a length of time such as \"90s\" or \"1h30m\"", text)
	}
	*s = span(d)
	return nil
}

// faultFile is a fault as it is written.
type faultFile struct {
	Kind    sim.FaultKind `json:"kind"`
	At      span          `json:"at"`
	For     span          `json:"for,omitempty"`
	Where   string        `json:"where,omitempty"`
	Percent int           `json:"percent,omitempty"`
	Amount  int           `json:"amount,omitempty"`
}

// Read makes a scenario of what somebody wrote. name is for messages, catalogue is what
// the region sells.
func Read(name string, text []byte, c *catalog.Catalog) (sim.Scenario, error) {
	var f file
	if err := yaml.UnmarshalStrict(text, &f); err != nil {
		return sim.Scenario{}, fmt.Errorf("%s: %w", name, errors.New(strings.TrimPrefix(err.Error(), "error unmarshaling JSON: while decoding JSON: ")))
	}
	s, err := f.scenario(c)
	if err != nil {
		return s, fmt.Errorf("%s: %w", name, err)
	}
	return s, nil
}

// Default is a scenario without workloads: a day, one pool, all instance types.
func Default(c *catalog.Catalog) (sim.Scenario, error) { return (&file{}).scenario(c) }

func (f *file) scenario(c *catalog.Catalog) (sim.Scenario, error) {
	if f.Length == 0 {
		f.Length = span(24 * cluster.Hour)
	}
	if f.Region == "" {
		f.Region = "ap-northeast-2"
	}
	if f.Seed == 0 {
		f.Seed = 1
	}
	s := sim.Scenario{Seed: f.Seed, Length: cluster.Duration(f.Length), Region: f.Region, Hazard: f.Hazard, Options: engine.DefaultOptions()}
	if f.Gather > 0 {
		s.Pace = sim.DefaultPace()
		s.Pace.Gather = cluster.Duration(f.Gather)
	}
	if f.PassEvery > 0 {
		s.Options.PassEvery = cluster.Duration(f.PassEvery)
	}
	if f.Start != "" {
		start, ok := cluster.ParseRFC3339(f.Start)
		if !ok {
			return s, fmt.Errorf("start: %q is not a time such as 2026-01-05T00:00:00Z", f.Start)
		}
		s.Start = start
	}
	var err error
	if s.Types, err = types(c, f.Region, f.Families, f.Seed); err != nil {
		return s, err
	}
	if err := reserve(&s, f.Reservations); err != nil {
		return s, err
	}
	ref := cluster.ClassRef{Group: simulated.ClassKind.Group, Kind: simulated.ClassKind.Kind, Name: "default"}
	s.Classes = []*cluster.NodeClass{{Ref: ref, Generation: 1}}
	if len(f.Pools) == 0 {
		f.Pools = []poolFile{{Name: "default"}}
	}
	for i := range f.Pools {
		p, err := f.Pools[i].pool(ref)
		if err != nil {
			return s, fmt.Errorf("pools[%d] %s: %w", i, f.Pools[i].Name, err)
		}
		s.Pools = append(s.Pools, p)
		for _, c := range f.Pools[i].Changes {
			s.Resizes = append(s.Resizes, sim.Resize{At: cluster.Duration(c.At), Pool: p.Name, Replicas: c.Replicas})
		}
	}
	demands := &cluster.Demands{}
	for i := range f.Workloads {
		w, err := f.Workloads[i].workload(demands, s.Length)
		if err != nil {
			return s, fmt.Errorf("workloads[%d] %s: %w", i, f.Workloads[i].Name, err)
		}
		s.Workloads = append(s.Workloads, w)
	}
	for i := range f.Buffers {
		b, err := f.Buffers[i].buffer(demands)
		if err != nil {
			return s, fmt.Errorf("buffers[%d] %s: %w", i, f.Buffers[i].Name, err)
		}
		s.Buffers = append(s.Buffers, b)
	}
	if f.Generate > 0 {
		mix := workload.Mix{Rand: rand.New(rand.NewPCG(f.Seed, 1)), Pods: f.Generate, Length: s.Length, Calm: cluster.Duration(f.Calm)}
		s.Workloads = append(s.Workloads, mix.Generate()...)
	}
	for _, x := range f.Faults {
		s.Faults = append(s.Faults, sim.Fault{Kind: x.Kind, At: cluster.Duration(x.At), For: cluster.Duration(x.For), Where: x.Where, Percent: x.Percent, Amount: x.Amount})
	}
	return s, nil
}

// types are what a region sells of some families.
func types(c *catalog.Catalog, region string, families []string, seed uint64) ([]cluster.InstanceType, error) {
	all, _, err := c.InstanceTypes(region, catalog.DefaultSizing(), seed)
	if err != nil || len(families) == 0 {
		return all, err
	}
	have := map[string][]cluster.InstanceType{}
	for _, t := range all {
		family := t.Labels[catalog.LabelFamily]
		have[family] = append(have[family], t)
	}
	var out []cluster.InstanceType
	for _, name := range families {
		if len(have[name]) == 0 {
			return nil, fmt.Errorf("families: %s sells no %q", region, name)
		}
		out = append(out, have[name]...)
	}
	return out, nil
}

package simulated

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// Config is what a Cloud is made of.
type Config struct {
	Region string
	// Types it sells, names distinct. Offerings that are not Available are not
	// sold at all.
	Types []cluster.InstanceType
	Seed  uint64
	// Speed divides every delay; 0 means 1. It does not touch the clock, prices
	// or how often Spot pools are reclaimed.
	Speed float64
	// Delays at speed 1; the zero value means DefaultDelays.
	Delays Delays
	// Hazard lets Spot pools be reclaimed at their ReclaimPPM; otherwise only
	// [Cloud.Reclaim] does.
	Hazard bool
	// Changed, if set, is called after a call that changed something, without
	// any lock held: what [Cloud.Next] and [Cloud.Events] answer has changed.
	Changed func()
}

// Delays say how long the cloud takes. Each instance's own delays are drawn
// evenly between bounds; boot times are log-normal.
type Delays struct {
	// LaunchMin and LaunchMax bound the time until a launch call answers.
	LaunchMin, LaunchMax cluster.Duration
	// BootP50 and BootP99 are the median and the 99th percentile from launch to
	// the kubelet's registration.
	BootP50, BootP99 cluster.Duration
	// LagMax bounds how long descriptions trail behind the truth, for launches
	// and for deletions.
	LagMax cluster.Duration
	// ShutdownMin and ShutdownMax bound the time in shutting-down.
	ShutdownMin, ShutdownMax cluster.Duration
	// Warning is how long before its stop a reclaimed Spot instance is warned.
	Warning cluster.Duration
	// SoldOut is how long the provider believes that an offering which was found
	// short still is.
	SoldOut cluster.Duration
}

// DefaultDelays are EC2's orders of magnitude: an answer in 1–2 s, boot with p50
// 40 s and p99 75 s, descriptions up to 2 s behind, 10–30 s to shut down, two
// minutes' warning, and Karpenter's 3 minutes for what was sold out.
func DefaultDelays() Delays {
	return Delays{
		LaunchMin: 1 * cluster.Second, LaunchMax: 2 * cluster.Second,
		BootP50: 40 * cluster.Second, BootP99: 75 * cluster.Second,
		LagMax:      2 * cluster.Second,
		ShutdownMin: 10 * cluster.Second, ShutdownMax: 30 * cluster.Second,
		Warning: 2 * cluster.Minute,
		SoldOut: 3 * cluster.Minute,
	}
}

// faster returns d with every delay divided by speed.
func (d Delays) faster(speed float64) Delays {
	for _, p := range []*cluster.Duration{
		&d.LaunchMin, &d.LaunchMax, &d.BootP50, &d.BootP99, &d.LagMax, &d.ShutdownMin, &d.ShutdownMax, &d.Warning, &d.SoldOut,
	} {
		*p = cluster.Duration(float64(*p) / speed)
	}
	return d
}

func (d Delays) validate() error {
	ranges := []struct {
		name     string
		from, to cluster.Duration
	}{
		{"LaunchMin, LaunchMax", d.LaunchMin, d.LaunchMax},
		{"BootP50, BootP99", d.BootP50, d.BootP99},
		{"ShutdownMin, ShutdownMax", d.ShutdownMin, d.ShutdownMax},
		{"LagMax", 0, d.LagMax},
		{"Warning", 0, d.Warning},
		{"SoldOut", 0, d.SoldOut},
	}
	for _, r := range ranges {
		if r.from < 0 || r.from > r.to || r.to > cluster.Hour {
			return fmt.Errorf("delays: %s: want 0 ≤ %v ≤ %v ≤ 1h", r.name, r.from, r.to)
		}
	}
	if d.BootP50 <= 0 {
		return errors.New("delays: BootP50 must be above 0: boot times are log-normal around it")
	}
	return nil
}

// complete fills in defaults and checks the rest.
func (c Config) complete() (Config, error) {
	if c.Speed == 0 {
		c.Speed = 1
	}
	if !(c.Speed > 0) || math.IsInf(c.Speed, 0) {
		return c, fmt.Errorf("simulated cloud: speed is %v, want a positive number", c.Speed)
	}
	if c.Delays == (Delays{}) {
		c.Delays = DefaultDelays()
	}
	if err := c.Delays.validate(); err != nil {
		return c, fmt.Errorf("simulated cloud: %w", err)
	}
	if c.Region == "" {
		return c, errors.New("simulated cloud: region is empty")
	}
	c.Types = slices.Clone(c.Types)
	slices.SortFunc(c.Types, func(a, b cluster.InstanceType) int { return strings.Compare(a.Name, b.Name) })
	for i := range c.Types {
		if i > 0 && c.Types[i].Name == c.Types[i-1].Name {
			return c, fmt.Errorf("simulated cloud: instance type %s is listed twice", c.Types[i].Name)
		}
	}
	if n := len(zonesOf(c.Types)); n < 1 || n > maxZones {
		return c, fmt.Errorf("simulated cloud: the types are sold in %d zones, want 1 to %d", n, maxZones)
	}
	return c, nil
}

// maxZones leaves each zone a thousand thousand private addresses.
const maxZones = 16

// zonesOf lists the zones in which any of types is sold, sorted.
func zonesOf(types []cluster.InstanceType) []string {
	seen := map[string]bool{}
	for i := range types {
		for _, o := range types[i].Offerings {
			seen[o.Zone] = seen[o.Zone] || o.Available
		}
	}
	maps.DeleteFunc(seen, func(_ string, sold bool) bool { return !sold })
	return slices.Sorted(maps.Keys(seen))
}

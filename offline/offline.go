// Package offline answers for objects that were read from files, or listed once
// from a cluster, what the operator would be told by a cloud: which instance types
// each node class offers, at which price.
//
// It owns the resolution of node classes against a catalogue without a cloud
// (class.go, kubelet.go) and the pool that is planned with where nobody gives one
// (pool.go). It refuses to read files (manifest), to solve (solve) and to write for
// people (cli).
package offline

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/manifest"
)

// DefaultRegion is planned for where neither a flag nor a node names a region.
const DefaultRegion = "ap-northeast-2"

// Market is what may be bought.
type Market struct {
	Catalog *catalog.Catalog
	// Region of the catalogue; "" for that of the nodes, else [DefaultRegion].
	Region string
	// Zones of the region, and capacity types, that may be bought; none for all that
	// the pools allow.
	Zones, CapacityTypes []string
	// MaxNodeCPU bounds the vCPUs of a new node; 0 for no bound.
	MaxNodeCPU int64
	// Arch of the default pool: amd64, arm64, or "" for both.
	Arch string
	// Seed of the spot prices, which the catalogue has per region and not per zone.
	Seed uint64
}

// Result is a cluster that is ready to be solved.
type Result struct {
	Input    cluster.Input
	Snapshot *cluster.Snapshot
	Region   string
	Notes    []string // what was assumed, for people
}

// Prepare puts what was read into a market.
func Prepare(o *manifest.Objects, m Market) (*Result, error) {
	r := &Result{Input: o.Input, Region: m.Region}
	if r.Region == "" {
		r.Region = DefaultRegion
		if slices.Contains(m.Catalog.Regions(), o.Region) {
			r.Region = o.Region
		}
	}
	m.Region = r.Region
	if err := m.check(); err != nil {
		return nil, err
	}
	if o.Region != "" && o.Region != r.Region {
		r.note("the nodes are in %s, but planned is for %s", o.Region, r.Region)
	}
	s := &shelf{market: m, result: r}
	var err error
	if s.all, err = s.types(catalog.DefaultSizing()); err != nil {
		return nil, err
	}
	classes := o.Classes
	if len(o.Pools) == 0 {
		r.Input.Pools = s.defaultPools()
		classes = nil
	}
	r.Input.Types = map[cluster.ClassRef][]cluster.InstanceType{}
	r.Input.Pools = slices.Clone(r.Input.Pools)
	for i, p := range r.Input.Pools {
		if err := s.resolve(p.Class, classes); err != nil {
			pool := *p // records are not written after they are handed over
			pool.Invalid = strings.TrimPrefix(pool.Invalid+"; "+err.Error(), "; ")
			r.Input.Pools[i] = &pool
			r.note("%s %s is not used: %s", kindOf[p.Shape], p.Name, err)
		}
	}
	if len(r.Input.Types) == 0 { // nobody sells anything, yet nodes that are there have a price
		r.Input.Types[defaultClass] = unavailable(s.all)
	}
	r.Snapshot = cluster.NewSnapshot(r.Input)
	for _, name := range r.Snapshot.Conflicting {
		r.note("NodeOverlay %s is not used: another of the same weight changes the same", name)
	}
	return r, nil
}

// kindOf names the objects that pools come from.
var kindOf = map[cluster.Shape]string{cluster.Free: "NodePool", cluster.NodeGroup: "NodeGroup", cluster.PerPod: kindFargate}

func (r *Result) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// check tells what is wrong with what was asked for.
func (m *Market) check() error {
	if !slices.Contains(m.Catalog.Regions(), m.Region) {
		return fmt.Errorf("--region: the catalogue has no region %q; it has %s", m.Region, strings.Join(m.Catalog.Regions(), ", "))
	}
	zones := m.Catalog.Zones(m.Region)
	for _, z := range m.Zones {
		if !slices.Contains(zones, z) {
			return fmt.Errorf("--zones: %s has no zone %q; it has %s", m.Region, z, strings.Join(zones, ", "))
		}
	}
	known := []string{cluster.OnDemand, cluster.Spot}
	for _, c := range m.CapacityTypes {
		if !slices.Contains(known, c) {
			return fmt.Errorf("--capacity-type: %q is none of %s", c, strings.Join(known, ", "))
		}
	}
	if m.Arch != "" && m.Arch != "amd64" && m.Arch != "arm64" {
		return fmt.Errorf("--arch: %q is none of amd64, arm64, any", m.Arch)
	}
	if m.MaxNodeCPU < 0 {
		return errors.New("--max-node-cpu: must not be negative")
	}
	return nil
}

package simulated

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
)

// Pattern selects offerings: each part is a glob as path.Match has it, "" for
// any.
type Pattern struct{ InstanceType, Zone, CapacityType string }

// ParsePattern reads "type/zone/capacity type"; parts may be globs, and missing
// ones match anything: "m5.*", "*/ap-northeast-2a", "//spot".
func ParsePattern(text string) (Pattern, error) {
	parts := strings.Split(text, "/")
	if len(parts) > 3 {
		return Pattern{}, fmt.Errorf("offering pattern %q has %d parts, want type/zone/capacity type", text, len(parts))
	}
	parts = append(parts, "", "")
	p := Pattern{parts[0], parts[1], parts[2]}
	for _, glob := range parts {
		if _, err := path.Match(glob, ""); err != nil {
			return Pattern{}, fmt.Errorf("offering pattern %q: %q is not a glob", text, glob)
		}
	}
	return p, nil
}

// String is the text that ParsePattern reads.
func (p Pattern) String() string { return p.InstanceType + "/" + p.Zone + "/" + p.CapacityType }

// Matches tells whether an offering is selected.
func (p Pattern) Matches(id cluster.OfferingID) bool {
	match := func(glob, name string) bool {
		ok, err := path.Match(glob, name)
		return glob == "" || (ok && err == nil)
	}
	return match(p.InstanceType, id.InstanceType) && match(p.Zone, id.Zone) && match(p.CapacityType, id.CapacityType)
}

// Unlimited is the capacity of a pool that nothing was said about.
const Unlimited = -1

// stock bounds the pools that match a pattern.
type stock struct {
	Pattern
	Capacity int
}

// SetCapacity says how many instances each pool (type × zone × capacity type)
// that matches may hold, those it has included: 0 for a pool that is sold out,
// Unlimited for no bound. Instances that exist stay. Where several patterns
// match, the one set last counts; of a reservation only those that name its capacity type.
// It returns the number of pools that match and fails if there is none.
func (c *Cloud) SetCapacity(now cluster.Instant, p Pattern, n int) (pools int, err error) {
	defer c.enter(now)()
	for i := range c.cfg.Types {
		for _, o := range c.cfg.Types[i].Offerings {
			if p.Matches(cluster.OfferingID{InstanceType: c.cfg.Types[i].Name, Zone: o.Zone, CapacityType: o.CapacityType}) {
				pools++
			}
		}
	}
	if pools == 0 {
		return 0, fmt.Errorf("set capacity: %s sells nothing that matches %s", c.cfg.Region, p)
	}
	return pools, c.commit(record{Stock: &stock{p, max(n, Unlimited)}})
}

// Room is how many more instances a pool can take, for who chooses between pools.
func (c *Cloud) Room(now cluster.Instant, id cluster.OfferingID) int {
	defer c.enter(now)()
	return c.room(id)
}

// room is how many more instances a pool can take.
func (c *Cloud) room(id cluster.OfferingID) int {
	if id.CapacityType == cluster.Reserved {
		return c.unreserved(id)
	}
	for _, s := range slices.Backward(c.stocks) {
		if s.Matches(id) {
			if s.Capacity == Unlimited {
				break
			}
			return max(s.Capacity-c.held[id], 0)
		}
	}
	return math.MaxInt
}

// Reclaim takes Spot instances back: those that match are warned now and stopped
// after the warning. It returns their ids, sorted, without those that were
// warned before.
func (c *Cloud) Reclaim(now cluster.Instant, p Pattern) ([]string, error) {
	defer c.enter(now)()
	hit := map[string]*instance{}
	ids := []string{}
	for id, i := range c.live {
		if i.Offering.CapacityType == cluster.Spot && p.Matches(i.Offering) && i.Times.Stopping > c.now && i.Times.Warned > c.now {
			hit[id] = i
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, c.move(hit, c.fates.reclaim)
}

// Warnings are those of instances that will be taken back and are not stopping yet,
// sorted by id.
func (c *Cloud) Warnings(now cluster.Instant) []cluster.Notice {
	defer c.enter(now)()
	out := []cluster.Notice{}
	for id, i := range c.live {
		if i.Times.Warned <= c.now && i.Times.Stopping > c.now {
			out = append(out, cluster.Notice{
				Receipt: id, InstanceID: id, Kind: cluster.Interruption, Ends: i.Times.Stopping, Message: "EC2 Spot Instance Interruption Warning",
			})
		}
	}
	slices.SortFunc(out, func(a, b cluster.Notice) int { return strings.Compare(a.InstanceID, b.InstanceID) })
	return out
}

// Kill makes a machine vanish at once, as if somebody had pulled its plug and
// taken it home. It fails with *provider.NotFoundError for one that is not there.
func (c *Cloud) Kill(now cluster.Instant, id string) error {
	defer c.enter(now)()
	i := c.instances[id]
	if i == nil || i.Times.Terminated <= c.now {
		return &provider.NotFoundError{ID: id}
	}
	return c.move(map[string]*instance{id: i}, c.fates.vanish)
}

// hazard is when a Spot pool is reclaimed of its own accord: a Poisson process
// from the cloud's birth. Whole pools are, since in EC2 nearly all interruptions
// of a pool come within minutes of each other.
type hazard struct {
	draws *rand.Rand
	hours float64 // mean between two
	next  cluster.Instant
}

// nextReclaim is when the pool of an offering will next be reclaimed, Never if it
// will not. Calls come in the order of time.
func (c *Cloud) nextReclaim(id cluster.OfferingID) cluster.Instant {
	o := c.offering(id)
	if !c.cfg.Hazard || o.ReclaimPPM <= 0 {
		return cluster.Never
	}
	h := c.hazards[id]
	if h == nil {
		h = &hazard{draws: c.fates.draw("hazard", id.String()), hours: 1e6 / float64(o.ReclaimPPM), next: c.born}
		c.hazards[id] = h
	}
	for h.next <= c.now {
		// Bounded, since a pool that is reclaimed once in a million hours would
		// take an Instant past its end.
		ms := math.Round(h.draws.ExpFloat64() * h.hours * float64(cluster.Hour/cluster.Millisecond))
		h.next = h.next.Add(cluster.Duration(min(ms, 1e12)) * cluster.Millisecond)
	}
	return h.next
}

// straggle is how far apart the interruptions of one pool are: within 3 minutes
// of each other, at speed 1.
func (c *Cloud) straggle() cluster.Duration {
	return cluster.Duration(float64(3*cluster.Minute) / c.cfg.Speed)
}

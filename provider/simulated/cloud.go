package simulated

import (
	"container/heap"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
)

// Cloud is a simulated region. Its methods may be called concurrently; time
// never runs backwards: an earlier instant than one already seen counts as the
// latest.
type Cloud struct {
	cfg   Config
	fates fates
	types map[string]*cluster.InstanceType
	zones []string

	mu        sync.Mutex
	now       cluster.Instant // latest instant seen
	born      cluster.Instant
	batches   map[string]*batch          // by token
	launches  []*batch                   // in order
	instances map[string]*instance       // ever launched, by id
	live      map[string]*instance       // those that descriptions may still show
	sorted    []*instance                // of these, by id, but those launched since
	launched  []*instance                // live ones that sorted lacks
	addresses map[uint32]bool            // given out, ever
	held      map[cluster.OfferingID]int // instances that are not terminated
	labels    map[cluster.OfferingID]cluster.Labels
	stocks    []stock
	hazards   map[cluster.OfferingID]*hazard
	due       agenda
	events    []event
	journal   *journal // nil: memory only
	changed   bool     // since the lock was taken
}

// New makes an empty cloud that is forgotten with the process.
func New(cfg Config, now cluster.Instant) (*Cloud, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	c := &Cloud{
		cfg: cfg, fates: fates{cfg.Seed, cfg.Delays.faster(cfg.Speed)}, zones: zonesOf(cfg.Types),
		types:   map[string]*cluster.InstanceType{},
		batches: map[string]*batch{}, instances: map[string]*instance{}, live: map[string]*instance{}, addresses: map[uint32]bool{},
		held: map[cluster.OfferingID]int{}, labels: map[cluster.OfferingID]cluster.Labels{}, hazards: map[cluster.OfferingID]*hazard{},
		now: now, born: now,
	}
	for i := range cfg.Types {
		c.types[cfg.Types[i].Name] = &cfg.Types[i]
	}
	return c, nil
}

// Region is where the cloud is.
func (c *Cloud) Region() string { return c.cfg.Region }

// Zones lists the zones in which it sells anything, sorted.
func (c *Cloud) Zones() []string { return slices.Clone(c.zones) }

// Types lists what it sells, sorted by name. The caller must not change what
// they point to.
func (c *Cloud) Types() []cluster.InstanceType { return slices.Clone(c.cfg.Types) }

// Delays are the delays that hold, divided by the speed.
func (c *Cloud) Delays() Delays { return c.fates.delays }

// enter takes the lock and lets time pass; the returned function releases the
// lock and reports a change.
func (c *Cloud) enter(now cluster.Instant) (leave func()) {
	c.mu.Lock()
	c.advance(now)
	return func() {
		changed := c.changed
		c.changed = false
		c.mu.Unlock()
		if changed && c.cfg.Changed != nil {
			c.cfg.Changed()
		}
	}
}

// record is one change, as the journal has it. Exactly one of the pointers is
// set.
type record struct {
	At    cluster.Instant
	Made  *made   `json:",omitempty"`
	Batch *batch  `json:",omitempty"`
	Moved []moved `json:",omitempty"`
	Stock *stock  `json:",omitempty"`
}

// made is the first record: what the cloud was made with.
type made struct {
	Version int
	Region  string
	Seed    uint64
	Born    cluster.Instant
}

// moved is an instance whose future has changed.
type moved struct {
	ID    string
	Times timeline
}

// commit writes a change down and then makes it. On an error nothing has
// changed.
func (c *Cloud) commit(r record) error {
	r.At = c.now
	if c.journal != nil {
		if err := c.journal.append(r); err != nil {
			return err
		}
	}
	if err := c.apply(r); err != nil {
		return err
	}
	c.changed = true
	return nil
}

// apply makes a change, new or read back. Only one that was read back can fail.
func (c *Cloud) apply(r record) error {
	c.advance(r.At)
	switch {
	case r.Batch != nil:
		return c.applyBatch(r.Batch)
	case r.Stock != nil:
		c.stocks = slices.DeleteFunc(c.stocks, func(s stock) bool { return s.Pattern == r.Stock.Pattern })
		c.stocks = append(c.stocks, *r.Stock)
	}
	for _, m := range r.Moved {
		i := c.instances[m.ID]
		if i == nil {
			return fmt.Errorf("instance %s was never launched", m.ID)
		}
		old := i.Times
		i.Times = m.Times
		c.schedule(i, &old)
	}
	c.advance(r.At)
	return nil
}

func (c *Cloud) applyBatch(b *batch) error {
	if c.batches[b.Token] != nil {
		return fmt.Errorf("token %s was launched twice", b.Token)
	}
	for _, i := range b.Instances {
		if c.instances[i.ID] != nil {
			return fmt.Errorf("instance %s was launched twice", i.ID)
		}
		i.provider = "aws:///" + i.Offering.Zone + "/" + i.ID
		i.batch, i.typ, i.labels = b, c.types[i.Offering.InstanceType], c.labelsOf(i.Offering)
		if i.typ == nil && i.Times.Terminated > c.now {
			return fmt.Errorf("instance %s is a %s, which this catalogue does not sell in %s: open it with the catalogue it was made with", i.ID, i.Offering.InstanceType, c.cfg.Region)
		}
		c.instances[i.ID], c.live[i.ID] = i, i
		c.launched = append(c.launched, i)
		c.addresses[i.Address] = true
		c.held[i.Offering]++
		c.schedule(i, nil)
	}
	c.batches[b.Token] = b
	c.launches = append(c.launches, b)
	c.advance(c.now)
	return nil
}

// schedule enters what will happen to i into the agenda, except what was there
// already; what a change has struck out is skipped when its turn comes.
func (c *Cloud) schedule(i *instance, before *timeline) {
	for k := range numKinds {
		at := i.Times.at(k)
		if at != cluster.Never && (before == nil || before.at(k) != at) {
			heap.Push(&c.due, entry{at, i, k})
		}
	}
}

// advance lets everything happen that is due by now.
func (c *Cloud) advance(now cluster.Instant) {
	c.now = max(c.now, now)
	for len(c.due) > 0 && c.due[0].at <= c.now {
		e := heap.Pop(&c.due).(entry)
		if !e.valid() {
			continue
		}
		switch e.kind {
		case Terminated:
			c.held[e.instance.Offering]--
		case goneSeen:
			delete(c.live, e.instance.ID)
		}
		if e.kind < numEvents {
			c.events = append(c.events, event{e.at, e.kind, e.instance})
		}
	}
}

// Launches is how many orders were ever fulfilled, those read back from the journal
// included.
func (c *Cloud) Launches() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.launches)
}

// List describes the instances as the API shows them, behind the truth by up to
// the lag, those shutting down included; sorted by id.
func (c *Cloud) List(now cluster.Instant) []provider.Instance {
	return c.listed(now, func(*Order) bool { return true })
}

// listed is List for what some orders have launched.
func (c *Cloud) listed(now cluster.Instant, of func(*Order) bool) []provider.Instance {
	defer c.enter(now)()
	return c.describeAll(func(i *instance) (provider.State, bool) {
		if !of(&i.batch.Order) {
			return "", false
		}
		return i.Times.seen(c.now)
	})
}

// Inventory describes what really exists, without any lag; sorted by id.
func (c *Cloud) Inventory(now cluster.Instant) []provider.Instance {
	defer c.enter(now)()
	return c.describeAll(func(i *instance) (provider.State, bool) {
		s := i.Times.state(c.now)
		return s, s != provider.Terminated
	})
}

func (c *Cloud) describeAll(state func(*instance) (provider.State, bool)) []provider.Instance {
	c.sort()
	out := make([]provider.Instance, 0, len(c.sorted))
	for _, i := range c.sorted {
		if s, ok := state(i); ok {
			out = append(out, i.describe(s))
		}
	}
	return out
}

// sort brings the order of those that are live up to date: a cloud of thousands is listed
// again and again, and little has changed.
func (c *Cloud) sort() {
	if len(c.sorted)+len(c.launched) != len(c.live) {
		gone := func(i *instance) bool { return c.live[i.ID] == nil }
		c.sorted, c.launched = slices.DeleteFunc(c.sorted, gone), slices.DeleteFunc(c.launched, gone)
	}
	if len(c.launched) == 0 {
		return
	}
	byID := func(a, b *instance) int { return strings.Compare(a.ID, b.ID) }
	slices.SortFunc(c.launched, byID)
	merged := make([]*instance, 0, len(c.live))
	for _, i := range c.launched {
		at, _ := slices.BinarySearchFunc(c.sorted, i, byID)
		merged = append(append(merged, c.sorted[:at]...), i)
		c.sorted = c.sorted[at:]
	}
	c.sorted, c.launched = append(merged, c.sorted...), nil
}

// Get describes one instance as List would, or fails with
// *provider.NotFoundError.
func (c *Cloud) Get(now cluster.Instant, id string) (provider.Instance, error) {
	defer c.enter(now)()
	if i := c.instances[id]; i != nil {
		if s, ok := i.Times.seen(c.now); ok {
			return i.describe(s), nil
		}
	}
	return provider.Instance{}, &provider.NotFoundError{ID: id}
}

// Terminate stops instances and returns the true state of each; an unknown one
// is Terminated. It fails only if the journal cannot be written, and then
// nothing has changed.
func (c *Cloud) Terminate(now cluster.Instant, ids []string) (map[string]provider.State, error) {
	defer c.enter(now)()
	stop := map[string]*instance{}
	for _, id := range ids {
		if i := c.instances[id]; i != nil && i.Times.Stopping > c.now {
			stop[id] = i
		}
	}
	if err := c.move(stop, c.fates.stop); err != nil {
		return nil, err
	}
	states := map[string]provider.State{}
	for _, id := range ids {
		states[id] = provider.Terminated
		if i := c.instances[id]; i != nil {
			states[id] = i.Times.state(c.now)
		}
	}
	return states, nil
}

// move changes the future of instances from now on, as one journal record.
func (c *Cloud) move(which map[string]*instance, change func(timeline, string, cluster.Instant) timeline) error {
	if len(which) == 0 {
		return nil
	}
	var r record
	for _, id := range slices.Sorted(maps.Keys(which)) {
		r.Moved = append(r.Moved, moved{id, change(which[id].Times, id, c.now)})
	}
	return c.commit(r)
}

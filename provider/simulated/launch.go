package simulated

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
)

// Order asks for instances. All but ImageID, Hash, Tags and Memo make up what a token
// stands for: those are what the node class meant at the first call, and
// a repeated call gets that call's instances, whatever the class means by then.
type Order struct {
	Token string
	Class cluster.ClassRef
	Pool  string
	Count int
	// Offerings in the order in which they are to be tried.
	Offerings []cluster.OfferingID
	Labels    cluster.Labels  `json:",omitempty"`
	Taints    []cluster.Taint `json:",omitempty"`
	// Kept: somebody has kept room for these instances, and the bounds of pools do not
	// hold for them.
	Kept bool `json:",omitempty"`

	ImageID, Hash string
	Tags          map[string]string `json:",omitempty"`
	// Memo is kept with the machines for whoever ordered them, and means nothing here.
	Memo string `json:",omitempty"`
}

// Receipt is the answer to an Order.
type Receipt struct {
	Instances []provider.Instance // sorted by id, states as of now
	SoldOut   []cluster.OfferingID
	// Takes is how long the call takes: the instances exist at once, but the
	// caller learns of them only then. It holds for failures too.
	Takes cluster.Duration
}

// Launch starts the instances of an order, or returns those of the first call
// with its token. It fails with *provider.RejectedError for an order that can
// never succeed, with *provider.InsufficientCapacityError when no offering has
// capacity (the token is then still unused), or with the journal's error; in each
// case nothing has been launched.
//
// An instance without a claim is one that was launched for a pool and has no
// claim: launch it here, without telling anybody.
func (c *Cloud) Launch(now cluster.Instant, o Order) (Receipt, error) {
	defer c.enter(now)()
	takes := c.fates.between("launch", o.Token, c.fates.delays.LaunchMin, c.fates.delays.LaunchMax)
	if b := c.batches[o.Token]; b != nil {
		return c.repeat(b, o, takes)
	}
	if err := c.check(o); err != nil {
		return Receipt{Takes: takes}, err
	}
	picked, soldOut := c.pick(o)
	if len(picked) == 0 {
		return Receipt{SoldOut: soldOut, Takes: takes}, &provider.InsufficientCapacityError{SoldOut: soldOut}
	}
	b := &batch{Order: o.clone(), SoldOut: soldOut}
	taken := map[uint32]bool{}
	for slot, offering := range picked {
		i := &instance{ID: c.newID(o.Token, slot), Offering: offering}
		i.Address = c.newAddress(i.ID, offering.Zone, taken)
		i.Times = c.fates.birth(i.ID, c.now)
		if warned := c.nextReclaim(offering); warned != cluster.Never {
			i.Times = c.fates.reclaim(i.Times, i.ID, warned.Add(c.fates.between("straggler", i.ID, 0, c.straggle())))
		}
		b.Instances = append(b.Instances, i)
	}
	slices.SortFunc(b.Instances, func(x, y *instance) int { return strings.Compare(x.ID, y.ID) })
	if err := c.commit(record{Batch: b}); err != nil {
		return Receipt{Takes: takes}, err
	}
	return c.receipt(b, takes), nil
}

// Recall returns the answer of an earlier Launch with the order's token; false
// when there was none that launched anything. Like Launch it rejects an order
// that differs from that one.
func (c *Cloud) Recall(now cluster.Instant, o Order) (Receipt, bool, error) {
	defer c.enter(now)()
	b := c.batches[o.Token]
	if b == nil {
		return Receipt{}, false, nil
	}
	r, err := c.repeat(b, o, c.fates.between("launch", o.Token, c.fates.delays.LaunchMin, c.fates.delays.LaunchMax))
	return r, true, err
}

func (c *Cloud) repeat(b *batch, o Order, takes cluster.Duration) (Receipt, error) {
	if diff := b.differs(o); len(diff) > 0 {
		return Receipt{Takes: takes}, &provider.RejectedError{Reason: fmt.Sprintf(
			"token %s was used for a request with another %s: a new request needs a new token", o.Token, strings.Join(diff, ", "))}
	}
	return c.receipt(b, takes), nil
}

func (c *Cloud) receipt(b *batch, takes cluster.Duration) Receipt {
	r := Receipt{SoldOut: slices.Clone(b.SoldOut), Takes: takes}
	for _, i := range b.Instances {
		r.Instances = append(r.Instances, i.describe(i.Times.state(c.now)))
	}
	return r
}

// differs names the parameters in which o asks for something else than b did.
func (b *batch) differs(o Order) []string {
	var names []string
	add := func(name string, same bool) {
		if !same {
			names = append(names, name)
		}
	}
	add("node class", b.Class == o.Class)
	add("pool", b.Pool == o.Pool)
	add("count", b.Count == o.Count)
	add("offerings", slices.Equal(b.Offerings, o.Offerings))
	add("labels", maps.Equal(b.Labels, o.Labels))
	add("taints", slices.Equal(b.Taints, o.Taints))
	add("room", b.Kept == o.Kept)
	return names
}

// clone makes the order independent of the caller's slices and maps.
func (o Order) clone() Order {
	o.Offerings, o.Taints = slices.Clone(o.Offerings), slices.Clone(o.Taints)
	o.Labels, o.Tags = maps.Clone(o.Labels), maps.Clone(o.Tags)
	return o
}

// check rejects what can never succeed.
func (c *Cloud) check(o Order) error {
	request := provider.CreateRequest{Token: o.Token, Count: o.Count, Offerings: o.Offerings}
	if err := request.Validate(); err != nil {
		return &provider.RejectedError{Reason: err.Error()}
	}
	for _, id := range o.Offerings {
		if c.offering(id) == nil {
			return &provider.RejectedError{Reason: fmt.Sprintf("create %s: %s does not sell %s", o.Token, c.cfg.Region, id)}
		}
	}
	return nil
}

// offering returns what is sold under a name, nil if nothing is.
func (c *Cloud) offering(id cluster.OfferingID) *cluster.Offering {
	t := c.types[id.InstanceType]
	if t == nil {
		return nil
	}
	for k := range t.Offerings {
		if o := &t.Offerings[k]; o.Zone == id.Zone && o.CapacityType == id.CapacityType && o.Available {
			return o
		}
	}
	return nil
}

// pick gives each slot the first offering that has room, and names the
// offerings that had none for a slot.
func (c *Cloud) pick(o Order) (picked, soldOut []cluster.OfferingID) {
	taken := map[cluster.OfferingID]int{} // by this order
	for _, id := range o.Offerings {
		room := c.room(id) - taken[id]
		if o.Kept {
			room = o.Count
		}
		for range min(room, o.Count-len(picked)) {
			picked = append(picked, id)
			taken[id]++
		}
		if len(picked) == o.Count {
			return picked, soldOut
		}
		if !slices.Contains(soldOut, id) {
			soldOut = append(soldOut, id)
		}
	}
	return picked, soldOut
}

func (c *Cloud) newID(token string, slot int) string {
	for attempt := 0; ; attempt++ {
		if id := c.fates.instanceID(token, slot, attempt); c.instances[id] == nil {
			return id
		}
	}
}

// newAddress gives an address in 10.0.0.0/8 that no instance ever had: each zone
// has its share of the second byte, and the last byte avoids the addresses that
// a subnet keeps for itself.
func (c *Cloud) newAddress(id, zone string, taken map[uint32]bool) uint32 {
	share := uint32(256 / len(c.zones))
	z := uint32(slices.Index(c.zones, zone))
	for n := c.fates.address(id); ; n++ {
		second := z*share + (n>>16&0xff)%share
		a := 10<<24 | second<<16 | n&0xff00 | (4 + n&0xff%250)
		if !c.addresses[a] && !taken[a] {
			taken[a] = true
			return a
		}
	}
}

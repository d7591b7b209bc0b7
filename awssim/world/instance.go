package world

import (
	"errors"
	"fmt"
	"slices"

	"github.com/ullage-sh/ullage/awssim/boot"
	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
	"github.com/ullage-sh/ullage/provider/simulated"
)

// Pool is a Spot or on-demand pool: a type in a zone, with what is launched from it.
type Pool struct {
	cluster.OfferingID
	Machine Machine
	// Reservation is the one of the pool that is launched into, nil for none.
	Reservation *Reservation
	// Unreserved: what is launched stays out of reservations that are made later.
	Unreserved bool
}

// Machine is what an instance is launched with, but for its pool.
type Machine struct {
	ImageID, Arch  string
	SubnetID       string
	SecurityGroups []string
	Profile        string // ARN of an instance profile, "" for none
	KeyName        string
	UserData       string // base64, as it came
	TemplateID     string
	TemplateName   string
	TemplateNumber int64
	FleetID        string
	EBSOptimized   bool
	// HTTPTokens, HTTPEndpoint and HopLimit are those of the metadata service.
	HTTPTokens, HTTPEndpoint string
	HopLimit                 int32
	Volumes                  []Volume
}

// Volume is a disk of an instance.
type Volume struct {
	Device, ID, Type string
	SizeGiB          int32
	Encrypted, Keep  bool // Keep: not deleted with the instance
}

// Instance is a machine that has been launched, however long ago.
type Instance struct {
	Machine
	ID, Reservation, Token string
	Type, Zone             string
	Spot                   bool
	SpotRequest            string // id, "" on demand
	SpotPrice              cluster.Money
	Launched               cluster.Instant
	Index                  int32 // in its launch
	PrivateIP, PrivateDNS  string
	InterfaceID            string

	Rebalance  bool            // recommended
	Warned     cluster.Instant // interruption notice, 0 for none
	Retires    cluster.Instant // its machine is to be retired then, 0 for never
	Stopping   cluster.Instant // 0 while it is not
	Terminated cluster.Instant // 0 while it is not
	// ByUser: it was terminated by a call, not by the cloud.
	ByUser bool
	// Reserved is the id of the capacity reservation that it runs in, "" for none, and
	// Unreserved says that it is to run in none.
	Reserved   string
	Unreserved bool
	// Cancelled: its Spot request was, which leaves the instance alone.
	Cancelled bool
	// Elsewhere: it is not from the machine room, and cannot be ended.
	Elsewhere bool
	// Ran is when its machine ran, Booted when its kubelet registered; 0 before.
	Ran, Booted cluster.Instant
}

// Offering is the pool that it is from.
func (i *Instance) Offering() cluster.OfferingID {
	return cluster.OfferingID{InstanceType: i.Type, Zone: i.Zone, CapacityType: CapacityType(i.Spot)}
}

// CapacityType is what cluster calls Spot capacity or that on demand.
func CapacityType(spot bool) string {
	if spot {
		return cluster.Spot
	}
	return cluster.OnDemand
}

// Tags of what an instance is made of, by kind: "instance", "volume",
// "network-interface", "spot-instances-request".
type Tags = map[string]map[string]string

// Launched is what came of a launch.
type Launched struct {
	Instances []*Instance
	// Takes is how long EC2 takes to answer.
	Takes cluster.Duration
}

// Launch starts up to count instances of one reservation (of EC2's other kind: what was
// launched together), each from the first pool that has room. When none has, nothing is
// launched and that is no error.
func (w *World) Launch(pools []Pool, count int, tags Tags) (Launched, error) {
	node, err := nodeOf(pools)
	if err != nil {
		return Launched{}, err
	}
	together := w.NewID("r-")
	launch := w.latest()
	var out Launched
	for k, p := range pools {
		n := min(count-len(out.Instances), w.roomIn(p))
		if n <= 0 {
			continue
		}
		// The reservation has kept the room that the machine room may say there is not.
		m := memo{At: w.now, Together: together, Machine: p.Machine, Tags: tags}
		order := simulated.Order{
			Token: fmt.Sprintf("launch-%s.%d", launch, k), Memo: m.text(), Count: n, Offerings: []cluster.OfferingID{p.OfferingID}, Labels: node.Labels, Taints: node.Taints,
			Kept: p.Reservation != nil,
		}
		receipt, err := w.cloud.Launch(w.now, order)
		var short *provider.InsufficientCapacityError
		if errors.As(err, &short) {
			continue // whoever else buys there was quicker
		}
		if err != nil {
			return out, err
		}
		out.Takes = max(out.Takes, receipt.Takes)
		w.takeOver(&out, p, m, receipt.Instances)
	}
	w.launched(len(out.Instances))
	if len(out.Instances) == 0 {
		w.Note("launch of %d: no capacity in %d pools", count, len(pools))
	}
	w.takeIn(w.now)
	return out, nil
}

// roomIn is how many more instances a pool can take, or its reservation.
func (w *World) roomIn(p Pool) int {
	if p.Reservation != nil {
		return w.Unused(p.Reservation)
	}
	return w.Room(p.OfferingID)
}

// takeOver makes instances of what was launched in the machine room.
func (w *World) takeOver(out *Launched, p Pool, of memo, all []provider.Instance) {
	machines := map[string]*simulated.Machine{}
	events, _ := w.cloud.Events(w.now, w.seen) // read ahead: they are taken in later
	for k := range events {
		machines[events[k].Machine.InstanceID] = &events[k].Machine
	}
	for _, made := range all {
		i := w.instanceOf(made.ID, made.Offering, of)
		i.Index, i.Unreserved = int32(len(out.Instances)), p.Unreserved
		if p.Reservation != nil {
			i.Reserved = p.Reservation.ID
		}
		if m := machines[made.ID]; m != nil {
			i.PrivateIP, i.PrivateDNS = m.InternalIP, m.Name
		}
		w.enter(i)
		w.tagNew(i, of.Tags)
		out.Instances = append(out.Instances, i)
	}
}

// instanceOf is what comes of a launch in a pool.
func (w *World) instanceOf(id string, pool cluster.OfferingID, of memo) *Instance {
	i := &Instance{
		Machine: of.Machine, ID: id, Reservation: of.Together, Type: pool.InstanceType, Zone: pool.Zone,
		Spot: pool.CapacityType == cluster.Spot, Launched: of.At, InterfaceID: w.fixedID("eni-", id),
	}
	i.Volumes = slices.Clone(i.Volumes)
	for v := range i.Volumes {
		i.Volumes[v].ID = w.fixedID("vol-", id+i.Volumes[v].Device)
	}
	return i
}

// nodeOf is what the machines of a launch register with. The machine room has it the same
// for all of them.
func nodeOf(pools []Pool) (boot.Node, error) {
	var out boot.Node
	for k, p := range pools {
		if k > 0 && p.Machine.UserData == pools[k-1].Machine.UserData {
			continue
		}
		n := boot.Read(p.Machine.UserData)
		if k > 0 && !n.Equal(out) {
			return out, errors.New("machines of one launch that register with different labels or taints are not simulated")
		}
		out = n
	}
	return out, nil
}

// FleetID makes the identifier of the next fleet.
func (w *World) FleetID() string { return "fleet-" + w.UUID("fleet") }

// tagNew tags an instance and what belongs to it as the launch asked for.
func (w *World) tagNew(i *Instance, tags Tags) {
	w.SetTags(i.ID, tags["instance"])
	w.SetTags(i.InterfaceID, tags["network-interface"])
	if i.Spot {
		w.SetTags(i.SpotRequest, tags["spot-instances-request"])
	}
	for _, v := range i.Volumes {
		w.SetTags(v.ID, tags["volume"])
	}
}

// Terminate stops instances; those that are unknown or gone are passed over.
func (w *World) Terminate(ids []string) error {
	for _, id := range ids {
		if i := w.instances[id]; i != nil && i.Stopping == 0 {
			i.ByUser = true
			w.Note("terminate %s", id)
		}
	}
	if _, err := w.cloud.Terminate(w.now, ids); err != nil {
		return err
	}
	w.takeIn(w.now)
	return nil
}

// goneAfter is how long descriptions show an instance that has been terminated.
const goneAfter = cluster.Hour

// Views lists the instances that descriptions show, in the order of their launch, with
// the state that they show: both trail behind the truth.
func (w *World) Views() []View {
	states := map[string]provider.State{}
	for _, i := range w.cloud.List(w.now) {
		states[i.ID] = i.State
	}
	var out []View
	for _, i := range w.order {
		if s, ok := w.seenState(i, states); ok {
			out = append(out, View{i, s})
		}
	}
	return out
}

// Launches lists all instances that there ever were, as they really are, in the order in
// which they were launched.
func (w *World) Launches() []*Instance { return slices.Clone(w.order) }

// View is an instance as it is described.
type View struct {
	*Instance
	State provider.State
}

func (w *World) seenState(i *Instance, states map[string]provider.State) (provider.State, bool) {
	if s, ok := states[i.ID]; ok {
		return s, true
	}
	if i.Elsewhere {
		return provider.Running, true
	}
	return provider.Terminated, i.Terminated != 0 && w.now < i.Terminated.Add(goneAfter)
}

// View finds an instance that descriptions show.
func (w *World) View(id string) (View, bool) {
	i := w.instances[id]
	if i == nil {
		return View{}, false
	}
	states := map[string]provider.State{}
	if seen, err := w.cloud.Get(w.now, id); err == nil {
		states[id] = seen.State
	}
	s, ok := w.seenState(i, states)
	return View{i, s}, ok
}

// TrueState is the state that an instance is really in.
func (i *Instance) TrueState() provider.State {
	switch {
	case i.Terminated != 0:
		return provider.Terminated
	case i.Stopping != 0:
		return provider.ShuttingDown
	}
	return provider.Running
}

// happened takes in something that has happened in the machine room.
func (w *World) happened(e simulated.Event) {
	i := w.instances[e.Machine.InstanceID]
	if i == nil {
		i = w.adopt(&e.Machine, e.At) // launched in the machine room, not through AWS
	}
	switch e.Kind {
	case simulated.Launched:
		w.publish(w.stateEvent(i.ID, "pending"))
	case simulated.Running:
		i.Ran = e.At
		w.publish(w.stateEvent(i.ID, "running"))
	case simulated.Booted:
		i.Booted = e.At
	case simulated.Warned:
		i.Warned = e.At
		w.Note("interruption warning %s", i.ID)
		if !i.Rebalance {
			i.Rebalance = true
			w.publish(w.rebalanceEvent(i.ID))
		}
		w.publish(w.interruptionEvent(i.ID))
	case simulated.Stopping:
		i.Stopping = e.At
		// Nothing else stops machines, however they were asked to.
		i.ByUser = i.ByUser || (i.Warned == 0 && i.Retires == 0)
		w.publish(w.stateEvent(i.ID, "shutting-down"))
	case simulated.Terminated:
		i.Terminated = e.At
		w.Note("terminated %s", i.ID)
		w.publish(w.stateEvent(i.ID, "terminated"))
	}
}

// Instance finds an instance, however long it has been gone; nil if there never was one.
func (w *World) Instance(id string) *Instance { return w.instances[id] }

// Types lists what the region sells, sorted by name.
func (w *World) Types() []catalog.Type {
	var out []catalog.Type
	for _, t := range w.cfg.Catalog.Types() {
		if w.types[t.Name] != nil {
			out = append(out, t)
		}
	}
	return out
}

// Type finds a type that the region sells.
func (w *World) Type(name string) (catalog.Type, bool) {
	if w.types[name] == nil {
		return catalog.Type{}, false
	}
	return w.cfg.Catalog.Type(name)
}

// Offering finds what is sold under a name.
func (w *World) Offering(id cluster.OfferingID) (cluster.Offering, bool) {
	t := w.types[id.InstanceType]
	if t == nil {
		return cluster.Offering{}, false
	}
	for _, o := range t.Offerings {
		if o.Zone == id.Zone && o.CapacityType == id.CapacityType && o.Available {
			return o, true
		}
	}
	return cluster.Offering{}, false
}

// Room is how many more instances a pool can take, beside what is reserved in it.
func (w *World) Room(id cluster.OfferingID) int {
	return max(w.cloud.Room(w.now, id)-w.kept(id), 0)
}

// Zones lists the region's zones, sorted.
func (w *World) Zones() []string { return w.cloud.Zones() }

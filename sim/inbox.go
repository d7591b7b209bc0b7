package sim

import (
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/sim/store"
)

// inbox is what is on its way to one operator process. What arrives within a window of
// Pace.Gather is handed over together, in the order in which it was sent: between
// windows the delays decide.
type inbox struct {
	windows map[int64][]engine.Event
	closed  bool // the process has ended
}

func newInbox() *inbox { return &inbox{windows: map[int64][]engine.Event{}} }

// deliver makes an event arrive at t.
func (o *operator) deliver(t cluster.Instant, ev engine.Event) {
	box, gather := o.box, int64(o.w.Pace.Gather)
	window := (int64(t) + gather - 1) / gather
	list, known := box.windows[window]
	box.windows[window] = append(list, ev)
	if known {
		return
	}
	o.w.at(cluster.Instant(window*gather), func() {
		events := box.windows[window]
		delete(box.windows, window)
		if !box.closed {
			o.step(events)
		}
	})
}

// tell lets the operator's watch deliver a change of an object: late, and after the
// changes of that object that came before. told is when the last one arrives.
func (o *operator) tell(told *cluster.Instant, ev engine.Event) {
	d := o.w.Pace.Watch.draw(o.watch)
	for _, f := range o.w.active[SlowAPI] {
		d *= cluster.Duration(max(f.Amount, 1))
	}
	*told = max(o.w.now.Add(d), *told, o.deaf)
	if o.box != nil {
		o.deliver(*told, ev)
	}
}

func (o *operator) podChanged(p *store.Pod, _ *cluster.Pod) {
	o.tell(&p.Told, engine.PodChanged{ID: p.Key, Pod: p.Now})
}

func (o *operator) nodeChanged(n *store.Node, _ *cluster.Node) {
	o.tell(&n.Told, engine.NodeChanged{Name: n.Key, Node: n.Now})
}

func (o *operator) claimChanged(c *store.Claim, _ *cluster.Claim) {
	o.tell(&c.Told, engine.ClaimChanged{Name: c.Key, Claim: c.Now})
}

func (o *operator) poolChanged(p *store.Object[cluster.Pool], _ *cluster.Pool) {
	o.tell(&p.Told, engine.PoolChanged{Name: p.Key, Pool: p.Now})
}

func (o *operator) classChanged(c *store.Object[cluster.NodeClass], old *cluster.NodeClass) {
	ref := cmpOr(c.Now, old).Ref
	o.tell(&c.Told, engine.ClassChanged{Ref: ref, Class: c.Now})
}

func (o *operator) daemonChanged(d *store.Object[cluster.DaemonSet], _ *cluster.DaemonSet) {
	o.tell(&d.Told, engine.DaemonSetChanged{ID: d.Key, DaemonSet: d.Now})
}

func cmpOr[T any](a, b *T) *T {
	if a != nil {
		return a
	}
	return b
}

// list hands over everything there is, as a process does when it begins.
func (o *operator) list() []engine.Event {
	s := o.w.store
	var out []engine.Event
	for _, x := range s.Classes.All() {
		out = append(out, engine.ClassChanged{Ref: x.Now.Ref, Class: x.Now})
	}
	for _, x := range s.Pools.All() {
		out = append(out, engine.PoolChanged{Name: x.Key, Pool: x.Now})
	}
	for _, x := range s.Daemons.All() {
		out = append(out, engine.DaemonSetChanged{ID: x.Key, DaemonSet: x.Now})
	}
	for _, x := range s.Claims.All() {
		out = append(out, engine.ClaimChanged{Name: x.Key, Claim: x.Now})
	}
	for _, x := range s.Nodes.All() {
		out = append(out, engine.NodeChanged{Name: x.Key, Node: x.Now})
	}
	for _, x := range s.Pods.All() {
		out = append(out, engine.PodChanged{ID: x.Key, Pod: x.Now})
	}
	return append(out, engine.Synced{})
}

package sim

import (
	"maps"

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
// changes of that object, and of one before it of the same name, that came before.
func tell[T any](o *operator, kind string, x *store.Object[T], old *T, ev engine.Event) {
	now := o.w.now
	at := max(now.Add(o.slow(o.w.Pace.Watch.draw(o.watch))), x.Told, o.deaf)
	switch {
	case old == nil:
		at = max(at, o.graves[grave{kind, x.Key}])
	case x.Now == nil:
		if len(o.graves) > 4096 {
			maps.DeleteFunc(o.graves, func(_ grave, t cluster.Instant) bool { return t < now })
		}
		o.graves[grave{kind, x.Key}] = at
	}
	x.Told = at
	if at > now.Add(usualLag) && at > o.deaf {
		o.tardy = append(o.tardy, delivery{now, at})
	}
	if o.box != nil {
		o.deliver(at, ev)
	}
}

func (o *operator) podChanged(p *store.Pod, old *cluster.Pod) {
	tell(o, "pod", p, old, engine.PodChanged{ID: p.Key, Pod: p.Now})
}

func (o *operator) nodeChanged(n *store.Node, old *cluster.Node) {
	tell(o, "node", n, old, engine.NodeChanged{Name: n.Key, Node: n.Now})
}

func (o *operator) claimChanged(c *store.Claim, old *cluster.Claim) {
	tell(o, "claim", c, old, engine.ClaimChanged{Name: c.Key, Claim: c.Now})
}

func (o *operator) poolChanged(p *store.Object[cluster.Pool], old *cluster.Pool) {
	tell(o, "pool", p, old, engine.PoolChanged{Name: p.Key, Pool: p.Now})
}

func (o *operator) classChanged(c *store.Object[cluster.NodeClass], old *cluster.NodeClass) {
	ref := cmpOr(c.Now, old).Ref
	tell(o, "class", c, old, engine.ClassChanged{Ref: ref, Class: c.Now})
}

func (o *operator) daemonChanged(d *store.Object[cluster.DaemonSet], old *cluster.DaemonSet) {
	tell(o, "daemonset", d, old, engine.DaemonSetChanged{ID: d.Key, DaemonSet: d.Now})
}

func (o *operator) budgetChanged(b *store.Object[cluster.PodDisruptionBudget], old *cluster.PodDisruptionBudget) {
	tell(o, "budget", b, old, engine.BudgetChanged{ID: b.Key, Budget: b.Now})
}

func (o *operator) gangChanged(g *store.Object[cluster.Gang], old *cluster.Gang) {
	tell(o, "podgroup", g, old, engine.GangChanged{ID: g.Key, Gang: g.Now})
}

func (o *operator) volumeClaimChanged(c *store.Object[cluster.PersistentVolumeClaim], old *cluster.PersistentVolumeClaim) {
	tell(o, "volumeclaim", c, old, engine.PersistentVolumeClaimChanged{ID: c.Key, Claim: c.Now})
}

func (o *operator) volumeChanged(v *store.Object[cluster.PersistentVolume], old *cluster.PersistentVolume) {
	tell(o, "volume", v, old, engine.PersistentVolumeChanged{Name: v.Key, Volume: v.Now})
}

func (o *operator) attachmentChanged(a *store.Object[cluster.VolumeAttachment], old *cluster.VolumeAttachment) {
	tell(o, "attachment", a, old, engine.AttachmentChanged{Name: a.Key, Attachment: a.Now})
}

func (o *operator) csiNodeChanged(n *store.Object[cluster.CSINode], old *cluster.CSINode) {
	tell(o, "csinode", n, old, engine.CSINodeChanged{Name: n.Key, Node: n.Now})
}

func (o *operator) bufferChanged(b *store.Object[cluster.CapacityBuffer], old *cluster.CapacityBuffer) {
	tell(o, "capacitybuffer", b, old, engine.BufferChanged{ID: b.Key, Buffer: b.Now})
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
	out := o.w.disks.classes()
	for _, x := range s.Classes.All() {
		out = append(out, engine.ClassChanged{Ref: x.Now.Ref, Class: x.Now})
	}
	for _, x := range s.Pools.All() {
		out = append(out, engine.PoolChanged{Name: x.Key, Pool: x.Now})
	}
	for _, x := range s.Daemons.All() {
		out = append(out, engine.DaemonSetChanged{ID: x.Key, DaemonSet: x.Now})
	}
	for _, x := range s.Statuses.All() {
		out = append(out, engine.BudgetChanged{ID: x.Key, Budget: x.Now})
	}
	for _, x := range s.Buffers.All() {
		out = append(out, engine.BufferChanged{ID: x.Key, Buffer: x.Now})
	}
	for _, x := range s.Gangs.All() {
		out = append(out, engine.GangChanged{ID: x.Key, Gang: x.Now})
	}
	for _, x := range s.VolumeClaims.All() {
		out = append(out, engine.PersistentVolumeClaimChanged{ID: x.Key, Claim: x.Now})
	}
	for _, x := range s.Volumes.All() {
		out = append(out, engine.PersistentVolumeChanged{Name: x.Key, Volume: x.Now})
	}
	for _, x := range s.Attachments.All() {
		out = append(out, engine.AttachmentChanged{Name: x.Key, Attachment: x.Now})
	}
	for _, x := range s.CSINodes.All() {
		out = append(out, engine.CSINodeChanged{Name: x.Key, Node: x.Now})
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

package world

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// Reservation is room on demand in one pool that EC2 keeps for the account, which pays for
// it at the price on demand whether it is used or not.
type Reservation struct {
	ID         string
	Type, Zone string
	Count      int
	// Targeted: only who names it is launched into it; else all that is like it is.
	Targeted bool
	Created  cluster.Instant
	Ends     cluster.Instant // Never: when it is cancelled
	// Ended is "" while it holds, then how it ended: cancelled or expired. Its instances go
	// on, on demand.
	Ended string
}

// Active tells whether it holds.
func (r *Reservation) Active() bool { return r.Ended == "" }

// pool is the pool that it is of.
func (r *Reservation) pool() cluster.OfferingID {
	return cluster.OfferingID{InstanceType: r.Type, Zone: r.Zone, CapacityType: cluster.OnDemand}
}

// Reserve keeps room for count instances of a type in a zone until ends. Instances that
// run already and are like it are taken in first, unless it is targeted. It returns nil
// when the pool has no room for the others.
func (w *World) Reserve(instanceType, zone string, count int, targeted bool, ends cluster.Instant) *Reservation {
	r := &Reservation{Type: instanceType, Zone: zone, Count: count, Targeted: targeted, Created: w.now, Ends: ends}
	var own []*Instance
	if !targeted {
		own = w.unreserved(r.pool())
		own = own[:min(len(own), count)]
	}
	if w.Room(r.pool()) < count-len(own) {
		return nil
	}
	r.ID = w.NewID("cr-")
	for _, i := range own {
		i.Reserved = r.ID
	}
	w.reservations = append(w.reservations, r)
	w.Note("capacity reservation %s: %d × %s", r.ID, count, r.pool())
	return r
}

// unreserved are the running instances of a pool that an open reservation takes in, as
// launched.
func (w *World) unreserved(id cluster.OfferingID) []*Instance {
	var out []*Instance
	for _, i := range w.order {
		if i.Offering() == id && i.Stopping == 0 && i.Reserved == "" && !i.Elsewhere && !i.Unreserved {
			out = append(out, i)
		}
	}
	return out
}

// Resize changes how many instances a reservation is for, and when it ends. It tells
// whether there is room for them; fewer than it has in use cannot be.
func (w *World) Resize(r *Reservation, count int, ends cluster.Instant) bool {
	more := count - r.Count
	if count < r.Count-w.Unused(r) || more > 0 && w.Room(r.pool()) < more {
		return false
	}
	r.Count, r.Ends = count, ends
	w.Note("capacity reservation %s: %d × %s", r.ID, count, r.pool())
	return true
}

// Release ends a reservation. Instances in it go on.
func (w *World) Release(r *Reservation, how string) {
	r.Ended = how
	for _, i := range w.order {
		if i.Reserved == r.ID && i.Terminated == 0 {
			i.Reserved = ""
		}
	}
	w.Note("capacity reservation %s %s", r.ID, how)
}

// Unused is how many more instances can be launched into a reservation.
func (w *World) Unused(r *Reservation) int {
	if !r.Active() {
		return 0
	}
	n := r.Count
	for _, i := range w.order {
		if i.Reserved == r.ID && i.Terminated == 0 {
			n--
		}
	}
	return max(n, 0)
}

// kept is how much of a pool's room is reserved and not used.
func (w *World) kept(id cluster.OfferingID) int {
	n := 0
	for _, r := range w.reservations {
		if r.Active() && r.pool() == id {
			n += w.Unused(r)
		}
	}
	return n
}

// Reservations lists all that there ever were, in the order in which they were made.
func (w *World) Reservations() []*Reservation { return slices.Clone(w.reservations) }

// Reservation finds one by id, nil if there is none.
func (w *World) Reservation(id string) *Reservation {
	for _, r := range w.reservations {
		if r.ID == id {
			return r
		}
	}
	return nil
}

// OpenReservations are those of a pool that a launch there uses without naming them.
func (w *World) OpenReservations(id cluster.OfferingID) []*Reservation {
	var out []*Reservation
	for _, r := range w.reservations {
		if r.Active() && !r.Targeted && r.pool() == id {
			out = append(out, r)
		}
	}
	return out
}

// Covers tells whether a launch in a pool can be into the reservation.
func (r *Reservation) Covers(id cluster.OfferingID) bool { return r.Active() && r.pool() == id }

// expire ends the reservations whose time is over.
func (w *World) expire() {
	for _, r := range w.reservations {
		if r.Active() && r.Ends <= w.now {
			w.Release(r, "expired")
		}
	}
}

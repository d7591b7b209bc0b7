package world

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// retirement is an instance whose machine is to be retired.
type retirement struct {
	at cluster.Instant
	id string
}

// Retire schedules the end of an instance's machine, as AWS does when it has seen the
// machine fail: it is said at once, and at that instant the instance ends.
func (w *World) Retire(id string, at cluster.Instant) error {
	i := w.instances[id]
	if i == nil || i.Stopping != 0 || i.Elsewhere {
		return fmt.Errorf("retire %s: %w", id, errNone)
	}
	i.Retires = at
	w.retired = slices.DeleteFunc(w.retired, func(r retirement) bool { return r.id == id })
	w.retired = append(w.retired, retirement{at, id})
	slices.SortStableFunc(w.retired, func(a, b retirement) int { return cmp.Compare(a.at, b.at) })
	w.Note("retirement of %s at %s", id, Time(at))
	w.publish(w.retirementEvent(id, at))
	return nil
}

// retire ends the instances whose time has come.
func (w *World) retire() {
	var ids []string
	for len(w.retired) > 0 && w.retired[0].at <= w.now {
		ids = append(ids, w.retired[0].id)
		w.retired = w.retired[1:]
	}
	if len(ids) == 0 {
		return
	}
	if _, err := w.cloud.Terminate(w.now, ids); err != nil {
		panic(err) // only a journal can fail, and then the machine room is lost
	}
	w.takeIn(w.now)
}

package sim

import (
	"math/rand/v2"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim/store"
)

// disruption is the controller that writes into the status of PodDisruptionBudgets how
// many pods may go. The Eviction API, which counts itself here, is never behind it; who
// watches the status is.
type disruption struct {
	w    *world
	pace *rand.Rand
	due  map[*store.Budget]bool
}

func newDisruption(w *world) *disruption {
	return &disruption{w: w, pace: w.seed.stream("disruption"), due: map[*store.Budget]bool{}}
}

// enter makes a budget known.
func (d *disruption) enter(b *store.Budget) {
	d.w.store.AddBudget(b)
	namespace, name, _ := strings.Cut(b.Name, "/")
	_, _ = d.w.store.Statuses.Create(b.Name, &cluster.PodDisruptionBudget{ // names are distinct
		Namespace: namespace, Name: name, Selects: b.Pods.Labels, Allowed: int32(b.Allowed()),
	})
}

// look makes the controller count after a moment.
func (d *disruption) look(b *store.Budget) {
	if d.due[b] {
		return
	}
	d.due[b] = true
	d.w.after(d.w.Pace.Control.draw(d.pace), func() {
		delete(d.due, b)
		d.write(b)
	})
}

// write puts the number of now into the status. An eviction does so at once.
func (d *disruption) write(b *store.Budget) {
	o := d.w.store.Statuses.Get(b.Name)
	if o == nil || o.Now.Allowed == int32(b.Allowed()) {
		return
	}
	x := *o.Now
	x.Allowed = int32(b.Allowed())
	d.w.store.Statuses.Set(o, &x)
}

func (d *disruption) podChanged(o *store.Pod, old *cluster.Pod) {
	p := cmpOr(o.Now, old)
	if p.Phase == cluster.Running || old != nil && old.Phase == cluster.Running {
		for _, b := range d.w.store.Budgets(p) {
			d.look(b)
		}
	}
}

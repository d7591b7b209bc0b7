package duel

import (
	"time"

	"github.com/ullage-sh/ullage/awssim"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
)

// machine is an instance as the simulated AWS has it on its books.
type machine struct {
	id, node string
	launched time.Time
	stopped  time.Time     // when it began to shut down; zero while it has not
	hourly   cluster.Money // micro-USD: on demand, or Spot as of its launch
}

// machines are all instances that were ever bought, in the order of their launch.
func machines(s *awssim.Server) []machine {
	var out []machine
	s.Do(func(w *world.World) {
		for _, i := range w.Launches() {
			if i.Elsewhere {
				continue // the node group that is there from the beginning
			}
			m := machine{id: i.ID, node: i.PrivateDNS, launched: world.Time(i.Launched)}
			if i.Stopping != 0 {
				m.stopped = world.Time(i.Stopping)
			}
			if i.Spot {
				m.hourly = w.SpotPrice(i.Type, i.Zone, i.Launched)
			} else if o, ok := w.Offering(i.Offering()); ok {
				m.hourly = o.Price
			}
			out = append(out, m)
		}
	})
	return out
}

// least is what EC2 charges of an instance at least.
const least = time.Minute

// charged is when EC2 stops charging for an instance, as known at now.
func (m machine) charged(now time.Time) time.Time {
	if m.stopped.IsZero() || m.stopped.After(now) {
		return now
	}
	if end := m.launched.Add(least); end.After(m.stopped) {
		return end
	}
	return m.stopped
}

// bill is what instances cost between two instants, by the second, and each for a minute
// at least.
func bill(all []machine, from, to time.Time) cluster.Money {
	var sum float64
	for _, m := range all {
		end := m.charged(to)
		sum += float64(m.hourly) * overlap(from, to, m.launched, end).Hours()
	}
	return cluster.Money(sum)
}

// standing are the instances that run at an instant, and what they cost an hour.
func standing(all []machine, at time.Time) (n int, hourly cluster.Money) {
	for _, m := range all {
		if !m.launched.After(at) && (m.stopped.IsZero() || m.stopped.After(at)) {
			n++
			hourly += m.hourly
		}
	}
	return n, hourly
}

// changes counts launches and ends in [from, to), and tells when the last one was; from if
// there was none.
func changes(all []machine, from, to time.Time) (launched, ended int, last time.Time) {
	last = from
	note := func(at time.Time, n *int) {
		if at.Before(from) || !at.Before(to) {
			return
		}
		*n++
		if at.After(last) {
			last = at
		}
	}
	for _, m := range all {
		note(m.launched, &launched)
		note(m.stopped, &ended)
	}
	return launched, ended, last
}

package engine

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// entry is a pod that is to be let onto the reserved node that it is meant for.
type entry struct {
	host string // as its answer names it
	id   string
}

func (x entry) compare(y entry) int {
	return cmp.Or(strings.Compare(x.host, y.host), strings.Compare(x.id, y.id))
}

// entries are the pods that wait to be let in, node by node. They are put in order after
// each plan, which tens of thousands may be waiting at: then those that have been answered
// since are sorted and joined with the others. Everybody is asked anew only if something
// has changed that reservations depend on as a whole.
type entries struct {
	line  []entry        // in order
	late  []entry        // came since, after the others
	asked map[entry]bool // let in, as far as was asked: whoever it does not show of is asked again
	// outlook is what reservations depended on when the line was put in order.
	outlook outlook
	known   bool
}

// join puts a pod at the end.
func (q *entries) join(x entry) { q.late = append(q.late, x) }

func (q *entries) len() int { return len(q.line) + len(q.late) }

// reservedBy returns the claim whose node is or will be reserved under this name, of a
// claim or a node; "" for one that is open to all.
func (e *Engine) reservedBy(host string) string {
	c := e.claimAt(host)
	if f, creating := e.expected.by[claimKey(host)].effect.(CreateClaim); c == nil && creating {
		c = f.Claim
	}
	if c == nil {
		return ""
	}
	reserved := false
	if n := e.nodeOfClaim(c); n != nil && n.Labels[cluster.LabelRegistered] == "true" {
		reserved = n.Reserved(c.Name)
	} else {
		reserved = e.reserves(c, n) > 0
	}
	if !reserved {
		return ""
	}
	return c.Name
}

// lacks returns the claim of the reserved node that a waiting pod is planned for and has
// no toleration of, "" for none.
func (e *Engine) lacks(id string) string {
	p, host := e.waiting.pods[id], e.answered.host(id)
	if p == nil || host == "" {
		return ""
	}
	if claim := e.reservedBy(host); claim != "" && !p.Enters(claim) {
		return claim
	}
	return ""
}

// queueEntries queues all pods that lack a toleration after a plan, node by node.
func (e *Engine) queueEntries() {
	r := &e.reserved
	q := &r.entries
	fresh := e.answered.fresh
	e.answered.fresh = nil
	// What is bought in place of other nodes is reserved as long as those are there.
	if now := e.outlook(); !q.known || q.outlook != now || len(e.disruptor.waitFor) > 0 {
		q.outlook, q.known = now, true
		q.line = q.line[:0]
		fresh = slices.Collect(maps.Keys(e.answered.of))
	}
	add := append(q.late, slices.Collect(maps.Keys(q.asked))...)
	clear(q.asked)
	for _, id := range fresh {
		add = append(add, entry{e.answered.host(id), id})
	}
	slices.SortFunc(add, entry.compare)
	q.line = e.lacking(merged(q.line, slices.Compact(add)))
	q.late = nil
	e.agenda.by(job{jobReserve, ""}, e.now)
}

// queueEntriesTo queues the pods that are meant for a claim whose node will be reserved for a
// reason that no plan has looked at.
func (e *Engine) queueEntriesTo(claim string) {
	for _, id := range slices.Sorted(maps.Keys(e.answered.on[claim])) {
		e.reserved.entries.join(entry{claim, id})
		e.agenda.by(job{jobReserve, ""}, e.now)
	}
}

// merged is what two sorted lists hold together, each entry once.
func merged(a, b []entry) []entry {
	out := make([]entry, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch c := a[0].compare(b[0]); {
		case c <= 0:
			out = append(out, a[0])
			if c == 0 {
				b = b[1:]
			}
			a = a[1:]
		default:
			out = append(out, b[0])
			b = b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// lacking are those of sorted entries that hold still. Which claim a host is reserved for is
// asked once a host.
func (e *Engine) lacking(list []entry) []entry {
	host, claim := "", ""
	return slices.DeleteFunc(list, func(x entry) bool {
		p := e.waiting.pods[x.id]
		if p == nil || x.host == "" || e.answered.host(x.id) != x.host {
			return true
		}
		if x.host != host {
			host, claim = x.host, e.reservedBy(x.host)
		}
		return claim == "" || p.Enters(claim)
	})
}

// letIn writes the tolerations of pods in the queue, as many as may be at once.
func (e *Engine) letIn() {
	q := &e.reserved.entries
	q.line = e.letInOf(q.line)
	q.late = e.letInOf(q.late)
}

// letInOf lets in pods of a list, and returns those that are left.
func (e *Engine) letInOf(list []entry) []entry {
	r := &e.reserved
	var later []entry // that are being written to
	for i, x := range list {
		if len(r.underway) >= letInAtOnce {
			rest := list[i-len(later):] // the others are done with
			copy(rest, later)
			return rest
		}
		claim := e.lacks(x.id)
		if claim == "" {
			continue
		}
		p := e.waiting.pods[x.id]
		if len(p.Reserved) >= mostTolerations {
			r.refuse(claim)
			continue
		}
		if e.issue(Tolerate{Namespace: p.Namespace, Name: p.Name, UID: p.UID, Revision: p.Revision, Claim: claim}) {
			r.underway[x.id], r.entries.asked[x] = true, true
		} else {
			later = append(later, x)
		}
	}
	return later
}

func (e *Engine) tolerated(f Tolerate, d Done, again cluster.Instant) {
	id := f.Namespace + "/" + f.Name
	delete(e.reserved.underway, id)
	e.agenda.by(job{jobReserve, ""}, again)
	if d.Err == nil {
		e.agenda.by(job{jobReserve, ""}, e.now) // it is the next one's turn
		return
	}
	e.reserved.entries.join(entry{e.answered.host(id), id}) // if it still lacks it then
	if d.Err.Kind != Rejected || e.reserved.refused[f.Claim] {
		return
	}
	e.reserved.refuse(f.Claim)
	if c := e.claims[f.Claim]; c != nil {
		e.note(Note{About: aboutClaim(c), Warning: true, Reason: "ReservationFailed", Pool: c.Pool,
			Message: "Its node is open to all pods, since pod " + id + " cannot be given a toleration: " + d.Err.Message})
	}
}

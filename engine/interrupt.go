package engine

import "github.com/ullage-sh/ullage/cluster"

// A node that the cloud will take back goes by an action like any other, only that it
// cannot wait for long: what its pods need is bought at once, and it is drained when that
// is there, or when its pods have just the time left to end in peace.

// endsAt is an annotation of a claim: when the cloud takes its instance back.
const endsAt = cluster.EndsAt

const (
	// leastLead is what is kept for the eviction of an interrupted node's pods at the
	// least, mostLead at the most: pods may want more time than there is.
	leastLead = 30 * cluster.Second
	mostLead  = 90 * cluster.Second
)

func (ev Noticed) apply(e *Engine) {
	n := ev.Notice
	if n.Kind != cluster.Interruption {
		e.heard(n) // nothing is done about it
		return
	}
	for _, id := range e.providers[n.InstanceID] {
		if c := e.claimOn(id); c != nil {
			e.notices[c.Name] = n
			e.agenda.by(job{jobClaim, c.Name}, e.now)
		}
	}
	// Whose claim is not known yet is said again.
}

// heard acknowledges a notice.
func (e *Engine) heard(n cluster.Notice) { e.issue(Acknowledge{Receipts: []string{n.Receipt}}) }

// interrupt begins to give back a claim whose instance will be taken back. What has been
// said is acknowledged when it is written on the claim.
func (e *Engine) interrupt(c *cluster.Claim) cluster.Instant {
	x, told := e.notices[c.Name]
	if !told {
		return cluster.Never
	}
	m, doomed := doom(c)
	n := e.nodeOfClaim(c)
	switch {
	case c.Deleting() || doomed && m.reason == cluster.ReasonInterrupted:
		delete(e.notices, c.Name)
		e.heard(x)
	case e.busy(claimKey(c.Name)) || e.disruptor.actions[c.Name] != nil:
	case n == nil || len(e.occupants(n.Name)) == 0:
		e.deleteClaim(c, string(cluster.ReasonInterrupted), "its instance "+x.InstanceID+" will be taken back: "+x.Message)
	case doomed: // for a reason that could wait
		e.issue(PatchClaim{Name: c.Name, UID: c.UID, Revision: c.Revision, Finalizers: c.Finalizers,
			Annotations: map[string]string{doomReason: string(cluster.ReasonInterrupted), endsAt: x.Ends.RFC3339()}})
	case e.ready():
		for _, a := range e.replacing([]*cluster.Claim{c}, cluster.ReasonInterrupted) {
			if e.begin(&a, x.Ends) {
				e.note(Note{About: aboutClaim(c), Warning: true, Reason: "SpotInterrupted", Pool: c.Pool, Message: x.Message + ": " + x.InstanceID + " ends at " + x.Ends.RFC3339()})
			}
		}
	default:
		return e.now.Add(cluster.Second) // the market is being asked
	}
	return cluster.Never
}

// lastMoment is when an interrupted node has to be drained at the latest, Never for one
// that is not.
func (e *Engine) lastMoment(c *cluster.Claim) cluster.Instant {
	end, ok := cluster.ParseRFC3339(c.Annotations[endsAt])
	if !ok {
		return cluster.Never
	}
	lead := leastLead
	for _, p := range e.occupants(c.NodeName) {
		lead = max(lead, p.Grace+10*cluster.Second)
	}
	return end.Add(-e.opts.scaled(min(lead, mostLead)))
}

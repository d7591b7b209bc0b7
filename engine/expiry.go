package engine

import "github.com/ullage-sh/ullage/cluster"

// outlived begins to replace a node that has reached its pool's expireAfter, whatever
// budgets and pods say, and returns when it will have. What its pods need is bought
// first; if that cannot be had, it goes all the same.
func (e *Engine) outlived(c *cluster.Claim, n *cluster.Node) cluster.Instant {
	if c.ExpireAfter == cluster.Forever || c.ExpireAfter <= 0 {
		return cluster.Never
	}
	due := c.Created.Add(e.opts.scaled(c.ExpireAfter))
	if e.now < due {
		return due
	}
	if e.disrupting(c, n) || !e.ready() {
		return cluster.Never // what is under way wakes the claim
	}
	for _, a := range e.replacing([]*cluster.Claim{c}, cluster.ReasonExpired) {
		e.begin(&a, 0)
	}
	return cluster.Never
}

// forced tells whether nodes that go for a reason do so whatever becomes of their pods.
func forced(why cluster.Reason) bool {
	return why == cluster.ReasonExpired || why == cluster.ReasonInterrupted
}

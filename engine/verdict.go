package engine

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// What passes find is told to people in Karpenter's words: as events on nodes and claims
// (Unconsolidatable, DisruptionBlocked), on pools whose budgets allow nothing, and in the
// condition DisruptionReason of claims that go. Nothing is told twice while nothing has
// changed.

// verdictAgain is how long it takes until a node's verdict is told again of which only the
// details have changed: a pod's name, a few cents. (Karpenter's time for such events.)
const verdictAgain = 15 * cluster.Minute

// verdictBack is how long it takes until a verdict is told again that another one has taken
// turns with. (Karpenter's time between equal events.)
const verdictBack = 2 * cluster.Minute

// ofDrift, behind the name of a node, is the key of what was told of its drift.
const ofDrift = "/drift"

// told is what was said of a node: last of all, and when of each kind.
type told struct {
	text string
	kept plan.Kept
	at   map[plan.Kept]cluster.Instant
}

// protected is the verdict on what its owner does not want to be disrupted.
const protected = "it carries do-not-disrupt"

// judge notes what a pass found of each node, and tells what is new.
func (e *Engine) judge(r *plan.Repacking) {
	e.disruptor.verdicts = make(map[string]plan.Verdict, len(r.Verdicts))
	for _, v := range r.Verdicts {
		e.disruptor.verdicts[v.Host] = v
		switch {
		case v.Kept == plan.KeptFor && v.Detail == protected:
			e.tellVerdict(v, "DisruptionBlocked", false)
		case v.Kept == 0 || v.Kept == plan.KeptFor || v.Kept == plan.KeptUnmanaged || v.Kept == plan.KeptFilled: // it will be another one before long
		default:
			e.tellVerdict(v, "Unconsolidatable", v.Kept == plan.KeptFull)
		}
	}
	maps.DeleteFunc(e.disruptor.told, func(key string, _ told) bool { return e.nodes[strings.TrimSuffix(key, ofDrift)] == nil })
}

// isNews tells whether something has not been said yet, or not for long in other words,
// and notes that it is said now.
func (e *Engine) isNews(key, text string, kept plan.Kept) bool {
	was, known := e.disruptor.told[key]
	if !known {
		was.at = map[plan.Kept]cluster.Instant{}
	}
	at, before := was.at[kept]
	wait := verdictBack
	if was.kept == kept {
		wait = verdictAgain
	}
	if before && (was.kept == kept && was.text == text || e.now < at.Add(e.opts.scaled(wait))) {
		return false
	}
	was.at[kept] = e.now
	e.disruptor.told[key] = told{text, kept, was.at}
	return true
}

// tellVerdict tells on a node and its claim why it stays, unless that has been said.
func (e *Engine) tellVerdict(v plan.Verdict, reason string, quiet bool) {
	c, text := e.claimOfHost(v.Host), v.String()
	if c == nil {
		return
	}
	if !e.isNews(v.Host, text, v.Kept) {
		return
	}
	e.note(Note{About: aboutNode(e.nodes[v.Host]), Reason: reason, Pool: c.Pool, Quiet: quiet, Message: text})
	if !quiet {
		e.note(Note{About: aboutClaim(c), Reason: reason, Pool: c.Pool, Message: text})
	}
}

// tellKept says on a node and its claim why it is not replaced although it has drifted.
func (e *Engine) tellKept(c *cluster.Claim, n *cluster.Node, why string) {
	text := "Cannot replace the drifted node: " + why
	if !e.isNews(n.Name+ofDrift, text, 0) {
		return
	}
	e.note(Note{About: aboutNode(n), Reason: "DisruptionBlocked", Pool: c.Pool, Message: text})
	e.note(Note{About: aboutClaim(c), Reason: "DisruptionBlocked", Pool: c.Pool, Message: text})
}

// tellBlocked says of pools that their budgets allow nothing, or nothing for a reason for
// which nodes would go, once for each.
func (e *Engine) tellBlocked(s *survey) {
	for _, name := range slices.Sorted(maps.Keys(s.pools)) {
		p, text := e.pools[name], ""
		x := s.pools[name]
		blocked := slices.DeleteFunc(slices.Clone(voluntary), func(why cluster.Reason) bool { return x.allowed[why] > 0 })
		switch {
		case p.Invalid != "":
			text = "No allowed disruptions while the " + p.Kind() + " is not valid: " + p.Invalid
		case len(blocked) == len(voluntary):
			text = "No allowed disruptions due to blocking budget" + e.blocking(p, x.total, cluster.ReasonEmpty)
		case slices.Contains(blocked, cluster.ReasonDrifted) && e.hasDrifted(name):
			text = "No allowed disruptions for disruption reason Drifted due to blocking budget" + e.blocking(p, x.total, cluster.ReasonDrifted)
		}
		if e.disruptor.blocked[name] != text {
			e.disruptor.blocked[name] = text
			if text != "" {
				e.note(Note{About: Object{Kind: p.Kind(), Name: name, UID: p.UID}, Reason: "DisruptionBlocked", Pool: name, Message: text})
			}
		}
	}
}

// blocking names the first budget that allows nothing now, and says so if another that is
// in force as well allows more: people may think that one of them is enough.
func (e *Engine) blocking(p *cluster.Pool, total int, why cluster.Reason) string {
	zero, more := -1, -1
	for i, b := range p.Budgets {
		if b.Reasons != nil && !slices.Contains(b.Reasons, why) || b.Window != nil && !b.Window.Contains(e.now) {
			continue
		}
		one := *p
		one.Budgets = []cluster.Budget{b}
		switch allowed, _ := AllowedDisruptions(&one, total, why, e.now); {
		case allowed == 0 && zero < 0:
			zero = i
		case allowed > 0 && more < 0:
			more = i
		}
	}
	if zero < 0 {
		return ""
	}
	text := ": spec.disruption.budgets[" + strconv.Itoa(zero) + "] allows " + budgetText(p.Budgets[zero])
	if more >= 0 {
		text += "; that budgets[" + strconv.Itoa(more) + "] allows " + budgetText(p.Budgets[more]) + " does not help, since the least counts"
	}
	return text
}

// budgetText is what a budget says: "10% of nodes", "0 nodes (0 9 * * 1-5 for 8h)".
func budgetText(b cluster.Budget) string {
	text := strconv.Itoa(b.Nodes) + " nodes"
	if b.Percent {
		text = strconv.Itoa(b.Nodes) + "% of nodes"
	}
	if b.Window != nil {
		text += " (" + b.Window.String() + ")"
	}
	return text
}

func (e *Engine) hasDrifted(pool string) bool { return e.headcount(pool).drifted > 0 }

// watchDisruption keeps the condition that says why a claim goes.
func (e *Engine) watchDisruption(c *cluster.Claim, n *cluster.Node, want *conditions) {
	m, doomed := doom(c)
	switch {
	case doomed && len(m.replacedBy) > 0:
		want.set(cluster.DisruptionReason, "True", string(m.reason), "replaced by "+strings.Join(m.replacedBy, ", "))
	case doomed:
		want.set(cluster.DisruptionReason, "True", string(m.reason), "its pods have room elsewhere")
	case e.disruptor.empties[c.Name] && e.tainted(n):
		want.set(cluster.DisruptionReason, "True", string(cluster.ReasonEmpty), "its node holds no pods")
	case !e.tainted(n):
		delete(e.disruptor.empties, c.Name)
		want.drop(cluster.DisruptionReason)
	}
}

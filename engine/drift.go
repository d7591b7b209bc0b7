package engine

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/repack"
)

// A node has drifted when it differs from what would be launched for its claim now. It
// is replaced as budgets allow, those first that have drifted for longest: its
// replacement comes before it goes, unless its template says otherwise.

// replaceOrder is an annotation of a pool's template: "terminate-first" lets a drifted
// node go before another is bought for its pods, for pools that cannot have one more.
const (
	replaceOrder   = "ullage.sh/replace"
	terminateFirst = "terminate-first"
)

// drifted says how a claim's node differs from what would be launched now, in
// Karpenter's words; "" if it does not. known is false if that cannot be told yet.
func (e *Engine) drifted(c *cluster.Claim) (reason, message string, known bool) {
	p, r := e.pools[c.Pool], e.resolved[c.Class]
	if p == nil || p.DeletingAt != 0 {
		return "", "", true
	}
	if c.Annotations[poolHashVersion] == poolHashVersionCurrent && p.Hash != "" && c.Annotations[poolHash] != p.Hash {
		return "NodePoolDrifted", "the template of NodePool " + p.Name + " has changed since", true
	}
	for i := range p.Requirements {
		q := &p.Requirements[i]
		if v, ok := c.Labels.Get(q.Key); ok && !q.Matches(v, true) {
			return "RequirementsDrifted", "NodePool " + p.Name + " no longer allows " + q.Key + "=" + v, true
		}
	}
	if c.Class != p.Class {
		return "NodeClassDrifted", "NodePool " + p.Name + " refers to " + p.Class.String() + " now", true
	}
	i, listed := e.instances.byProvider[c.ProviderID]
	if !listed || r.at.IsZero() {
		return "", "", false
	}
	image := r.Image(i.Offering.InstanceType)
	switch {
	case image != "" && c.ImageID != "" && c.ImageID != image:
		return "AMIDrifted", "its image is " + c.ImageID + ", others would get " + image, true
	case r.Hash != "" && i.Hash != "" && i.Hash != r.Hash:
		return "NodeClassDrifted", c.Class.String() + " has changed since", true
	}
	return "", "", true
}

// watchDrift keeps the condition that says so. What an engine before has found out holds until
// this one knows better.
func (e *Engine) watchDrift(c *cluster.Claim, want *conditions) {
	switch reason, message, known := e.drifted(c); {
	case reason != "":
		want.set(cluster.Drifted, "True", reason, message)
	case known:
		want.drop(cluster.Drifted)
	}
}

// renew begins to replace drifted nodes, as many as their budgets allow: half of what is
// left of them, rounded up, if there are nodes that could go because they are not worth
// their price, so that neither waits for the other to come to an end.
func (e *Engine) renew(s *survey, guards *quota) {
	var claims []*cluster.Claim
	left, chosen := map[string]int{}, guards.tentative()
	for name, x := range s.pools {
		left[name] = x.allowed[cluster.ReasonDrifted] - x.disrupting
		if s.candidates > s.drifted {
			left[name] = (left[name] + 1) / 2
		}
	}
	for _, c := range e.driftedClaims() {
		n := e.nodeOfClaim(c)
		if left[c.Pool] <= 0 || e.busy(claimKey(c.Name)) || e.busy(nodeKey(n.Name)) {
			continue
		}
		if why := e.forbidsDrift(c, n, guards.Guards); why != "" {
			e.tellKept(c, n, why)
			continue
		}
		if pods := e.occupants(n.Name); chosen.affords(pods) {
			chosen.spend(pods)
			left[c.Pool]--
			claims = append(claims, c)
		}
	}
	for _, a := range e.replacing(claims, cluster.ReasonDrifted) {
		if e.begin(&a, 0) { // whoever has no room for a replacement keeps nobody else
			guards.spend(e.podsOf(&a))
		}
	}
}

// driftedClaims are those that may be replaced, as far as their nodes alone say: those
// first that have drifted for longest.
func (e *Engine) driftedClaims() []*cluster.Claim {
	var out []*cluster.Claim
	for _, c := range e.claims {
		n := e.nodeOfClaim(c)
		if n == nil || !c.Is(cluster.Drifted) || !c.Is(cluster.Initialized) || e.disrupting(c, n) || e.movedTo(c, n) > 0 {
			continue
		}
		if x, ok := e.disruptor.spared[c.Name]; ok && e.now < x.until {
			e.agenda.by(job{jobDisrupt, ""}, x.until)
			continue
		}
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b *cluster.Claim) int {
		return cmp.Or(cmp.Compare(a.Condition(cluster.Drifted).Since, b.Condition(cluster.Drifted).Since), strings.Compare(a.Name, b.Name))
	})
	return out
}

// forbidsDrift says why a drifted node may not be replaced, "" if it may. What its pods
// say counts only as long as they have no end that is set: with a terminationGracePeriod
// they will have to go.
func (e *Engine) forbidsDrift(c *cluster.Claim, n *cluster.Node, holds repack.Guards) string {
	if ownerForbids(c, n) {
		return protected
	}
	if c.TerminationGracePeriod != cluster.Forever {
		return ""
	}
	for _, p := range e.podsOn[n.Name] {
		if why := holds.Holds(p, e.now); why != "" {
			return "pod " + p.ID() + " " + why
		}
	}
	return ""
}

// replacing makes actions that give claims back whatever is saved: what has to be bought
// for their pods is planned for all of them together, and parted as far as they share
// none of it.
func (e *Engine) replacing(claims []*cluster.Claim, why cluster.Reason) []plan.Action {
	if len(claims) == 0 {
		return nil
	}
	next, claims := e.successors(claims, why)
	var come []*cluster.Claim
	for _, c := range claims {
		if x, ok := next[c.NodeName]; ok {
			come = append(come, e.draftBatch([]plan.Create{x})[0].Claim)
		}
	}
	opt := e.opts.Solve
	opt.Unproven = true // nobody is told what it costs
	p := e.plan(e.staged(claims, come).snapshot(), opt)
	parts := newParts(claims)
	for i := range p.Creates {
		parts.join(p.Creates[i].Pods)
	}
	for _, x := range p.Unplaced {
		for _, pod := range x.Pods {
			if c := parts.claims[pod.Node]; c != nil && !pod.Virtual() && !e.goesFirst(c) && !forced(why) {
				parts.drop(pod.Node)
				e.spare(c, "pod "+pod.ID()+" would have no place")
				e.tellKept(c, e.nodeOfClaim(c), "pod "+pod.ID()+" would have no place: "+plan.Explain(x.Reasons))
			}
		}
	}
	actions := parts.actions(e, p, why)
	for i := range actions {
		for _, node := range actions[i].Hosts {
			if x, ok := next[node]; ok {
				actions[i].Creates = append(actions[i].Creates, x)
			}
		}
	}
	return actions
}

// goesFirst tells whether a drifted node goes before its replacement comes.
func (e *Engine) goesFirst(c *cluster.Claim) bool {
	p := e.pools[c.Pool]
	return p != nil && p.Annotations[replaceOrder] == terminateFirst
}

// placed is what is there, with those of the pods without a node that have been promised
// a place, and the chunks of CapacityBuffers that have one.
func (e *Engine) placed() cluster.Input {
	in := e.standing()
	in.Promised = e.promises()
	for _, p := range e.unbound {
		if in.Promised[p.UID] != "" {
			in.Pods = append(in.Pods, p)
		}
	}
	e.placeChunks(&in)
	return in
}

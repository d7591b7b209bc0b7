package engine

import (
	"maps"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// What this project puts on objects, in Karpenter's words.
const (
	terminationFinalizer   = "karpenter.sh/termination"
	doNotDisrupt           = "karpenter.sh/do-not-disrupt"
	doNotSyncTaints        = "karpenter.sh/do-not-sync-taints"
	terminationTimestamp   = cluster.TerminationTimestamp
	excludeFromBalancers   = "node.kubernetes.io/exclude-from-external-load-balancers"
	poolHash               = "karpenter.sh/nodepool-hash"
	poolHashVersion        = "karpenter.sh/nodepool-hash-version"
	poolHashVersionCurrent = "v3"
)

func aboutClaim(c *cluster.Claim) Object { return Object{Kind: "NodeClaim", Name: c.Name, UID: c.UID} }

func aboutNode(n *cluster.Node) Object { return Object{Kind: "Node", Name: n.Name, UID: n.UID} }

func statusOf(c *cluster.Claim) PatchClaimStatus {
	return PatchClaimStatus{
		Name: c.Name, UID: c.UID, Revision: c.Revision, ProviderID: c.ProviderID, NodeName: c.NodeName, ImageID: c.ImageID,
		Capacity: c.Capacity, Allocatable: c.Allocatable, Conditions: c.Conditions, LastPodEvent: c.LastPodEvent,
	}
}

// doClaim brings a claim one step further: launched, labelled, registered,
// initialized; or on its way out.
func (e *Engine) doClaim(name string) cluster.Instant {
	c := e.claims[name]
	if c == nil {
		e.askAgain(name)
	}
	if c == nil || !e.ours(c.Class) || e.busy(claimKey(name)) {
		return cluster.Never
	}
	if x := e.idle[name]; x != nil {
		if again, still := e.stillIdle(x); still {
			return again
		}
		e.notIdle(name)
	}
	return min(e.nameEvicted(c, false), e.stepClaim(c))
}

// stepClaim does so for a claim that nothing is under way for.
func (e *Engine) stepClaim(c *cluster.Claim) cluster.Instant {
	if soon := e.interrupt(c); soon != cluster.Never || e.busy(claimKey(c.Name)) {
		return soon
	}
	if c.Deleting() {
		return e.endClaim(c)
	}
	again := e.endVain(c)
	if e.busy(claimKey(c.Name)) {
		return cluster.Never
	}
	if !slices.Contains(c.Finalizers, terminationFinalizer) {
		e.issue(PatchClaim{Name: c.Name, UID: c.UID, Revision: c.Revision, Finalizers: append(slices.Clone(c.Finalizers), terminationFinalizer)})
		return cluster.Never
	}
	if !c.Is(cluster.Launched) {
		return e.awaitLaunch(c)
	}
	if e.label(c) {
		return cluster.Never
	}
	n := e.nodeOfClaim(c)
	switch {
	case n == nil && c.Is(cluster.Registered):
		return e.nodeMissing(c)
	case n == nil:
		return e.awaitNode(c)
	case n.DeletingAt != 0:
		e.deleteClaim(c, "NodeDeleted", "its node "+n.Name+" is being deleted")
		return cluster.Never
	}
	delete(e.nodeGone, c.Name)
	if n.Labels[cluster.LabelRegistered] != "true" || !slices.Contains(n.Finalizers, terminationFinalizer) {
		if calm := e.calmFrom(n); e.now < calm {
			return calm
		}
		e.register(c, n)
		return cluster.Never
	}
	if e.disrupting(c, n) {
		again = min(again, e.carryOn(c, n))
	} else {
		again = min(again, e.stayed(c, n))
		e.invite(c, n)
	}
	again = min(again, e.repair(c, n), e.outlived(c, n))
	if last := e.lastMoment(c); e.now < last {
		again = min(again, last)
	}
	due, settled := e.settle(c, n)
	if settled {
		e.rememberIdle(c, n, again)
	}
	return min(again, due)
}

// awaitLaunch looks after a claim without an instance.
func (e *Engine) awaitLaunch(c *cluster.Claim) cluster.Instant {
	if c.Launch == nil {
		return e.adopt(c)
	}
	if s := e.classState(c.Class); s.Status == "False" {
		e.deleteClaim(c, "NodeClassNotReady", s.Message)
		return cluster.Never
	}
	// Whatever a predecessor was told of the launch, this engine has the time to ask.
	deadline := max(c.Created, e.began).Add(e.opts.scaled(e.opts.LaunchTimeout))
	if e.now >= deadline && e.batches[c.Launch.Token].given[c.Name] == "" {
		e.deleteClaim(c, "LaunchTimeout", "no instance came up within "+e.opts.scaled(e.opts.LaunchTimeout).String())
		return cluster.Never
	}
	e.agenda.by(job{jobLaunch, c.Launch.Token}, e.now)
	if e.now >= deadline {
		return cluster.Never // it has one: that is only still to be written
	}
	return deadline
}

// adopt gives a claim that somebody wrote by hand a launch of its own.
func (e *Engine) adopt(c *cluster.Claim) cluster.Instant {
	if e.classState(c.Class).Status != "True" {
		return cluster.Never // classResolved wakes the claim again
	}
	offerings := e.offeringsFor(c)
	if len(offerings) == 0 {
		e.deleteClaim(c, "NoCompatibleInstanceTypes", "no offering of "+c.Class.String()+" meets its requirements and holds its requests")
		return cluster.Never
	}
	e.issue(PatchClaim{
		Name: c.Name, UID: c.UID, Revision: c.Revision, Finalizers: c.Finalizers,
		Launch: &cluster.Launch{Token: hash(c.UID), Size: 1, Offerings: offerings},
	})
	return cluster.Never
}

// maxAlternatives bounds the offerings of a claim written by hand.
const maxAlternatives = 60

// offeringsFor lists what a claim could be launched as, cheapest first.
func (e *Engine) offeringsFor(c *cluster.Claim) []cluster.OfferingID {
	like := &cluster.Pool{Name: c.Pool, Class: c.Class, Labels: c.Labels, Requirements: c.Requirements, Taints: c.Taints}
	s := cluster.NewSnapshot(cluster.Input{
		Pools: []*cluster.Pool{like}, Daemons: sorted(e.daemons),
		Types: map[cluster.ClassRef][]cluster.InstanceType{c.Class: e.resolved[c.Class].Types},
	})
	var ids []cluster.OfferingID
	for _, o := range s.Offerings {
		if holds(o.Type.Allocatable, c.Requests) && len(ids) < maxAlternatives {
			ids = append(ids, o.ID)
		}
	}
	return ids
}

func holds(allocatable, requests cluster.Resources) bool {
	for _, r := range requests {
		if allocatable.Get(r.Name) < r.Value {
			return false
		}
	}
	return true
}

// label puts on a launched claim the labels of what it became. It tells whether
// there was anything to do.
func (e *Engine) label(c *cluster.Claim) bool {
	if c.Labels[cluster.LabelInstanceType] != "" {
		return false
	}
	i, ok := e.instances.byProvider[c.ProviderID]
	if !ok {
		e.agenda.by(job{jobCollect, ""}, e.now)
		return false
	}
	labels := maps.Clone(i.Labels)
	if labels == nil {
		labels = cluster.Labels{}
	}
	for k, v := range c.Labels {
		labels[k] = v
	}
	labels[cluster.LabelInstanceType] = i.Offering.InstanceType
	labels[cluster.LabelZone] = i.Offering.Zone
	labels[cluster.LabelCapacityType] = i.Offering.CapacityType
	return e.issue(PatchClaim{Name: c.Name, UID: c.UID, Revision: c.Revision, Labels: labels, Finalizers: c.Finalizers})
}

// awaitNode waits for an instance to register, but not for ever.
func (e *Engine) awaitNode(c *cluster.Claim) cluster.Instant {
	wait := e.opts.scaled(e.opts.RegistrationTimeout)
	deadline := c.Condition(cluster.Launched).Since.Add(wait)
	if e.now < deadline {
		return deadline
	}
	e.deleteClaim(c, "RegistrationTimeout", "its node did not register within "+wait.String())
	return cluster.Never
}

// nodeMissing ends a claim whose node object was taken away for good: a node
// being replaced in the watch is missing for an instant only.
func (e *Engine) nodeMissing(c *cluster.Claim) cluster.Instant {
	since, ok := e.nodeGone[c.Name]
	if !ok {
		since = e.now
		e.nodeGone[c.Name] = since
	}
	deadline := since.Add(e.opts.scaled(nodeGrace))
	if e.now < deadline {
		return deadline
	}
	e.deleteClaim(c, "NodeNotFound", "its node "+c.NodeName+" no longer exists")
	return cluster.Never
}

// nodeGrace is how long a registered claim may be without a node.
const nodeGrace = 30 * cluster.Second

// A node that has just come is not written to before nobody else has for calmFor, or for
// youngFor if that does not happen: its kubelet and Kubernetes' controllers write to it in
// its first moments, and what is written meanwhile would be refused.
const (
	calmFor  = 100 * cluster.Millisecond
	youngFor = cluster.Second
)

// calmFrom is when a new node may be written to.
func (e *Engine) calmFrom(n *cluster.Node) cluster.Instant {
	x := e.sighted[n.Name]
	return min(x.changed.Add(calmFor), x.came.Add(youngFor))
}

// register makes a new node the claim's: labels, annotations, taints, finalizer,
// owner; then takes away the taint that kept pods off until that was done.
func (e *Engine) register(c *cluster.Claim, n *cluster.Node) {
	p := PatchNode{
		Name: n.Name, UID: n.UID, Revision: n.Revision,
		Labels: map[string]string{}, Annotations: map[string]string{},
		Owner: &ClaimOwner{Name: c.Name, UID: c.UID},
	}
	maps.Copy(p.Labels, c.Labels)
	p.Labels[cluster.LabelRegistered] = "true"
	for k, v := range c.Annotations {
		if k != terminationTimestamp {
			p.Annotations[k] = v
		}
	}
	p.Taints = slices.DeleteFunc(slices.Clone(n.Taints), func(t cluster.Taint) bool { return t == cluster.UnregisteredTaint })
	if n.Labels[doNotSyncTaints] != "true" {
		p.Taints = mergeTaints(p.Taints, c.Taints)
		p.Taints = mergeTaints(p.Taints, c.StartupTaints)
		p.Taints = append(p.Taints, e.reserve(c, n)...)
	}
	p.Finalizers = n.Finalizers
	if !slices.Contains(n.Finalizers, terminationFinalizer) {
		p.Finalizers = append(slices.Clone(n.Finalizers), terminationFinalizer)
	}
	e.issue(p)
}

func mergeTaints(have, add []cluster.Taint) []cluster.Taint {
	for _, t := range add {
		if !slices.ContainsFunc(have, func(h cluster.Taint) bool { return h.Key == t.Key && h.Effect == t.Effect }) {
			have = append(have, t)
		}
	}
	return have
}

// settle follows a registered node: initialized when it is ready and nothing is
// missing, and from then on when pods last came or went. It returns when to look again, and
// whether the claim says all that there is to say by now.
func (e *Engine) settle(c *cluster.Claim, n *cluster.Node) (again cluster.Instant, settled bool) {
	want := e.conditions(c.Conditions)
	s := statusOf(c)
	s.NodeName = n.Name
	want.set(cluster.Registered, "True", "", "")
	if reason, message := uninitialized(c, n); reason != "" && !c.Is(cluster.Initialized) {
		want.set(cluster.Initialized, "Unknown", reason, message)
	} else if n.Labels[cluster.LabelInitialized] != "true" {
		e.issue(PatchNode{Name: n.Name, UID: n.UID, Revision: n.Revision, Labels: map[string]string{cluster.LabelInitialized: "true"}, Taints: n.Taints, Finalizers: n.Finalizers})
		return cluster.Never, false
	} else {
		want.set(cluster.Initialized, "True", "", "")
	}
	delete(e.sighted, n.Name)
	e.follow(c, n)
	again = e.consolidatable(c, want)
	e.watchDrift(c, want)
	e.watchDisruption(c, n, want)
	want.summarize(cluster.Launched, cluster.Registered, cluster.Initialized)
	late := e.podEventDue(c, &s)
	due := e.patience(c, want, e.now >= late)
	if s.NodeName != c.NodeName {
		due = e.now
	}
	if e.now < due {
		settled = due == cluster.Never
		if e.now < late {
			due = min(due, late)
		}
		return min(again, due), settled
	}
	s.Conditions = want.list
	if e.issue(s) {
		e.tellProgress(c, n, want)
	}
	return again, false
}

func (e *Engine) tellProgress(c *cluster.Claim, n *cluster.Node, want *conditions) {
	for _, kind := range []string{cluster.Registered, cluster.Initialized} {
		if !c.Is(kind) && want.get(kind).Status == "True" {
			e.note(Note{About: aboutClaim(c), Reason: kind, Pool: c.Pool, Quiet: true, Message: "node " + n.Name + " " + strings.ToLower(kind)})
		}
	}
	if !c.Is(cluster.Registered) && n.Reserved(c.Name) {
		e.tellReserved(c, n)
	}
	if !c.Is(cluster.Initialized) && want.get(cluster.Initialized).Status == "True" {
		e.replan()
	}
}

// uninitialized says why a node cannot be counted on yet; "" when it can.
func uninitialized(c *cluster.Claim, n *cluster.Node) (reason, message string) {
	if !n.Ready {
		return "NodeNotReady", "Node status is NotReady"
	}
	for _, t := range n.Taints {
		text := t.Key + ":" + string(t.Effect)
		if slices.ContainsFunc(c.StartupTaints, func(s cluster.Taint) bool { return s.Key == t.Key && s.Effect == t.Effect }) {
			return "StartupTaintsExist", "StartupTaint \"" + text + "\" still exists"
		}
		if ephemeral(t) {
			return "KnownEphemeralTaintsExist", "KnownEphemeralTaint \"" + text + "\" still exists"
		}
	}
	for _, r := range c.Requests {
		if n.Allocatable.Get(r.Name) == 0 && !strings.HasPrefix(r.Name, cluster.AttachLimit) { // which a CSINode tells
			return "ResourceNotRegistered", "Resource \"" + r.Name + "\" was requested but not registered"
		}
	}
	return "", ""
}

// ephemeral tells whether a taint is one that Kubernetes puts on a young node and
// takes away by itself.
func ephemeral(t cluster.Taint) bool {
	switch t.Key {
	case "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable", "node.cloudprovider.kubernetes.io/uninitialized", cluster.UnregisteredTaint.Key:
		return true
	}
	return strings.HasPrefix(t.Key, "readiness.k8s.io/")
}

// deleteClaim asks for a claim's end and says why, once.
func (e *Engine) deleteClaim(c *cluster.Claim, reason, message string) {
	again := e.retry[claimKey(c.Name)].failures > 0
	if e.issue(DeleteClaim{Name: c.Name, UID: c.UID}) && !again {
		e.note(Note{About: aboutClaim(c), Warning: true, Reason: reason, Pool: c.Pool, Message: message})
	}
}

// forgetClaim drops what is remembered about a claim that is gone.
func (e *Engine) forgetClaim(name string) {
	delete(e.nodeGone, name)
	delete(e.podEvents, name)
	delete(e.presumed, name)
	delete(e.unsaid, name)
	e.notIdle(name)
	delete(e.podNotes.meant, name)
	delete(e.podNotes.named, name)
	delete(e.podNotes.evicted, name)
	delete(e.disruptor.empties, name)
	delete(e.dated, name)
	delete(e.disruptor.spared, name)
	delete(e.disruptor.vacating, name)
	delete(e.disruptor.vain, name)
	delete(e.notices, name)
	delete(e.endlessly, name)
	e.reserved.forget(name)
	delete(e.reserved.refused, name)
	for id := range e.answered.on[name] {
		e.withdraw(id)
	}
}

package engine

import (
	"crypto/sha256"
	"encoding/base32"
	"maps"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// The batch protocol. Claims that are to be alike share a launch: its token, its
// size and its ordered offerings are written on each of them. Only when all of
// them have been seen in the cluster is the cloud asked, once, for size
// instances. Any instance may fill any claim. After a crash:
//
//   - all claims there: the same question with the same token gives the same
//     instances, and those not yet assigned fill the claims still empty;
//   - some claims missing: the cloud was not asked, or a claim was deleted since.
//     The claims that are there get a new token for themselves. Instances of the
//     old token that belong to nobody are collected (collect.go).

// launched is the cloud's answer to a batch.
type launched struct {
	instances []cluster.Instance
	// given remembers which instance was promised to which claim while the write
	// that says so is under way.
	given map[string]string // claim → provider id
	// short is why there are fewer instances than claims.
	short string
}

// doLaunch brings a batch forward.
func (e *Engine) doLaunch(token string) cluster.Instant {
	if e.empty[token] == 0 {
		delete(e.batches, token)
		return cluster.Never
	}
	members := slices.Sorted(maps.Keys(e.batch[token]))
	var empty []*cluster.Claim
	for _, name := range members {
		if c := e.claims[name]; awaitsInstance(c) {
			empty = append(empty, c)
		}
	}
	if answer, ok := e.batches[token]; ok {
		e.assign(empty, answer)
		return cluster.Never
	}
	if len(members) < empty[0].Launch.Size {
		if !e.creating(token) {
			e.regroup(token, empty)
		}
		return cluster.Never
	}
	c := empty[0]
	class := e.classes[c.Class]
	if e.classState(c.Class).Status != "True" {
		return cluster.Never // doClaim gives up on the claim in time
	}
	e.issue(Launch{
		Token: token, Class: class, Pool: c.Pool, Count: c.Launch.Size, Offerings: c.Launch.Offerings,
		Labels: c.Labels, Taints: slices.Concat(c.Taints, c.StartupTaints, []cluster.Taint{cluster.UnregisteredTaint}),
	})
	return cluster.Never
}

// awaitsInstance tells whether a claim is to get an instance.
func awaitsInstance(c *cluster.Claim) bool { return !c.Is(cluster.Launched) && !c.Deleting() }

// countEmpty counts a claim of a launch, or takes it away.
func (w *world) countEmpty(c *cluster.Claim, by int) {
	if !awaitsInstance(c) {
		return
	}
	if w.empty[c.Launch.Token] += by; w.empty[c.Launch.Token] == 0 {
		delete(w.empty, c.Launch.Token)
	}
}

// creating tells whether a claim of the batch is still being written.
func (e *Engine) creating(token string) bool { return e.expected.launching[token] > 0 }

// regroup gives the claims that are left of a batch a launch of their own.
func (e *Engine) regroup(token string, claims []*cluster.Claim) {
	names := make([]string, len(claims))
	for i, c := range claims {
		names[i] = c.Name
	}
	next := hash(token, strings.Join(names, ","))
	for _, c := range claims {
		e.issue(PatchClaim{
			Name: c.Name, UID: c.UID, Revision: c.Revision, Finalizers: c.Finalizers,
			Launch: &cluster.Launch{Token: next, Size: len(claims), Offerings: c.Launch.Offerings},
		})
	}
}

// assign fills empty claims with the instances that belong to nobody yet, both in
// order of their names, and gives up the claims for which there is none.
func (e *Engine) assign(empty []*cluster.Claim, answer launched) {
	taken := map[string]bool{}
	for _, id := range answer.given {
		taken[id] = true
	}
	var free []cluster.Instance
	for _, i := range answer.instances {
		if !taken[i.ProviderID] && e.claimOn(i.ProviderID) == nil {
			free = append(free, i)
		}
	}
	for _, c := range empty {
		id, ok := answer.given[c.Name]
		if !ok && len(free) > 0 {
			id, ok = free[0].ProviderID, true
			answer.given[c.Name], free = id, free[1:]
		}
		if ok {
			e.fill(c, e.instances.known(id))
			continue
		}
		if e.issue(DeleteClaim{Name: c.Name, UID: c.UID}) {
			e.note(Note{About: aboutClaim(c), Warning: true, Reason: "InsufficientCapacityError", Pool: c.Pool, Message: answer.short})
		}
	}
}

// fill writes into a claim which instance it has become.
func (e *Engine) fill(c *cluster.Claim, i cluster.Instance) {
	s := statusOf(c)
	s.ProviderID, s.ImageID, s.Capacity, s.Allocatable = i.ProviderID, i.ImageID, i.Capacity, i.Allocatable
	want := e.conditions(c.Conditions)
	want.set(cluster.Launched, "True", "", "")
	want.set(cluster.Registered, "Unknown", "NodeNotFound", "Node not registered with cluster")
	want.set(cluster.Initialized, "Unknown", "NodeNotFound", "Node not registered with cluster")
	want.summarize(cluster.Launched, cluster.Registered, cluster.Initialized)
	s.Conditions = want.list
	if e.issue(s) {
		bought := e.bought(c, i.Offering)
		e.note(Note{About: aboutClaim(c), Reason: "Launched", Pool: c.Pool, Quiet: true, Bought: bought,
			Message: "launched " + i.ID + " as " + i.Offering.String() + bought.priced()})
		e.nameMeant(c)
	}
}

// bought puts the price of now beside what a claim was bought as.
func (e *Engine) bought(c *cluster.Claim, id cluster.OfferingID) *Bought {
	price, imputed, _ := cluster.Price(e.resolved[c.Class].Types, id)
	return &Bought{Offering: id, Price: price, Imputed: imputed, Node: c.NodeName}
}

// priced is ", $0.1920 per hour", with a mark where the price is an estimate.
func (b *Bought) priced() string {
	switch {
	case b.Price == 0:
		return ""
	case b.Imputed:
		return ", " + b.Price.String() + " per hour (imputed)"
	}
	return ", " + b.Price.String() + " per hour"
}

func (e *Engine) launchAnswered(f Launch, d Done, again cluster.Instant) {
	e.agenda.by(job{jobLaunch, f.Token}, again)
	e.agenda.by(job{jobCollect, ""}, e.now)
	if len(d.SoldOut) > 0 || (d.Err != nil && d.Err.Kind == NoCapacity) {
		e.soldOut(f.Class.Ref)
	}
	switch {
	case d.Err == nil:
		for _, i := range d.Instances {
			e.instances.see(i)
			if c := e.claimOn(i.ProviderID); c != nil {
				e.notIdle(c.Name)
			}
		}
		e.batches[f.Token] = launched{instances: d.Instances, given: map[string]string{}, short: "only part of the batch could be had: " + names(d.SoldOut) + " sold out"}
	case d.Err.Kind == NoCapacity:
		delete(e.retry, launchKey(f.Token))
		e.agenda.by(job{jobLaunch, f.Token}, e.now)
		e.batches[f.Token] = launched{given: map[string]string{}, short: d.Err.Message}
	default:
		for _, name := range slices.Sorted(maps.Keys(e.batch[f.Token])) {
			e.launchFailed(e.claims[name], d.Err)
		}
	}
}

// launchFailed tells on the claim why it has no instance yet.
func (e *Engine) launchFailed(c *cluster.Claim, why *Failure) {
	want := e.conditions(c.Conditions)
	want.set(cluster.Launched, "Unknown", "LaunchFailed", why.Message)
	want.summarize(cluster.Launched, cluster.Registered, cluster.Initialized)
	if !want.changed {
		return
	}
	s := statusOf(c)
	s.Conditions = want.list
	if e.issue(s) {
		e.note(Note{About: aboutClaim(c), Warning: true, Reason: "LaunchFailed", Pool: c.Pool, Message: why.Message})
	}
}

func names(ids []cluster.OfferingID) string {
	s := make([]string, len(ids))
	for i, id := range ids {
		s[i] = id.String()
	}
	return strings.Join(s, ", ")
}

// hash makes a short name out of parts: 8 characters of base 32, 40 bits.
func hash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:5]))
}

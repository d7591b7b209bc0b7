package engine

import (
	"strconv"

	"github.com/ullage-sh/ullage/cluster"
)

// expectation is an effect that was issued and whose result the world does not
// show yet.
type expectation struct {
	effect Effect
	// done: the outcome was reported; what remains is to observe it.
	done bool
	// unsure: it failed, and may have happened all the same (unsure.go).
	unsure   bool
	revision string
	deadline cluster.Instant
}

// observeWithin bounds how long a write that succeeded may stay invisible before
// the engine stops waiting for it. Watches lag by milliseconds; this is for the
// watch that was broken and listed anew.
const observeWithin = 15 * cluster.Second

// busy tells whether something with this key is under way or about to be retried. A job
// that finds it so is run again at the latest when that is over, whatever it returns: the
// time that was set for it when the effect failed is forgotten if something else makes it
// run before.
func (e *Engine) busy(key string) bool {
	if x, ok := e.expected.by[key]; ok {
		if !x.done {
			return true // its outcome wakes whoever waits for it
		}
		if e.now < x.deadline {
			e.held = min(e.held, x.deadline)
			return true
		}
		e.expected.drop(key)
		e.footing.ground = nil
	}
	if until := e.retry[key].notBefore; e.now < until {
		e.held = min(e.held, until)
		return true
	}
	return false
}

// issue sends an effect unless one with its key is under way. It tells whether
// it did.
func (e *Engine) issue(f Effect) bool {
	key := f.Key()
	if e.busy(key) {
		return false
	}
	e.expected.put(key, expectation{effect: f})
	e.out = append(e.out, f)
	if _, creating := f.(CreateClaim); creating {
		e.footing.ground = nil // it has the claim now
	}
	return true
}

// note tells that something happened.
func (e *Engine) note(n Note) { e.out = append(e.out, n) }

// observed clears the expectation for key if the object at this revision shows
// its result.
func (e *Engine) observed(key, revision string, deleting bool) {
	x, ok := e.expected.by[key]
	if !ok || !x.done {
		return
	}
	switch {
	case awaitsDeletion(x.effect):
		if !deleting {
			return
		}
	case deleting && letsGo(x.effect):
		return // what comes next is that it is gone: the write's revision is the one before
	case older(revision, x.revision):
		return
	}
	e.expected.drop(key)
}

// observedGone clears what was expected of an object that no longer exists.
func (e *Engine) observedGone(key string) {
	if x, ok := e.expected.by[key]; ok {
		if _, creating := x.effect.(CreateClaim); creating && !x.done {
			return // the one that went was another of the same name
		}
		e.expected.drop(key)
	}
	delete(e.retry, key)
}

// older compares resourceVersions, which are decimal numbers that grow with
// every write (KEP-5504). What is not a number compares as not older, so that
// the engine rather decides again than waits for ever.
func older(a, b string) bool {
	x, err1 := strconv.ParseUint(a, 10, 64)
	y, err2 := strconv.ParseUint(b, 10, 64)
	return err1 == nil && err2 == nil && x < y
}

// backoff is how often something failed in a row and when it may be tried again.
type backoff struct {
	failures  int
	notBefore cluster.Instant
}

// Speed does not scale retries: whoever is short of breath is mostly the API
// server. The first retry comes after retryMin, each further one after twice the time,
// up to retryMax.
const (
	retryMin = 100 * cluster.Millisecond
	retryMax = 30 * cluster.Second
)

// failed notes a failure of what key names and returns when to try again.
func (e *Engine) failed(key string) cluster.Instant {
	b := e.retry[key]
	wait := min(retryMin<<min(b.failures, 16), retryMax)
	b.failures++
	b.notBefore = e.now.Add(wait)
	e.retry[key] = b
	return b.notBefore
}

func (d Done) apply(e *Engine) {
	key := d.Effect.Key()
	x, ok := e.expected.by[key]
	mine := ok && !x.done && sameEffect(x.effect, d.Effect)
	if mine {
		e.expected.drop(key)
	}
	again := e.now
	switch {
	case d.Err == nil:
		delete(e.retry, key)
		if mine && d.Revision != "" || mine && awaitsDeletion(d.Effect) {
			e.expected.put(key, expectation{effect: d.Effect, done: true, revision: d.Revision, deadline: e.now.Add(observeWithin)})
			e.alreadyObserved(key, d.Effect)
			if _, unseen := e.expected.by[key]; unseen {
				again = e.now.Add(observeWithin)
			} // else whoever was told of it found the object busy, and has to be told again
		}
	case d.Err.Kind == Conflict || d.Err.Kind == Missing:
		// The watch will tell what has changed. Look again soon in case it already
		// has.
		again = e.now.Add(retryMin)
		e.retry[key] = backoff{notBefore: again}
	default:
		again = e.failed(key)
	}
	e.outcome(d, again)
}

func awaitsDeletion(f Effect) bool {
	switch f.(type) {
	case DeleteClaim, DeleteNode, EvictPod, DeletePod:
		return true
	}
	return false
}

// letsGo tells whether a write takes the last finalizer from an object that is being deleted.
func letsGo(f Effect) bool {
	switch f := f.(type) {
	case PatchClaim:
		return len(f.Finalizers) == 0
	case PatchNode:
		return len(f.Finalizers) == 0
	}
	return false
}

// sameEffect tells a report about the effect under way from one about an effect
// that an earlier engine issued under the same key.
func sameEffect(a, b Effect) bool {
	switch a := a.(type) {
	case CreateClaim:
		b, ok := b.(CreateClaim)
		return ok && a.Claim == b.Claim
	case PatchClaim:
		b, ok := b.(PatchClaim)
		return ok && a.Revision == b.Revision
	case PatchClaimStatus:
		b, ok := b.(PatchClaimStatus)
		return ok && a.Revision == b.Revision
	case Tolerate:
		b, ok := b.(Tolerate)
		return ok && a == b
	}
	return true
}

// alreadyObserved clears the expectation when the watch was faster than the
// answer to the write.
func (e *Engine) alreadyObserved(key string, f Effect) {
	switch f := f.(type) {
	case CreateClaim:
		e.observedClaim(key, f.Claim.Name)
	case PatchClaim:
		e.observedClaim(key, f.Name)
	case PatchClaimStatus:
		e.observedClaim(key, f.Name)
	case DeleteClaim:
		if e.claims[f.Name] == nil {
			e.observedGone(key)
		} else {
			e.observedClaim(key, f.Name)
		}
	case PatchNode:
		e.observedNode(key, f.Name)
	case DeleteNode:
		if e.nodes[f.Name] == nil {
			e.observedGone(key)
		} else {
			e.observedNode(key, f.Name)
		}
	case EvictPod:
		e.observedPod(key, f.Namespace+"/"+f.Name, f.UID)
	case DeletePod:
		e.observedPod(key, f.Namespace+"/"+f.Name, f.UID)
	case Tolerate:
		e.observedPod(key, f.Namespace+"/"+f.Name, f.UID)
	case PatchPoolStatus:
		if p := e.poolOf(f.Legacy, f.Name); p != nil {
			e.observed(key, p.Revision, false)
		}
	case PatchOverlayStatus:
		if o := e.overlays[f.Name]; o != nil {
			e.observed(key, o.Revision, false)
		}
	case PatchBufferStatus:
		if b := e.buffers[f.Namespace+"/"+f.Name]; b != nil {
			e.observed(key, b.Revision, false)
		}
	case PatchClassStatus:
		if c := e.classes[f.Ref]; c != nil {
			e.observed(key, c.Revision, false)
		}
	}
}

func (e *Engine) observedClaim(key, name string) {
	if c := e.claims[name]; c != nil {
		e.observed(key, c.Revision, c.Deleting())
	}
}

func (e *Engine) observedNode(key, name string) {
	if n := e.nodes[name]; n != nil {
		e.observed(key, n.Revision, n.DeletingAt != 0)
	}
}

func (e *Engine) observedPod(key, id, uid string) {
	if p := e.pods[id]; p == nil || p.UID != uid {
		e.observedGone(key)
	} else {
		e.observed(key, p.Revision, p.Deleting())
	}
}

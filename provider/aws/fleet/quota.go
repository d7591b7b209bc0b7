package fleet

import (
	"context"
	"slices"
	"sync"

	"github.com/ullage-sh/ullage/cluster"
)

// How many instances EC2 lets an account launch in a region: a bucket that holds burst and
// gets perSecond a second ("Request throttling for the Amazon EC2 API" in its developer
// guide, 2025). Accounts that have asked for more have more.
const (
	burst     = 1000
	perSecond = 2.0
)

// enough is of how many it is waited for all of them: half a launch's patience. Of more, that
// many are asked for with the others.
const enough = 100

// margin is added to each wait: the bucket was emptied later than it was asked to be.
const margin = cluster.Second

// quota is the view of all launches of a process on that bucket: each takes from it before
// it asks EC2, and waits for what is not there yet, so that it is given all of it at once.
//
// Until EC2 has refused something it is not known whether the documented limit is that of
// the account. What is beyond it is therefore not waited for but asked for, by one launch at
// a time. From the first refusal on it counts as empty then, and nobody asks before there is
// enough. When EC2 gives all of what was far more than there should be, it counts as full.
type quota struct {
	cfg   *Config
	probe chan struct{} // holds one while a launch asks for more than there should be

	mu      sync.Mutex
	counted bool    // what was launched before this process began
	left    float64 // at that instant; less than none when more has been promised
	at      cluster.Instant
	met     bool // EC2 has refused something since the bucket was full
	round   int  // counts refusals: what was promised before one is not there
}

// promise is what a launch may ask for; the zero value is none.
type promise struct {
	count, round int
	beyond       bool // there should be far fewer, also with those that come back during the call
	probing      bool // that is asked without a wait, and by nobody else meanwhile
}

// heldBackError says that a launch would have to wait for too long.
type heldBackError struct{}

func (heldBackError) Error() string {
	return "RequestLimitExceeded: EC2 lets the account launch no more instances for now; it was not asked"
}

// perSecond is how many instances come back a second.
func (c *Config) perSecond() float64 { return perSecond * float64(c.Speed) }

func (q *quota) knows() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.counted
}

// replay is the bucket after all that the cluster has launched.
func (q *quota) replay(all []Record) {
	var at []cluster.Instant
	for _, r := range all {
		at = append(at, r.Launched)
	}
	slices.Sort(at)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.counted {
		return
	}
	q.counted, q.left = true, burst
	for _, t := range at {
		q.fill(t)
		q.left = max(q.left-1, 0)
	}
	q.fill(q.cfg.Now())
}

// fill adds what has come back since.
func (q *quota) fill(now cluster.Instant) {
	if now > q.at {
		q.left += q.cfg.perSecond() * float64(now.Sub(q.at)) / float64(cluster.Second)
		q.at = now
	}
	if q.left >= burst {
		q.left, q.met = burst, false
	}
}

// take waits until n instances can be asked for. What would not be there by the instant
// until is not waited for, and nothing is taken.
func (q *quota) take(ctx context.Context, n int, until cluster.Instant) (promise, error) {
	for {
		p, wait, err := q.ask(n, until)
		if err != nil {
			return p, err
		}
		if p.probing {
			if p, err = q.alone(ctx, n); p.count > 0 || err != nil {
				return p, err
			}
			continue // somebody else has found out
		}
		if wait == 0 {
			return p, nil
		}
		if err := q.cfg.Sleep(ctx, wait); err != nil {
			q.settle(p, outcome{})
			return promise{}, err
		}
		if q.holds(p) {
			return p, nil
		}
	}
}

// ask promises n instances and says how long to wait for them; probing if that is to be
// found out.
func (q *quota) ask(n int, until cluster.Instant) (p promise, wait cluster.Duration, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.cfg.Now()
	q.fill(now)
	there := q.left
	if missing := float64(min(n, enough)) - there; missing > 0 {
		if !q.met {
			return promise{probing: true}, 0, nil
		}
		wait = cluster.Duration(missing/q.cfg.perSecond()*float64(cluster.Second)) + q.cfg.scaled(margin)
		if now.Add(wait) > until {
			return p, 0, heldBackError{}
		}
		there += missing
	}
	q.left -= float64(n)
	return promise{count: n, round: q.round, beyond: float64(n) > 2*there}, wait, nil
}

// alone waits for the turn to ask for more than there should be; it promises nothing if by
// then there is enough, or EC2 has refused something.
func (q *quota) alone(ctx context.Context, n int) (promise, error) {
	select {
	case q.probe <- struct{}{}:
	case <-ctx.Done():
		return promise{}, ctx.Err()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.fill(q.cfg.Now())
	if q.met || q.left >= float64(n) {
		<-q.probe
		return promise{}, nil
	}
	q.left -= float64(n)
	return promise{count: n, round: q.round, beyond: true, probing: true}, nil
}

// holds tells whether EC2 has refused nothing since a promise was made.
func (q *quota) holds(p promise) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return p.round == q.round
}

// outcome is what came of a promise.
type outcome struct {
	got     int  // instances
	refused bool // EC2 has held back others
	unknown bool // there was no answer
}

// settle takes note of what came of a promise. Without one EC2 has only said again what it
// once gave: that has been counted.
func (q *quota) settle(p promise, o outcome) {
	if p.count == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.fill(q.cfg.Now())
	switch {
	case o.refused:
		q.left, q.met = 0, true
		q.round++
	case p.round != q.round || o.unknown:
	case p.beyond && o.got == p.count:
		q.left = burst
	default:
		q.left += float64(p.count - o.got)
	}
	if p.probing {
		<-q.probe
	}
}

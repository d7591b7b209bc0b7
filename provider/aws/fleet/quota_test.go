package fleet

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ullage-sh/ullage/awssim"
	"github.com/ullage-sh/ullage/cluster"
)

// launches is how many fleets were asked for.
func (d *desk) launches() int { return d.Counts()["ec2:CreateFleet"] }

func documented(c *awssim.Config) {
	rates := awssim.DefaultRates()
	c.Rates = &rates
}

// TestHeldBack: an account has launched all that it may. The launch that finds out gets the
// rest a while later; those after it wait before they ask, and get all at once; and one that
// would have to wait for long is not asked for.
func TestHeldBack(t *testing.T) {
	d := newDesk(t, documented)
	took := func(token string, count int) (cluster.Duration, Receipt) {
		began := d.Clock.Now()
		r := d.launch(t, d.Fleet, d.order(token, count, "m5.large/us-west-2a/on-demand", "m6i.large/us-west-2a/on-demand"))
		return d.Clock.Now().Sub(began), r
	}
	for k, step := range []struct {
		count, launches int
		least, most     cluster.Duration
	}{
		{990, 1, 0, 30 * cluster.Second},
		{60, 2, 5 * cluster.Second, 40 * cluster.Second}, // those that come back while the first ones are launched
		{20, 1, 5 * cluster.Second, 20 * cluster.Second},
		{80, 1, 40 * cluster.Second, 50 * cluster.Second},
	} {
		before := d.launches()
		wait, r := took(fmt.Sprint("o-", k), step.count)
		if len(r.Instances) != step.count || len(r.Refused)+len(r.SoldOut) != 0 {
			t.Errorf("%d: %d instances, refused %q, sold out %v", step.count, len(r.Instances), r.Refused, r.SoldOut)
		}
		if n := d.launches() - before; n != step.launches || wait < step.least || wait > step.most {
			t.Errorf("%d: %d launches in %s; want %d in %s to %s", step.count, n, wait, step.launches, step.least, step.most)
		}
	}
	// A crowd: each is promised what the others leave. Who would wait too long asks nobody.
	before := d.launches()
	granted, held := 0, 0
	for k := range 4 {
		if _, r := took(fmt.Sprint("crowd-", k), 40); len(r.Instances) == 40 {
			granted++
		} else if len(r.Instances) == 0 && len(r.Refused) == 1 && strings.Contains(r.Refused[0], "RequestLimitExceeded") {
			held++
		}
	}
	if n := d.launches() - before; granted+held != 4 || n != granted {
		t.Errorf("a crowd: %d have what they asked for with %d launches, %d are held back", granted, n, held)
	}
	d.Clock.Advance(10 * cluster.Minute) // the bucket is full again
	before = d.launches()
	if wait, r := took("full", 900); len(r.Instances) != 900 || d.launches() != before+1 || wait > 30*cluster.Second {
		t.Errorf("when it has filled up: %d instances by %d launches in %s", len(r.Instances), d.launches()-before, wait)
	}
}

// TestCounted: a process that begins when much has been launched asks for what is beyond
// the documented limit with one launch, and the others wait for what comes of it.
func TestCounted(t *testing.T) {
	d := newDesk(t, documented)
	for k := range 2 {
		d.launch(t, d.Fleet, d.order(fmt.Sprint("before-", k), 495, "m5.large/us-west-2a/on-demand"))
	}
	d.Clock.Advance(5 * cluster.Second) // descriptions have caught up
	next := d.another()
	if err := next.count(context.Background()); err != nil {
		t.Fatal(err)
	}
	before := d.launches()
	for k := range 3 {
		if r := d.launch(t, next, d.order(fmt.Sprint("after-", k), 40, "m5.large/us-west-2a/on-demand")); len(r.Instances) != 40 {
			t.Errorf("launch %d of the next process: %d instances, refused %q", k, len(r.Instances), r.Refused)
		}
	}
	if n := d.launches() - before; n != 4 {
		t.Errorf("three launches took %d calls, want 4", n)
	}
}

// TestTakesNothing: a call that EC2 refuses takes nothing from the bucket, however often it is
// made, and neither does one whose answer EC2 says again.
func TestTakesNothing(t *testing.T) {
	d := newDesk(t, func(c *awssim.Config) { c.Denied = []string{"ec2:CreateFleet"} })
	if err := d.count(context.Background()); err != nil {
		t.Fatal(err)
	}
	if r, err := launch(d.Fleet, d.order("denied", 700, "m5.large/us-west-2a/on-demand")); code(err) != "UnauthorizedOperation" || d.quota.left != burst {
		t.Errorf("%d instances, %v; there are %.0f left, want %d", len(r.Instances), err, d.quota.left, burst)
	}
	d = newDesk(t, nil)
	d.setRoom(t, "m5.large/us-west-2a/on-demand", 400)
	o := d.order("again", 700, "m5.large/us-west-2a/on-demand")
	d.launch(t, d.Fleet, o)
	d.Clock.Advance(5 * cluster.Second) // descriptions have caught up
	next := d.another()
	if r := d.launch(t, next, o); len(r.Instances) != 400 || next.quota.left < burst-400 {
		t.Errorf("%d instances, %.0f left; want 400 and %d or more", len(r.Instances), next.quota.left, burst-400)
	}
}

// TestMoreThanDocumented: an account that EC2 refuses nothing waits for nothing.
func TestMoreThanDocumented(t *testing.T) {
	d := newDesk(t, nil)
	began := d.Clock.Now()
	for k := range 5 {
		if r := d.launch(t, d.Fleet, d.order(fmt.Sprint("o-", k), 700, "m5.large/us-west-2a/on-demand")); len(r.Instances) != 700 {
			t.Errorf("launch %d: %d instances, refused %q", k, len(r.Instances), r.Refused)
		}
	}
	slept := d.Clock.Now().Sub(began)
	if d.launches() != 5 || slept > 5*20*cluster.Second {
		t.Errorf("%d launches in %s", d.launches(), slept)
	}
}

// TestQuota: who takes what from the bucket, when several want more than there is.
func TestQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := func() cluster.Instant { return cluster.Instant(time.Now().UnixNano()) }
		sleep := func(ctx context.Context, d cluster.Duration) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Duration(d)):
				return nil
			}
		}
		q := quota{cfg: &Config{Speed: 1, Now: now, Sleep: sleep}, probe: make(chan struct{}, 1)}
		q.replay(nil)
		ctx := context.Background()
		began := now()
		until := func() cluster.Instant { return now().Add(patience) }
		all, err := q.take(ctx, 995, until())
		if err != nil || all.probing {
			t.Fatalf("of a full bucket: %+v, %v", all, err)
		}
		// Of those that want more than there is one asks, and the others wait for it.
		asking := 0
		var got [4]cluster.Duration
		for k := range 4 {
			go func() {
				p, err := q.take(ctx, 10, until())
				if err != nil {
					t.Errorf("taker %d: %v", k, err)
					return
				}
				asking++
				if p.probing {
					if time.Sleep(2 * time.Second); asking != 1 {
						t.Errorf("%d ask at once for what should not be there", asking)
					}
					q.settle(p, outcome{got: 5, refused: true})
					return
				}
				got[k] = now().Sub(began)
				q.settle(p, outcome{got: 10})
			}()
		}
		synctest.Wait()
		time.Sleep(time.Minute)
		synctest.Wait()
		waited := map[cluster.Duration]int{}
		for _, d := range got {
			waited[d]++
		}
		// 10 more come back every 5 s, and a second is added.
		for _, want := range []cluster.Duration{0, 8 * cluster.Second, 13 * cluster.Second, 18 * cluster.Second} {
			if waited[want] != 1 {
				t.Errorf("who did not ask first got it after %v, want one after %s", got, want)
			}
		}
		// What is promised and not taken is there for the next one.
		time.Sleep(time.Hour)
		p, err := q.take(ctx, 900, until())
		if err != nil {
			t.Fatal(err)
		}
		q.settle(p, outcome{})
		if p, err = q.take(ctx, 900, until()); err != nil || p.probing {
			t.Errorf("again: %+v, %v", p, err)
		}
		q.settle(p, outcome{refused: true})
		// Who gets far more than should have come back since has a higher limit.
		for _, all := range []bool{true, false} {
			p, err := q.take(ctx, 300, until())
			if err != nil || p.probing {
				t.Errorf("after a refusal: %+v, %v", p, err)
			}
			q.settle(p, outcome{got: 300, refused: !all})
			if began := now(); all {
				full, err := q.take(ctx, 900, until())
				if err != nil || full.probing || now() != began {
					t.Errorf("900 of what should be full: %+v after %v, %v", full, now().Sub(began), err)
				}
				q.settle(full, outcome{refused: true})
			}
		}
		var held heldBackError
		for _, n := range []int{100, 1, 1000} { // 51 s, 51.5 s, and then 101 s: too long
			go func() {
				p, err := q.take(ctx, n, until())
				if n < 1000 && err != nil || n == 1000 && !errors.As(err, &held) {
					t.Errorf("%d of an empty bucket: %v", n, err)
				}
				q.settle(p, outcome{got: n})
			}()
			synctest.Wait()
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
	})
}

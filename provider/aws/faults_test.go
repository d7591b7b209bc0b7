package aws

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ullage-sh/ullage/awssim"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
)

// TestKilled ends the process at each request of a launch in turn, before it arrives and
// after it has taken effect. The next process, which knows nothing but the request, brings
// the launch to its end: no instance twice, none lost.
func TestKilled(t *testing.T) {
	for _, how := range []trouble{lost, unsaid} {
		for n := 1; ; n++ {
			a := small(t, nil)
			req := three(t, a)
			ctx, kill := context.WithCancel(context.Background())
			l := &line{}
			p := a.provider(t, l)
			if _, err := p.Resolve(ctx, req.Class); err != nil { // what is asked before any launch
				t.Fatal(err)
			}
			before := l.sent
			l.trouble = func(sent int, _ string) trouble {
				if sent < before+n {
					return fine
				}
				kill() // nothing happens after that
				if sent > before+n {
					return lost
				}
				return how
			}
			_, err := p.Create(ctx, req)
			if err == nil {
				if n < 6 {
					t.Fatalf("a launch of three calls made only %d requests", n-1)
				}
				break // it was over before the n-th request
			}
			made := len(a.alive())
			again, err := a.provider(t, nil).Create(context.Background(), req)
			if err != nil {
				t.Fatalf("killed at request %d (%d): again: %v", n, how, err)
			}
			if got := idsOf(again); len(got) != 6 || !slices.Equal(got, a.alive()) {
				t.Errorf("killed at request %d (%d), with %d instances made: then %v; there are %v", n, how, made, got, a.alive())
			}
		}
	}
}

// TestKilledAgain ends up to ten processes in a row during one launch.
func TestKilledAgain(t *testing.T) {
	a := small(t, nil)
	req := three(t, a)
	killed := 0
	for k := range 10 {
		ctx, kill := context.WithCancel(context.Background())
		l := &line{}
		creates := 0
		l.trouble = func(_ int, name string) trouble {
			if ctx.Err() != nil {
				return lost
			}
			if name == "CreateFleet" || name == "CreateLaunchTemplate" {
				if creates++; creates > k/4 {
					kill()
					return unsaid
				}
			}
			return fine
		}
		if _, err := a.provider(t, l).Create(ctx, req); err == nil {
			break // all that is to be created is there
		}
		killed++
		kill()
		a.Clock.Advance(cluster.Second)
	}
	r, err := a.provider(t, nil).Create(context.Background(), req)
	if err != nil || len(r.Instances) != 6 || !slices.Equal(idsOf(r), a.alive()) {
		t.Errorf("%v, %v; there are %v, want 6", idsOf(r), err, a.alive())
	}
	if killed < 4 {
		t.Errorf("only %d processes were ended", killed)
	}
}

// TestTrouble: what goes wrong on the way is made good without anybody noticing.
func TestTrouble(t *testing.T) {
	for what, each := range map[string]func(n int, name string) trouble{
		"each request gets lost once": func(n int, _ string) trouble { return []trouble{lost, fine}[n%2] },
		"answers get lost":            func(n int, _ string) trouble { return []trouble{unsaid, fine}[n%2] },
		"bursts of server errors":     func(n int, _ string) trouble { return []trouble{broken, broken, broken, fine}[n%4] },
		"launches take effect unsaid": func(n int, name string) trouble {
			if name == "CreateFleet" && n%3 != 0 {
				return unsaid
			}
			return fine
		},
	} {
		a := small(t, nil)
		req := three(t, a)
		p := a.provider(t, &line{trouble: each})
		r, err := p.Create(context.Background(), req)
		if a.calls.Counts()["ec2:CreateFleet"] < 4 {
			t.Errorf("%s: nothing went wrong with launches: %v", what, a.calls.Counts())
		}
		if err != nil || len(r.Instances) != 6 || !slices.Equal(idsOf(r), a.alive()) {
			t.Errorf("%s: %v, %v; there are %v, want 6", what, idsOf(r), err, a.alive())
			continue
		}
		a.Clock.Advance(p.DescribeLag())
		listed, err := p.List(context.Background())
		if err != nil || len(listed) != 6 {
			t.Errorf("%s: %d instances are listed, %v", what, len(listed), err)
		}
		if states, err := p.Delete(context.Background(), idsOf(r)); err != nil || len(states) != 6 || len(a.alive()) != 0 {
			t.Errorf("%s: after deletion %v, %v; there are %v", what, states, err, a.alive())
		}
	}
}

// TestThrottled: a crowd of launches at once is more than EC2's buckets hold, and all are
// made in the end.
func TestThrottled(t *testing.T) {
	a := small(t, func(c *awssim.Config) {
		rates := awssim.DefaultRates()
		rates.Mutating = awssim.Rate{Burst: 3, PerSecond: 0.1}
		c.Rates = &rates
	})
	p := a.provider(t, nil)
	var wg sync.WaitGroup
	for k := range 12 {
		wg.Go(func() {
			r, err := p.Create(context.Background(), request(fmt.Sprint("crowd-", k), 5, "m5.large/us-west-2a/on-demand"))
			if err != nil || len(r.Instances) != 5 {
				t.Errorf("launch %d: %d instances, %v", k, len(r.Instances), err)
			}
		})
	}
	wg.Wait()
	if n := len(a.alive()); n != 60 {
		t.Errorf("there are %d instances, want 60", n)
	}
	if c := a.Counts(); c["ec2:CreateFleet throttled"] == 0 || c["ec2:CreateLaunchTemplate"] != 2 { // one of them a dry run
		t.Errorf("nothing was throttled, or the launch template was made by more than one: %v", c)
	}
}

// TestCheapestShort: the ten cheapest offerings are sold out, and the next one is taken;
// for three minutes nobody asks for them again.
func TestCheapestShort(t *testing.T) {
	a := small(t, nil)
	p := a.provider(t, nil)
	ctx := context.Background()
	res, err := p.Resolve(ctx, class(nil))
	if err != nil {
		t.Fatal(err)
	}
	type priced struct {
		id    cluster.OfferingID
		price cluster.Money
	}
	var all []priced
	for _, typ := range res.Types {
		for _, o := range typ.Offerings {
			all = append(all, priced{cluster.OfferingID{InstanceType: typ.Name, Zone: o.Zone, CapacityType: o.CapacityType}, o.Price})
		}
	}
	slices.SortStableFunc(all, func(x, y priced) int { return int(x.price - y.price) })
	req := request("short", 3)
	for k, o := range all[:15] {
		req.Offerings = append(req.Offerings, o.id)
		if k < 10 {
			a.setRoom(t, exactly(o.id), 0)
		}
	}
	r, err := p.Create(ctx, req)
	if err != nil || len(r.Instances) != 3 || len(r.SoldOut) != 10 {
		t.Fatalf("%d instances, sold out %v, %v; want 3 and ten", len(r.Instances), r.SoldOut, err)
	}
	for _, i := range r.Instances {
		if k := slices.Index(req.Offerings, i.Offering); k < 10 {
			t.Errorf("%s is %s, the %d-th cheapest", i.ID, i.Offering, k)
		}
	}
	short := func() (n int) {
		res, err := p.Resolve(ctx, class(nil))
		if err != nil {
			t.Fatal(err)
		}
		for _, typ := range res.Types {
			for _, o := range typ.Offerings {
				if !o.Available {
					n++
				}
			}
		}
		return n
	}
	if n := short(); n != 10 {
		t.Errorf("%d offerings count as sold out, want 10", n)
	}
	a.Clock.Advance(3 * cluster.Minute)
	if n := short(); n != 0 {
		t.Errorf("after three minutes %d offerings still count as sold out", n)
	}
}

// TestNotAllowed: what the operator has no right to is told as that, and is not tried
// again and again.
func TestNotAllowed(t *testing.T) {
	a := small(t, func(c *awssim.Config) { c.Denied = []string{"ec2:CreateFleet"} })
	_, err := a.provider(t, nil).Create(context.Background(), request("denied", 2, "m5.large/us-west-2a/on-demand"))
	if err == nil || !strings.Contains(err.Error(), "ec2:CreateFleet") || a.calls.Counts()["ec2:CreateFleet"] != 1 {
		t.Errorf("%v after %v", err, a.calls.Counts())
	}
}

// TestNotOfferedAnyMore: what is not offered is left out of a launch, unless nothing is left.
func TestNotOfferedAnyMore(t *testing.T) {
	p := small(t, nil).provider(t, nil)
	ctx := context.Background()
	r, err := p.Create(ctx, request("some", 2, "m5.nano/us-west-2a/spot", "m5.large/us-west-2a/on-demand"))
	if err != nil || len(r.Instances) != 2 || r.Instances[0].Offering.InstanceType != "m5.large" {
		t.Errorf("with one that is not offered: %+v, %v", r, err)
	}
	var rejected *provider.RejectedError
	if _, err := p.Create(ctx, request("none", 2, "m5.nano/us-west-2a/spot")); !errors.As(err, &rejected) || !strings.Contains(err.Error(), "does not offer m5.nano") {
		t.Errorf("with nothing else: %v", err)
	}
}

// TestClocksDiffer: the machine's clock is hours off, and AWS checks signatures. The first
// answer says what time it is.
func TestClocksDiffer(t *testing.T) {
	a := small(t, func(c *awssim.Config) { c.Secrets = map[string]string{"AKIDEXAMPLE": "secret"} })
	p := a.provider(t, nil)
	r, err := p.Create(context.Background(), request("skewed", 2, "m5.large/us-west-2a/on-demand"))
	if err != nil || !slices.Equal(idsOf(r), a.alive()) || len(r.Instances) != 2 {
		t.Errorf("%v, %v; there are %v", idsOf(r), err, a.alive())
	}
}

// TestCredentialsExpire: while AWS does not take the credentials, all that is asked fails
// and says why; with new ones it goes on where it was.
func TestCredentialsExpire(t *testing.T) {
	secrets := map[string]string{"AKIDEXAMPLE": "secret"}
	a := small(t, func(c *awssim.Config) { c.Secrets = secrets })
	p := a.provider(t, nil)
	ctx := context.Background()
	req := three(t, a)
	if _, err := p.Resolve(ctx, req.Class); err != nil {
		t.Fatal(err)
	}
	a.Do(func(*world.World) { secrets["AKIDEXAMPLE"] = "another" })
	before := a.calls.Counts()["ec2:DescribeInstances"]
	for what, ask := range map[string]func() error{
		"create": func() error { _, err := p.Create(ctx, req); return err },
		"list":   func() error { _, err := p.List(ctx); return err },
		"delete": func() error { _, err := p.Delete(ctx, []string{"i-0123456789abcdef0"}); return err },
	} {
		if err := ask(); err == nil || !strings.Contains(err.Error(), "credentials") {
			t.Errorf("%s with credentials that are not taken: %v", what, err)
		}
	}
	if n := a.calls.Counts()["ec2:DescribeInstances"] - before; n > 4 {
		t.Errorf("with credentials that are not taken it asked %d times", n)
	}
	a.Do(func(*world.World) { secrets["AKIDEXAMPLE"] = "secret" })
	if r, err := p.Create(ctx, req); err != nil || len(r.Instances) != 6 || !slices.Equal(idsOf(r), a.alive()) {
		t.Errorf("with good ones: %v, %v; there are %v", idsOf(r), err, a.alive())
	}
}

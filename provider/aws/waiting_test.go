package aws

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/ullage-sh/ullage/awssim"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
	"github.com/ullage-sh/ullage/provider/aws/nodeclass"
)

// TestNewProfile: EC2 does not know the profile yet that was just made for a class. Who
// made it waits; who comes after a crash, and does not know that it is new, tries again.
// Each of the instances is there once.
func TestNewProfile(t *testing.T) {
	for _, crash := range []bool{false, true} {
		a := small(t, nil)
		p := a.provider(t, nil)
		ctx := context.Background()
		if _, err := p.Resolve(ctx, class(nil)); err != nil { // makes the profile
			t.Fatal(err)
		}
		if crash {
			p = a.provider(t, nil)
		}
		req := three(t, a)
		r, err := p.Create(ctx, req)
		if err != nil || len(r.Instances) != 6 || !slices.Equal(idsOf(r), a.alive()) {
			t.Fatalf("crash %v: %v, %v; there are %v, want 6", crash, idsOf(r), err, a.alive())
		}
		fleets := a.Counts()["ec2:CreateFleet"]
		if crash && fleets < 4 || !crash && fleets > 4 {
			t.Errorf("crash %v: %d fleets for three parts: the profile was known too early, or asked for too often", crash, fleets)
		}
		again, err := a.provider(t, nil).Create(ctx, req)
		if err != nil || !slices.Equal(idsOf(again), idsOf(r)) || len(a.alive()) != 6 {
			t.Errorf("crash %v: the same again: %v, %v; there are %v", crash, idsOf(again), err, a.alive())
		}
	}
}

// TestTriedTogether: while EC2 does not know the profile of a crowd of launches, one of them
// finds out for all.
func TestTriedTogether(t *testing.T) {
	a := small(t, nil)
	ctx := context.Background()
	if _, err := a.provider(t, nil).Resolve(ctx, class(nil)); err != nil { // makes the profile
		t.Fatal(err)
	}
	p := a.provider(t, nil) // of a process that does not know that it is new
	var wg sync.WaitGroup
	for k := range 8 {
		wg.Go(func() {
			r, err := p.Create(ctx, request(fmt.Sprint("crowd-", k), 2, "m5.large/us-west-2a/on-demand"))
			if err != nil || len(r.Instances) != 2 {
				t.Errorf("launch %d: %d instances, %v", k, len(r.Instances), err)
			}
		})
	}
	wg.Wait()
	if fleets := a.Counts()["ec2:CreateFleet"]; fleets < 9 || fleets > 8+passesOfOne || len(a.alive()) != 16 {
		t.Errorf("%d fleets were asked for 8 launches, want %d more at most, and one at least; there are %d instances", fleets, passesOfOne, len(a.alive()))
	}
}

// passesOfOne is how often a launch asks in vain until EC2 knows of a new profile: that takes
// 12 seconds at most, and the lag that is waited for between is 10.
const passesOfOne = 2

// TestUnknownProfile: a profile of the user's that EC2 does not know in the end is no
// shortage, and the launch says what is wrong. It is waited for once, not with each part.
func TestUnknownProfile(t *testing.T) {
	a := small(t, nil)
	p := a.provider(t, nil)
	req := three(t, a)
	req.Class = class(func(spec map[string]any) {
		delete(spec, "role")
		spec["instanceProfile"] = "mine"
	})
	a.Do(func(w *world.World) {
		mine, _ := w.CreateProfile("mine", "/")
		w.SetRole(mine, "node")
	})
	if _, err := p.Resolve(context.Background(), req.Class); err != nil {
		t.Fatal(err)
	}
	a.Do(func(w *world.World) { w.DeleteProfile(w.Profile("mine")) })
	_, err := p.Create(context.Background(), req)
	var rejected *provider.RejectedError
	if !errors.As(err, &rejected) || !strings.Contains(err.Error(), "Invalid IAM Instance Profile name") || len(a.alive()) != 0 {
		t.Errorf("%v; there are %v", err, a.alive())
	}
	if fleets := a.Counts()["ec2:CreateFleet"]; fleets != 6 {
		t.Errorf("%d fleets were asked for, want 6", fleets)
	}
}

// limited is an account that may launch so many instances at once, and little more later.
func limited(t *testing.T, launched awssim.Rate) *account {
	return small(t, func(c *awssim.Config) {
		rates := awssim.DefaultRates()
		rates.Launched = launched
		c.Rates = &rates
	})
}

// TestLaunchLimit: what EC2 does not let an account launch at once is waited for and comes
// of the same alternatives; no offering is taken for sold out. What would have to be waited
// for too long is left to a later launch.
func TestLaunchLimit(t *testing.T) {
	ctx := context.Background()
	many := request("many", 6, "m5.large/us-west-2a/on-demand", "m6g.large/us-west-2a/on-demand")
	a := limited(t, awssim.Rate{Burst: 4, PerSecond: 0.1})
	r, err := a.provider(t, nil).Create(ctx, many)
	if err != nil || len(r.Instances) != 6 || len(r.SoldOut) != 0 || !slices.Equal(idsOf(r), a.alive()) {
		t.Fatalf("%v, sold out %v, %v; there are %v, want 6", idsOf(r), r.SoldOut, err, a.alive())
	}
	for _, i := range r.Instances {
		if i.Offering != many.Offerings[0] {
			t.Errorf("%s is %s, want %s", i.ID, i.Offering, many.Offerings[0])
		}
	}
	a = limited(t, awssim.Rate{Burst: 4, PerSecond: 0.02})
	p := a.provider(t, nil)
	if r, err = p.Create(ctx, many); err != nil || len(r.Instances) < 4 || len(r.Instances) == 6 || len(r.SoldOut) != 0 || !slices.Equal(idsOf(r), a.alive()) {
		t.Fatalf("%v, sold out %v, %v; there are %v, want some of 6", idsOf(r), r.SoldOut, err, a.alive())
	}
	a.Clock.Advance(2 * cluster.Minute)
	had := len(r.Instances)
	rest, err := p.Create(ctx, request("rest", 6-had, "m5.large/us-west-2a/on-demand"))
	if err != nil || len(rest.Instances) == 0 || len(rest.SoldOut) != 0 || len(a.alive()) != had+len(rest.Instances) {
		t.Errorf("the rest: %v, sold out %v, %v; there are %v", idsOf(rest), rest.SoldOut, err, a.alive())
	}
}

// TestKilledAtLimit ends the process at each request of a launch that comes in several
// calls because EC2 holds some of it back, before it arrives and after it has taken effect.
func TestKilledAtLimit(t *testing.T) {
	for _, how := range []trouble{lost, unsaid} {
		for n := 1; ; n++ {
			a := limited(t, awssim.Rate{Burst: 4, PerSecond: 0.5})
			req := request("held", 7, "m5.large/us-west-2a/on-demand", "m6g.large/us-west-2a/on-demand")
			ctx, kill := context.WithCancel(context.Background())
			l := &line{}
			p := a.provider(t, l)
			if _, err := p.Resolve(ctx, req.Class); err != nil {
				t.Fatal(err)
			}
			launches := 0
			l.trouble = func(_ int, name string) trouble {
				switch {
				case ctx.Err() != nil:
					return lost
				case name != "CreateFleet":
					return fine
				}
				if launches++; launches < n {
					return fine
				}
				kill()
				return how
			}
			if _, err := p.Create(ctx, req); err == nil {
				if n < 3 {
					t.Fatalf("nothing was held back: %d launches", launches)
				}
				break
			}
			made := len(a.alive())
			again, err := a.provider(t, nil).Create(context.Background(), req)
			if got := idsOf(again); err != nil || len(got) != 7 || !slices.Equal(got, a.alive()) || len(again.SoldOut) != 0 {
				t.Errorf("killed at launch %d (%d), with %d instances made: then %v, sold out %v, %v; there are %v", n, how, made, got, again.SoldOut, err, a.alive())
			}
			for _, i := range again.Instances {
				if i.Offering != req.Offerings[0] {
					t.Errorf("killed at launch %d (%d): %s is %s, want %s", n, how, i.ID, i.Offering, req.Offerings[0])
				}
			}
		}
	}
}

// TestLaunchLimitPasses: a launch that got nothing as long as it tried goes on where it was
// when it is made again; another process first finds out what had been tried.
func TestLaunchLimitPasses(t *testing.T) {
	for _, crash := range []bool{false, true} {
		a := limited(t, awssim.Rate{Burst: 1, PerSecond: 0.001})
		p := a.provider(t, nil)
		ctx := context.Background()
		if _, err := p.Create(ctx, request("first", 1, "m5.large/us-west-2a/on-demand")); err != nil {
			t.Fatal(err)
		}
		later := request("later", 1, "m5.large/us-west-2a/on-demand")
		if _, err := p.Create(ctx, later); err == nil || !strings.Contains(err.Error(), "RequestLimitExceeded") || len(a.alive()) != 1 {
			t.Fatalf("beyond the limit: %v; there are %v", err, a.alive())
		}
		a.Clock.Advance(cluster.Hour / 2)
		if crash {
			p = a.provider(t, nil)
			if _, err := p.Create(ctx, later); err == nil || len(a.alive()) != 1 {
				t.Fatalf("a process that knows nothing: %v; there are %v", err, a.alive())
			}
		}
		if r, err := p.Create(ctx, later); err != nil || len(r.Instances) != 1 || len(a.alive()) != 2 {
			t.Errorf("crash %v: half an hour later: %v, %v; there are %v", crash, idsOf(r), err, a.alive())
		}
	}
}

// TestThrottledByAll: all of the services let hardly anything through at first; a class is
// resolved, and nodes are launched, found and ended, all the same.
func TestThrottledByAll(t *testing.T) {
	// One at a time; Pricing and EKS count for each operation by itself.
	tight := awssim.Rate{Burst: 1, PerSecond: 0.2}
	a := small(t, func(c *awssim.Config) {
		rates := awssim.DefaultRates()
		rates.NonMutating, rates.Unfiltered, rates.Mutating = tight, tight, tight
		for name, l := range rates.Others {
			l.Read = tight
			if l.Write != (awssim.Rate{}) {
				l.Write = tight
			}
			rates.Others[name] = l
		}
		c.Rates = &rates
	})
	p := a.provider(t, nil)
	ctx := context.Background()
	r, err := p.Create(ctx, three(t, a))
	if err != nil || len(r.Instances) != 6 || !slices.Equal(idsOf(r), a.alive()) {
		t.Fatalf("%v, %v; there are %v", idsOf(r), err, a.alive())
	}
	if _, err := p.Delete(ctx, idsOf(r)); err != nil || len(a.alive()) != 0 {
		t.Errorf("after that there are %v, %v", a.alive(), err)
	}
	by := map[string]int{}
	for name, n := range a.Counts() {
		if service, ok := strings.CutSuffix(name, " throttled"); ok {
			by[service[:strings.IndexByte(service, ':')]] += n
		}
	}
	for _, service := range []string{"ec2", "iam", "pricing"} {
		if by[service] == 0 {
			t.Errorf("%s throttled nothing: %v", service, by)
		}
	}
}

// TestParameterVanishes: while the parameter that names the images is gone nothing is
// launched and the class says why; its instances have not drifted; then it goes on.
func TestParameterVanishes(t *testing.T) {
	a := small(t, nil)
	p := a.provider(t, nil)
	ctx := context.Background()
	first, err := p.Create(ctx, request("before", 1, "m5.large/us-west-2a/on-demand"))
	if err != nil {
		t.Fatal(err)
	}
	kept := map[string]string{}
	a.Do(func(w *world.World) {
		for _, x := range w.Parameters("/aws/service/eks") {
			if strings.HasSuffix(x.Name, "/recommended/image_id") {
				kept[x.Name] = x.Value
				w.SetParameter(x.Name, "")
			}
		}
	})
	a.Clock.Advance(cluster.Hour)
	_, err = p.Create(ctx, request("gone", 1, "m5.large/us-west-2a/on-demand"))
	if err == nil || !strings.Contains(err.Error(), "al2023@latest") || len(a.alive()) != 1 {
		t.Errorf("without the parameter: %v; there are %v", err, a.alive())
	}
	res, err := p.Resolve(ctx, class(nil))
	if err != nil || !slices.ContainsFunc(res.Conditions, func(c cluster.Condition) bool {
		return c.Type == nodeclass.AMIsReady && c.Status == "False" && strings.Contains(c.Message, "al2023@latest")
	}) {
		t.Errorf("the class says %+v, %v", res.Conditions, err)
	}
	if res.Hash != "" {
		t.Errorf("instances should have the hash %q: they would have drifted", res.Hash)
	}
	a.Do(func(w *world.World) {
		for name, value := range kept {
			w.SetParameter(name, value)
		}
	})
	a.Clock.Advance(cluster.Hour)
	if r, err := p.Create(ctx, request("gone", 1, "m5.large/us-west-2a/on-demand")); err != nil || len(r.Instances) != 1 || r.Instances[0].ImageID != first.Instances[0].ImageID || len(a.alive()) != 2 {
		t.Errorf("back again: %+v, %v; there are %v", r, err, a.alive())
	}
}

// assuming are credentials of a role, for a quarter of an hour at a time. Who cannot renew
// them keeps what it has.
type assuming struct {
	client *sts.Client
	now    func() cluster.Instant

	mu      sync.Mutex
	has     aws.Credentials
	expires cluster.Instant
}

func (c *assuming) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for range 2 { // the first answer says what time it is
		if c.now() < c.expires {
			break
		}
		out, err := c.client.AssumeRole(ctx, &sts.AssumeRoleInput{
			RoleArn: aws.String("arn:aws:iam::000000000000:role/ullage"), RoleSessionName: aws.String("operator"), DurationSeconds: aws.Int32(900),
		})
		if err == nil {
			x := out.Credentials
			// The SDK's cache goes by the machine's clock: it is to ask each time.
			c.has = aws.Credentials{AccessKeyID: *x.AccessKeyId, SecretAccessKey: *x.SecretAccessKey, SessionToken: *x.SessionToken, CanExpire: true, Expires: time.Unix(0, 0)}
			c.expires = cluster.Instant(x.Expiration.UnixNano())
		}
	}
	return c.has, nil
}

// TestSessionExpires: credentials of a role are renewed when they expire. While they
// cannot be, all that is asked fails and says why; then it goes on where it was.
func TestSessionExpires(t *testing.T) {
	denied := []string{"none"}
	a := small(t, func(c *awssim.Config) { c.Secrets, c.Denied = map[string]string{"AKIDEXAMPLE": "secret"}, denied })
	role := &assuming{client: sts.NewFromConfig(a.Config()), now: a.Clock.Now}
	p := a.providerAs(t, role, nil)
	ctx := context.Background()
	create := func(token string) error {
		r, err := p.Create(ctx, request(token, 1, "m5.large/us-west-2a/on-demand"))
		if err == nil && len(r.Instances) != 1 {
			t.Errorf("%s: %d instances", token, len(r.Instances))
		}
		return err
	}
	for k, token := range []string{"first", "renewed"} {
		if err := create(token); err != nil || len(a.alive()) != k+1 {
			t.Fatalf("%s: %v; there are %v", token, err, a.alive())
		}
		a.Clock.Advance(16 * cluster.Minute)
	}
	a.Do(func(*world.World) { denied[0] = "sts:AssumeRole" })
	for what, ask := range map[string]func() error{
		"create": func() error { return create("later") },
		"list":   func() error { _, err := p.List(ctx); return err },
		"delete": func() error { _, err := p.Delete(ctx, []string{"i-0123456789abcdef0"}); return err },
	} {
		if err := ask(); err == nil || !strings.Contains(err.Error(), "expired") {
			t.Errorf("%s with a session that is over: %v", what, err)
		}
	}
	if len(a.alive()) != 2 {
		t.Errorf("there are %v, want two", a.alive())
	}
	a.Do(func(*world.World) { denied[0] = "none" })
	if err := create("later"); err != nil || len(a.alive()) != 3 {
		t.Errorf("renewed again: %v; there are %v", err, a.alive())
	}
}

// TestOutOfTime: what EC2 documents for a request that was signed at another time is asked
// once more, by the time that the answer has said; that does not get rights to anybody.
func TestOutOfTime(t *testing.T) {
	p := Patience{Jitter: func() float64 { return 0.5 }}
	for code, want := range map[string]int{"RequestExpired": 1, "RequestInTheFuture": 1, "UnauthorizedOperation": 0} {
		again := 0
		for ok := true; ok; again++ {
			_, ok = p.pause(&smithy.GenericAPIError{Code: code}, again+1)
		}
		if again--; again != want {
			t.Errorf("%s is asked %d times more, want %d", code, again, want)
		}
	}
}

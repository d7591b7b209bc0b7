package aws

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ullage-sh/ullage/awssim"
	"github.com/ullage-sh/ullage/awssim/simtest"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/provider/aws/nodeclass"
	"github.com/ullage-sh/ullage/runner"
)

// The figures of 1,000 nodes, at the pace of AWS itself; of 1,200, what EC2 lets nobody launch
// at once has to be waited for:
//
//	go test ./provider/aws -run TestMixedPlan -nodes 1000 -pace 1 -kills 10 -v
//	go test ./provider/aws -run TestMixedPlan -nodes 1200 -pace 1 -kills 10 -draw 2 -timeout 30m -v
var (
	nodes = flag.Int("nodes", 50, "about how many nodes TestMixedPlan launches")
	pace  = flag.Int("pace", 20, "divides the latencies of TestMixedPlan's simulated AWS; its limits on requests stay as they are")
	kills = flag.Int("kills", 3, "how many operators are killed during TestMixedPlan")
	draw  = flag.Uint64("draw", 1, "seed of TestMixedPlan's pods, of its simulated AWS and of when operators are killed")
)

// podsPerNode is what comes of the pods of furnish on nodes of up to 16 cores, if there
// are many.
const podsPerNode = 10.8

// site is an account that answers by the real clock, and a cluster in it.
type site struct {
	*awssim.Server
	url  string
	hall *hall
}

func realNow() cluster.Instant { return cluster.Instant(time.Now().UnixNano()) }

func realSleep(ctx context.Context, d cluster.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Duration(d)):
		return nil
	}
}

func newSite(t *testing.T, pods int, rates *awssim.Rates) *site {
	t.Helper()
	w, err := world.New(world.Config{Seed: *draw, Speed: float64(*pace)}, realNow())
	if err != nil {
		t.Fatal(err)
	}
	s := &site{Server: awssim.New(awssim.Config{World: w, Now: realNow, Sleep: realSleep, Rates: rates}), hall: newHall(realNow)}
	listener := httptest.NewServer(s.Server)
	t.Cleanup(listener.Close)
	s.url = listener.URL
	if err := s.hall.furnish(pods, *draw); err != nil {
		t.Fatal(err)
	}
	return s
}

// operator is one life of the operator: the engine with the provider, until ctx ends. It
// returns what its first plan costs, 0 if it made none.
func (s *site) operator(ctx context.Context, t *testing.T, l *line) (first cluster.Money) {
	t.Helper()
	chance := rand.New(rand.NewPCG(uint64(realNow()), 2))
	var mu sync.Mutex
	clients, err := Connect(ctx, Connection{
		Region: simtest.Region, Endpoint: s.url, Credentials: simtest.Credentials, HTTP: &http.Client{Transport: l},
		Patience: Patience{Sleep: realSleep, Jitter: func() float64 { mu.Lock(); defer mu.Unlock(); return chance.Float64() }},
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	p := New(Config{
		Cluster: nodeclass.Config{Cluster: "ullage", Region: simtest.Region}, Clients: clients, Queue: "ullage", Catalog: c, VMOverheadPPM: 75_000,
		Speed: int64(*pace), Now: realNow, Sleep: realSleep,
	})
	options := engine.DefaultOptions()
	options.Speed = int64(*pace)
	r := runner.Runner{Cluster: s.hall, Provider: p, Options: options, Observe: func(step runner.Step) {
		for _, f := range step.Effects {
			if planned, ok := f.(engine.Planned); ok && first == 0 {
				first = planned.Plan.Cost
			}
		}
	}}
	if err := r.Run(ctx); err != nil && ctx.Err() == nil {
		t.Fatal(err)
	}
	return first
}

// writes are the calls to EC2 that change something, those that were throttled included.
func writes(counts map[string]int) (sum int, each map[string]int) {
	each = map[string]int{}
	for name, n := range counts {
		if strings.HasPrefix(name, "ec2:") && !strings.HasPrefix(name, "ec2:Describe") && !strings.HasSuffix(name, " throttled") {
			sum += n
			each[name] = n
		}
	}
	return sum, each
}

// alive are the machines that there are, as provider ids, sorted, what they cost, and how
// many there ever were.
func (s *site) alive() (ids []string, cost cluster.Money, ever int) {
	s.Do(func(w *world.World) {
		for _, i := range w.Launches() {
			ever++
			if i.Stopping != 0 || i.Terminated != 0 {
				continue
			}
			ids = append(ids, "aws:///"+i.Zone+"/"+i.ID)
			if i.Spot {
				cost += w.SpotPrice(i.Type, i.Zone, w.Now())
			} else if o, ok := w.Offering(i.Offering()); ok {
				cost += o.Price
			}
		}
	})
	slices.Sort(ids)
	return ids, cost, ever
}

// matches tells whether all claims have an instance, and all instances a claim.
func (s *site) matches() bool {
	claims, launched := s.hall.launched()
	ids, _, _ := s.alive()
	return claims > 0 && launched == claims && slices.Equal(ids, s.hall.providerIDs())
}

// run lets operators live one after the other: so many are killed, each at a request of its
// own choosing, before it has arrived or after it took effect; the last one stays until
// claims and instances match. It returns what was planned, and how many were killed before
// everything was launched.
func (s *site) run(t *testing.T, kills int, seed uint64) (planned cluster.Money, killed int) {
	t.Helper()
	chance := rand.New(rand.NewPCG(seed, 3))
	for life := range kills + 1 {
		ctx, end := context.WithTimeout(context.Background(), 10*time.Minute)
		l := &line{}
		if left, how := 1+chance.IntN(6), []trouble{lost, unsaid}[life%2]; life < kills {
			l.trouble = func(_ int, name string) trouble {
				if ctx.Err() != nil {
					return lost
				}
				if name == "CreateFleet" || name == "CreateLaunchTemplate" {
					if left--; left == 0 {
						killed++
						end()
						return how
					}
				}
				return fine
			}
		}
		go func() {
			for ctx.Err() == nil {
				if s.matches() {
					end()
				}
				time.Sleep(200 * time.Millisecond)
			}
		}()
		planned = max(planned, s.operator(ctx, t, l))
		late := errors.Is(ctx.Err(), context.DeadlineExceeded)
		end()
		if late {
			t.Fatalf("life %d: claims and instances do not match: %s", life, s.hall.complaints())
		}
	}
	return planned, killed
}

// TestMixedPlan launches a mixed plan at AWS's own rates, with the engine that makes the
// plan: with few calls, at the price of what is launched when nothing is throttled; and once
// more with operators that are killed on the way.
func TestMixedPlan(t *testing.T) {
	rates := awssim.DefaultRates()
	var least cluster.Money // what it costs when nothing is throttled
	for _, run := range []struct {
		kills int
		rates *awssim.Rates
	}{{0, nil}, {0, &rates}, {*kills, &rates}} {
		s := newSite(t, int(float64(*nodes)*podsPerNode), run.rates)
		began := time.Now()
		planned, killed := s.run(t, run.kills, 3+*draw)
		ids, cost, ever := s.alive()
		least = cmp.Or(least, cost)
		sum, each := writes(s.Counts())
		t.Logf("throttled: %t, %d killed: %d nodes by %d calls that write (%v), %s per hour of %s planned, %+.2f %% beside what it is unthrottled, after %.0f s",
			run.rates != nil, killed, len(ids), sum, each, cost, planned, 100*float64(cost-least)/float64(least), time.Since(began).Seconds())
		if killed < run.kills/2 {
			t.Errorf("only %d of %d operators were killed before all was launched", killed, run.kills)
		}
		if !slices.Equal(ids, s.hall.providerIDs()) || ever != len(ids) {
			t.Errorf("%d kills: there are %d instances, %d were launched, and %d claims have them", run.kills, len(ids), ever, len(s.hall.providerIDs()))
		}
		if len(ids) < *nodes/2 || len(ids) > 2**nodes {
			t.Errorf("%d kills: %d nodes, about %d were to be launched", run.kills, len(ids), *nodes)
		}
		if most := 60 * max(*nodes, 1000) / 1000; sum >= most {
			t.Errorf("%d kills: %d calls that write, want less than %d", run.kills, sum, most)
		}
		if cost > least+least/100 {
			t.Errorf("%s per hour, and %s unthrottled; want at most 1 %% more", cost, least)
		}
	}
}

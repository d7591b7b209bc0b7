package interruption

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/ullage-sh/ullage/awssim/simtest"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider/simulated"
)

// account is a simulated AWS with a queue, in virtual time.
type account struct {
	*simtest.AWS
	sqs *sqs.Client
	ec2 *ec2.Client

	mu     sync.Mutex
	status int // what requests fail with, 0 if they do not
}

func (a *account) fail(status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.status = status
}

// RoundTrip fails, or lets the simulated AWS answer.
func (a *account) RoundTrip(r *http.Request) (*http.Response, error) {
	a.mu.Lock()
	status := a.status
	a.mu.Unlock()
	if status != 0 {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	}
	return http.DefaultTransport.RoundTrip(r)
}

func newAccount(t *testing.T) *account {
	t.Helper()
	a := &account{AWS: simtest.New(t, world.Config{Seed: 7, Cluster: "shop"}, nil)} // whose queue has that name
	cfg := a.Config()
	cfg.HTTPClient = &http.Client{Transport: a}
	a.sqs, a.ec2 = sqs.NewFromConfig(cfg), ec2.NewFromConfig(cfg)
	return a
}

// queue is another process that listens.
func (a *account) queue() *Queue { return New(a.sqs, "shop", a.Clock.Sleep) }

func (a *account) send(bodies ...string) {
	a.Do(func(w *world.World) {
		for _, b := range bodies {
			w.Send(w.Queue("shop"), b)
		}
	})
}

// left is how many messages are on the queue.
func (a *account) left() (all int) {
	a.Do(func(w *world.World) { all, _ = w.Count(w.Queue("shop")) })
	return all
}

func receive(t *testing.T, q *Queue) []cluster.Notice {
	t.Helper()
	n, err := q.Receive(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func warning(id string) string {
	return fmt.Sprintf(`{"source":"aws.ec2","detail-type":"EC2 Spot Instance Interruption Warning","time":"2026-11-21T12:00:00Z","detail":{"instance-id":%q}}`, id)
}

func rebalance(id string) string {
	return fmt.Sprintf(`{"source":"aws.ec2","detail-type":"EC2 Instance Rebalance Recommendation","time":"2026-11-21T12:00:00Z","detail":{"instance-id":%q}}`, id)
}

func ids(ns []cluster.Notice) (out []string) {
	for _, n := range ns {
		out = append(out, n.InstanceID)
	}
	return out
}

// TestReclaim: Spot instances are taken back, and of each that is said with the time that
// it has left, until it is acknowledged; what else happened to it is not.
func TestReclaim(t *testing.T) {
	a := newAccount(t)
	q := a.queue()
	if n := receive(t, q); len(n) > 0 {
		t.Fatalf("a silent queue says %v", n)
	}
	var image string
	a.Do(func(w *world.World) { image = w.Images()[0].ID })
	made, err := a.ec2.RunInstances(context.Background(), &ec2.RunInstancesInput{
		ImageId: &image, InstanceType: "m5.large", MinCount: aws.Int32(12), MaxCount: aws.Int32(12),
		InstanceMarketOptions: &types.InstanceMarketOptionsRequest{MarketType: types.MarketTypeSpot},
	})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, i := range made.Instances {
		want = append(want, *i.InstanceId)
	}
	slices.Sort(want)
	if n := receive(t, q); len(n) > 0 {
		t.Fatalf("launching is no news: %v", n)
	}
	warned := a.Clock.Now()
	a.Do(func(w *world.World) { w.Reclaim(simulated.Pattern{}, 0) })
	for range 2 { // again as long as nothing is acknowledged
		n := receive(t, q)
		if !slices.Equal(ids(n), want) {
			t.Fatalf("warned of %v, want %v", ids(n), want)
		}
		for _, x := range n {
			if x.Kind != cluster.Interruption || x.Ends.Sub(warned) < 119*cluster.Second || x.Ends.Sub(warned) > 121*cluster.Second {
				t.Errorf("%+v, want an interruption two minutes after %v", x, warned)
			}
		}
		a.Clock.Advance(hiddenFor)
	}
	next := a.queue() // another process knows nothing of it
	n := receive(t, next)
	if err := next.Acknowledge(context.Background(), []string{n[0].Receipt, n[0].Receipt, "nobody/knows", "this"}); err != nil {
		t.Fatal(err)
	}
	a.Clock.Advance(hiddenFor)
	if n := receive(t, next); !slices.Equal(ids(n), want[1:]) {
		t.Errorf("after %s was acknowledged: %v", want[0], ids(n))
	}
	if a.left() != len(want)-1 {
		t.Errorf("%d messages are left, want the %d warnings", a.left(), len(want)-1)
	}
}

// TestSpeed: where time runs faster, less of it is left.
func TestSpeed(t *testing.T) {
	a := newAccount(t)
	a.send(warning("i-1"))
	q := a.queue()
	q.Speed = 30
	if n := receive(t, q); len(n) != 1 || n[0].Ends.RFC3339() != "2026-11-21T12:00:04Z" {
		t.Errorf("%+v", n)
	}
}

// TestGravest: of an instance that is interrupted nobody needs to hear that it is at risk.
func TestGravest(t *testing.T) {
	a := newAccount(t)
	a.send(rebalance("i-1"), rebalance("i-2"), warning("i-1"), warning("i-1"))
	n := receive(t, a.queue())
	if !slices.Equal(ids(n), []string{"i-1", "i-2"}) || n[0].Kind != cluster.Interruption || n[1].Kind != cluster.AtRisk {
		t.Errorf("%+v", n)
	}
	if a.left() != 2 {
		t.Errorf("%d messages are left, want one of each instance", a.left())
	}
}

// TestSeveral: a message about several instances stays until each is acknowledged.
func TestSeveral(t *testing.T) {
	a := newAccount(t)
	a.send(`{"source":"aws.health","detail-type":"AWS Health Event","detail":{"service":"EC2","eventTypeCategory":"scheduledChange","eventTypeCode":"RETIREMENT",
		"startTime":"Sun, 22 Nov 2026 13:00:00 GMT","affectedEntities":[{"entityValue":"i-1"},{"entityValue":"i-2"}]}}`)
	q := a.queue()
	for _, want := range [][]string{{"i-1", "i-2"}, {"i-2"}} {
		n := receive(t, q)
		if !slices.Equal(ids(n), want) {
			t.Fatalf("%v, want %v", ids(n), want)
		}
		if err := q.Acknowledge(context.Background(), []string{n[0].Receipt}); err != nil {
			t.Fatal(err)
		}
		a.Clock.Advance(hiddenFor)
	}
	if a.left() != 0 {
		t.Error("the message is still there")
	}
}

// TestNotUnderstood: what nobody understands is told, and dropped; so is what nobody
// acknowledges, after a while: news of other clusters' instances before warnings.
func TestNotUnderstood(t *testing.T) {
	a := newAccount(t)
	q := a.queue()
	var told []string
	q.Tell = func(problem string) { told = append(told, problem) }
	a.send("hello", `{"source":"aws.ec2","detail-type":"EC2 Spot Instance Interruption Warning","detail":{}}`, warning("i-1"),
		`{"source":"aws.ec2","detail-type":"EC2 Instance State-change Notification","time":"2026-11-21T12:00:00Z","detail":{"instance-id":"i-2","state":"terminated"}}`)
	if n := receive(t, q); !slices.Equal(ids(n), []string{"i-1", "i-2"}) || len(told) != 2 || a.left() != 2 {
		t.Fatalf("notices %v, told %q, %d left", ids(n), told, a.left())
	}
	said := map[string]int{}
	for range urgent + 3 {
		a.Clock.Advance(hiddenFor)
		for _, id := range ids(receive(t, q)) {
			said[id]++
		}
	}
	if said["i-1"] != urgent-1 || said["i-2"] != news-1 || a.left() != 0 {
		t.Errorf("said again %v, %d left", said, a.left())
	}
}

// TestFailures: of the queue and of its absence.
func TestFailures(t *testing.T) {
	a := newAccount(t)
	ctx := context.Background()
	q := a.queue()
	a.send(warning("i-1"))
	n := receive(t, q)
	for _, status := range []int{500, 503, 403} {
		a.fail(status)
		if got, err := q.Receive(ctx); err == nil {
			t.Errorf("with %d: %v and no error", status, got)
		}
		if err := q.Acknowledge(ctx, []string{n[0].Receipt}); err == nil {
			t.Errorf("with %d it was acknowledged", status)
		}
	}
	a.fail(0)
	a.Clock.Advance(hiddenFor)
	if again := receive(t, q); len(again) != 0 || a.left() != 0 { // the engine will not say it twice
		t.Errorf("acknowledged, but not deleted then: %v, %d left", again, a.left())
	}
	if _, err := New(a.sqs, "none", a.Clock.Sleep).Receive(ctx); err == nil || !strings.Contains(err.Error(), "queue none") {
		t.Errorf("no such queue: %v", err)
	}
	before := a.Clock.Now()
	if got, err := New(a.sqs, "", a.Clock.Sleep).Receive(ctx); err != nil || len(got) > 0 || a.Clock.Now() == before {
		t.Errorf("without a queue: %v, %v", got, err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := q.Receive(ended); err == nil {
		t.Error("received although the context has ended")
	}
}

// TestRepeatedAndReordered: however often messages come, in whichever order, who
// acknowledges everything it hears hears of every instance and empties the queue.
func TestRepeatedAndReordered(t *testing.T) {
	for seed := range uint64(5) {
		a, r := newAccount(t), rand.New(rand.NewPCG(seed, 1))
		var all, want []string
		for i := range 40 {
			id := fmt.Sprintf("i-%02d", i)
			want = append(want, id)
			for range 1 + r.IntN(3) {
				all = append(all, warning(id), rebalance(id))
			}
		}
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		heard := map[string]bool{}
		q := a.queue()
		for i := 0; i < 200 && (len(all) > 0 || a.left() > 0); i++ {
			n := r.IntN(len(all) + 1)
			a.send(all[:n]...)
			all = all[n:]
			for _, x := range receive(t, q) {
				if r.IntN(3) == 0 {
					continue // the operator is busy, or gone
				}
				heard[x.InstanceID] = heard[x.InstanceID] || x.Kind == cluster.Interruption
				if err := q.Acknowledge(context.Background(), []string{x.Receipt}); err != nil {
					t.Fatal(err)
				}
			}
			if r.IntN(10) == 0 {
				q = a.queue()
			}
			a.Clock.Advance(hiddenFor)
		}
		for _, id := range want {
			if !heard[id] {
				t.Errorf("seed %d: nobody heard of %s", seed, id)
			}
		}
		if a.left() > 0 {
			t.Errorf("seed %d: %d messages are left", seed, a.left())
		}
	}
}

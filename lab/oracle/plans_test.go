package oracle_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/lab/oracle"
	"github.com/ullage-sh/ullage/lab/oracle/random"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/solve"
)

var plansFlag = flag.Int("oracle-plans", 300, "plans that are carried out")

// TestPlans carries out plans of the solver for random clusters under the eyes of the
// scheduler's plugins: every pod that is placed must be let in, also where one of the
// nodes becomes one of its alternatives, and a pod that fits nowhere must be rejected
// by every node, those of the plan included, and by each offering as one node more.
// The long run:
//
//	go test ./oracle -run TestPlans -oracle-plans 100000 -oracle-seed 1 -timeout 60m
func TestPlans(t *testing.T) {
	p := newPlans(t)
	start := time.Now()
	for n := uint64(0); p.plans < *plansFlag && !t.Failed(); n++ {
		if *only >= 0 {
			n = uint64(*only)
		}
		p.check(*seed, n)
		if *only >= 0 {
			break
		}
	}
	t.Logf("seed %d: %d plans in %.1fs: %d pods on nodes there were, %d on %d new ones, %d refused, %d of them by all nodes and offerings", *seed, p.plans, time.Since(start).Seconds(),
		p.hosted, p.moved, p.bought, p.refused, p.nowhere)
	t.Logf("in %.2f%% of plans another offering for one node keeps pods off other nodes", percent(p.disturbed, p.plans))
	for _, why := range slices.Sorted(maps.Keys(p.unsupported)) {
		t.Logf("not judged, because the solver says that it does not honour it: %d pods: %s", p.unsupported[why], why)
	}
	if p.plans >= few && (p.hosted == 0 || p.moved == 0 || p.nowhere == 0) {
		t.Error("the clusters do not need the solver to do much")
	}
}

// plans checks plans, one cluster after the other.
type plans struct {
	t         *testing.T
	ctx       context.Context
	scheduler *oracle.Scheduler
	// distort, if any, changes what was planned.
	distort func(*plan.Plan)

	plans, hosted, moved, bought, refused, nowhere, disturbed int
	unsupported                                               map[string]int
}

func newPlans(t *testing.T) *plans {
	t.Helper()
	ctx := quiet(t)
	s, err := oracle.NewScheduler(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return &plans{t: t, ctx: ctx, scheduler: s, unsupported: map[string]int{}}
}

// fault is what is wrong with a plan; nodes are those that pods are kept off.
type fault struct {
	kind, detail string
	nodes        []string
}

// check plans for a random cluster and fails the test with the smallest cluster that
// shows what is wrong with the plan.
func (p *plans) check(seed, n uint64) {
	o := random.Cluster(seed, n, random.Medium)
	bad := p.faults(o, true)
	if bad == nil {
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\nrepeat it: go test ./oracle -run '%s' -oracle-seed %d -oracle-only %d\n", bad.kind, bad.detail, p.t.Name(), seed, n)
	small := oracle.Shrink(o, func(*corev1.Pod) bool { return false }, func(o *oracle.Objects) bool {
		again := p.faults(o, false)
		return again != nil && again.kind == bad.kind
	})
	if again := p.faults(small, false); again != nil {
		bad = again
	}
	text := ""
	if answer, bad := solved(small.Snapshot()); bad == nil {
		text = answer.Text()
	}
	fmt.Fprintf(&b, "in the smallest cluster that shows it: %s\n%s%s", bad.detail, small.YAML(), text)
	p.t.Error(b.String())
}

// faults plans for a cluster and carries the plan out; it returns the first thing
// that goes wrong.
func (p *plans) faults(o *oracle.Objects, count bool) *fault {
	snap := o.Snapshot()
	answer, bad := solved(snap)
	if bad != nil {
		return bad
	}
	if p.distort != nil {
		p.distort(answer)
	}
	if count {
		p.count(answer)
	}
	planned := func(_ int, c plan.Create) cluster.OfferingID { return c.Offerings[0] }
	if bad := p.deliver(o, snap, answer, planned, func(d *oracle.Delivery) *fault { return p.refusals(d, snap, answer, count) }); bad != nil {
		return bad
	}
	return p.alternative(o, snap, answer, count)
}

// solved plans; a solver that panics is at fault too, and is to be shown the smallest
// cluster that makes it.
func solved(snap *cluster.Snapshot) (answer *plan.Plan, bad *fault) {
	defer func() {
		if x := recover(); x != nil {
			bad = &fault{kind: "panic", detail: fmt.Sprintf("%v\n%s", x, debug.Stack())}
		}
	}()
	return solve.Solve(snap, solve.Options{}), nil
}

// alternative carries a plan out with another offering for one of its nodes. The
// pods of that node must get in. That others do is not promised: where a node is
// decides how evenly pods elsewhere are spread.
func (p *plans) alternative(o *oracle.Objects, snap *cluster.Snapshot, answer *plan.Plan, count bool) *fault {
	steps := rand.New(rand.NewPCG(*seed, uint64(len(answer.Creates))))
	if len(answer.Creates) == 0 {
		return nil
	}
	at := steps.IntN(len(answer.Creates))
	c := answer.Creates[at]
	other := c.Offerings[steps.IntN(len(c.Offerings))]
	choose := func(i int, c plan.Create) cluster.OfferingID {
		if i == at {
			return other
		}
		return c.Offerings[0]
	}
	bad := p.deliver(o, snap, answer, choose, nil)
	if bad == nil || bad.kind != "plan" {
		return bad
	}
	if slices.Contains(bad.nodes, oracle.Planned(at)) {
		return &fault{kind: "alternative", detail: fmt.Sprintf("%s for node %d: %s", other, at, bad.detail)}
	}
	if count {
		p.disturbed++
	}
	return nil
}

func (p *plans) count(answer *plan.Plan) {
	p.plans++
	p.bought += len(answer.Creates)
	for _, x := range answer.Placements {
		p.hosted += len(x.Pods)
	}
	for _, c := range answer.Creates {
		p.moved += len(c.Pods)
	}
}

// deliver carries a plan out and, if all went well, does something more. The plan
// says where pods go, not who comes first, but for the late ones: that some order
// lets all of them in is enough.
func (p *plans) deliver(o *oracle.Objects, snap *cluster.Snapshot, answer *plan.Plan, choose func(int, plan.Create) cluster.OfferingID, then func(*oracle.Delivery) *fault) *fault {
	var bad *fault
	for _, order := range orders {
		d, err := oracle.Deliver(p.scheduler, o, snap, answer, choose)
		if err != nil {
			return &fault{kind: "offering", detail: err.Error()}
		}
		order(d)
		why := d.Arrive(p.ctx)
		if why == nil {
			if then != nil {
				return then(d)
			}
			return nil
		}
		left := slices.Concat(d.Due, d.Late)
		bad = &fault{kind: "plan", detail: fmt.Sprintf("%d pods are not let in; %s not on %s because of %s", len(left), left[0].Pod, left[0].Node, strings.Join(why, "; "))}
		for _, x := range left {
			bad.nodes = append(bad.nodes, x.Node)
		}
	}
	return bad
}

// orders in which pods come: as the plan lists them, those that are spread first, and
// some others; then those that are spread as soon as they can.
var orders = []func(*oracle.Delivery){
	func(*oracle.Delivery) {}, spreadFirst, shuffled(1), shuffled(2), shuffled(3),
	func(d *oracle.Delivery) { spreadFirst(d); d.Patient = true },
	func(d *oracle.Delivery) { shuffled(4)(d); spreadFirst(d); d.Patient = true },
	func(d *oracle.Delivery) { shuffled(5)(d); spreadFirst(d); d.Patient = true },
}

func spreadFirst(d *oracle.Delivery) {
	slices.SortStableFunc(d.Due, func(x, y oracle.Placement) int { return d.Spreads(y) - d.Spreads(x) })
}

func shuffled(seed uint64) func(*oracle.Delivery) {
	return func(d *oracle.Delivery) {
		r := rand.New(rand.NewPCG(seed, 0))
		r.Shuffle(len(d.Due), func(i, j int) { d.Due[i], d.Due[j] = d.Due[j], d.Due[i] })
	}
}

// refusals looks for room for what the plan says fits nowhere. Of alike pods one is
// enough.
func (p *plans) refusals(d *oracle.Delivery, snap *cluster.Snapshot, answer *plan.Plan, count bool) *fault {
	for _, u := range answer.Unplaced {
		pod := u.Pods[0]
		if refused := pod.Demand.Refused; len(refused) > 0 {
			if count {
				p.refused += len(u.Pods)
				p.unsupported[refused[0]] += len(u.Pods)
			}
			continue
		}
		if place := d.Room(p.ctx, pod.UID); place != "" {
			return &fault{kind: "refusal", detail: fmt.Sprintf("%s fits on %s, but the plan says %s", pod.ID(), place, plan.Explain(u.Reasons))}
		}
		if count {
			p.refused += len(u.Pods)
			p.nowhere += len(u.Pods)
		}
	}
	return nil
}

// TestPlanMutants spoils plans and wants that to be noticed.
func TestPlanMutants(t *testing.T) {
	for _, m := range []struct {
		mistake, kind string
		distort       func(*plan.Plan)
	}{
		{"one node more is emptied onto another", "plan", func(p *plan.Plan) {
			if n := len(p.Creates); n > 1 {
				p.Creates[0].Pods = slices.Concat(p.Creates[0].Pods, p.Creates[n-1].Pods)
				p.Creates = p.Creates[:n-1]
			}
		}},
		{"pods of two hosts change places", "plan", func(p *plan.Plan) {
			if n := len(p.Placements); n > 1 {
				p.Placements[0].Host, p.Placements[n-1].Host = p.Placements[n-1].Host, p.Placements[0].Host
			}
		}},
		{"a pod that has a place is said to have none", "refusal", func(p *plan.Plan) {
			if len(p.Creates) > 0 && len(p.Late) == 0 {
				c := &p.Creates[0]
				p.Unplaced = append(p.Unplaced, plan.Unplaced{Pods: c.Pods[:1]})
				c.Pods = c.Pods[1:]
			}
		}},
		{"any offering of the pool is an alternative", "alternative", func(p *plan.Plan) {
			for i := range p.Creates {
				for j := range p.Creates {
					if p.Creates[i].Pool == p.Creates[j].Pool {
						p.Creates[i].Offerings = append(p.Creates[i].Offerings[:1:1], p.Creates[j].Offerings[0])
					}
				}
			}
		}},
	} {
		p := newPlans(t)
		p.distort = m.distort
		const most = 400
		noticed := false
		for n := uint64(0); n < most && !noticed; n++ {
			bad := p.faults(random.Cluster(*seed, n, random.Medium), false)
			noticed = bad != nil && bad.kind == m.kind
			if noticed {
				t.Logf("%s: noticed in cluster %d: %s", m.mistake, n, bad.detail)
			}
		}
		if !noticed {
			t.Errorf("%s: not noticed in %d clusters", m.mistake, most)
		}
	}
}

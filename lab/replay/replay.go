package replay

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/lab/oracle"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/solve"
)

// Case is a cluster that is planned for, and how.
type Case struct {
	Name    string
	Objects *oracle.Objects
	Options solve.Options
	// Margin is how much of the cpu and memory of a new node a plan leaves free, in
	// percent.
	Margin int64
}

// Plan plans for o, which is the case's cluster at some moment.
func (c *Case) Plan(o *oracle.Objects) *plan.Plan {
	seen := o.Clone()
	for i := range seen.Types {
		t := &seen.Types[i]
		t.Allocatable = slices.Clone(t.Allocatable)
		for j, a := range t.Allocatable {
			if a.Name == cluster.CPU || a.Name == cluster.Memory {
				t.Allocatable[j].Value -= a.Value * c.Margin / 100
			}
		}
	}
	return solve.Solve(seen.Snapshot(), c.Options)
}

// Terms are how a plan is carried out.
type Terms struct {
	// Seed gives the order in which nodes become ready, in at most so many Waves.
	Seed  uint64
	Waves int
	// Reserve reserves each new node for the pods that are planned for it, by a taint that
	// only these are given a toleration of, as the operator does: until all of them are
	// bound and nobody waits who depends on where others go. What is reserved when all
	// nodes are ready is opened then.
	Reserve bool
}

// Outcome is what became of a plan.
type Outcome struct {
	// Pods that the plan places, and nodes that it buys.
	Pods, Nodes int
	// Stranded are waiting pods that the planned nodes did not hold in the end,
	// beyond those that the plan left out.
	Stranded int
	// Extra nodes were bought for those, in so many further plans; Left are pods that
	// still have no node, beyond those that the plan left out.
	Extra, Rounds, Left int
	// Empty are new nodes that nobody came to: they are given back.
	Empty int
	// Planned is the price per hour of the new nodes of the plan; Realised that of all
	// new nodes in the end, without empty ones.
	Planned, Realised cluster.Money
}

// most plans are made for what is stranded, after which it is left.
const most = 5

// Run lets the real scheduler place what it can on nodes that are there, then
// carries a plan for the case out. Without a plan, one is made for what the scheduler
// has left, as the operator does it.
func Run(ctx context.Context, c *Case, p *plan.Plan, terms Terms) (*Outcome, error) {
	l, err := oracle.NewLoop(ctx)
	if err != nil {
		return nil, err
	}
	r := &run{loop: l, objects: c.Objects.Clone(), random: rand.New(rand.NewPCG(terms.Seed, 0)), terms: terms, prices: map[string]cluster.Money{}, meant: map[string][]*cluster.Pod{}, up: map[string]bool{}}
	r.begin(ctx)
	waiting := len(c.Objects.Waiting())
	if p == nil {
		waiting = len(r.objects.Waiting())
		p = c.Plan(r.objects)
	}
	out := &Outcome{Nodes: len(p.Creates), Planned: p.CreateCost}
	for _, x := range p.Placements {
		out.Pods += len(x.Pods)
	}
	for _, x := range p.Creates {
		out.Pods += len(x.Pods)
	}
	if err := r.buy(ctx, p); err != nil {
		return nil, err
	}
	unplanned := waiting - out.Pods
	out.Stranded = max(len(r.objects.Waiting())-unplanned, 0)
	out.Left = out.Stranded
	for ; out.Left > 0 && out.Rounds < most; out.Rounds++ {
		again := c.Plan(r.objects)
		if len(again.Creates)+len(again.Placements) == 0 {
			break
		}
		if err := r.buy(ctx, again); err != nil {
			return nil, err
		}
		out.Extra += len(again.Creates)
		out.Left = len(r.objects.Waiting()) - unplanned
	}
	out.Empty, out.Realised = r.realised()
	return out, nil
}

// run is one replay.
type run struct {
	loop    *oracle.Loop
	objects *oracle.Objects
	random  *rand.Rand
	terms   Terms
	prices  map[string]cluster.Money  // of new nodes, by name
	meant   map[string][]*cluster.Pod // for whom nodes are reserved, by node
	up      map[string]bool           // new nodes that are ready
}

// realised adds up the new nodes that somebody came to, and counts the others.
func (r *run) realised() (empty int, cost cluster.Money) {
	used := map[string]bool{}
	for _, p := range r.objects.Pods {
		if !slices.ContainsFunc(p.OwnerReferences, func(o metav1.OwnerReference) bool { return o.Kind == "DaemonSet" }) {
			used[p.Spec.NodeName] = true
		}
	}
	for name, price := range r.prices {
		if used[name] {
			cost += price
		} else {
			empty++
		}
	}
	return empty, cost
}

// begin makes what is there known to the scheduler, and lets it place what it can.
func (r *run) begin(ctx context.Context) {
	for _, n := range r.objects.Namespaces {
		r.loop.Informers.Put(n)
	}
	for _, n := range r.objects.Nodes {
		r.objects.Attend(n.Name)
		r.loop.Informers.Put(n)
	}
	for _, n := range r.objects.CSINodes {
		r.loop.Informers.Put(n)
	}
	never := corev1.PreemptNever // all are equally important: looking for victims is in vain, and takes most of the time
	for i, p := range r.objects.Pods {
		if p.Spec.NodeName == "" {
			waits := *p
			waits.Spec.SchedulerName, waits.Spec.PreemptionPolicy = corev1.DefaultSchedulerName, &never
			r.objects.Pods[i] = &waits
		}
		r.loop.Add(r.objects.Pods[i])
	}
	r.loop.Drain(ctx)
	r.settle()
}

// buy makes the nodes of a plan ready, wave by wave.
func (r *run) buy(ctx context.Context, p *plan.Plan) error {
	snap := r.objects.Snapshot()
	nodes := make([]string, len(p.Creates))
	for i, c := range p.Creates {
		at := slices.IndexFunc(snap.Offerings, func(o cluster.PoolOffering) bool {
			return o.ID == c.Offerings[0] && snap.Pools[o.Pool].Name == c.Pool
		})
		if at < 0 {
			return fmt.Errorf("node %d of the plan is a %s of pool %s, which is not sold", i, c.Offerings[0], c.Pool)
		}
		nodes[i] = fmt.Sprintf("planned-%d", len(r.prices)+1)
		r.prices[nodes[i]] = c.Price
		offer := &snap.Offerings[at]
		r.objects.Buy(offer, snap.Pools[offer.Pool].Taints, nodes[i])
	}
	if r.terms.Reserve {
		r.reserve(p, nodes)
	}
	order := slices.Clone(nodes)
	r.random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	size := max((len(order)+r.terms.Waves-1)/r.terms.Waves, 1)
	for wave := range slices.Chunk(order, size) {
		for _, name := range wave {
			r.ready(name)
		}
		r.loop.Drain(ctx)
		r.openFilled(ctx)
	}
	if r.terms.Reserve {
		r.open(nodes) // their time is over
		r.loop.Drain(ctx)
	}
	r.loop.Wake(ctx)
	r.settle()
	return nil
}

// ready makes one node ready, with the pods of its DaemonSets.
func (r *run) ready(name string) {
	r.up[name] = true
	before := len(r.objects.Pods)
	r.objects.Attend(name)
	for _, p := range r.objects.Pods[before:] {
		r.loop.Add(p)
	}
	for _, c := range r.objects.CSINodes {
		if c.Name == name {
			r.loop.Informers.Put(c)
		}
	}
	r.loop.Informers.Put(r.objects.Node(name))
}

// settle writes into the objects what the scheduler has decided.
func (r *run) settle() {
	for i, p := range r.objects.Pods {
		if p.Spec.NodeName == "" {
			r.objects.Pods[i] = r.loop.Pod(p.Namespace + "/" + p.Name)
		}
	}
}

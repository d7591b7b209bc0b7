package karpenter

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/repack"
)

// pass is a cluster as Karpenter looks at it when it wants to disrupt something.
type pass struct {
	in         repack.Input
	opt        Options
	base       *trial // with all pods where they are
	candidates []*candidate
	pools      map[string]*poolState
	nodes      int                   // of the cluster
	young      map[string]bool       // nodes where pods came or went a moment ago
	leaving    map[string]bool       // nodes that go whatever is decided
	stays      map[*cluster.Pod]bool // pods that nobody will evict, wherever they are
	pending    []item                // pods that wait, or whose nodes go anyway
}

// candidate is a node that may go as far as its own annotations and pods say.
type candidate struct {
	host  int32
	node  *cluster.Node
	claim *cluster.Claim
	pool  *cluster.Pool
	pods  []item // that would have to run elsewhere
	price cluster.Money
	// burden is what its going amounts to, in millionths of a pod.
	burden int64
	// guarded: a pod on it must not be moved; drift may all the same, if there is a
	// termination grace period.
	guarded bool
	// ripe: pods have neither come nor gone for consolidateAfter.
	ripe bool
}

// poolState is what all nodes of a pool amount to.
type poolState struct {
	nodes, disrupting int
	price             cluster.Money
	burden            int64
}

const (
	onePod  = 1_000_000
	mostPod = 10 * onePod
)

// burden is what it amounts to that a pod is evicted, in millionths of one like any
// other. What nobody minds is nothing.
func burden(p *cluster.Pod) int64 {
	return min(max(onePod+int64(p.DeletionCost)*onePod>>27+int64(p.Priority)*onePod>>25, 0), mostPod)
}

// newPass looks at a cluster. Input.Kept are nodes that are no candidates whatever their
// pods say: those that go already, and those that pods are on their way to.
func newPass(in repack.Input, o Options) *pass {
	p := &pass{in: in, opt: o, pools: map[string]*poolState{}, young: map[string]bool{}, leaving: map[string]bool{}, stays: map[*cluster.Pod]bool{}}
	byNode := map[string][]*cluster.Pod{}
	pods := make([]*cluster.Pod, len(in.Pods))
	for i, pod := range in.Pods {
		if pod.Owner.Kind == "" && pod.Node != "" && !pod.Mirror {
			x := *pod // Karpenter finds room for pods that nobody makes anew
			x.Owner.Kind = "Pod"
			pod = &x
		}
		pods[i] = pod
		byNode[pod.Node] = append(byNode[pod.Node], pod)
	}
	look := in.Input
	look.Pods, look.Lifted = pods, map[string]bool{}
	p.find(byNode, look.Lifted)
	snap := cluster.NewGround(look).Snapshot(in.Revision, nil, in.Promised)
	p.settle(snap)
	return p
}

// find finds the candidates, and says which hosts these are.
func (p *pass) find(byNode map[string][]*cluster.Pod, lifted map[string]bool) {
	pools, claims := map[string]*cluster.Pool{}, map[string]*cluster.Claim{}
	for _, x := range p.in.Pools {
		pools[x.Name] = x
	}
	for _, c := range p.in.Claims {
		if c.ProviderID != "" {
			claims[c.ProviderID] = c
		}
	}
	guards := repack.NewGuards(p.in.Budgets)
	nodes := slices.Clone(p.in.Nodes)
	slices.SortFunc(nodes, func(a, b *cluster.Node) int { return strings.Compare(a.Name, b.Name) })
	for _, n := range nodes {
		c := claims[n.ProviderID]
		if c == nil || !c.Is(cluster.Initialized) || pools[c.Pool] == nil {
			continue
		}
		x := &candidate{node: n, claim: c, pool: pools[c.Pool], burden: onePod}
		for _, pod := range byNode[n.Name] {
			if pod.Occupies() {
				x.burden += burden(pod)
			}
			x.guarded = x.guarded || pod.Protected(p.in.Now) || forbidden(guards, pod)
			p.stays[pod] = pod.Protected(p.in.Now) || never(guards, pod)
		}
		x.price, _, _ = cluster.Price(p.in.Types[c.Class], c.Offering())
		s := p.pools[c.Pool]
		if s == nil {
			s = &poolState{}
			p.pools[c.Pool] = s
		}
		s.nodes++
		s.price += x.price
		s.burden += x.burden
		goes := n.DeletingAt != 0 || c.Deleting() || p.in.Emptied[n.Name] || slices.Contains(n.Taints, cluster.DisruptedTaint)
		if goes || !n.Ready {
			s.disrupting++
		}
		if goes {
			p.leaving[n.Name] = true
		}
		x.ripe = p.ripe(x)
		if after := x.pool.ConsolidateAfter; after > 0 && after != cluster.Forever && !x.ripe {
			p.young[n.Name] = true
		}
		if _, kept := p.in.Kept[n.Name]; kept || goes || x.pool.Replicas != nil {
			continue
		}
		lifted[n.Name] = true
		p.candidates = append(p.candidates, x)
	}
	p.nodes = len(nodes)
}

// forbidden tells whether budgets for evictions forbid to move a pod now.
func forbidden(g repack.Guards, p *cluster.Pod) bool {
	if p.Terminal() || p.Mirror || p.Deleting() || p.ToleratesDisrupted {
		return false
	}
	by := g.Covering(p)
	return len(by) > 1 || len(by) == 1 && !by[0].Allows(p)
}

// never tells whether a budget forbids for good that a pod is moved: room that would be
// bought for it would stay empty.
func never(g repack.Guards, p *cluster.Pod) bool {
	return forbidden(g, p) && slices.ContainsFunc(g.Covering(p), func(b *cluster.PodDisruptionBudget) bool { return b.Why != "" })
}

func (p *pass) ripe(x *candidate) bool {
	after := x.pool.ConsolidateAfter
	if after == cluster.Forever {
		return false
	}
	since := x.claim.LastPodEvent
	if since.IsZero() {
		since = x.claim.Condition(cluster.Initialized).Since
	}
	return p.in.Now >= since.Add(after)
}

// settle makes the board, with the pods of all candidates where they are.
func (p *pass) settle(snap *cluster.Snapshot) {
	b := newBoard(snap, p.opt)
	b.leaving = p.leaving
	p.base = newTrial(b)
	hosts := make(map[string]int32, len(snap.Hosts))
	for i := range snap.Hosts {
		hosts[snap.Hosts[i].Name] = int32(i)
	}
	by := map[string]*candidate{}
	for _, x := range p.candidates {
		x.host = hosts[x.node.Name]
		by[x.node.Name] = x
	}
	for c := range snap.Classes {
		for _, pod := range snap.Classes[c].Pods {
			i := item{pod, int32(c)}
			if x := by[pod.Node]; x != nil {
				x.pods = append(x.pods, i)
				p.base.put(i, &b.classes[c], x.host)
			} else if !p.stays[pod] {
				p.pending = append(p.pending, i)
			}
		}
	}
	for i := range snap.Hosts {
		p.base.quiet[i] = p.young[snap.Hosts[i].Name]
	}
	for _, n := range p.in.Nodes {
		if p.leaving[n.Name] {
			p.base.refund(hosts[n.Name], n)
		}
	}
}

// allowed is how many nodes of each pool may go now for a reason.
func (p *pass) allowed(why cluster.Reason) map[string]int {
	out := map[string]int{}
	for _, pool := range p.in.Pools {
		if s := p.pools[pool.Name]; s != nil {
			out[pool.Name] = max(p.budget(pool, s.nodes, why)-s.disrupting, 0)
		}
	}
	return out
}

// affordable leaves of candidates those that budgets let go at the same time, the first of
// each pool.
func (p *pass) affordable(list []*candidate, why cluster.Reason) []*candidate {
	allowed := p.allowed(why)
	return slices.DeleteFunc(list, func(x *candidate) bool {
		allowed[x.pool.Name]--
		return allowed[x.pool.Name] < 0
	})
}

// budget is how many of so many nodes a pool's budgets let go at once. What none bounds
// is not bounded by the number of nodes either.
func (p *pass) budget(pool *cluster.Pool, nodes int, why cluster.Reason) int {
	most := math.MaxInt32
	for i := range pool.Budgets {
		b := &pool.Budgets[i]
		if b.Reasons != nil && !slices.Contains(b.Reasons, why) || b.Window != nil && !b.Window.Contains(p.in.Now) {
			continue
		}
		n := b.Nodes
		if b.Percent {
			n = (nodes*b.Nodes + 99) / 100
		}
		most = min(most, n)
	}
	return most
}

// byValue sorts candidates: first those whose price is high for what their going
// amounts to.
func byValue(list []*candidate) {
	slices.SortStableFunc(list, func(a, b *candidate) int {
		x, y := float64(a.price)*float64(b.burden), float64(b.price)*float64(a.burden)
		return cmp.Or(-cmp.Compare(x, y), strings.Compare(a.node.Name, b.node.Name))
	})
}

// choose returns the candidates that a method may look at.
func (p *pass) choose(may func(*candidate) bool) []*candidate {
	var out []*candidate
	for _, x := range p.candidates {
		if may(x) {
			out = append(out, x)
		}
	}
	return out
}

// poolNames are the names of the pools of some candidates, sorted.
func poolNames(list []*candidate) []string {
	names := map[string]bool{}
	for _, x := range list {
		names[x.pool.Name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

package repack_test

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/fit"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/repack"
)

// check carries a repacking out, action by action, and says what is wrong with it:
// nodes that may not go, pods that move to where they do not pass their filters or get
// lost, savings that are none.
func check(in repack.Input, r *plan.Repacking) error {
	for i := range r.Actions {
		before := price(in)
		next, err := act(in, &r.Actions[i])
		if err != nil {
			return fmt.Errorf("action %d: %w", i, err)
		}
		saved := before - price(next)
		if saved <= 0 && r.Actions[i].Saving <= 0 {
			return fmt.Errorf("action %d saves nothing", i)
		}
		in = next
	}
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		goes := slices.ContainsFunc(r.Actions, func(a plan.Action) bool { return slices.Contains(a.Hosts, v.Host) })
		if goes != (v.Kept == 0) {
			return fmt.Errorf("%s goes: %t; its verdict is %q", v.Host, goes, v)
		}
	}
	if r.Bound > r.Objective() {
		return fmt.Errorf("the bound %s is above what is left to pay, %s", r.Bound, r.Objective())
	}
	return nil
}

// price sums up what the nodes of pools cost.
func price(in repack.Input) cluster.Money {
	sum := cluster.Money(0)
	for _, h := range cluster.NewSnapshot(in.Input).Hosts {
		if h.Pool >= 0 {
			sum += h.Price
		}
	}
	return sum
}

// act does one action: new nodes come, the pods move one by one, in some order in which
// each passes its filters, and the nodes go.
func act(in repack.Input, a *plan.Action) (repack.Input, error) {
	records := in.Input
	goes := map[string]bool{}
	for _, h := range a.Hosts {
		goes[h] = true
	}
	for i := range a.Creates {
		n, c := born(records, &a.Creates[i])
		records.Nodes = append(slices.Clone(records.Nodes), n)
		records.Claims = append(slices.Clone(records.Claims), c)
	}
	target := map[string]string{}
	for _, m := range a.Moves {
		for _, p := range m.Pods {
			target[p.UID] = m.Host
		}
	}
	for i := range a.Creates {
		for _, p := range a.Creates[i].Pods {
			target[p.UID] = records.Nodes[len(records.Nodes)-len(a.Creates)+i].Name
		}
	}
	var left []*cluster.Pod
	for _, p := range records.Pods {
		if p.Protected(in.Now) && goes[p.Node] {
			return in, fmt.Errorf("%s carries do-not-disrupt", p.ID())
		}
		if goes[p.Node] && p.Occupies() {
			if target[p.UID] == "" {
				return in, fmt.Errorf("%s gets lost", p.ID())
			}
			left = append(left, p)
		}
	}
	if len(left) != len(target) {
		return in, fmt.Errorf("%d pods move, %d are on the nodes that go", len(target), len(left))
	}
	if err := move(records, goes, left, target); err != nil {
		return in, err
	}
	records.Pods = slices.Clone(records.Pods)
	for i, p := range records.Pods {
		if to := target[p.UID]; to != "" {
			q := *p
			q.Node = to
			records.Pods[i] = &q
		}
	}
	records.Nodes = slices.DeleteFunc(slices.Clone(records.Nodes), func(n *cluster.Node) bool { return goes[n.Name] })
	records.Claims = slices.DeleteFunc(slices.Clone(records.Claims), func(c *cluster.Claim) bool { return goes[c.NodeName] })
	records.Pods = slices.DeleteFunc(records.Pods, func(p *cluster.Pod) bool { return goes[p.Node] })
	in.Input = records
	return in, nil
}

// born is the node that a plan asks for, with its claim.
func born(in cluster.Input, c *plan.Create) (*cluster.Node, *cluster.Claim) {
	name := "made-for-" + c.Pods[0].Name
	for slices.ContainsFunc(in.Nodes, func(n *cluster.Node) bool { return n.Name == name }) {
		name += "-again"
	}
	pool := in.Pools[slices.IndexFunc(in.Pools, func(p *cluster.Pool) bool { return p.Name == c.Pool })]
	typ := cluster.FindType(in.Types[pool.Class], c.Offerings[0].InstanceType)
	labels, _ := pool.NodeLabels(typ, c.Offerings[0])
	labels[cluster.LabelHostname] = name
	n := &cluster.Node{Name: name, UID: name, ProviderID: "test:///" + name, Labels: labels, Taints: pool.Taints, Capacity: typ.Capacity, Allocatable: typ.Allocatable, Ready: true, Created: in.Nodes[0].Created}
	claim := &cluster.Claim{Name: "claim-" + name, UID: name, Pool: pool.Name, Class: pool.Class, Labels: labels, ProviderID: n.ProviderID, NodeName: name, Capacity: typ.Capacity, Allocatable: typ.Allocatable}
	for _, kind := range []string{cluster.Launched, cluster.Registered, cluster.Initialized} {
		claim.Conditions = append(claim.Conditions, cluster.Condition{Type: kind, Status: "True"})
	}
	return n, claim
}

// move tries orders in which the pods could move, until in one of them each passes its
// filters where it is meant to go.
func move(records cluster.Input, goes map[string]bool, pods []*cluster.Pod, target map[string]string) error {
	records.Emptied = goes
	snap := cluster.NewSnapshot(records)
	index, class := map[string]int{}, map[*cluster.Pod]int{}
	for i := range snap.Hosts {
		if !goes[snap.Hosts[i].Name] {
			index[snap.Hosts[i].Name] = i
		}
	}
	for c := range snap.Classes {
		for _, p := range snap.Classes[c].Pods {
			class[p] = c
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	var err error
	for range 100 {
		w, left := fit.New(snap), slices.Clone(pods)
		for before := -1; len(left) != before && len(left) > 0; {
			before = len(left)
			left = slices.DeleteFunc(left, func(p *cluster.Pod) bool {
				at, ok := index[target[p.UID]]
				if !ok {
					err = fmt.Errorf("%s cannot go to %s: it is going", p.ID(), target[p.UID])
					return false
				}
				if k := w.View(class[p]).Node(at); k != 0 {
					err = fmt.Errorf("%s cannot go to %s: %s", p.ID(), target[p.UID], k)
					return false
				}
				w.Place(class[p], at, 1)
				return true
			})
		}
		if len(left) == 0 {
			return nil
		}
		rng.Shuffle(len(pods), func(i, j int) { pods[i], pods[j] = pods[j], pods[i] })
	}
	return err
}

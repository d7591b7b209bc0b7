package karpenter

import (
	"math"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/repack"
)

// Disrupt returns the command that the first method finds and still approves of when it
// looks again, nil if none does: what Karpenter would begin if thinking took no time and
// nothing happened meanwhile.
func Disrupt(in repack.Input, o Options) *Command {
	for _, m := range methods {
		c, _ := newPass(in, o).decide(m)
		if c != nil && m != Drift {
			in.Now = in.Now.Add(validateAfter)
			c = newPass(in, o).still(c)
		}
		if c != nil {
			return c
		}
	}
	return nil
}

// decide returns what one method finds, nil for nothing, and how long Karpenter would
// have thought about it.
func (p *pass) decide(m Method) (found *Command, took cluster.Duration) {
	each := simulationBase + cluster.Duration(p.nodes)*simulationPerNode
	looks := func(limit cluster.Duration) int {
		if p.opt.Untimed {
			return math.MaxInt
		}
		return int(limit / each)
	}
	looked := 0
	switch m {
	case Emptiness:
		found = p.empty()
	case Drift:
		found, looked = p.drift()
	case MultiNode:
		found, looked = p.multi(looks(multiNodeTimeout))
	case SingleNode:
		found, looked = p.single(looks(singleNodeTimeout))
	}
	return found, cluster.Duration(looked) * each
}

// still returns what is left of a command that was found in an earlier pass, nil if it is
// not to be carried out any more: its nodes have to be candidates still, budgets have to
// allow it, and what would become of the pods has to be the same. Of empty nodes those go
// that still may.
func (p *pass) still(c *Command) *Command {
	may, why := p.underutilized, cluster.ReasonUnderutilized
	if c.Method == Emptiness {
		may, why = p.vacant, cluster.ReasonEmpty
	}
	now := p.choose(func(x *candidate) bool { return slices.Contains(c.Action.Hosts, x.node.Name) && may(x) })
	now = p.affordable(now, why)
	if c.Method == Emptiness {
		return p.stillEmpty(c, now)
	}
	if len(now) != len(c.Action.Hosts) {
		return nil
	}
	o := p.simulate(now, true)
	if o.stuck || len(o.claims) != len(c.Action.Creates) {
		return nil
	}
	if len(o.claims) == 1 {
		types := o.types(o.claims[0])
		for _, id := range c.Action.Creates[0].Offerings {
			if !slices.Contains(types, id.InstanceType) {
				return nil
			}
		}
	}
	// Where the pods are to go is as the cluster is now.
	out := *c
	out.Action.Moves = o.placements(func(i item) bool { return o.pods[i.pod] })
	if len(o.claims) == 1 {
		out.Action.Creates = slices.Clone(c.Action.Creates)
		n := o.create(o.claims[0])
		out.Action.Creates[0].Pods, out.Action.Creates[0].Requests = n.Pods, n.Requests
	}
	return &out
}

func (p *pass) stillEmpty(c *Command, now []*candidate) *Command {
	if len(now) == 0 {
		return nil
	}
	out := *c
	out.candidates, out.Action.Hosts, out.Action.Saving = now, nil, 0
	for _, x := range now {
		out.Action.Hosts = append(out.Action.Hosts, x.node.Name)
		out.Action.Saving += x.price
	}
	slices.Sort(out.Action.Hosts)
	return &out
}

package karpenter

import (
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/repack"
)

// Brain is the engine with Karpenter's decisions at Karpenter's pace.
func Brain(settings Options) func(engine.Options) *engine.Engine {
	return func(o engine.Options) *engine.Engine {
		o.ReserveNodes = false
		o.BatchIdle, o.BatchIdleLimit, o.BatchMax, o.BatchLimit = cluster.Second, cluster.Second, 10*cluster.Second, 10*cluster.Second
		o.PassEvery = pollEvery
		l := loop{opt: settings}
		o.Policy = engine.Policy{
			Provision: func(s *cluster.Snapshot) *plan.Plan { return Provision(s, settings) },
			Disrupt:   l.disrupt,
		}
		return engine.New(o)
	}
}

// loop is the disruption controller of one process: it thinks about one command at a
// time. Of what it has begun others see to the end.
type loop struct {
	opt Options
	// found is a command that waits to be checked again, or to be begun: what was thought
	// took until then.
	found *Command
	due   cluster.Instant
	// next is the method to go on with, as an index into methods.
	next int
}

// disrupt is [engine.Policy.Disrupt].
func (l *loop) disrupt(in repack.Input) (*plan.Repacking, cluster.Instant) {
	out := &plan.Repacking{Revision: in.Revision}
	if l.found != nil && in.Now < l.due {
		return out, l.due
	}
	p := newPass(in, l.opt)
	if c := l.found; c != nil {
		l.found = nil
		if c.Method == Drift {
			c = p.again(c)
		} else {
			c = p.still(c)
		}
		if c != nil {
			l.next = 0
			out.Actions, out.Saving = []plan.Action{c.Action}, c.Action.Saving
			return out, in.Now.Add(cluster.Second)
		}
	}
	took := cluster.Duration(0)
	for l.next < len(methods) {
		m := methods[l.next]
		l.next++
		c, thought := p.decide(m)
		took += thought
		if c == nil {
			continue
		}
		l.found, l.due = c, in.Now.Add(took)
		if m != Drift {
			l.due = l.due.Add(validateAfter)
		}
		return out, l.due
	}
	l.next = 0
	if took < pollEvery {
		return out, cluster.Never
	}
	return out, in.Now.Add(took)
}

// again is the command for a node that has drifted as it would be now, nil if the node
// may not go any more.
func (p *pass) again(c *Command) *Command {
	allowed := p.allowed(cluster.ReasonDrifted)
	for _, x := range p.candidates {
		if x.node.Name != c.Action.Hosts[0] || allowed[x.pool.Name] == 0 {
			continue
		}
		one := []*candidate{x}
		if o := p.simulate(one, false); !o.stuck {
			return p.command(Drift, one, o)
		}
	}
	return nil
}

package engine

import (
	"maps"

	"github.com/ullage-sh/ullage/cluster"
)

// stage is a ground, and the pods without a node that have been promised a place on it, by
// UID, as those have whose nodes are about to go.
type stage struct {
	ground   *cluster.Ground
	pods     []*cluster.Pod // nil if the ground knows them
	promised map[string]string
}

func (s stage) snapshot() *cluster.Snapshot { return s.ground.Snapshot("", s.pods, s.promised) }

// staged is what [Engine.placed] says, with the nodes of some claims on their way out and
// others that are still to be written. Where no chunks have to be put on nodes it is made out
// of the ground that there is.
func (e *Engine) staged(leave, come []*cluster.Claim) stage {
	if len(e.headroom.on) == 0 {
		s := stage{ground: e.stands(leave, come), promised: e.promises()}
		for _, p := range e.unbound {
			if s.promised[p.UID] != "" {
				s.pods = append(s.pods, p)
			}
		}
		if s.ground != nil {
			return s
		}
	}
	in := e.placed()
	in.Emptied = maps.Clone(in.Emptied)
	for _, c := range leave {
		in.Emptied[c.NodeName] = true
	}
	in.Claims = append(in.Claims, come...)
	return stage{ground: e.footing.former.Next(in), promised: in.Promised}
}

// stands is standsOn with the nodes of some claims on their way out and others that are still
// to be written, nil if it cannot be made out of that.
func (e *Engine) stands(leave, come []*cluster.Claim) *cluster.Ground {
	g := e.standsOn()
	if len(leave)+len(come) == 0 {
		return g
	}
	var sites []cluster.Site
	for _, c := range leave {
		if n := e.nodes[c.NodeName]; n != nil {
			s := e.siteOf(n)
			s.Emptied = true
			sites = append(sites, s)
		}
	}
	for _, c := range come {
		sites = append(sites, cluster.Site{Claim: c})
	}
	in := e.termsOf()
	if in.Staying = e.staying(); len(in.Staying) > 0 {
		return nil
	}
	return e.amend(g, in, sites, nil)
}

package engine

import (
	"maps"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/fit"
	"github.com/ullage-sh/ullage/plan"
)

// A plan says where pods are in the end. The scheduler gets there one pod at a time, and
// some pods it lets go only where it pleases others at that moment. What was possible when
// a place was found, or left to a pod by one that was evicted, may be impossible by the time
// the node is there: others came, or went, or did not go because a budget for evictions
// waits for the very pods that cannot come. So pods that wait beside their node are tried
// as the scheduler would, and those that cannot come are planned for again.

// barred returns the waiting pods that could not go where they are meant to, even if all
// others that can had gone where those are meant to, with everybody else where he is now; and
// what forbids it.
func (e *Engine) barred() map[string]plan.Constraint {
	like, sorted := e.oneOfEach()
	if !sorted {
		return e.barredOfAll()
	}
	s := e.present().Snapshot("", like)
	return cannotCome(s, partiesOf(e.cramped(s)))
}

// barredOfAll is barred, found out by trying everybody.
func (e *Engine) barredOfAll() map[string]plan.Constraint {
	s := e.present().Snapshot("", values(e.unbound))
	return cannotCome(s, partiesOf(seatsOf(s, e.meantTo)))
}

// meantTo is the host that a waiting pod is meant to go to, "" for none.
func (e *Engine) meantTo(p *cluster.Pod) string { return e.answered.promised[p.UID] }

// cannotCome returns the pods of parties, each by its ID, that cannot go where they are meant
// to in a snapshot, even if all others that can had gone, and what forbids it.
func cannotCome(s *cluster.Snapshot, parties []party) map[string]plan.Constraint {
	if len(parties) == 0 {
		return nil
	}
	w := fit.New(s)
	for came := true; came; {
		came = false
		for i := range parties {
			x := &parties[i]
			for len(x.pods) > 0 && w.View(x.class).Node(x.host) == 0 {
				w.Place(x.class, x.host, 1)
				x.pods = x.pods[1:]
				came = true
			}
		}
	}
	out := map[string]plan.Constraint{}
	for _, x := range parties {
		for _, p := range x.pods {
			out[p.ID()] = w.View(x.class).Node(x.host)
		}
	}
	return out
}

// present is the ground with everybody where he is now.
func (e *Engine) present() *cluster.Ground {
	staying := e.leaving(func(*cluster.Pod) bool { return true })
	if len(staying) == 0 {
		return e.standsOn()
	}
	in := e.termsOf()
	in.Staying = staying
	var sites []cluster.Site
	for _, n := range e.goingNodes() {
		sites = append(sites, e.siteOf(n))
	}
	if g := e.amend(e.standsOn(), in, sites, nil); g != nil {
		return g
	}
	in = e.standing()
	in.Staying = staying
	return e.ordered(in)
}

// party is waiting pods that are alike and are meant to go to the same host.
type party struct {
	class, host int
	pods        []*cluster.Pod
}

// seat is a waiting pod and the host of a snapshot that it is meant to go to.
type seat struct {
	pod  *cluster.Pod
	host int
}

// seatsOf are those of the waiting pods of each class of a snapshot that have a place on one of
// its hosts, in its order.
func seatsOf(s *cluster.Snapshot, place func(*cluster.Pod) string) [][]seat {
	hosts := hostsByName(s)
	out := make([][]seat, len(s.Classes))
	for i := range s.Classes {
		for _, p := range s.Classes[i].Pods {
			if host, there := hosts[place(p)]; there {
				out[i] = append(out[i], seat{p, host})
			}
		}
	}
	return out
}

// partiesOf are the parties of seats, by class, in their order.
func partiesOf(seats [][]seat) []party {
	var out []party
	for class := range seats {
		at := map[int]int{}
		for _, x := range seats[class] {
			i, known := at[x.host]
			if !known {
				i = len(out)
				at[x.host] = i
				out = append(out, party{class: class, host: x.host})
			}
			out[i].pods = append(out[i].pods, x.pod)
		}
	}
	return out
}

// hostsByName finds the hosts of a snapshot by their names and those of their claims.
func hostsByName(s *cluster.Snapshot) map[string]int {
	out := make(map[string]int, 2*len(s.Hosts))
	for i := range s.Hosts {
		out[s.Hosts[i].Name] = i
		if claim := s.Hosts[i].Claim; claim != "" {
			out[claim] = i
		}
	}
	return out
}

// leaving are those of the pods on nodes that are on their way out, by UID, that which says.
func (e *Engine) leaving(which func(*cluster.Pod) bool) map[string]bool {
	out := map[string]bool{}
	for _, n := range e.goingNodes() {
		for _, p := range e.podsOn[n.Name] {
			if which(p) {
				out[p.UID] = true
			}
		}
	}
	return out
}

// goingNodes are the nodes of claims that are on their way out.
func (e *Engine) goingNodes() []*cluster.Node {
	e.takeCensus()
	out := slices.Collect(maps.Values(e.census.going))
	for name := range e.disruptor.actions {
		c := e.claims[name]
		if c == nil || c.NodeName == "" || e.census.going[name] != nil {
			continue
		}
		if n := e.nodeOfClaim(c); n != nil {
			out = append(out, n)
		}
	}
	return out
}

// goes tells whether the node of a claim is on its way out as records say.
func goes(c *cluster.Claim, n *cluster.Node) bool {
	_, doomed := doom(c)
	return c.Deleting() || n.DeletingAt != 0 || doomed && c.NodeName != ""
}

// emptied tells whether the node of a claim is about to go.
func (e *Engine) emptied(c *cluster.Claim) bool {
	_, doomed := doom(c)
	return (doomed || e.disruptor.actions[c.Name] != nil) && c.NodeName != ""
}

// crowdedLong is how long somebody waits for others to go before all of them are taken to stay: a
// StatefulSet may need a quarter of an hour.
const crowdedLong = 2 * cluster.Minute

// staying are the pods on nodes that are on their way out, by UID, that may not go for now.
// They count where they are as long as somebody waits who could not come because of where
// others are: both would wait for each other. (A ground does not follow the end of a pod's
// protection. The eviction that comes with it makes a new one.)
func (e *Engine) staying() map[string]bool {
	if len(e.provision.crowded) == 0 {
		return nil
	}
	all := e.allStay()
	return e.leaving(func(p *cluster.Pod) bool { return all || e.blocked[p.ID()] || p.Protected(e.now) })
}

// allStay tells whether somebody has waited so long for others to go that all of them are taken to
// stay.
func (e *Engine) allStay() bool {
	for id := range e.provision.crowded {
		if p := e.waiting.pods[id]; p != nil && e.now >= p.Created.Add(crowdedLong) {
			return true
		}
	}
	return false
}

// doubtBeside doubts the answers for pods that wait beside the reserved nodes that they may
// go to, and withdraws those that nothing is going to make true. settled tells that nobody
// is on the way to a node that has still to come.
func (e *Engine) doubtBeside(beside []*answer, settled bool) {
	if len(beside) == 0 {
		return
	}
	barred := e.barred()
	var doubted []*answer
	for _, a := range beside {
		if _, is := barred[a.id]; is || settled && a.depends {
			doubted = append(doubted, a)
		} else {
			a.doubts = 0
		}
	}
	slices.SortFunc(doubted, func(a, b *answer) int { return strings.Compare(a.id, b.id) })
	for _, a := range doubted {
		why, is := barred[a.id]
		if is && !aboutOthers(why) {
			e.giveUp(a.id) // somebody who tolerates everything has taken the room
			continue
		}
		if a.doubts++; a.doubts <= doubtsMost {
			continue
		}
		e.giveUp(a.id)
		if is {
			e.provision.crowded[a.id], e.footing.ground = true, nil
		}
	}
}

// crowd notes which pods could not go where they are meant to because of where others are.
func (e *Engine) crowd(pods []*cluster.Pod) {
	barred := e.barred()
	for _, p := range pods {
		if aboutOthers(barred[p.ID()]) {
			e.provision.crowded[p.ID()], e.footing.ground = true, nil
		}
	}
}

// aboutOthers tells whether what forbids a place is where other pods are.
func aboutOthers(c plan.Constraint) bool {
	return c == plan.TopologySpread || c == plan.PodAffinity || c == plan.PodAntiAffinity
}

// uncrowd notes that a pod waits no longer.
func (e *Engine) uncrowd(id string) {
	if e.provision.crowded[id] {
		delete(e.provision.crowded, id)
		e.footing.ground = nil
	}
}

// ordered is the ground of an input that has just been gathered.
func (e *Engine) ordered(in cluster.Input) *cluster.Ground {
	// Where two records contradict each other, the same one wins every time.
	slices.SortFunc(in.Nodes, func(a, b *cluster.Node) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(in.Claims, func(a, b *cluster.Claim) int { return strings.Compare(a.Name, b.Name) })
	return e.footing.former.Next(in)
}

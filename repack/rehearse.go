package repack

import (
	"cmp"
	"maps"
	"slices"

	"github.com/ullage-sh/ullage/plan"
)

// Whoever evicts pods does not decide where they go, nor who comes first: each is made
// anew when its controller gets to it, and the scheduler puts it where most is free, which
// is the opposite of what has been planned. So what has been planned is rehearsed.

// rehearsals is in how many random orders the pods of a node are tried, beside those that
// do most harm: the small ones first, and those last that may not go everywhere.
const rehearsals = 3

// roomiest is how many hosts the scheduler is taken to choose from for a pod, those with
// the most cpu free.
const roomiest = 10

// rehearsed tells whether the pods of a host that has been lifted find room in any order,
// if each goes where there is most.
func (p *pass) rehearsed(h int, planned []move) bool {
	p.undo(planned)
	defer p.redo(planned)
	return p.robust([]int{h}, nil)
}

// certain tells whether the pods of hosts find room in any order, on others or on the new
// nodes of a plan. These are reserved: a pod comes there if no other node takes it, in the
// place of one like it.
func (p *pass) certain(hosts []int, bought *plan.Plan) bool {
	if len(bought.Placements) == 0 {
		return true // whatever finds room elsewhere is not missed on them
	}
	was := p.lift(hosts)
	defer p.setDown(hosts, was)
	places := map[int]int{}
	for i := range bought.Creates {
		for _, pod := range bought.Creates[i].Pods {
			places[p.class[pod]]++
		}
	}
	return p.robust(hosts, places)
}

// robust rehearses the pods of hosts in several orders. places are how many of a class
// have one beside the room there is.
func (p *pass) robust(hosts []int, places map[int]int) bool {
	var pods []int // classes
	for _, h := range hosts {
		for _, x := range p.hosts[h].parts {
			for range x.pods {
				pods = append(pods, x.class)
			}
		}
	}
	slices.SortStableFunc(pods, func(a, b int) int { return cmp.Compare(p.worth[a], p.worth[b]) })
	if !p.rehearse(pods, places) {
		return false
	}
	slices.SortStableFunc(pods, func(a, b int) int { return p.tied(a) - p.tied(b) })
	if !p.rehearse(pods, places) {
		return false
	}
	random := uint64(hosts[0]) // the orders depend on nothing but the hosts
	for range rehearsals {
		for i := len(pods) - 1; i > 0; i-- {
			random = random*6364136223846793005 + 1442695040888963407
			j := int(random >> 33 % uint64(i+1))
			pods[i], pods[j] = pods[j], pods[i]
		}
		if !p.rehearse(pods, places) {
			return false
		}
	}
	return true
}

// tied is 1 for classes that more than room decides about.
func (p *pass) tied(class int) int {
	c := &p.snap.Classes[class]
	if c.Pods[0].DependsOnOthers() || len(c.Demand.Selector)+len(c.Demand.Affinity) > 0 {
		return 1
	}
	return 0
}

// rehearse tells whether pods of these classes find room, or a place, one after the other.
func (p *pass) rehearse(pods []int, places map[int]int) bool {
	moves := make([]move, 0, len(pods))
	defer func() { p.undo(moves) }()
	left := maps.Clone(places)
	for _, class := range pods {
		if to := p.airiest(class); to >= 0 {
			p.place(class, to, 1)
			moves = append(moves, move{class, to, 1})
		} else if left[class] > 0 {
			left[class]--
		} else {
			return false
		}
	}
	return true
}

// airiest returns the host of which the largest part would be free with one more pod of
// a class, −1 if there is none.
func (p *pass) airiest(class int) int {
	v := p.world.View(class)
	wants := p.snap.Classes[class].Requests
	best, free, found := -1, 0.0, 0
	for _, h := range slices.Backward(p.byRoom) {
		if v.Node(int(h)) != 0 {
			continue
		}
		room, all := p.world.Room(int(h)), p.snap.Hosts[h].Allocatable
		part := 0.0
		for d := range 2 { // cpu and memory, as the scheduler scores
			part += float64(room[d]-wants[d]) / float64(max(all[d], 1))
		}
		if best < 0 || part > free {
			best, free = int(h), part
		}
		if found++; found == roomiest {
			break
		}
	}
	return best
}

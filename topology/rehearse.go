package topology

import "slices"

// rehearse checks that pods can come in some order: a spread may hold when all are
// in place, and yet be met by nobody first. They come as they were dealt out, which
// keeps groups level on the way, and who has to wait comes when it can. Pods for
// whom there is no turn are taken out.
func (a *assigner) rehearse() {
	if len(a.dealings) == 0 {
		return
	}
	for _, x := range a.dealings {
		for _, counts := range x.dealt {
			clear(counts)
		}
		for _, n := range x.counters {
			clear(n.dealt)
		}
	}
	waiting := make([]int32, len(a.portions))
	var bound []int
	for i, p := range a.portions {
		if !a.waits(p) {
			a.enter(p, p.pods)
			continue
		}
		waiting[i] = p.pods
		bound = append(bound, i)
		a.perform(bound[len(bound)-1:], waiting)
	}
	for a.perform(bound, waiting) {
		bound = slices.DeleteFunc(bound, func(i int) bool { return waiting[i] == 0 })
	}
	for _, i := range bound {
		if waiting[i] > 0 {
			a.portions[i].pods -= waiting[i]
			a.uncertain = true
		}
	}
	a.portions = slices.DeleteFunc(a.portions, func(p portion) bool { return p.pods == 0 })
}

// perform lets as many pods of each portion come as may, and tells whether any did.
func (a *assigner) perform(bound []int, waiting []int32) bool {
	progress := false
	for _, i := range bound {
		for waiting[i] > 0 && a.mayEnter(a.portions[i]) {
			a.enter(a.portions[i], 1)
			waiting[i]--
			progress = true
		}
	}
	return progress
}

// waits tells whether a portion's pods may have to wait for others.
func (a *assigner) waits(p portion) bool {
	for _, x := range a.dealings {
		if r := x.roleOf(p.class); r != nil && (len(r.spreads) > 0 || r.near) {
			return true
		}
	}
	return false
}

// mayEnter tells whether one more pod of a portion passes its constraints now.
func (a *assigner) mayEnter(p portion) bool {
	for _, x := range a.dealings {
		r := x.roleOf(p.class)
		if r == nil {
			continue
		}
		at := a.domainOf(p.places, x.domains)
		if at < 0 {
			continue // bound to several domains: nobody counts it
		}
		if !x.allows(r, at) || r.near && !x.joins(p.class, at) {
			return false
		}
	}
	return true
}

// joins tells whether the pods that a class wants near are in a domain, or if there
// are none at all, whether it is one of them.
func (x *dealing) joins(class, at int32) bool {
	c := &x.snap.Classes[class]
	there, dealt := x.onHosts(c.Affinity), x.row(x.dealt, c.Affinity)
	if there[at]+dealt[at] > 0 {
		return true
	}
	for d := range there {
		if there[d]+dealt[d] > 0 {
			return false
		}
	}
	return c.In(c.Affinity)
}

// enter counts pods of a portion as placed.
func (a *assigner) enter(p portion, pods int32) {
	for _, x := range a.dealings {
		if r := x.roleOf(p.class); r != nil {
			if at := a.domainOf(p.places, x.domains); at >= 0 {
				for _, g := range r.counted {
					x.tell(g, p.places, at, pods)
				}
			}
		}
	}
}

// domainOf returns the domain that places are in, −1 if they are in several.
func (a *assigner) domainOf(places int32, d *domains) int32 {
	k := cut{places, d.number, -1}
	if at, ok := a.cut[k]; ok {
		return at
	}
	at, several := int32(-1), false
	see := func(domain int32) {
		several = several || at >= 0 && domain != at
		at = domain
	}
	for h := range a.list[places].Hosts.All {
		see(d.hosts[h])
	}
	for i, set := range d.offeringSets {
		if meets(a.list[places].Offerings, set) {
			see(int32(i))
		}
	}
	if several {
		at = -1
	}
	a.cut[k] = at
	return at
}

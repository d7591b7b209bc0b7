package cluster

import (
	"cmp"
	"slices"
)

// pledge is a pod that has been promised a place, and the host.
type pledge struct {
	pod  *Pod
	host int
}

// compare has pods in the order in which they get what they were promised.
func (p pledge) compare(q pledge) int {
	return cmp.Or(truth(p.pod.Virtual())-truth(q.pod.Virtual()), ComparePods(p.pod, q.pod))
}

// keepPromises puts waiting pods on the hosts that an earlier plan has put them
// on, so that planning again while nodes boot buys nothing twice: a packing that
// was found once need not be found again. A promise that can no longer be kept
// (the host is gone, closed or full) is dropped, and the pod waits as before.
func (m *muster) keepPromises(promised []map[string]string) {
	if !slices.ContainsFunc(promised, func(p map[string]string) bool { return len(p) > 0 }) {
		return
	}
	m.out.Hosts = slices.Clone(m.out.Hosts)
	pledges := m.pledges(promised)
	m.kept = make(map[*Pod]bool, len(pledges))
	claims := newClaimers(m.devices, m.waiting())
	var demand *Demand // of the last pod, which most are like
	var want Vector
	last, admits := -1, false
	for _, p := range pledges {
		h := &m.out.Hosts[p.host]
		if other := p.pod.Demand != demand; other || p.host != last {
			if other {
				demand, want = p.pod.Demand, m.vector(p.pod.Demand.Requests)
			}
			last, admits = p.host, h.Closed == "" && demand.Admits(h.Label, h.Taints)
		}
		if admits && claims.promisable(p.pod, want, m.index) && want.Fits(h.Free) {
			if len(h.Promised) == 0 {
				h.Free = slices.Clone(h.Free) // the ground's own
			}
			h.Free.Sub(want)
			h.Promised = append(h.Promised, p.pod)
			m.kept[p.pod] = true
		}
	}
}

// pledges are the pods that have been promised a place on a host that is there, in order:
// host by host, unless what one of them gets on its host may be missed on another.
func (m *muster) pledges(promised []map[string]string) []pledge {
	host := m.finder()
	var out []pledge
	promise := func(p *Pod) {
		for _, x := range promised {
			if name := x[p.UID]; name != "" {
				if at := host(name); at >= 0 {
					out = append(out, pledge{p, at})
				}
				return
			}
		}
	}
	for _, p := range m.pods {
		if p.Provisionable() {
			promise(p)
		}
	}
	for _, p := range m.displaced {
		promise(p)
	}
	if slices.ContainsFunc(out, func(p pledge) bool { return len(p.pod.Claims) > 0 }) {
		slices.SortFunc(out, pledge.compare)
		return out
	}
	return byHost(out, len(m.out.Hosts))
}

// finder returns what finds hosts by their names or those of their claims, −1 for none.
func (m *muster) finder() func(name string) int {
	known := map[string]int{}
	var claims map[string]int
	return func(name string) int {
		at, asked := known[name]
		if asked {
			return at
		}
		at, there := m.find(name)
		if !there {
			if claims == nil {
				claims = make(map[string]int, len(m.out.Hosts))
				for i := range m.out.Hosts {
					claims[m.out.Hosts[i].Claim] = i
				}
				delete(claims, "")
			}
			if at, there = claims[name]; !there {
				at = -1
			}
		}
		known[name] = at
		return at
	}
}

// byHost sorts by host, and then in order.
func byHost(list []pledge, hosts int) []pledge {
	ends := make([]int, hosts+1)
	for _, p := range list {
		ends[p.host+1]++
	}
	for i := range hosts {
		ends[i+1] += ends[i]
	}
	out := make([]pledge, len(list))
	begins := slices.Clone(ends)
	for _, p := range list {
		out[begins[p.host]] = p
		begins[p.host]++
	}
	for i := range hosts {
		slices.SortFunc(out[ends[i]:ends[i+1]], pledge.compare)
	}
	return out
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

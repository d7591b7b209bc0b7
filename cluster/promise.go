package cluster

import (
	"cmp"
	"slices"
)

// keepPromises puts waiting pods on the hosts that an earlier plan has put them
// on, so that planning again while nodes boot buys nothing twice: a packing that
// was found once need not be found again. A promise that can no longer be kept
// (the host is gone, closed or full) is dropped, and the pod waits as before.
func (m *muster) keepPromises(promised map[string]string) {
	if len(promised) == 0 {
		return
	}
	hosts := map[string]*Host{}
	m.out.Hosts = slices.Clone(m.out.Hosts)
	for i := range m.out.Hosts {
		h := &m.out.Hosts[i]
		hosts[h.Name] = h
		if h.Claim != "" {
			hosts[h.Claim] = h
		}
	}
	var pods []*Pod
	for _, p := range m.pods {
		if p.Provisionable() && promised[p.UID] != "" {
			pods = append(pods, p)
		}
	}
	for _, p := range m.displaced {
		if promised[p.UID] != "" {
			pods = append(pods, p)
		}
	}
	slices.SortFunc(pods, func(a, b *Pod) int { return cmp.Or(truth(a.Virtual())-truth(b.Virtual()), ComparePods(a, b)) })
	m.kept = map[*Pod]bool{}
	claims := newClaimers(m.devices, m.waiting())
	for _, p := range pods {
		h := hosts[promised[p.UID]]
		if h == nil || h.Closed != "" || !p.Demand.Admits(h.Label, h.Taints) {
			continue
		}
		if want := m.vector(p.Demand.Requests); claims.promisable(p, want, m.index) && want.Fits(h.Free) {
			if len(h.Promised) == 0 {
				h.Free = slices.Clone(h.Free) // the ground's own
			}
			h.Free.Sub(want)
			h.Promised = append(h.Promised, p)
			m.kept[p] = true
		}
	}
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

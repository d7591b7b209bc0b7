package cluster

import "slices"

// keepPromises puts waiting pods on the hosts that an earlier plan has put them
// on, so that planning again while nodes boot buys nothing twice: a packing that
// was found once need not be found again. A promise that can no longer be kept
// (the host is gone, closed or full) is dropped, and the pod waits as before.
func (b *builder) keepPromises() {
	if len(b.in.Promised) == 0 {
		return
	}
	hosts := map[string]*Host{}
	for i := range b.out.Hosts {
		h := &b.out.Hosts[i]
		hosts[h.Name] = h
		if h.Claim != "" {
			hosts[h.Claim] = h
		}
	}
	var pods []*Pod
	for _, p := range b.in.Pods {
		if p.Provisionable() && b.in.Promised[p.UID] != "" {
			pods = append(pods, p)
		}
	}
	for _, p := range b.displaced {
		if b.in.Promised[p.UID] != "" {
			pods = append(pods, p)
		}
	}
	slices.SortFunc(pods, byID)
	b.kept = map[*Pod]bool{}
	for _, p := range pods {
		h := hosts[b.in.Promised[p.UID]]
		if h == nil || h.Closed != "" || !p.Demand.Admits(h.Label, h.Taints) {
			continue
		}
		if want := b.vector(p.Demand.Requests); want.Fits(h.Free) {
			h.Free.Sub(want)
			h.Promised = append(h.Promised, p)
			b.kept[p] = true
		}
	}
}

package cluster

// usage is how pods use volumes.
type usage struct {
	users map[string]int  // pods of each volume, by what identifies it
	bound map[string]int  // pods on hosts of each claim
	next  map[string]*Pod // of each claim, the first of the pods that wait for a place
}

func newUsage() usage {
	return usage{users: map[string]int{}, bound: map[string]int{}, next: map[string]*Pod{}}
}

// settle notes what is used on nodes, once it is known which pods leave their hosts.
func (v *volumes) settle(in *Input, leaves map[*Pod]bool) {
	if len(v.claims) == 0 {
		return
	}
	for _, p := range in.Pods {
		if p.Node != "" {
			v.count(&v.there, p, leaves[p])
		}
	}
	for _, a := range in.Attachments {
		if pv := v.byName[a.Volume]; pv != nil && !pv.Migrated {
			v.hanging[pv.id()] = true
		}
	}
}

// count notes what a pod uses; waits tells whether it needs a place.
func (v *volumes) count(u *usage, p *Pod, waits bool) {
	if p.Terminal() {
		return
	}
	for i := range p.Demand.Volumes {
		name := p.claim(i)
		if name == "" {
			continue
		}
		u.users[v.identity(name)]++
		if p.Node != "" && !waits {
			u.bound[name]++
		} else if first := u.next[name]; waits && (first == nil || ComparePods(p, first) < 0) {
			u.next[name] = p
		}
	}
}

// claimants looks up what waiting pods have claimed, all pods considered.
type claimants struct {
	*volumes
	usage // by pods without a node
	byKey map[string]*podVolumes
}

func newClaimants(v *volumes, unbound []*Pod) *claimants {
	c := &claimants{volumes: v, usage: newUsage(), byKey: map[string]*podVolumes{}}
	for _, p := range unbound {
		if len(p.Demand.Volumes) > 0 && len(v.claims) > 0 {
			v.count(&c.usage, p, p.Provisionable())
		}
	}
	return c
}

// shared tells whether several pods use a volume, or it hangs on a node.
func (v *claimants) shared(id string) bool {
	return v.users[id]+v.there.users[id] > 1 || v.hanging[id]
}

// gets tells whether a waiting pod is the one that gets a claim which one pod only
// can have.
func (v *claimants) gets(p *Pod, claim string) bool {
	first, other := v.next[claim], v.there.next[claim]
	if first == nil || other != nil && ComparePods(other, first) < 0 {
		first = other
	}
	return v.there.bound[claim] == 0 && first == p
}

// identity is what all pods that use the volume of a claim have in common: the
// volume, or the claim while it has none.
func (v *volumes) identity(claim string) string {
	if c := v.claims[claim]; c != nil && c.Volume != "" {
		if pv := v.byName[c.Volume]; pv != nil && pv.id() != "" {
			return pv.id()
		}
	}
	return claim
}

// claim is the claim, as namespace/name, of the i-th volume of a pod, "" for one
// without.
func (p *Pod) claim(i int) string {
	v := &p.Demand.Volumes[i]
	switch {
	case v.Driver != "":
		return ""
	case v.Ephemeral:
		return p.Namespace + "/" + p.Name + "-" + v.Claim
	}
	return p.Namespace + "/" + v.Claim
}

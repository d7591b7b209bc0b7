package cluster

// usage is how pods use volumes.
type usage struct {
	users map[string]int  // pods of each volume, by what identifies it
	bound map[string]int  // pods on hosts of each claim
	next  map[string]*Pod // of each claim, the first of the pods that wait for a place
	// hanging are volumes that hang on some node, by what identifies them.
	hanging map[string]bool
}

func newUsage() usage {
	return usage{users: map[string]int{}, bound: map[string]int{}, next: map[string]*Pod{}, hanging: map[string]bool{}}
}

// countUsage is how those pods that have a node use volumes.
func (g *Ground) countUsage() usage {
	u := newUsage()
	if len(g.volumes.claims) == 0 {
		return u
	}
	see := func(pods []*Pod, attached []*VolumeAttachment) {
		for _, p := range pods {
			if p.Node != "" && len(p.Demand.Volumes) > 0 {
				u.count(g.volumes, p, g.leaves[p])
			}
		}
		for _, a := range attached {
			if pv := g.volumes.byName[a.Volume]; pv != nil && !pv.Migrated {
				u.hanging[pv.id()] = true
			}
		}
	}
	see(g.in.Pods, g.in.Attachments)
	if g.amended {
		for _, s := range g.sites {
			if len(s.volumes) > 0 {
				see(s.pods, s.attached)
			}
		}
	}
	return u
}

// count notes what a pod uses; waits tells whether it needs a place.
func (u *usage) count(v *volumes, p *Pod, waits bool) {
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
	usage              // by pods without a node
	there func() usage // by the others
	byKey map[string]*podVolumes
}

func (m *muster) claimants() *claimants {
	c := &claimants{volumes: m.volumes, usage: newUsage(), there: m.usage, byKey: map[string]*podVolumes{}}
	for _, p := range m.pods {
		if len(p.Demand.Volumes) > 0 && len(m.volumes.claims) > 0 {
			c.count(m.volumes, p, p.Provisionable())
		}
	}
	return c
}

// shared tells whether several pods use a volume, or it hangs on a node.
func (v *claimants) shared(id string) bool {
	there := v.there()
	return v.users[id]+there.users[id] > 1 || there.hanging[id]
}

// gets tells whether a waiting pod is the one that gets a claim which one pod only
// can have.
func (v *claimants) gets(p *Pod, claim string) bool {
	there := v.there()
	first, other := v.next[claim], there.next[claim]
	if first == nil || other != nil && ComparePods(other, first) < 0 {
		first = other
	}
	return there.bound[claim] == 0 && first == p
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

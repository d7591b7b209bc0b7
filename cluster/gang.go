package cluster

import (
	"slices"
	"strings"
)

// Gang is a group of pods that run together or not at all: a PodGroup of Kubernetes
// (KEP-4671) or of the coscheduling plugin.
type Gang struct {
	// Group is the API group of the PodGroup: [PodGroups] or [Coscheduling].
	Group, Namespace, Name string
	Revision               string
	// Least is how many of its pods must have a place before any of them runs; 1 or less
	// for a group whose pods come one by one.
	Least int
}

// API groups of PodGroups.
const (
	PodGroups    = "scheduling.k8s.io"
	Coscheduling = "scheduling.x-k8s.io"
)

// ID is what [Pod.Gang] names it by.
func (g *Gang) ID() string { return GangID(g.Group, g.Namespace, g.Name) }

func (g *Gang) text() string {
	if g == nil {
		return ""
	}
	return g.ID()
}

// GangID is "group/namespace/name": PodGroups of two API groups may have one name.
func GangID(group, namespace, name string) string { return group + "/" + namespace + "/" + name }

// GangState is a gang some of whose pods wait, with how many of the others are on hosts or
// have been promised a place there.
type GangState struct {
	*Gang
	There int
}

// gather looks up the gangs whose pods do not come one by one.
func (g *Ground) gather(all []*Gang) {
	for _, x := range all {
		if x.Least > 1 {
			if g.ganged == nil {
				g.ganged = map[string]*Gang{}
			}
			g.ganged[x.ID()] = x
		}
	}
}

// addGangs notes the gangs that the classes speak of.
func (m *muster) addGangs() {
	if len(m.ganged) == 0 {
		return
	}
	there := map[string]int{}
	for h := range m.out.Hosts {
		for _, pods := range [][]*Pod{m.out.Hosts[h].Pods, m.out.Hosts[h].Promised} {
			for _, p := range pods {
				if p.Gang != "" && !m.leaves[p] && !p.Deleting() {
					there[p.Gang]++
				}
			}
		}
	}
	seen := map[string]bool{}
	for i := range m.out.Classes {
		if id := m.out.Classes[i].Gang; id != "" && !seen[id] {
			seen[id] = true
			m.out.Gangs = append(m.out.Gangs, GangState{m.ganged[id], there[id]})
		}
	}
	slices.SortFunc(m.out.Gangs, func(a, b GangState) int { return strings.Compare(a.ID(), b.ID()) })
}

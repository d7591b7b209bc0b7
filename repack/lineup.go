package repack

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/fit"
	"github.com/ullage-sh/ullage/plan"
)

// lineup are the nodes that may take pods of a class, as places in the order in which they are
// asked. Among thousands of nodes most have no room for one, whoever goes where, and in a zone
// where a spread allows no more all others are asked in vain once one has been.
type lineup struct {
	// groups have their domains in common, each in order, and that first of which the first is.
	groups  [][]int32
	domains int // of each
}

// lineUp finds those of nodes, in order, that take pods of a class as they are, or would if
// others were elsewhere.
func lineUp(w *fit.World, v *fit.View, nodes []int, wants cluster.Vector) lineup {
	var at []int32
	for i, node := range nodes {
		room := w.Room(node)
		if room[0] < wants[0] || room[1] < wants[1] {
			continue
		}
		if why := v.Node(node); why == 0 || aboutOthers(why) {
			at = append(at, int32(i))
		}
	}
	return grouped(v, nodes, at)
}

// grouped puts places in groups.
func grouped(v *fit.View, nodes []int, at []int32) lineup {
	var l lineup
	number := map[string]int{}
	var domains []int32
	var key []byte
	for _, i := range at {
		domains, key = v.Domains(nodes[i], domains[:0]), key[:0]
		for _, d := range domains {
			key = binary.LittleEndian.AppendUint32(key, uint32(d))
		}
		g, known := number[string(key)]
		if !known {
			g = len(l.groups)
			number[string(key)] = g
			l.groups = append(l.groups, nil)
		}
		l.groups[g] = append(l.groups[g], i)
	}
	l.domains = len(domains)
	return l
}

// regroup puts them in groups again if there are more domains to look at by now.
func (l *lineup) regroup(v *fit.View, nodes []int) {
	if len(l.groups) == 0 || len(v.Domains(nodes[l.groups[0][0]], nil)) == l.domains {
		return
	}
	at := slices.Concat(l.groups...)
	slices.Sort(at)
	*l = grouped(v, nodes, at)
}

// first are the first so many places whose nodes take a pod now.
func (l *lineup) first(v *fit.View, nodes []int, many int) []int32 {
	few := make([]int32, 0, many+1)
	for _, g := range l.groups {
		if len(few) == many && g[0] > few[many-1] {
			break
		}
		for _, at := range g {
			if len(few) == many && at > few[many-1] {
				break
			}
			why := v.Node(nodes[at])
			if why == 0 {
				i, _ := slices.BinarySearchFunc(few, at, cmp.Compare[int32])
				few = slices.Insert(few, i, at)
				few = few[:min(len(few), many)]
			} else if aboutOthers(why) {
				break
			}
		}
	}
	return few
}

// aboutOthers tells whether what forbids a node is where other pods are.
func aboutOthers(why plan.Constraint) bool {
	return why == plan.TopologySpread || why == plan.PodAffinity || why == plan.PodAntiAffinity
}

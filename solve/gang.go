package solve

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// whole packs a snapshot so that of a gang enough pods have a place, or none: nodes that
// wait for the others to come cost as much as nodes that work. Gangs that do not get
// enough are left out one after the other, the least important first, so that what they
// would have taken is there for the rest. It returns why, by gang.
func whole(snap *cluster.Snapshot, opt Options) (*answer, map[string]string) {
	if len(snap.Gangs) == 0 {
		return best(snap, opt), nil
	}
	short := map[string]string{}
	waiting := map[string]int{}
	for i := range snap.Classes {
		waiting[snap.Classes[i].Gang] += len(snap.Classes[i].Pods)
	}
	for _, g := range snap.Gangs {
		if n := g.There + waiting[g.ID()]; n < g.Least {
			short[g.ID()] = strconv.Itoa(n) + " pods of " + g.Name + " exist, " + strconv.Itoa(g.Least) + " are wanted"
		}
	}
	for {
		a := best(without(snap, short), opt)
		broken, why := a.broken(short)
		if broken == "" {
			return a, short
		}
		short[broken] = why
	}
}

// without is a snapshot in which the pods of some gangs cannot be placed.
func without(snap *cluster.Snapshot, short map[string]string) *cluster.Snapshot {
	if len(short) == 0 {
		return snap
	}
	out := *snap
	out.Classes = slices.Clone(out.Classes)
	for i := range out.Classes {
		c := &out.Classes[i]
		if why, ok := short[c.Gang]; ok {
			particulars := *c.Particulars
			particulars.Refused = []string{why}
			c.Particulars, c.Plain = &particulars, false
		}
	}
	return &out
}

// broken returns the least important of the gangs of which some pods have a place, but
// too few, and why; "" if there is none.
func (a *answer) broken(short map[string]string) (id, why string) {
	placed, priority := map[string]int{}, map[string]int32{}
	stuck := map[string]int32{} // a class with pods that have none
	for i := range a.snap.Classes {
		c := &a.snap.Classes[i]
		if c.Gang == "" {
			continue
		}
		placed[c.Gang] += len(c.Pods) - int(a.left[i])
		priority[c.Gang] = max(priority[c.Gang], c.Priority)
		if a.left[i] > 0 {
			stuck[c.Gang] = int32(i)
		}
	}
	var all []cluster.GangState
	for _, g := range a.snap.Gangs {
		_, known := short[g.ID()]
		if _, some := stuck[g.ID()]; some && !known && g.There+placed[g.ID()] < g.Least {
			all = append(all, g)
		}
	}
	if len(all) == 0 {
		return "", ""
	}
	g := slices.MinFunc(all, func(x, y cluster.GangState) int {
		return cmp.Or(cmp.Compare(priority[x.ID()], priority[y.ID()]), -cmp.Compare(x.ID(), y.ID()))
	})
	why = strconv.Itoa(g.There+placed[g.ID()]) + " pods of " + g.Name + " have a place, " + strconv.Itoa(g.Least) + " are wanted"
	if class := stuck[g.ID()]; len(a.snap.Classes[class].Refused) == 0 {
		v := verdicts{answer: a, known: map[int32]*verdict{}}
		why += "; " + a.snap.Classes[class].Pods[0].ID() + ": " + plan.Explain(v.reasons(class))
	}
	return g.ID(), why
}

// tellGangs says of the pods that were left out with their gangs that this is why.
func tellGangs(all []plan.Unplaced, short map[string]string) {
	for i := range all {
		if why, ok := short[all[i].Pods[0].Gang]; ok {
			all[i].Reasons = []plan.Reason{{Constraint: plan.Gang, Detail: why}}
		}
	}
}

package fit

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// made is a volume that was found or made for pods that were placed and share it.
type made struct {
	affinity []cluster.Term // the nodes that can use it, nil for any
	zones    cluster.Term   // and its labels, as of [cluster.ClassVolume]
	found    string         // the free volume that it was, "" for one that was made
	pods     int
}

// volumes tells whether a node can use the volumes of the class.
func (v *View) volumes(n *node) bool {
	waits := false
	for i := range v.class.Volumes {
		x := &v.class.Volumes[i]
		if x.Waits {
			waits = true
		} else if !reaches(x.Affinity, n.label) || !inZone(x.Zones, n.label) {
			return false
		}
	}
	if !waits {
		return true
	}
	_, ok := v.w.find(v.class, n)
	return ok
}

// inZone tells whether the labels of a volume let a node use it. They do not bind a
// node that is in no zone and no region.
func inZone(zones cluster.Term, label cluster.Lookup) bool {
	_, zone := label(cluster.LabelZone)
	_, region := label(cluster.LabelRegion)
	return !zone && !region || zones.Matches(label)
}

// reaches tells whether one of the terms matches; nil matches anything.
func reaches(terms []cluster.Term, label cluster.Lookup) bool {
	return terms == nil || anyMatches(terms, label)
}

// find returns the free volumes that a pod of the class would take on a node, for
// each volume that waits "" where one is made or is there already, and whether there
// is something for all.
func (w *World) find(c *cluster.Class, n *node) (names []string, ok bool) {
	for i := range c.Volumes {
		x := &c.Volumes[i]
		if !x.Waits {
			continue
		}
		if m := w.made[x.ID]; m != nil {
			if !reaches(m.affinity, n.label) || !inZone(m.zones, n.label) {
				return nil, false
			}
			names = append(names, "")
			continue
		}
		at := slices.IndexFunc(x.Found, func(f cluster.FreeVolume) bool {
			return !w.taken[f.Name] && !slices.Contains(names, f.Name) && reaches(f.Affinity, n.label)
		})
		switch {
		case at >= 0:
			names = append(names, x.Found[at].Name)
		case x.Makes && reaches(x.Made, n.label):
			names = append(names, "")
		default:
			return nil, false
		}
	}
	return names, true
}

// bind gives a pod that is placed on a node the volumes that it waits for.
func (w *World) bind(class int32, n *node) {
	c := &w.snap.Classes[class]
	names, _ := w.find(c, n)
	if len(names) == 0 {
		return
	}
	var alone []string
	for i := range c.Volumes {
		x := &c.Volumes[i]
		if !x.Waits {
			continue
		}
		name := names[0]
		names = names[1:]
		switch m := w.made[x.ID]; {
		case x.ID == "":
			alone = append(alone, name)
		case m == nil:
			w.made[x.ID] = born(x, name, n.label)
		default:
			m.pods++
		}
		if name != "" {
			w.taken[name] = true
		}
	}
	if n.found == nil {
		n.found = map[int32][][]string{}
	}
	n.found[class] = append(n.found[class], alone)
}

// born is a volume that was found under a name, or made on a node: then it is taken
// to be of that node's zone.
func born(x *cluster.ClassVolume, name string, label cluster.Lookup) *made {
	m := &made{found: name, pods: 1}
	if name != "" {
		f := x.Found[slices.IndexFunc(x.Found, func(f cluster.FreeVolume) bool { return f.Name == name })]
		m.affinity, m.zones = f.Affinity, f.Zones
	} else if zone, ok := label(cluster.LabelZone); ok {
		m.affinity = []cluster.Term{{{Key: cluster.LabelZone, Operator: cluster.In, Values: []string{zone}}}}
	}
	return m
}

// unbind gives back what bind took for the last pod of a class on a node.
func (w *World) unbind(class int32, n *node) {
	bound := n.found[class]
	if len(bound) == 0 {
		return
	}
	last := len(bound) - 1
	for _, name := range bound[last] {
		delete(w.taken, name)
	}
	n.found[class] = bound[:last]
	for i := range w.snap.Classes[class].Volumes {
		x := &w.snap.Classes[class].Volumes[i]
		m := w.made[x.ID]
		if !x.Waits || m == nil {
			continue
		}
		if m.pods--; m.pods == 0 {
			delete(w.made, x.ID)
			delete(w.taken, m.found)
		}
	}
}

// attach counts that one pod more (or, by −1, less) uses a volume on a node. Its
// requests hold one attachment for each volume; what is attached already, or counts
// because it hangs there, is given back.
func (w *World) attach(n *node, x *cluster.ClassVolume, by int) {
	if x.ID == "" {
		return
	}
	if by < 0 {
		n.use(x.ID, by)
	}
	if n.volumes[x.ID] > 0 || slices.Contains(n.hanging, x.ID) {
		if at := w.attachLimit(x.Driver); at >= 0 {
			n.free[at] += int64(by)
		}
	}
	if by > 0 {
		n.use(x.ID, by)
	}
}

// attachLimit is the component that counts attachments of a driver, −1 for none.
func (w *World) attachLimit(driver string) int {
	return slices.Index(w.snap.Resources, cluster.AttachLimit+driver)
}

package cluster

import (
	"slices"
	"strconv"
	"strings"
)

// Shape says what nodes a pool can have.
type Shape uint8

const (
	// Free is a NodePool: any offering that its requirements allow, node by node.
	Free Shape = iota
	// NodeGroup is a set of nodes that are alike (an EKS node group, an Auto Scaling
	// group). It grows by one; which of its types and zones the next node is of, the
	// cloud decides.
	NodeGroup
	// PerPod is Fargate: a node for each pod, as large as the pod. DaemonSets do not
	// run there. In which of its zones a node is, the cloud decides.
	PerPod
)

// PodPattern selects pods by patterns, in which * stands for any text and ? for any
// one character. All labels must be there.
type PodPattern struct {
	Namespace string
	Labels    []LabelPattern
}

// LabelPattern is a pattern of a label's key and one of its value.
type LabelPattern struct{ Key, Value string }

// Matches tells whether a pod of identity id is selected.
func (p *PodPattern) Matches(id *Identity) bool {
	if !wild(p.Namespace, id.Namespace) {
		return false
	}
	for _, l := range p.Labels {
		found := false
		for key, value := range id.Labels {
			found = found || wild(l.Key, key) && wild(l.Value, value)
		}
		if !found {
			return false
		}
	}
	return true
}

// wild tells whether a pattern describes a text. Where it fails behind a *, that one
// takes in a character more; earlier ones need not be tried again.
func wild(pattern, text string) bool {
	star, from := -1, 0 // behind the last *, and what it has not taken in
	i, j := 0, 0
	for j < len(text) {
		switch {
		case i < len(pattern) && pattern[i] == '*':
			i++
			star, from = i, j
		case i < len(pattern) && (pattern[i] == '?' || pattern[i] == text[j]):
			i++
			j++
		case star >= 0:
			from++
			i, j = star, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[i:], "*") == ""
}

// Barred is a PerPod pool that cannot run the pods of a class.
type Barred struct {
	Pool int32 // index into Snapshot.Pools
	Why  string
}

// selection is the PerPod pools of a snapshot, and which of them select whom.
type selection struct {
	pools []int32
	by    map[*Identity]string
}

func (g *Ground) newSelection() *selection {
	s := &selection{by: map[*Identity]string{}}
	for i := range g.out.Pools {
		if g.out.Pools[i].Shape == PerPod {
			s.pools = append(s.pools, int32(i))
		}
	}
	return s
}

// of returns the PerPod pools that select an identity, as a text of one character
// for each of them.
func (s *selection) of(id *Identity, pools []PoolState) string {
	if len(s.pools) == 0 {
		return ""
	}
	if id == nil {
		id = &noIdentity
	}
	text, ok := s.by[id]
	if !ok {
		var b strings.Builder
		for _, p := range s.pools {
			in := slices.ContainsFunc(pools[p].Selects, func(x PodPattern) bool { return x.Matches(id) })
			b.WriteString(strconv.FormatBool(in)[:1])
		}
		text = b.String()
		s.by[id] = text
	}
	return text
}

// barred lists the PerPod pools that cannot run a class, given who selects it.
func (s *selection) barred(c *Class, selected string, pools []PoolState) []Barred {
	var out []Barred
	for i, p := range s.pools {
		why := "no selector of " + pools[p].Name + " matches"
		if selected[i] == 't' {
			why = pools[p].cannotRun(c)
		}
		if why != "" {
			out = append(out, Barred{p, why})
		}
	}
	return out
}

// cannotRun says what a PerPod pool does not have that pods of a class need; "" for
// nothing.
func (p *Pool) cannotRun(c *Class) string {
	d := c.Demand
	var why []string
	why = append(why, d.HostAccess...)
	if len(d.Ports) > 0 {
		why = append(why, "host ports")
	}
	if slices.ContainsFunc(d.Spreads, func(s TopologySpread) bool { return !s.Soft }) {
		why = append(why, "topology spread")
	}
	var drivers []string
	for _, v := range d.Volumes {
		drivers = append(drivers, v.Driver)
	}
	for _, v := range c.Volumes {
		drivers = append(drivers, v.Driver)
	}
	slices.Sort(drivers)
	for _, x := range slices.Compact(drivers) {
		if x != "" && !slices.Contains(p.Drivers, x) {
			why = append(why, "volumes of "+x)
		}
	}
	if len(why) == 0 {
		return ""
	}
	return p.Name + " runs no pods with " + strings.Join(why, ", ")
}

// Bars says why a pool cannot run the pods of the class, "" if it can.
func (c *Class) Bars(pool int) string {
	for i := range c.Barred {
		if int(c.Barred[i].Pool) == pool {
			return c.Barred[i].Why
		}
	}
	return ""
}

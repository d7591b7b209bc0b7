package cluster

import (
	"slices"
	"strings"
)

// The resources that every node has, in the order in which a [Vector] holds
// them. Everything else (GPUs, huge pages) follows, sorted by name.
const (
	CPU              = "cpu"               // millicores
	Memory           = "memory"            // bytes
	Pods             = "pods"              // count
	EphemeralStorage = "ephemeral-storage" // bytes
)

var basicResources = [...]string{CPU, Memory, Pods, EphemeralStorage}

// Amount is a quantity of one resource, in the unit of its name: millicores for
// cpu, bytes for memory and ephemeral-storage, a count for everything else.
type Amount struct {
	Name  string
	Value int64
}

// Resources is a sparse set of amounts, sorted by name, without zeros.
type Resources []Amount

// NewResources builds a set from a map; zeros are dropped.
func NewResources(m map[string]int64) Resources {
	r := make(Resources, 0, len(m))
	for name, v := range m {
		if v != 0 {
			r = append(r, Amount{name, v})
		}
	}
	slices.SortFunc(r, func(a, b Amount) int { return strings.Compare(a.Name, b.Name) })
	return r
}

// Get returns the amount of one resource, 0 when absent.
func (r Resources) Get(name string) int64 {
	for _, a := range r {
		if a.Name == name {
			return a.Value
		}
	}
	return 0
}

// Has tells whether r speaks of the resource, if only to say that there is none.
func (r Resources) Has(name string) bool {
	return slices.ContainsFunc(r, func(a Amount) bool { return a.Name == name })
}

// Plus returns r + s.
func (r Resources) Plus(s Resources) Resources { return r.combine(s, addSaturating) }

// Minus returns r − s; the result may be negative where s is larger.
func (r Resources) Minus(s Resources) Resources {
	return r.combine(s, func(a, b int64) int64 { return a - b })
}

// Max returns the larger of both in every resource.
func (r Resources) Max(s Resources) Resources {
	return r.combine(s, func(a, b int64) int64 { return max(a, b) })
}

func (r Resources) combine(s Resources, op func(a, b int64) int64) Resources {
	out := make(Resources, 0, max(len(r), len(s)))
	i, j := 0, 0
	for i < len(r) || j < len(s) {
		var a Amount
		switch {
		case j == len(s) || (i < len(r) && r[i].Name < s[j].Name):
			a = Amount{r[i].Name, op(r[i].Value, 0)}
			i++
		case i == len(r) || s[j].Name < r[i].Name:
			a = Amount{s[j].Name, op(0, s[j].Value)}
			j++
		default:
			a = Amount{r[i].Name, op(r[i].Value, s[j].Value)}
			i++
			j++
		}
		if a.Value != 0 {
			out = append(out, a)
		}
	}
	return out
}

// addSaturating adds without wrapping: a pod that asks for 1e30 bytes fits
// nowhere, rather than everywhere.
func addSaturating(a, b int64) int64 {
	const top = int64(1) << 62
	if a > top-b {
		return top
	}
	return a + b
}

// Vector is a dense amount per resource, aligned with [Snapshot.Resources].
type Vector []int64

// Fits tells whether v is at most free in every resource that v asks for. A
// resource not asked for never rejects, even where a node is overcommitted.
func (v Vector) Fits(free Vector) bool {
	for i, want := range v {
		if want > 0 && want > free[i] {
			return false
		}
	}
	return true
}

// Add adds w to v in place.
func (v Vector) Add(w Vector) {
	for i := range w {
		v[i] += w[i]
	}
}

// Sub subtracts w from v in place.
func (v Vector) Sub(w Vector) {
	for i := range w {
		v[i] -= w[i]
	}
}

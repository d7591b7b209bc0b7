package cluster

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/internal/radix"
)

// SortPods sorts pods by namespace, name and UID.
func SortPods(pods []*Pod) {
	if slices.IsSortedFunc(pods, ComparePods) {
		return
	}
	same := !slices.ContainsFunc(pods, func(p *Pod) bool { return p.Namespace != pods[0].Namespace })
	sortByText(pods, ComparePods, func(p *Pod) string {
		if same {
			return p.Name
		}
		return p.Namespace
	})
}

// ComparePods is the order of SortPods.
func ComparePods(x, y *Pod) int {
	if x.Namespace != y.Namespace {
		return strings.Compare(x.Namespace, y.Namespace)
	}
	if x.Name != y.Name {
		return strings.Compare(x.Name, y.Name)
	}
	return strings.Compare(x.UID, y.UID)
}

// sortByText sorts a list in an order that begins with that of texts. Names and keys
// often begin alike and then soon differ: eight bytes from there on tell most of them
// apart, without a look at the texts again.
func sortByText[T any](list []T, order func(x, y T) int, text func(T) string) {
	if len(list) < 2 {
		return
	}
	first := text(list[0])
	alike := len(first)
	for _, x := range list[1:] {
		alike = common(first[:alike], text(x))
	}
	entries := make([]radix.Entry[T], len(list))
	for i, x := range list {
		var next [8]byte
		copy(next[:], text(x)[alike:])
		entries[i] = radix.Entry[T]{Key: binary.BigEndian.Uint64(next[:]), Item: x}
	}
	radix.Sort(entries)
	for first := 0; first < len(entries); {
		end := first + 1
		for end < len(entries) && entries[end].Key == entries[first].Key {
			end++
		}
		for i := first; i < end; i++ {
			list[i] = entries[i].Item
		}
		switch n := end - first; {
		case n > 8 && n < len(list): // these begin alike for longer
			sortByText(list[first:end], order, text)
		case n > 1:
			slices.SortFunc(list[first:end], order)
		}
		first = end
	}
}

// common is how many bytes two texts begin with alike.
func common(x, y string) int {
	n := min(len(x), len(y))
	for i := range n {
		if x[i] != y[i] {
			return i
		}
	}
	return n
}

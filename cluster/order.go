package cluster

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
)

// SortPods sorts pods by namespace, name and UID.
func SortPods(pods []*Pod) {
	if slices.IsSortedFunc(pods, byID) {
		return
	}
	same := !slices.ContainsFunc(pods, func(p *Pod) bool { return p.Namespace != pods[0].Namespace })
	sortByText(pods, byID, func(p *Pod) string {
		if same {
			return p.Name
		}
		return p.Namespace
	})
}

func byID(x, y *Pod) int {
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
	type entry struct {
		key  uint64
		item T
	}
	entries := make([]entry, len(list))
	for i, x := range list {
		var next [8]byte
		copy(next[:], text(x)[alike:])
		entries[i] = entry{binary.BigEndian.Uint64(next[:]), x}
	}
	slices.SortFunc(entries, func(x, y entry) int {
		if x.key != y.key {
			return cmp.Compare(x.key, y.key)
		}
		return order(x.item, y.item)
	})
	for i := range entries {
		list[i] = entries[i].item
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

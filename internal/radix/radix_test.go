package radix

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestSort compares with the standard library's stable sort: few and many things, keys
// that differ anywhere.
func TestSort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mask := rapid.Uint64().Draw(t, "digits that differ")
		keys := rapid.SliceOfN(rapid.Uint64(), 0, 4*few).Draw(t, "keys")
		list := make([]Entry[int], len(keys))
		for i, k := range keys {
			list[i] = Entry[int]{k & mask, i}
		}
		want := slices.Clone(list)
		slices.SortStableFunc(want, func(a, b Entry[int]) int { return cmp.Compare(a.Key, b.Key) })
		if Sort(list); !slices.Equal(list, want) {
			t.Fatalf("%v\nis not %v", list, want)
		}
	})
}

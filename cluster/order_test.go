package cluster

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Sorting by what texts begin with is sorting by the whole order.
func TestSortPods(t *testing.T) {
	text := rapid.StringOfN(rapid.SampledFrom([]rune("ab-\x00")), 0, 12, -1)
	rapid.Check(t, func(t *rapid.T) {
		var pods []*Pod
		for range rapid.IntRange(0, 20).Draw(t, "pods") {
			pods = append(pods, &Pod{Namespace: rapid.SampledFrom([]string{"n", "n", "n2"}).Draw(t, "namespace"), Name: text.Draw(t, "name"), UID: text.Draw(t, "uid")})
		}
		want := slices.SortedStableFunc(slices.Values(pods), ComparePods)
		SortPods(pods)
		if !slices.EqualFunc(pods, want, func(x, y *Pod) bool { return ComparePods(x, y) == 0 }) {
			t.Fatal("not in order")
		}
	})
}

package cluster

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestWild compares patterns with the regular expressions that they stand for.
func TestWild(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*?.]{0,8}`).Draw(t, "pattern")
		text := rapid.StringMatching(`[ab.]{0,10}`).Draw(t, "text")
		if err := likeRegexp(wild, pattern, text); err != "" {
			t.Error(err)
		}
	})
	greedy := func(pattern, text string) bool { // a * that never gives back
		before, after, star := strings.Cut(pattern, "*")
		return star && after == "" && strings.HasPrefix(text, before) || pattern == text
	}
	if likeRegexp(greedy, "a*b", "aab") == "" {
		t.Error("a mutant that does not go back is not noticed")
	}
}

func likeRegexp(match func(pattern, text string) bool, pattern, text string) string {
	quoted := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern))
	want := regexp.MustCompile("^" + quoted + "$").MatchString(text)
	if match(pattern, text) != want {
		return pattern + " and " + text + " are told wrong"
	}
	return ""
}

// TestUndecided: of a label that the cloud will decide, each value must do.
func TestUndecided(t *testing.T) {
	for _, c := range []struct {
		op     Operator
		values []string
		want   bool
	}{
		{In, []string{"a"}, false},
		{In, []string{"a", "b"}, true},
		{NotIn, []string{"a"}, false},
		{NotIn, []string{"c"}, true},
		{Exists, nil, true},
		{DoesNotExist, nil, false},
	} {
		if got := (Requirement{Key: LabelZone, Operator: c.op, Values: c.values}).Matches(listOf([]string{"b", "a", "b"}), true); got != c.want {
			t.Errorf("a or b %s %v: %t", c.op, c.values, got)
		}
	}
	sometimes := listOf([]string{"", "yes"})
	for op, want := range map[Operator]bool{Exists: false, DoesNotExist: false} {
		if (Requirement{Key: "gpu", Operator: op}).Matches(sometimes, true) != want {
			t.Errorf("a label that some have: %s is not %t", op, want)
		}
	}
	if Undecided(listOf([]string{"a", "a"})) {
		t.Error("one value is decided")
	}
}

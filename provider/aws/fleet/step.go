package fleet

import (
	"cmp"
	"strconv"
	"strings"
)

// Step is one of an order's calls: which of its parts, and how often that was asked for
// before. Client tokens and tags have it.
type Step struct{ Part, Pass int }

// String is "0" for the first call of the first part, "0-1" for the second.
func (s Step) String() string {
	if s.Pass == 0 {
		return strconv.Itoa(s.Part)
	}
	return strconv.Itoa(s.Part) + "-" + strconv.Itoa(s.Pass)
}

// parseStep reads a tag; what is none, as with Karpenter's instances, is the first call.
func parseStep(text string) (s Step) {
	part, pass, _ := strings.Cut(text, "-")
	s.Part, _ = strconv.Atoi(part)
	s.Pass, _ = strconv.Atoi(pass)
	return s
}

func (s Step) compare(other Step) int {
	return cmp.Or(cmp.Compare(s.Part, other.Part), cmp.Compare(s.Pass, other.Pass))
}

package duel

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Phase is how many pods there are to be, and for how long.
type Phase struct {
	Pods int           `json:"pods"`
	For  time.Duration `json:"for"`
}

func (p Phase) String() string { return fmt.Sprintf("%d:%v", p.Pods, p.For) }

// ParsePhases reads phases as "5:80s,100:110s,0:100s".
func ParsePhases(text string) ([]Phase, error) {
	var out []Phase
	for _, word := range strings.Split(text, ",") {
		pods, span, ok := strings.Cut(strings.TrimSpace(word), ":")
		n, err := strconv.Atoi(pods)
		d, failed := time.ParseDuration(span)
		if !ok || err != nil || failed != nil || n < 0 || d <= 0 {
			return nil, fmt.Errorf("phase %q: want PODS:TIME, such as 100:110s", word)
		}
		out = append(out, Phase{Pods: n, For: d})
	}
	return out, nil
}

// spread divides n among shares in proportion, the same way each time: what is left over
// by rounding goes to the largest remainders, of equal ones to the first.
func spread(n int, shares []int) []int {
	total := 0
	for _, s := range shares {
		total += s
	}
	out, rest := make([]int, len(shares)), n
	for i, s := range shares {
		out[i] = n * s / total
		rest -= out[i]
	}
	given := make([]bool, len(shares))
	for ; rest > 0; rest-- {
		best := -1
		for i, s := range shares {
			if !given[i] && (best < 0 || n*s%total > n*shares[best]%total) {
				best = i
			}
		}
		given[best] = true
		out[best]++
	}
	return out
}

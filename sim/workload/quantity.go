package workload

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// suffixes of quantities, each as a factor in thousandths.
var suffixes = []struct {
	text   string
	thouth int64
}{
	{"Ki", 1000 << 10}, {"Mi", 1000 << 20}, {"Gi", 1000 << 30}, {"Ti", 1000 << 40},
	{"m", 1}, {"k", 1_000_000}, {"M", 1_000_000_000}, {"G", 1_000_000_000_000}, {"T", 1_000_000_000_000_000}, {"", 1000},
}

// ParseQuantity reads a quantity as Kubernetes writes them, "500m", "0.5", "1.5Gi", and
// returns it in thousandths, rounded up.
func ParseQuantity(text string) (thousandths int64, err error) {
	bad := func() (int64, error) {
		return 0, fmt.Errorf("%q is not a quantity such as 500m, 0.5, 512Mi or 2Gi", text)
	}
	for _, s := range suffixes {
		digits, ok := strings.CutSuffix(text, s.text)
		if !ok {
			continue
		}
		whole, fraction, _ := strings.Cut(digits, ".")
		if len(fraction) > 9 || strings.ContainsAny(digits, "+-eE_xX") || digits == "" || digits == "." {
			return bad()
		}
		n, scale := int64(0), int64(1)
		if whole != "" {
			if n, err = strconv.ParseInt(whole, 10, 64); err != nil {
				return bad()
			}
		}
		if n > math.MaxInt64/s.thouth/2 {
			return 0, fmt.Errorf("%q is too large", text)
		}
		part := int64(0)
		if fraction != "" {
			if part, err = strconv.ParseInt(fraction, 10, 64); err != nil {
				return bad()
			}
			for range fraction {
				scale *= 10
			}
		}
		// part < scale ≤ 10⁹ and the factor is below 2⁵¹: split it so that nothing overflows.
		high, low := s.thouth/scale, s.thouth%scale
		return n*s.thouth + part*high + (part*low+scale-1)/scale, nil
	}
	return bad()
}

// milli is a quantity of CPU in millicores; bytes one of memory.
func milli(text string) (int64, error) { return ParseQuantity(text) }

func bytes(text string) (int64, error) {
	v, err := ParseQuantity(text)
	return (v + 999) / 1000, err
}

package catalog

import "strings"

// Name is an instance type's name taken apart, as Karpenter's labels do it.
type Name struct {
	Family string // m7i-flex
	Size   string // large
	// Category is the leading letters: m, c, hpc, trn, u.
	Category string
	// Generation is the number after the category; "" where there is none
	// (mac-m4). In u-6tb1, where the size comes first, it is the last number.
	Generation string
	Flex       bool
}

// ParseName takes a name like "m7i-flex.large" apart; false if it has no family,
// no size or no leading letters.
func ParseName(name string) (Name, bool) {
	family, size, ok := strings.Cut(name, ".")
	if !ok || size == "" || strings.Contains(size, ".") {
		return Name{}, false
	}
	n := Name{Family: family, Size: size, Flex: strings.Contains(family, "-flex")}
	n.Category, family = span(family, isLetter)
	if n.Category == "" {
		return Name{}, false
	}
	// u-6tb1: the memory size stands between category and generation.
	if rest, ok := strings.CutPrefix(family, "-"); ok {
		digits, rest := span(rest, isDigit)
		if rest, ok = strings.CutPrefix(rest, "tb"); ok && digits != "" {
			family = rest
		}
	}
	n.Generation, _ = span(family, isDigit)
	return n, true
}

// span splits s after its longest prefix of bytes that satisfy in.
func span(s string, in func(byte) bool) (prefix, rest string) {
	i := 0
	for i < len(s) && in(s[i]) {
		i++
	}
	return s[:i], s[i:]
}

func isLetter(b byte) bool { return 'a' <= b && b <= 'z' }
func isDigit(b byte) bool  { return '0' <= b && b <= '9' }

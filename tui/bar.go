package tui

import (
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/view"
)

// bar draws what is requested of what is allocatable.
func bar(u view.Use, width int) line {
	if width <= 0 {
		return nil
	}
	full := cells(u.Requested, u.Allocatable, width)
	soon := cells(u.Requested+u.Promised, u.Allocatable, width) - full
	return line{
		{strings.Repeat("█", full), fullness(u)},
		{strings.Repeat("▒", soon), coming},
		{strings.Repeat("░", width-full-soon), faint},
	}
}

// cells is how many of a bar's cells an amount fills, to the nearest; but
// something is never drawn as nothing, nor less than all as all.
func cells(amount, of int64, width int) int {
	if amount <= 0 || of <= 0 {
		return 0
	}
	if amount >= of {
		return width
	}
	n := int(float64(amount)/float64(of)*float64(width) + 0.5)
	return min(max(n, 1), max(width-1, 1))
}

// fullness grades how well a node's price is used.
func fullness(u view.Use) tone {
	switch share := percent(u); {
	case share >= 70:
		return good
	case share >= 40:
		return fair
	}
	return poor
}

func percent(u view.Use) float64 {
	if u.Allocatable <= 0 {
		return 0
	}
	return 100 * float64(u.Requested) / float64(u.Allocatable)
}

// share is the bar's figure: "82%", "?" while the size is unknown.
func share(u view.Use) string {
	if u.Allocatable <= 0 {
		return "?"
	}
	return strconv.FormatFloat(percent(u), 'f', 0, 64) + "%"
}

// cores writes millicores as vCPU, with a decimal where there is one: "34.5".
func cores(millis int64) string { return tenths(float64(millis) / 1000) }

func gib(bytes int64) string { return tenths(float64(bytes) / (1 << 30)) }

func tenths(v float64) string {
	s := strconv.FormatFloat(v, 'f', 1, 64)
	return strings.TrimSuffix(s, ".0")
}

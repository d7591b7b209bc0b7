package view

import (
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// hoursPerMonth is what cloud bills count as a month.
const hoursPerMonth = 730

// Price is what something costs per hour, and how well that is known. The zero
// value is the price of nothing.
type Price struct {
	PerHour cluster.Money // of all parts whose price is known
	Imputed bool          // some of it is an estimate
	Unknown int           // parts whose price nobody knows
}

// priceOf is the price of one thing; 0 means that nobody knows it.
func priceOf(m cluster.Money, imputed bool) Price {
	if m == 0 {
		return Price{Unknown: 1}
	}
	return Price{PerHour: m, Imputed: imputed}
}

// Plus returns the price of both together.
func (p Price) Plus(q Price) Price {
	return Price{PerHour: p.PerHour + q.PerHour, Imputed: p.Imputed || q.Imputed, Unknown: p.Unknown + q.Unknown}
}

// String is the price per hour: "$0.1920", "~$0.1920" for an estimate, "?" when
// nobody knows it, "$0.1920+?" when nobody knows all of it.
func (p Price) String() string { return p.marked(p.PerHour.String()) }

// Month is the price per month of 730 hours, in the same notation with two
// decimals: "$1,401.60".
func (p Price) Month() string {
	const cent = cluster.USD / 100
	m := p.PerHour * hoursPerMonth
	sign := ""
	if m < 0 {
		sign, m = "-", -m
	}
	cents := int64((m + cent/2) / cent)
	frac := strconv.FormatInt(cents%100, 10)
	return p.marked(sign + "$" + grouped(cents/100) + "." + strings.Repeat("0", 2-len(frac)) + frac)
}

// grouped writes a number with commas between thousands.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func (p Price) marked(amount string) string {
	switch {
	case p.Unknown > 0 && p.PerHour == 0:
		return "?"
	case p.Unknown > 0:
		amount += "+?"
	}
	if p.Imputed {
		amount = "~" + amount
	}
	return amount
}

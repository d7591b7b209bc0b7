package record

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// USD is an amount in micro-USD. In JSON it is a number of dollars that keeps
// every micro-dollar.
type USD int64

// Dollar is one USD.
const Dollar USD = 1_000_000

// maxDollars bounds what is read: more than a cluster costs, and still exact to
// the micro-dollar as a float64.
const maxDollars = 1e9

// String is the amount in dollars, without trailing zeros: "0.192".
func (u USD) String() string {
	sign, n := "", int64(u)
	if n < 0 {
		sign, n = "-", -n
	}
	s := fmt.Sprintf("%s%d.%06d", sign, n/int64(Dollar), n%int64(Dollar))
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// MarshalJSON writes dollars.
func (u USD) MarshalJSON() ([]byte, error) { return []byte(u.String()), nil }

// UnmarshalJSON reads dollars.
func (u *USD) UnmarshalJSON(text []byte) error {
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil || math.Abs(f) > maxDollars {
		return fmt.Errorf("%s is not an amount of dollars", text)
	}
	*u = FromDollars(f)
	return nil
}

// FromDollars rounds to the micro-dollar.
func FromDollars(f float64) USD { return USD(math.Round(f * float64(Dollar))) }

// Dollars is the amount as a float64; [FromDollars] of it is the same amount.
func (u USD) Dollars() float64 { return float64(u) / float64(Dollar) }

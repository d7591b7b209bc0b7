package cluster

import (
	"math"
	"strconv"
	"strings"
)

// Instant is a point in time: nanoseconds since the Unix epoch. The zero value
// means "not set". The core never asks for the time; it is told.
type Instant int64

// Duration is a span of time in nanoseconds.
type Duration int64

// The usual spans, and Forever for what never comes.
const (
	Millisecond Duration = 1_000_000
	Second               = 1000 * Millisecond
	Minute               = 60 * Second
	Hour                 = 60 * Minute
	Forever     Duration = math.MaxInt64
)

// Never is later than every instant that can be reached.
const Never Instant = math.MaxInt64

// Add returns t moved by d, or Never where that would overflow or either side
// has no end.
func (t Instant) Add(d Duration) Instant {
	if t == Never || d == Forever || (d > 0 && int64(t) > math.MaxInt64-int64(d)) {
		return Never
	}
	return t + Instant(d)
}

// Sub returns the span from u to t.
func (t Instant) Sub(u Instant) Duration { return Duration(t - u) }

// Whole is t cut to the second, which is how precisely Kubernetes keeps it.
func (t Instant) Whole() Instant { return t / Instant(Second) * Instant(Second) }

// IsZero tells whether t was never set.
func (t Instant) IsZero() bool { return t == 0 }

// Seconds is d in whole seconds, rounded down.
func (d Duration) Seconds() int64 { return int64(d / Second) }

// String writes d as people read it: "1h30m", "40s", "250ms".
func (d Duration) String() string {
	switch {
	case d == Forever:
		return "forever"
	case d == 0:
		return "0s"
	case d == math.MinInt64:
		return "-" + Forever.String()
	case d < 0:
		return "-" + (-d).String()
	case d < Second:
		return strconv.FormatInt(int64(d/Millisecond), 10) + "ms"
	case d < Minute && d%Second != 0:
		return strconv.FormatFloat(float64(d)/float64(Second), 'f', 1, 64) + "s"
	}
	var b strings.Builder
	for _, u := range []struct {
		span Duration
		name string
	}{{Hour, "h"}, {Minute, "m"}, {Second, "s"}} {
		if n := d / u.span; n > 0 {
			b.WriteString(strconv.FormatInt(int64(n), 10))
			b.WriteString(u.name)
			d -= n * u.span
		}
	}
	return b.String()
}

// Money is an amount in micro-USD. A price is Money per hour.
type Money int64

// USD is one dollar.
const USD Money = 1_000_000

// String writes m as dollars with four decimals, the precision in which cloud
// prices are published: "$0.1920".
func (m Money) String() string {
	sign := ""
	if m < 0 {
		sign, m = "-", -m
	}
	tenths := (m + 50) / 100
	whole, frac := tenths/10_000, tenths%10_000
	digits := strconv.FormatInt(int64(frac), 10)
	return sign + "$" + strconv.FormatInt(int64(whole), 10) + "." + strings.Repeat("0", 4-len(digits)) + digits
}

// RFC3339 writes t in UTC, to the second, as Kubernetes does.
func (t Instant) RFC3339() string {
	secs := int64(t) / int64(Second)
	days, rest := floorDiv(secs, 86400)
	y, m, d := civil(days)
	return pad(y, 4) + "-" + pad(m, 2) + "-" + pad(d, 2) + "T" + pad(rest/3600, 2) + ":" + pad(rest/60%60, 2) + ":" + pad(rest%60, 2) + "Z"
}

// ParseRFC3339 reads what [Instant.RFC3339] writes.
func ParseRFC3339(s string) (Instant, bool) {
	if len(s) != len("2006-01-02T15:04:05Z") || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' || s[19] != 'Z' {
		return 0, false
	}
	var f [6]int64
	for i, part := range []string{s[0:4], s[5:7], s[8:10], s[11:13], s[14:16], s[17:19]} {
		v, err := strconv.ParseUint(part, 10, 16)
		if err != nil {
			return 0, false
		}
		f[i] = int64(v)
	}
	secs := days(f[0], f[1], f[2])*86400 + f[3]*3600 + f[4]*60 + f[5]
	return Instant(secs * int64(Second)), true
}

func floorDiv(a, b int64) (q, r int64) {
	q, r = a/b, a%b
	if r < 0 {
		q, r = q-1, r+b
	}
	return q, r
}

func pad(v int64, width int) string {
	s := strconv.FormatInt(v, 10)
	return strings.Repeat("0", max(width-len(s), 0)) + s
}

// civil turns days since 1970-01-01 into a date of the Gregorian calendar. It
// counts years from March, so that the leap day is the last of its year, in eras
// of 400 years.
func civil(n int64) (y, m, d int64) {
	era, doe := floorDiv(n+719468, 146097)
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d = doy - (153*mp+2)/5 + 1
	m = mp + 3
	if m > 12 {
		m -= 12
	}
	y = yoe + era*400
	if m <= 2 {
		y++
	}
	return y, m, d
}

// days is the inverse of civil.
func days(y, m, d int64) int64 {
	if m <= 2 {
		y--
		m += 12
	}
	era, yoe := floorDiv(y, 400)
	doy := (153*(m-3)+2)/5 + d - 1
	return era*146097 + yoe*365 + yoe/4 - yoe/100 + doy - 719468
}

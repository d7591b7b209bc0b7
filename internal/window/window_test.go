package window

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine

	"github.com/ullage-sh/ullage/cluster"
)

// at reads an instant as people write it: "2026-03-08 01:59 EST" would be
// ambiguous, so offsets are numbers.
func at(t *testing.T, text string) cluster.Instant {
	t.Helper()
	parsed, err := time.Parse("2006-01-02 15:04:05.999999999 -0700", text)
	if err != nil {
		t.Fatal(err)
	}
	return cluster.Instant(parsed.UnixNano())
}

func show(t cluster.Instant, zone string) string {
	if t == cluster.Never {
		return "never"
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		panic(err)
	}
	return time.Unix(0, int64(t)).In(loc).Format("2006-01-02 15:04:05.999999999 -0700")
}

const (
	day    = 24 * cluster.Hour
	office = "0 9 * * mon-fri"
)

func TestWindow(t *testing.T) {
	const (
		seoul   = "Asia/Seoul"
		newYork = "America/New_York"
		howe    = "Australia/Lord_Howe"
		saoP    = "America/Sao_Paulo"
	)
	for _, c := range []struct {
		schedule string
		duration cluster.Duration
		zone     string
		at       string
		open     bool
		changes  string
	}{
		// Office hours in Seoul: Friday 20 November 2026 and the week-end after it.
		{office, 8 * cluster.Hour, seoul, "2026-11-20 08:59:59.999999999 +0900", false, "2026-11-20 09:00:00 +0900"},
		{office, 8 * cluster.Hour, seoul, "2026-11-20 09:00:00 +0900", true, "2026-11-20 17:00:00 +0900"},
		{office, 8 * cluster.Hour, seoul, "2026-11-20 16:59:59.999999999 +0900", true, "2026-11-20 17:00:00 +0900"},
		{office, 8 * cluster.Hour, seoul, "2026-11-20 17:00:00 +0900", false, "2026-11-23 09:00:00 +0900"},
		{office, 8 * cluster.Hour, seoul, "2026-11-21 12:00:00 +0900", false, "2026-11-23 09:00:00 +0900"},
		{office, 8 * cluster.Hour, seoul, "2026-11-23 03:00:00 +0000", true, "2026-11-23 17:00:00 +0900"},
		// The same hours in UTC, which is what no zone means.
		{office, 8 * cluster.Hour, "", "2026-11-20 08:59:00 +0000", false, "2026-11-20 09:00:00 +0000"},
		{office, 8 * cluster.Hour, "", "2026-11-20 16:59:00 +0000", true, "2026-11-20 17:00:00 +0000"},

		// Clocks go forward in New York on 8 March 2026, 2:00 → 3:00. Nine o'clock
		// stays nine o'clock, an hour earlier in UTC.
		{"0 9 * * *", 8 * cluster.Hour, newYork, "2026-03-07 14:00:00 +0000", true, "2026-03-07 17:00:00 -0500"},
		{"0 9 * * *", 8 * cluster.Hour, newYork, "2026-03-08 12:59:59 +0000", false, "2026-03-08 09:00:00 -0400"},
		{"0 9 * * *", 8 * cluster.Hour, newYork, "2026-03-08 13:00:00 +0000", true, "2026-03-08 17:00:00 -0400"},
		// Three hours are three hours, though the clock shows four later.
		{"0 1 * * *", 3 * cluster.Hour, newYork, "2026-03-08 01:00:00 -0500", true, "2026-03-08 05:00:00 -0400"},
		{"0 1 * * *", 3 * cluster.Hour, newYork, "2026-03-08 04:59:59 -0400", true, "2026-03-08 05:00:00 -0400"},
		{"0 1 * * *", 3 * cluster.Hour, newYork, "2026-03-08 05:00:00 -0400", false, "2026-03-09 01:00:00 -0400"},
		// Half past two is left out that day.
		{"30 2 * * *", cluster.Hour, newYork, "2026-03-07 03:30:00 -0500", false, "2026-03-09 02:30:00 -0400"},
		{"30 2 * * *", cluster.Hour, newYork, "2026-03-08 03:30:00 -0400", false, "2026-03-09 02:30:00 -0400"},
		// They go back on 1 November 2026, 2:00 → 1:00: half past one comes twice.
		{"30 1 * * *", 20 * cluster.Minute, newYork, "2026-11-01 01:30:00 -0400", true, "2026-11-01 01:50:00 -0400"},
		{"30 1 * * *", 20 * cluster.Minute, newYork, "2026-11-01 01:50:00 -0400", false, "2026-11-01 01:30:00 -0500"},
		{"30 1 * * *", 20 * cluster.Minute, newYork, "2026-11-01 01:30:00 -0500", true, "2026-11-01 01:50:00 -0500"},
		{"30 1 * * *", 20 * cluster.Minute, newYork, "2026-11-01 01:50:00 -0500", false, "2026-11-02 01:30:00 -0500"},
		// A day is 25 hours long then, and a duration of 24 hours leaves a gap.
		{"0 0 * * *", day, newYork, "2026-11-01 22:59:59 -0500", true, "2026-11-01 23:00:00 -0500"},
		{"0 0 * * *", day, newYork, "2026-11-01 23:00:00 -0500", false, "2026-11-02 00:00:00 -0500"},

		// Lord Howe Island sets its clocks by half an hour, 2:00 → 2:30 and back.
		{"0 2 * * *", cluster.Minute, howe, "2026-04-05 00:00:00 +1100", false, "2026-04-05 02:00:00 +1030"},
		{"30 1 * * *", cluster.Minute, howe, "2026-10-04 00:00:00 +1030", false, "2026-10-04 01:30:00 +1030"},
		{"0 0 * * *", cluster.Minute, howe, "2026-10-04 12:00:00 +1100", false, "2026-10-05 00:00:00 +1100"},
		// In São Paulo the first hour of 4 November 2018 was left out.
		{"0 0 * * *", cluster.Minute, saoP, "2018-11-03 12:00:00 -0300", false, "2018-11-05 00:00:00 -0200"},
		{"0 1 * * *", cluster.Minute, saoP, "2018-11-03 12:00:00 -0300", false, "2018-11-04 01:00:00 -0200"},

		// Longer than the period: always open. What is said to change may not.
		{"@hourly", 90 * cluster.Minute, "", "2026-11-20 10:20:00 +0000", true, "2026-11-20 11:30:00 +0000"},
		{"@hourly", 90 * cluster.Minute, "", "2026-11-20 11:30:00 +0000", true, "2026-11-20 12:30:00 +0000"},
		{"@daily", 30 * day, "", "2026-11-20 11:30:00 +0000", true, "2026-12-20 00:00:00 +0000"},
		{"* * * * *", 365 * day, "", "2026-11-20 11:30:10 +0000", true, "2027-11-20 11:30:00 +0000"},
		{"@yearly", cluster.Forever, "", "2026-11-20 11:30:00 +0000", true, "never"},
		{"* * * * *", cluster.Forever, "", "2026-11-20 11:30:00 +0000", true, "never"},

		// Macros and rare days.
		{"@weekly", cluster.Hour, "", "2026-11-20 00:00:00 +0000", false, "2026-11-22 00:00:00 +0000"},
		{"@monthly", cluster.Hour, "", "2026-11-01 00:30:00 +0000", true, "2026-11-01 01:00:00 +0000"},
		{"@annually", cluster.Hour, "", "2026-11-20 00:00:00 +0000", false, "2027-01-01 00:00:00 +0000"},
		{"0 0 29 2 *", cluster.Hour, "", "2096-03-01 00:00:00 +0000", false, "2104-02-29 00:00:00 +0000"},
		{"0 0 31 * *", cluster.Hour, "", "2026-11-01 00:00:00 +0000", false, "2026-12-31 00:00:00 +0000"},
		// Both day fields given: either is enough. With a star: both.
		{"0 0 13 * fri", cluster.Hour, "", "2026-11-07 00:00:00 +0000", false, "2026-11-13 00:00:00 +0000"},
		{"0 0 15 * fri", cluster.Hour, "", "2026-11-14 00:00:00 +0000", false, "2026-11-15 00:00:00 +0000"},
		{"0 0 * * fri", cluster.Hour, "", "2026-11-14 00:00:00 +0000", false, "2026-11-20 00:00:00 +0000"},

		// The ends of what an instant can say.
		{"@hourly", cluster.Minute, "", "1970-01-01 00:00:00 +0000", true, "1970-01-01 00:01:00 +0000"},
		{"@hourly", cluster.Minute, "", "1969-12-31 23:30:00 +0000", false, "1970-01-01 00:00:00 +0000"},
		{"@yearly", cluster.Minute, "", "2262-02-01 00:00:00 +0000", false, "never"},
	} {
		w, err := New(c.schedule, c.duration, c.zone)
		if err != nil {
			t.Errorf("New(%q, %s, %q): %v", c.schedule, c.duration, c.zone, err)
			continue
		}
		now := at(t, c.at)
		if got := w.Contains(now); got != c.open {
			t.Errorf("%s at %s: open is %v, want %v", w, c.at, got, c.open)
		}
		if got := show(w.Changes(now), c.zone); got != c.changes {
			t.Errorf("%s at %s: changes at %s, want %s", w, c.at, got, c.changes)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct {
		schedule string
		duration cluster.Duration
		zone     string
		want     string
	}{
		{"0 0 30 2 *", cluster.Hour, "", `schedule "0 0 30 2 *" never fires: no month that it names has a day that it names`},
		{"0 0 31 4,6,9,11 *", cluster.Hour, "", `never fires`},
		{"0 9 * * mon-fri", 0, "", `duration is 0s, want more than 0`},
		{"0 9 * * mon-fri", -cluster.Hour, "", `duration is -1h, want more than 0`},
		{"0 9 * * mon-fri", cluster.Hour, "Asia/Soul", `schedule "0 9 * * mon-fri": time zone "Asia/Soul" is unknown: want an IANA name`},
		{"0 9 * * mon-fri", cluster.Hour, "Local", `time zone "Local" is not one`},
		{"", cluster.Hour, "", `want five fields (minute, hour`},
		{"0 9 * *", cluster.Hour, "", `want five fields (minute, hour`},
		{"0 0 9 * * mon", cluster.Hour, "", `want five fields (minute, hour`},
		{"60 9 * * *", cluster.Hour, "", `(60) above maximum (59)`},
		{"0 9 * * fri-mon", cluster.Hour, "", `beyond end of range`},
		{"@noon", cluster.Hour, "", `unrecognized descriptor`},
		{"@every 5m", cluster.Hour, "", `@every counts from whenever it is started`},
		{"TZ=Asia/Seoul 0 9 * * *", cluster.Hour, "", `a time zone inside a schedule is not supported: give it separately`},
		{" CRON_TZ=0", cluster.Hour, "", `a time zone inside a schedule is not supported: give it separately`},
	} {
		w, err := New(c.schedule, c.duration, c.zone)
		if err == nil {
			t.Errorf("New(%q, %s, %q) gives %s, want an error with %q", c.schedule, c.duration, c.zone, w, c.want)
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("New(%q, %s, %q): %q, want it to say %q", c.schedule, c.duration, c.zone, err, c.want)
		}
	}
}

func TestString(t *testing.T) {
	for zone, want := range map[string]string{
		"":           "0 9 * * mon-fri for 8h30m",
		"UTC":        "0 9 * * mon-fri for 8h30m",
		"Asia/Seoul": "0 9 * * mon-fri for 8h30m in Asia/Seoul",
	} {
		w, err := New(office, 8*cluster.Hour+30*cluster.Minute, zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := w.String(); got != want {
			t.Errorf("zone %q: %q, want %q", zone, got, want)
		}
	}
}

func BenchmarkContains(b *testing.B) {
	w, err := New(office, 8*cluster.Hour, "Asia/Seoul")
	if err != nil {
		b.Fatal(err)
	}
	t := cluster.Instant(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC).UnixNano())
	for b.Loop() {
		w.Contains(t)
	}
}

func BenchmarkChangesOfLongWindow(b *testing.B) {
	w, err := New("* * * * *", 365*day, "America/New_York")
	if err != nil {
		b.Fatal(err)
	}
	t := cluster.Instant(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC).UnixNano())
	for b.Loop() {
		w.Changes(t)
	}
}

// Package window turns a cron schedule, a duration and a time zone into a
// [cluster.Window]: the hours in which a disruption budget counts.
//
// A window is active from each instant at which the schedule fires until its
// duration has passed, as in Karpenter's budgets; windows that overlap are one.
// The schedule fires whenever the clock on the wall of its zone shows a minute
// that matches: twice when a clock that is set back shows it twice, not at all
// on a day on which a clock that is set forward leaves it out. The duration is
// time that passes, whatever clocks are set to meanwhile.
//
// It refuses to read a clock: a window answers for the instant that it is given,
// and always the same.
//
// Zones come from Go's time package and so from the machine. A binary that may
// run where there is no zone database imports time/tzdata (450 KB), which is for
// cmd to decide.
package window

import (
	"fmt"
	"math"
	"math/bits"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/ullage-sh/ullage/cluster"
)

const usage = "want five fields (minute, hour, day of month, month, day of week), such as \"0 9 * * mon-fri\", or one of @hourly, @daily, @weekly, @monthly, @yearly"

var parser = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)

// window implements [cluster.Window].
//
// The fields are the library's; firing times are found here, because the
// library steps in whole hours and so loses the rest of the day on which a clock
// is set by half an hour (Australia/Lord_Howe).
type window struct {
	text     string
	fires    *cron.SpecSchedule
	zone     *time.Location
	duration cluster.Duration
}

// New returns the window that opens whenever schedule fires and stays open for
// duration, more than 0. The schedule is read on a clock in zone, an IANA name
// such as "Asia/Seoul"; "" is UTC.
//
// It fails on a schedule that is none, that never fires (30 February) or whose
// firing times depend on when it was started (@every), and on an unknown zone.
func New(schedule string, duration cluster.Duration, zone string) (cluster.Window, error) {
	if duration <= 0 {
		return nil, fmt.Errorf("schedule %q: duration is %s, want more than 0", schedule, duration)
	}
	loc, err := locate(zone)
	if err != nil {
		return nil, fmt.Errorf("schedule %q: %w", schedule, err)
	}
	fires, err := parse(schedule)
	if err != nil {
		return nil, fmt.Errorf("schedule %q: %w", schedule, err)
	}
	w := &window{text: schedule + " for " + duration.String(), fires: fires, zone: loc, duration: duration}
	if loc != time.UTC {
		w.text += " in " + zone
	}
	if w.next(0) == cluster.Never {
		return nil, fmt.Errorf("schedule %q never fires: no month that it names has a day that it names", schedule)
	}
	return w, nil
}

func locate(zone string) (*time.Location, error) {
	if zone == "Local" {
		// LoadLocation knows it, but it means something else on each machine.
		return nil, fmt.Errorf("time zone \"Local\" is not one: name the zone, such as \"Asia/Seoul\"")
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("time zone %q is unknown: want an IANA name, such as \"Asia/Seoul\" (%w)", zone, err)
	}
	return loc, nil
}

func parse(schedule string) (*cron.SpecSchedule, error) {
	text := strings.TrimSpace(schedule)
	switch {
	case strings.HasPrefix(text, "TZ="), strings.HasPrefix(text, "CRON_TZ="):
		return nil, fmt.Errorf("a time zone inside a schedule is not supported: give it separately")
	case strings.HasPrefix(text, "@every"):
		return nil, fmt.Errorf("@every counts from whenever it is started: %s", usage)
	}
	parsed, err := parser.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, usage)
	}
	fires, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return nil, fmt.Errorf("it does not fire at fixed times: %s", usage)
	}
	return fires, nil
}

// String is schedule, duration and, unless it is UTC, zone:
// "0 9 * * mon-fri for 8h in Asia/Seoul".
func (w *window) String() string { return w.text }

// Contains tells whether the schedule has fired less than a duration ago.
func (w *window) Contains(t cluster.Instant) bool { return w.next(w.before(t)) <= t }

// Changes returns when the window opens next or, while it is open, when it
// closes, unless the schedule fires again by then.
func (w *window) Changes(t cluster.Instant) cluster.Instant {
	last := w.next(w.before(t))
	if last > t {
		return last
	}
	// Find the last firing at or before t. It lies in [last, end]; halving keeps a
	// long window of a schedule that fires every minute cheap.
	for end := t; ; {
		again := w.next(last)
		if again > t {
			return last.Add(w.duration)
		}
		last = again
		middle := last/2 + end/2 // their difference may overflow
		if later := w.next(middle); later <= t {
			last = max(last, later)
		} else {
			end = middle
		}
	}
}

// before is t less the duration.
func (w *window) before(t cluster.Instant) cluster.Instant {
	if t < math.MinInt64+cluster.Instant(w.duration) {
		return math.MinInt64
	}
	return t - cluster.Instant(w.duration)
}

// horizon is how many years ahead a firing is looked for. The rarest day is
// 29 February, up to eight years away.
const horizon = 9

// next returns the first firing after t, or Never.
//
// It moves from one minute, hour, day or month that does not match to the next
// on the wall's clock, but never past the end of the zone's present offset, up to
// which the clock on the wall and the time that passes keep the same pace.
func (w *window) next(t cluster.Instant) cluster.Instant {
	at := time.Unix(0, int64(t)).Add(1).In(w.zone)
	limit := at.AddDate(horizon, 0, 0)
	if last := time.Unix(0, math.MaxInt64); last.Before(limit) {
		limit = last
	}
	for at.Before(limit) {
		wall := onWall(at)
		to := w.ahead(wall)
		if to.Equal(wall) {
			return cluster.Instant(at.UnixNano())
		}
		_, end := at.ZoneBounds()
		at = at.Add(to.Sub(wall))
		if !end.IsZero() && end.Before(at) {
			at = end
		}
	}
	return cluster.Never
}

// onWall is what a clock in t's zone shows, as if it were UTC.
func onWall(t time.Time) time.Time {
	year, month, day := t.Date()
	return time.Date(year, month, day, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// ahead returns wall if the schedule fires then, else a later moment up to which
// it does not.
func (w *window) ahead(wall time.Time) time.Time {
	if begun := wall.Truncate(time.Minute); !begun.Equal(wall) {
		return begun.Add(time.Minute)
	}
	year, month, day := wall.Date()
	hour, minute := wall.Hour(), wall.Minute()
	if n := skip(w.fires.Month, int(month), 13); n > 0 {
		return time.Date(year, month+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	}
	if !w.onDay(day, wall.Weekday()) {
		return time.Date(year, month, day+1, 0, 0, 0, 0, time.UTC)
	}
	if n := skip(w.fires.Hour, hour, 24); n > 0 {
		return time.Date(year, month, day, hour+n, 0, 0, 0, time.UTC)
	}
	return wall.Add(time.Duration(skip(w.fires.Minute, minute, 60)) * time.Minute)
}

// skip returns how far it is from a value to the next that a field holds, itself
// included, or to the end of the field.
func skip(field uint64, from, end int) int {
	return min(bits.TrailingZeros64(field>>from), end-from)
}

// starred is the bit with which the library marks a field written as "*".
const starred = 1 << 63

// onDay tells whether the schedule fires on a day. As cron has it, one of the two
// day fields is enough when both name days.
func (w *window) onDay(day int, weekday time.Weekday) bool {
	inMonth := w.fires.Dom&(1<<day) != 0
	inWeek := w.fires.Dow&(1<<weekday) != 0
	if w.fires.Dom&starred != 0 || w.fires.Dow&starred != 0 {
		return inMonth && inWeek
	}
	return inMonth || inWeek
}

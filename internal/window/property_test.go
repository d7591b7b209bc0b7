package window

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ullage-sh/ullage/cluster"
)

// twin is a schedule told minute by minute: no library, no steps, no bits.
type twin struct {
	minutes, hours, days, months, weekdays []int // nil for *
	duration                               int   // minutes
	zone                                   *time.Location
}

func (w twin) String() string {
	fields := [][]int{w.minutes, w.hours, w.days, w.months, w.weekdays}
	text := make([]string, 0, len(fields))
	for _, values := range fields {
		if values == nil {
			text = append(text, "*")
			continue
		}
		var list []string
		for _, v := range values {
			list = append(list, strconv.Itoa(v))
		}
		text = append(text, strings.Join(list, ","))
	}
	return strings.Join(text, " ")
}

func (w twin) fires(t time.Time) bool {
	t = t.In(w.zone)
	has := func(values []int, v int) bool { return values == nil || slices.Contains(values, v) }
	inMonth, inWeek := has(w.days, t.Day()), has(w.weekdays, int(t.Weekday()))
	onDay := inMonth && inWeek
	if w.days != nil && w.weekdays != nil {
		onDay = inMonth || inWeek
	}
	return onDay && has(w.minutes, t.Minute()) && has(w.hours, t.Hour()) && has(w.months, int(t.Month()))
}

// open says for each of so many minutes from start whether the window is open:
// from one that fires on, for the duration.
func (w twin) open(start time.Time, minutes int) []bool {
	left := 0 // minutes until it closes
	out := make([]bool, minutes)
	for i := -w.duration; i < minutes; i++ {
		left--
		if w.fires(start.Add(time.Duration(i) * time.Minute)) {
			left = w.duration
		}
		if i >= 0 {
			out[i] = left > 0
		}
	}
	return out
}

// turns are moments at which clocks were or will be set, in zones that do it in
// ways of their own: by an hour, by half an hour, at midnight, over the date line.
var turns = []struct {
	zone string
	at   time.Time
}{
	{"UTC", time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)},
	{"Asia/Seoul", time.Date(2026, 12, 31, 15, 0, 0, 0, time.UTC)},
	{"Asia/Kathmandu", time.Date(2028, 2, 29, 0, 0, 0, 0, time.UTC)},
	{"America/New_York", time.Date(2026, 3, 8, 7, 0, 0, 0, time.UTC)},
	{"America/New_York", time.Date(2026, 11, 1, 6, 0, 0, 0, time.UTC)},
	{"Europe/London", time.Date(2027, 3, 28, 1, 0, 0, 0, time.UTC)},
	{"Australia/Lord_Howe", time.Date(2026, 4, 4, 15, 0, 0, 0, time.UTC)},
	{"Australia/Lord_Howe", time.Date(2026, 10, 3, 15, 30, 0, 0, time.UTC)},
	{"America/Sao_Paulo", time.Date(2018, 11, 4, 3, 0, 0, 0, time.UTC)},
	{"America/Sao_Paulo", time.Date(2018, 2, 18, 2, 0, 0, 0, time.UTC)},
	{"Africa/Cairo", time.Date(2026, 4, 23, 22, 0, 0, 0, time.UTC)},
	{"Pacific/Apia", time.Date(2011, 12, 30, 10, 0, 0, 0, time.UTC)},
}

// field draws the values of one field, nil for a star about half of the time.
func field(t *rapid.T, name string, low, high, most int) []int {
	if rapid.Bool().Draw(t, name+" is a star") {
		return nil
	}
	return rapid.SliceOfNDistinct(rapid.IntRange(low, high), 1, most, rapid.ID[int]).Draw(t, name)
}

// agree compares a window with its twin minute by minute around a turn of the
// clocks, and says where they differ first.
func agree(w cluster.Window, dumb twin, around time.Time) error {
	start := around.Add(-36 * time.Hour)
	const minutes = 72 * 60
	open := dumb.open(start, minutes)
	for i := range open {
		now := start.Add(time.Duration(i) * time.Minute)
		for _, shift := range []time.Duration{0, time.Nanosecond, time.Minute - time.Nanosecond} {
			if got := w.Contains(cluster.Instant(now.Add(shift).UnixNano())); got != open[i] {
				return fmt.Errorf("at %s: open is %v, the twin says %v", now.Add(shift).In(dumb.zone), got, open[i])
			}
		}
		if i%7 != 0 {
			continue // Changes at a sample of the minutes is enough, and quicker
		}
		changes := w.Changes(cluster.Instant(now.UnixNano()))
		if changes <= cluster.Instant(now.UnixNano()) {
			return fmt.Errorf("at %s: changes at %d, which is not later", now.In(dumb.zone), changes)
		}
		for j := i; j < minutes; j++ {
			later := start.Add(time.Duration(j) * time.Minute)
			if cluster.Instant(later.UnixNano()) >= changes {
				if !open[i] && !open[j] {
					return fmt.Errorf("at %s: said to open at %s, and does not", now.In(dumb.zone), later.In(dumb.zone))
				}
				break
			}
			if open[j] != open[i] {
				return fmt.Errorf("at %s: changes only at %s, but has changed at %s", now.In(dumb.zone),
					time.Unix(0, int64(changes)).In(dumb.zone), later.In(dumb.zone))
			}
		}
	}
	return nil
}

func TestAgainstTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		turn := rapid.SampledFrom(turns).Draw(t, "turn")
		zone, err := time.LoadLocation(turn.zone)
		if err != nil {
			t.Fatal(err)
		}
		dumb := twin{
			minutes:  field(t, "minutes", 0, 59, 4),
			hours:    field(t, "hours", 0, 23, 4),
			days:     field(t, "days", 1, 28, 10), // 29 and up may never come: TestNewRefuses
			months:   field(t, "months", 1, 12, 8),
			weekdays: field(t, "weekdays", 0, 6, 4),
			duration: rapid.SampledFrom([]int{1, 2, 45, 60, 61, 8 * 60, 25 * 60}).Draw(t, "duration"),
			zone:     zone,
		}
		w, err := New(dumb.String(), cluster.Duration(dumb.duration)*cluster.Minute, turn.zone)
		if err != nil {
			t.Fatal(err)
		}
		if err := agree(w, dumb, turn.at); err != nil {
			t.Fatalf("%s: %v", w, err)
		}
	})
}

// libraryWindow answers with the firing times of the library alone.
type libraryWindow struct{ *window }

func (w libraryWindow) Contains(t cluster.Instant) bool {
	from := time.Unix(0, int64(t-cluster.Instant(w.duration))).In(w.zone)
	return !w.fires.Next(from).After(time.Unix(0, int64(t)))
}

// TestTwinCatches feeds the comparison windows that are wrong, and wants it to
// notice: one that closes late, one that is read in another zone, one that
// reports no change, and the library's own firing times where clocks are set by
// half an hour.
func TestTwinCatches(t *testing.T) {
	howe := turns[6]
	zone, err := time.LoadLocation(howe.zone)
	if err != nil {
		t.Fatal(err)
	}
	dumb := twin{minutes: []int{0}, hours: []int{2}, duration: 60, zone: zone}
	build := func(duration cluster.Duration, zone string) *window {
		w, err := New(dumb.String(), duration, zone)
		if err != nil {
			t.Fatal(err)
		}
		return w.(*window)
	}
	right := build(cluster.Hour, howe.zone)
	if err := agree(right, dumb, howe.at); err != nil {
		t.Fatalf("the right window is refused: %v", err)
	}
	inLocation := *right.fires
	inLocation.Location = zone
	library := *right
	library.fires = &inLocation
	for name, wrong := range map[string]cluster.Window{
		"closes late":           build(cluster.Hour+1, howe.zone),
		"another zone":          build(cluster.Hour, "Australia/Sydney"),
		"never changes":         stubborn{right},
		"the library's firings": libraryWindow{&library},
	} {
		if err := agree(wrong, dumb, howe.at); err == nil {
			t.Errorf("%s: not caught", name)
		}
	}
}

type stubborn struct{ cluster.Window }

func (stubborn) Changes(cluster.Instant) cluster.Instant { return cluster.Never }

// TestNewSurvives: whatever people write, New answers.
func TestNewSurvives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[-@TZ=*/,?0-9a-z ]{0,20}`), rapid.StringMatching(`([-*/,?0-9]{1,4} ){4}[-*/,?0-9]{1,4}`)).Draw(t, "schedule")
		w, err := New(text, cluster.Hour, "")
		if err == nil && w.Changes(0) <= 0 {
			t.Fatalf("%s: changes at %d", w, w.Changes(0))
		}
	})
}

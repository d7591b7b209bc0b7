package tui

import (
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/view"
)

func TestMiddle(t *testing.T) {
	for _, name := range []string{"default-7k2xq", "節点の名前はとても長いです", "a節b点c"} {
		for width := range 30 {
			got := middle(name, width)
			w := ansi.StringWidth(got)
			switch {
			case w > width:
				t.Errorf("middle(%q, %d) = %q is %d cells wide", name, width, got, w)
			case ansi.StringWidth(name) <= width && got != name:
				t.Errorf("middle(%q, %d) = %q although there is room", name, width, got)
			case got != name && width >= 3 && strings.Count(got, "…") != 1:
				t.Errorf("middle(%q, %d) = %q, want one ellipsis", name, width, got)
			}
		}
	}
	if got := middle("default-7k2xq", 9); got != "defa…k2xq" {
		t.Errorf("got %q, want both ends", got)
	}
}

func TestWrapKeepsNamesWhole(t *testing.T) {
	got := wrap("one m7i.large ap-northeast-2a on-demand, gap 2.7 %", 18, 9)
	if want := []string{"one m7i.large", "ap-northeast-2a", "on-demand, gap", "2.7 %"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	got = wrap("one two three four five six", 9, 2)
	if want := []string{"one two", "three fo…"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSpansOfTime(t *testing.T) {
	for d, want := range map[cluster.Duration][2]string{
		0:                                    {"0s", "0.0s"},
		-cluster.Second:                      {"0s", "0.0s"},
		59*cluster.Second + 960_000_000:      {"59s", "59.9s"},
		99 * cluster.Second:                  {"1m39s", "99.0s"},
		2 * cluster.Minute:                   {"2m", "2m00s"},
		62*cluster.Minute + 5*cluster.Second: {"1h2m", "62m05s"},
		26*cluster.Hour + 3*cluster.Minute:   {"1d2h", "26h03m"},
	} {
		if got := age(start, start+cluster.Instant(d)); got != want[0] {
			t.Errorf("age of %d ns: %s, want %s", d, got, want[0])
		}
		if got := clock(start, start+cluster.Instant(d)); got != want[1] {
			t.Errorf("clock at %d ns: %s, want %s", d, got, want[1])
		}
	}
	if got := age(0, start); got != "" {
		t.Errorf("an unknown age is %q", got)
	}
}

func TestBar(t *testing.T) {
	for _, x := range []struct {
		use  view.Use
		want string
	}{
		{view.Use{}, "░░░░░░░░░░"},
		{view.Use{Requested: 1, Allocatable: 1000}, "█░░░░░░░░░"},
		{view.Use{Requested: 999, Allocatable: 1000}, "█████████░"},
		{view.Use{Requested: 1000, Allocatable: 1000}, "██████████"},
		{view.Use{Requested: 3000, Allocatable: 1000}, "██████████"},
		{view.Use{Requested: 500, Promised: 300, Allocatable: 1000}, "█████▒▒▒░░"},
		{view.Use{Promised: 1000, Allocatable: 1000}, "▒▒▒▒▒▒▒▒▒▒"},
	} {
		if got := bar(x.use, 10).text(false); got != x.want {
			t.Errorf("%+v: %s, want %s", x.use, got, x.want)
		}
	}
}

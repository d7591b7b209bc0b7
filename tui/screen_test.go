package tui

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/ullage-sh/ullage/view"
)

var rewrite = flag.Bool("rewrite", false, "write what is drawn now to testdata, for review")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *rewrite {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v\nwrite it with: go test ./tui -rewrite", err)
	}
	if string(want) != got+"\n" {
		t.Errorf("%s is drawn differently; if that is meant: go test ./tui -rewrite\n%s\nwant\n%s", name, got, want)
	}
}

func TestScreens(t *testing.T) {
	unsynced := view.Frame{At: noon, Story: view.Story{Start: start}}
	suspended := busy()
	suspended.Suspended = "Karpenter holds the lease kube-system/karpenter-leader-election"
	for _, x := range []struct {
		name   string
		frame  view.Frame
		screen Screen
	}{
		{"busy-80x40", busy(), Screen{Width: 80, Height: 40}},
		{"busy-80x24", busy(), Screen{Width: 80, Height: 24}},
		{"busy-120x30", busy(), Screen{Width: 120, Height: 30}},
		{"busy-120x14", busy(), Screen{Width: 120, Height: 14}},
		{"busy-200x30", busy(), Screen{Width: 200, Height: 30}},
		{"busy-40x24", busy(), Screen{Width: 40, Height: 24}},
		{"busy-120x6", busy(), Screen{Width: 120, Height: 6}},
		{"busy-120-endless", busy(), Screen{Width: 120}},
		{"busy-120x30-colour", busy(), Screen{Width: 120, Height: 30, Colour: true}},
		{"suspended-80x24", suspended, Screen{Width: 80, Height: 24}},
		{"crowd-120x24", crowd(1000), Screen{Width: 120, Height: 24}},
		{"crowd-80x12", crowd(45), Screen{Width: 80, Height: 12}},
		{"odd-80x24", odd(), Screen{Width: 80, Height: 24}},
		{"odd-160x24", odd(), Screen{Width: 160, Height: 24}},
		{"nothing-80x24", view.Frame{At: noon, Synced: true, Story: view.Story{Start: start}}, Screen{Width: 80, Height: 24}},
		{"unsynced-80x24", unsynced, Screen{Width: 80, Height: 24}},
	} {
		t.Run(x.name, func(t *testing.T) { golden(t, x.name, x.screen.Render(x.frame)) })
	}
}

// TestScreenKeepsItsSize whatever is drawn on whatever is there.
func TestScreenKeepsItsSize(t *testing.T) {
	long := busy()
	long.Suspended = strings.Repeat("because ", 50)
	frames := map[string]view.Frame{"busy": busy(), "crowd": crowd(300), "odd": odd(), "nothing": {}, "long": long}
	for name, f := range frames {
		for width := 1; width < 260; width += 1 + width/9 {
			for _, height := range []int{1, 2, 3, 5, 6, 7, 8, 9, 10, 12, 15, 24, 60} {
				s := Screen{Width: width, Height: height, Colour: width%2 == 0}
				within(t, fmt.Sprintf("%s on %d×%d", name, width, height), s.render(f, "q quits"), s)
			}
		}
	}
}

func within(t *testing.T, what, got string, s Screen) {
	t.Helper()
	lines := strings.Split(got, "\n")
	if len(lines) > s.Height {
		t.Errorf("%s: %d lines:\n%s", what, len(lines), got)
	}
	for _, l := range lines {
		if w := ansi.StringWidth(l); w > s.Width {
			t.Errorf("%s: a line is %d cells wide: %q", what, w, l)
		}
	}
}

// TestColourChangesNoText and without colour there is no escape sequence.
func TestColourChangesNoText(t *testing.T) {
	for name, f := range map[string]view.Frame{"busy": busy(), "crowd": crowd(50), "odd": odd()} {
		bare, coloured := Screen{Width: 100, Height: 30}, Screen{Width: 100, Height: 30, Colour: true}
		if strings.Contains(bare.Render(f), "\x1b") {
			t.Errorf("%s: an escape sequence on a screen without colour", name)
		}
		got := coloured.Render(f)
		if !strings.Contains(got, "\x1b[") {
			t.Errorf("%s: no colour on a screen with colour", name)
		}
		if ansi.Strip(got) != bare.Render(f) {
			t.Errorf("%s: colour changes the text:\n%s\nwithout:\n%s", name, ansi.Strip(got), bare.Render(f))
		}
	}
}

// TestCrowdShowsWhatMoves: of a thousand nodes at rest and one that drains, the
// one is on the screen.
func TestCrowdShowsWhatMoves(t *testing.T) {
	got := Screen{Width: 120, Height: 12}.Render(crowd(1000))
	if !strings.Contains(got, "default-0500 ") || !strings.Contains(got, "Draining") {
		t.Errorf("the draining node is missing:\n%s", got)
	}
}

func BenchmarkRenderThousandNodes(b *testing.B) {
	f := crowd(1000)
	for b.Loop() {
		Screen{Width: 160, Height: 50, Colour: true}.Render(f)
	}
}

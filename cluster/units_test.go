package cluster_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ullage-sh/ullage/cluster"
)

// The calendar of the core agrees with the one of the standard library, leap days
// and years before the epoch included.
func TestRFC3339AgreesWithTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secs := rapid.Int64Range(-2_000_000_000, 9_000_000_000).Draw(t, "seconds")
		at := cluster.Instant(secs * int64(cluster.Second))
		want := time.Unix(secs, 0).UTC().Format(time.RFC3339)
		if got := at.RFC3339(); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
		if back, ok := cluster.ParseRFC3339(want); !ok || back != at {
			t.Fatalf("%s was read as %d (%t), want %d", want, back, ok, at)
		}
	})
}

func TestParseRFC3339Refuses(t *testing.T) {
	for _, s := range []string{"", "2026-11-20", "2026-11-20T10:00:00", "2026-11-20T10:00:00+09:00", "2026x11-20T10:00:00Z", "2026-1a-20T10:00:00Z"} {
		if at, ok := cluster.ParseRFC3339(s); ok {
			t.Errorf("%q was read as %d", s, at)
		}
	}
}

func TestMoneyString(t *testing.T) {
	for m, want := range map[cluster.Money]string{
		0: "$0.0000", 454_000: "$0.4540", 49: "$0.0000", 50: "$0.0001", 12_345_678: "$12.3457", -192_000: "-$0.1920", 999_950: "$1.0000",
	} {
		if got := m.String(); got != want {
			t.Errorf("%d: got %s, want %s", int64(m), got, want)
		}
	}
}

func TestDurationString(t *testing.T) {
	for d, want := range map[cluster.Duration]string{
		0: "0s", 250 * cluster.Millisecond: "250ms", 1500 * cluster.Millisecond: "1.5s", 90 * cluster.Minute: "1h30m", cluster.Forever: "forever", -cluster.Second: "-1s",
	} {
		if got := d.String(); got != want {
			t.Errorf("%d: got %s, want %s", int64(d), got, want)
		}
	}
}

func TestInstantAddSaturates(t *testing.T) {
	if got := cluster.Instant(5).Add(cluster.Forever); got != cluster.Never {
		t.Errorf("got %d", got)
	}
	if got := cluster.Never.Add(-cluster.Hour); got != cluster.Never {
		t.Errorf("got %d", got)
	}
}

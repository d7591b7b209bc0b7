package contest_test

import (
	"runtime"
	"testing"

	"github.com/ullage-sh/ullage/bench/record"
	"github.com/ullage-sh/ullage/bench/ullage"
)

// TestSameBytes: the same input in another order, on one core or on more, gives the
// same plan, byte for byte. On another architecture: see bench-digest.
func TestSameBytes(t *testing.T) {
	all := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(all)
	for _, c := range kinds() {
		in, err := c.MakeSized(1, size)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range ullage.Efforts {
			runtime.GOMAXPROCS(max(all, 2))
			want := digest(t, in, e)
			if got := digest(t, in.Shuffled(1), e); got != want {
				t.Errorf("%s%s: another order of the input gives another plan", c.Name, e)
			}
			runtime.GOMAXPROCS(1)
			if got := digest(t, in, e); got != want {
				t.Errorf("%s%s: one core gives another plan", c.Name, e)
			}
		}
		// The digest notices a difference: else all of this says nothing.
		if other, err := c.MakeSized(2, size); err != nil || digest(t, other, ullage.First) == digest(t, in, ullage.First) {
			t.Errorf("%s: another seed gives the same plan (%v)", c.Name, err)
		}
	}
}

func digest(t *testing.T, in *record.Input, e ullage.Effort) string {
	t.Helper()
	side, err := ullage.New(in)
	if err != nil {
		t.Fatal(err)
	}
	const charge = 2500
	text, err := side.NewPass().Solve(in.Pods, e, charge).Plan(side, charge).Digest()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

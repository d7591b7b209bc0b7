package measure_test

import (
	"errors"
	"testing"
	"time"

	"github.com/ullage-sh/ullage/bench/measure"
)

var kept []byte

// TestPass: what a pass allocates is counted. The heap may shrink by as much as
// other garbage goes, so its growth is only bounded from below.
func TestPass(t *testing.T) {
	const size = 64 << 20
	failed := errors.New("failed")
	run, err := measure.Pass(func() (time.Duration, error) {
		kept = make([]byte, size)
		return 3 * time.Second, failed
	})
	if !errors.Is(err, failed) || run.Core != 3*time.Second || run.Whole <= 0 {
		t.Errorf("core %s, whole %s, error %v", run.Core, run.Whole, err)
	}
	if run.Bytes < size || run.Allocs == 0 || run.Peak < size/2 {
		t.Errorf("64 MiB were allocated; counted are %d bytes in %d objects, a growth of %d", run.Bytes, run.Allocs, run.Peak)
	}
	kept = nil
}

func TestMedian(t *testing.T) {
	runs := []measure.Run{{Whole: 3, Core: 1, CPU: 5, Bytes: 9}, {Whole: 1, Core: 2, CPU: 6, Bytes: 7}, {Whole: 2, Core: 3, Bytes: 8}, {Whole: 4, Core: 4, Bytes: 6}}
	if got, want := measure.Median(runs), (measure.Run{Whole: 2, Core: 2, CPU: 0, Bytes: 7}); got != want {
		t.Errorf("median %+v, want %+v", got, want)
	}
	if got := measure.Median(nil); got != (measure.Run{}) {
		t.Errorf("the median of nothing is %+v", got)
	}
}

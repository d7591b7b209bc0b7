package walkthrough

import (
	"fmt"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
)

// reserve makes a capacity reservation for who names it, and keeps its id in a variable.
func (r *run) reserve(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: reserve VARIABLE TYPE ZONE N")
	}
	n, err := strconv.Atoi(args[3])
	ts.Check(err)
	r.lab.AWSServer().Do(func(w *world.World) {
		if made := w.Reserve(args[1], args[2], n, true, cluster.Never); made != nil {
			ts.Setenv(args[0], made.ID)
			return
		}
		err = fmt.Errorf("%d × %s in %s cannot be reserved", n, args[1], args[2])
	})
	ts.Check(err)
}

// resize makes a capacity reservation larger or smaller.
func (r *run) resize(a []string) error {
	n, err := strconv.Atoi(a[1])
	if err != nil {
		return err
	}
	r.lab.AWSServer().Do(func(w *world.World) {
		switch reserved := w.Reservation(a[0]); {
		case reserved == nil:
			err = fmt.Errorf("there is no capacity reservation %s", a[0])
		case !w.Resize(reserved, n, reserved.Ends):
			err = fmt.Errorf("capacity reservation %s cannot be for %d instances", a[0], n)
		}
	})
	return err
}

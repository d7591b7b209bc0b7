package seeds

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/ullage-sh/ullage/sim"
)

var from = flag.Uint64("from", 1, "")
var count = flag.Int("count-seeds", 3, "")

func TestSome(t *testing.T) {
	types, err := Types()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(len(types), "types")
	for seed := *from; seed < *from+uint64(*count); seed++ {
		began := time.Now()
		s := Scenario(seed, types)
		if f := os.Getenv("JOURNAL"); f != "" {
			w, _ := os.Create(f)
			s.Journal = w
		}
		r, err := sim.Run(s)
		if err != nil {
			t.Fatal(err)
		}
		r.Series = nil
		v := r.Violations
		r.Violations = nil
		fmt.Printf("%v %+v\n", time.Since(began), *r)
		for _, x := range v {
			fmt.Printf("   %s %s %s: %s\n", x.At.RFC3339(), x.Rule, x.About, x.Why)
		}
	}
}

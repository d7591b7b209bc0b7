package seeds

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"testing"
)

// keptSeeds is how many seeds, from 1 on, the kept ledger is meant to have in the end.
const keptSeeds = 10_000

// TestKeptLedger: the ledger in testdata has each seed once, as it is drawn, at least twenty faults
// a day, and no violation. ullage sim seeds --ledger goes on with it.
func TestKeptLedger(t *testing.T) {
	f, err := os.Open("testdata/days.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	digest := regexp.MustCompile(`^[0-9a-f]{32}$`)
	has, tally, versions := map[uint64]bool{}, Tally{}, map[string]int{}
	for lines := json.NewDecoder(f); lines.More(); {
		var l Line
		if err := lines.Decode(&l); err != nil {
			t.Fatalf("after %d lines: %v", tally.Seeds, err)
		}
		switch {
		case l.Seed < 1 || l.Seed > keptSeeds:
			t.Errorf("seed %d is not one of the first %d", l.Seed, keptSeeds)
		case has[l.Seed]:
			t.Errorf("seed %d has two lines", l.Seed)
		case !slices.Equal(l.Extras, Extras(l.Seed)):
			t.Errorf("seed %d: with %v, and it is drawn with %v", l.Seed, l.Extras, Extras(l.Seed))
		case l.Faults < 20:
			t.Errorf("seed %d: %d faults in a day", l.Seed, l.Faults)
		case !l.Disrupts || l.Steps == 0 || !digest.MatchString(l.Digest) || l.Version == "":
			t.Errorf("seed %d: this is no day that can be run again: %+v", l.Seed, l)
		}
		for _, v := range l.Violations {
			t.Errorf("seed %d: %s at %s: %s: %s", l.Seed, v.Rule, v.At, v.About, v.Why)
		}
		has[l.Seed] = true
		versions[l.Version]++
		tally.Add(&l)
	}
	if len(has) == 0 {
		t.Error("there is nothing in it")
	}
	t.Logf("%d of %d seeds, by %d versions\n%s", len(has), keptSeeds, len(versions), tally.String())
	least := 0
	for _, most := range []int{500, 1500, 8000, 50_000} {
		of, kept := 0, 0
		for seed := uint64(1); seed <= keptSeeds; seed++ {
			if pods := Pods(seed); least < pods && pods <= most {
				of++
				if has[seed] {
					kept++
				}
			}
		}
		t.Logf("drawn with up to %d pods: %d of %d", most, kept, of)
		least = most
	}
}

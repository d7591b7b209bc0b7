package script

import (
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim"
)

const reserves = `
length: 10h
families: [m5]
pools:
- {name: default, maxNodeCPU: 4, consolidateAfter: 1m, budgets: [{nodes: "100%"}]}
workloads:
- {name: web, replicas: 30, requests: {cpu: 1500m, memory: 1Gi}}
reservations:
- type: m5.xlarge
  zone: ap-northeast-2a
  count: 3
  changes: [{at: 3h, count: 5}, {at: 6h, count: 2}]
faults:
- {kind: shortage, at: 2h, for: 5h, where: "m5.*"}
`

// TestReserved: what is reserved is used first, and no more than that: nodes that are bought
// otherwise are replaced when there is more of it, also while nothing can be bought that is not
// reserved. What there is less of later stays.
func TestReserved(t *testing.T) {
	s, err := Read("reserved.yaml", []byte(reserves), embedded(t))
	if err != nil {
		t.Fatal(err)
	}
	used := map[cluster.Duration]int{}
	s.Look = func(m sim.Moment) {
		for _, id := range m.Bought {
			if id.CapacityType == cluster.Reserved {
				used[m.At]++
			}
		}
	}
	r, err := sim.Run(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Violations) > 0 {
		t.Errorf("rules were broken: %+v", r.Violations)
	}
	for at, want := range map[cluster.Duration]int{cluster.Hour: 3, 165 * cluster.Minute: 3, 4 * cluster.Hour: 5, 9 * cluster.Hour: 5} {
		if used[at] != want {
			t.Errorf("after %s %d reserved instances are used, want %d", at, used[at], want)
		}
	}
	for at, n := range used {
		if n > 5 {
			t.Errorf("after %s %d reserved instances are used: there were never so many", at, n)
		}
	}
}

// TestReservedWrong: a reservation of what is not sold is refused.
func TestReservedWrong(t *testing.T) {
	for _, x := range []struct{ reservation, says string }{
		{"{type: m5.huge, zone: ap-northeast-2a, count: 1}", `no instance type "m5.huge" is sold`},
		{"{type: m5.large, zone: us-east-1a, count: 1}", `m5.large is not sold on demand in "us-east-1a"`},
		{"{type: m5.large, zone: ap-northeast-2a, count: -1}", "count is -1, want 0 or more"},
		{"{type: m5.large, zone: ap-northeast-2a, count: 1}, {type: m5.large, zone: ap-northeast-2a, count: 2}", "make them one"},
	} {
		_, err := Read("wrong.yaml", []byte("reservations: ["+x.reservation+"]"), embedded(t))
		if err == nil || !strings.Contains(err.Error(), x.says) {
			t.Errorf("%s: %v, want %q", x.reservation, err, x.says)
		}
	}
}

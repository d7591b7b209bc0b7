package duel

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ullage-sh/ullage/cluster"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

func TestParsePhases(t *testing.T) {
	got, err := ParsePhases("5:80s, 1000:3m,0:110s")
	if err != nil || fmt.Sprint(got) != "[5:1m20s 1000:3m0s 0:1m50s]" {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []string{"", "5", "5:", ":80s", "-1:80s", "5:80", "5:-3s", "5:80s,"} {
		if got, err := ParsePhases(bad); err == nil {
			t.Errorf("%q is taken for %v", bad, got)
		}
	}
}

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		n            int
		shares, want []int
	}{
		{10, []int{1, 1, 3}, []int{2, 2, 6}},
		{1, []int{1, 1, 3}, []int{0, 0, 1}},
		{2, []int{1, 1, 1}, []int{1, 1, 0}},
		{0, []int{5, 7}, []int{0, 0}},
		{100, []int{18, 10, 14}, []int{43, 24, 33}},
	} {
		if got := spread(c.n, c.shares); !slices.Equal(got, c.want) {
			t.Errorf("%d in shares of %v: %v, want %v", c.n, c.shares, got, c.want)
		}
	}
}

// TestWaits: what counts is the time that is not the boot of the pod's own node.
func TestWaits(t *testing.T) {
	nodes := []machine{{node: "young", launched: at(2)}, {node: "old", launched: at(-600)}}
	o := &observer{
		nodes: map[string]time.Time{"young": at(42), "old": at(-560), "system": at(-900)},
		pods: map[string]*podSeen{
			"bought for":      {created: at(0), bound: at(43), node: "young"},  // 2 before the launch, 1 after the boot
			"came later":      {created: at(40), bound: at(45), node: "young"}, // 3 after the boot
			"old node":        {created: at(0), bound: at(4), node: "old"},
			"not ours":        {created: at(0), bound: at(5), node: "system"},
			"never":           {created: at(50)},
			"ended meanwhile": {created: at(50), gone: at(56)},
			"bound too late":  {created: at(53), bound: at(61), node: "old"},
			"before":          {created: at(-1), bound: at(3), node: "old"},
			"after":           {created: at(60), bound: at(60), node: "old"},
		},
	}
	got, unbound := o.waits(nodes, at(0), at(60))
	want := []wait{{beyond: 3}, {beyond: 3, before: 2}, {beyond: 4}, {beyond: 5}, {beyond: 6}, {beyond: 7}, {beyond: 10}}
	for i := range want {
		want[i].beyond *= time.Second
		want[i].before *= time.Second
	}
	if !slices.Equal(got, want) || unbound != 2 {
		t.Errorf("got %v and %d unbound, want %v and 2", got, unbound, want)
	}
	if w := summarise(got); w.N != 7 || w.Median != 5 || w.P99 != 10 || w.Max != 10 || w.Before != 0 {
		t.Errorf("got %+v", w)
	}
	bound, waiting := o.counts()
	if bound != 7 || waiting != 1 {
		t.Errorf("%d are bound and %d wait, want 7 and 1", bound, waiting)
	}
}

func TestQuantile(t *testing.T) {
	hundred := make([]int, 100)
	for i := range hundred {
		hundred[i] = i + 1
	}
	for q, want := range map[float64]int{0: 1, 0.5: 50, 0.99: 99, 1: 100} {
		if got := quantile(hundred, q); got != want {
			t.Errorf("quantile %v of 1 to 100 is %d, want %d", q, got, want)
		}
	}
}

// TestBill: by the second, a minute at least, and nothing for what is over or to come.
func TestBill(t *testing.T) {
	dollar := cluster.Money(3600 * 1000) // USD 3.60 an hour, a tenth of a cent a second
	all := []machine{
		{id: "whole", launched: at(0), hourly: dollar},
		{id: "ended", launched: at(100), stopped: at(300), hourly: dollar},
		{id: "short", launched: at(100), stopped: at(110), hourly: dollar},
		{id: "before", launched: at(-900), stopped: at(-100), hourly: dollar},
		{id: "later", launched: at(700), hourly: dollar},
	}
	for _, c := range []struct {
		from, to int
		want     cluster.Money // in seconds of one machine
	}{
		{0, 600, 600 + 200 + 60}, {0, 100, 100}, {100, 105, 15}, {105, 200, 95 + 95 + 55}, {-900, -100, 800},
	} {
		if got := bill(all, at(c.from), at(c.to)); got != c.want*1000 {
			t.Errorf("from %d to %d: %s, want %s", c.from, c.to, got, c.want*1000)
		}
	}
	if n, hourly := standing(all, at(105)); n != 3 || hourly != 3*dollar {
		t.Errorf("at 105 there are %d for %s", n, hourly)
	}
	launched, ended, last := changes(all, at(0), at(600))
	if launched != 3 || ended != 2 || !last.Equal(at(300)) {
		t.Errorf("%d launched, %d ended, the last at %v", launched, ended, last)
	}
}

// TestLives: in the order of their coming, and what has not happened is a dash.
func TestLives(t *testing.T) {
	o := &observer{nodes: map[string]time.Time{"n": at(-3)}, pods: map[string]*podSeen{
		"u1": {name: "late", created: at(2)}, "u2": {name: "early", created: at(1), bound: at(4), gone: at(9), node: "n"},
	}}
	if got, want := o.lives(noon), "early\t1.000\t4.000\t9.000\tn\t-3.000\nlate\t2.000\t-\t-\t-\t-\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestAssess: phases are what lies between marks, and totals are those of the process.
func TestAssess(t *testing.T) {
	phases := []Phase{{Pods: 2, For: 100 * time.Second}, {Pods: 0, For: 100 * time.Second}}
	marks := []mark{
		{at: at(0), aws: map[string]int{"pricing:GetProducts": 9}, usage: usage{cpu: time.Second}},
		{at: at(100), aws: map[string]int{"pricing:GetProducts": 9, "ec2:CreateFleet": 2, "ec2:CreateFleet throttled": 1, "ec2:DescribeInstances": 3}, usage: usage{cpu: 3 * time.Second}},
		{at: at(200), aws: map[string]int{"pricing:GetProducts": 9, "ec2:CreateFleet": 2, "ec2:CreateFleet throttled": 1, "ec2:DescribeInstances": 4, "ec2:TerminateInstances": 1}, usage: usage{cpu: 4 * time.Second, peak: 64 << 20}},
	}
	calls := []kubeCall{
		{at: at(-1), verb: "watch", what: "pods"},
		{at: at(1), verb: "create", what: "nodeclaims"},
		{at: at(2), verb: "patch", what: "nodeclaims/status", refused: true},
		{at: at(101), verb: "create", what: "pods/eviction"},
		{at: at(102), verb: "create", what: "pods/eviction", refused: true},
		{at: at(103), verb: "get", what: "nodes"},
		{at: at(201), verb: "get", what: "nodes"}, // when it was stopped
	}
	seen := &observer{nodes: map[string]time.Time{"n": at(40)}, pods: map[string]*podSeen{"p": {created: at(0), bound: at(41), node: "n"}}}
	var r Result
	assess(&r, phases, marks, []machine{{node: "n", launched: at(1), stopped: at(150), hourly: 3_600_000}}, calls, seen)
	first, second := r.Phases[0], r.Phases[1]
	if first.Wait.N != 1 || first.Wait.Median != 2 || first.Wait.Before != 1 || first.AWS != 5 || first.EC2Writes != 2 || first.Throttled != 1 || first.Kubernetes != 2 || first.KubeWrites != 2 ||
		first.CPUSeconds != 2 || first.USD != 0.099 || first.Nodes != 1 || first.Hourly != 3.6 || first.Launched != 1 || first.Moved != 1 {
		t.Errorf("the first phase: %+v", first)
	}
	if second.Wait.N != 0 || second.AWS != 2 || second.EC2Writes != 1 || second.Evictions != 1 || second.Kubernetes != 3 || second.Nodes != 0 || second.Ended != 1 || second.Moved != 50 {
		t.Errorf("the second phase: %+v", second)
	}
	if r.Evictions != 1 || r.Refused != 2 || r.Launched != 1 || r.Left != 0 || r.USD != 0.149 || r.CPUSeconds != 4 || r.PeakMiB != 64 || r.Kubernetes["create pods/eviction"] != 2 || r.Kubernetes["get nodes"] != 1 || r.AWS["pricing:GetProducts"] != 9 {
		t.Errorf("the run: %+v", r)
	}
}

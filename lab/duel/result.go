package duel

import (
	"math"
	"slices"
	"time"

	"github.com/ullage-sh/ullage/cluster"
)

// Result is what a run was measured to be. Times are seconds, money USD, memory MiB.
type Result struct {
	Contestant string    `json:"contestant"`
	Seed       uint64    `json:"seed"`
	Began      time.Time `json:"began"`
	// Program is the beginning of the SHA-256 of what ran, and Load how many processes
	// wanted the machine's cores before the run, over a minute: near 0 if it was quiet.
	Program string  `json:"program"`
	Load    float64 `json:"load"`
	// ReadySeconds is from the start of the process until its pools are ready.
	ReadySeconds float64       `json:"readySeconds"`
	Phases       []PhaseResult `json:"phases"`
	// AWS is calls by operation ("ec2:CreateFleet"), Kubernetes by verb and resource
	// ("patch nodeclaims/status"), both from the start of the process to the end of the last
	// phase.
	AWS        map[string]int `json:"aws"`
	Kubernetes map[string]int `json:"kubernetes"`
	Refused    int            `json:"refused"` // of those by Kubernetes, with a status of 400 or more
	USD        float64        `json:"usd"`
	Launched   int            `json:"launched"`
	Evictions  int            `json:"evictions"`
	CPUSeconds float64        `json:"cpuSeconds"`
	PeakMiB    float64        `json:"peakMiB"`
	// Left are the instances that run at the end.
	Left int `json:"left"`
}

// PhaseResult is what one phase was measured to be.
type PhaseResult struct {
	Phase
	// Wait is how long pods waited beyond the boot of their nodes; N is how many, and
	// Unbound how many of them had no node at the end.
	Wait    Waits `json:"wait"`
	Unbound int   `json:"unbound"`
	// USD of the phase; Hourly is USD per hour at its end, and Nodes what that is for.
	USD      float64 `json:"usd"`
	Hourly   float64 `json:"hourly"`
	Nodes    int     `json:"nodes"`
	Launched int     `json:"launched"`
	Ended    int     `json:"ended"`
	// Moved is when instances were launched or ended last, seconds into the phase.
	Moved      float64 `json:"moved"`
	Evictions  int     `json:"evictions"`
	AWS        int     `json:"aws"`
	EC2Writes  int     `json:"ec2Writes"`
	Throttled  int     `json:"throttled"`
	Kubernetes int     `json:"kubernetes"`
	KubeWrites int     `json:"kubeWrites"`
	CPUSeconds float64 `json:"cpuSeconds"`
}

// Waits sums up how long pods waited. Before is the median of the part before the launch
// of their nodes: what is left is after the boot.
type Waits struct {
	N      int     `json:"n"`
	Before float64 `json:"before"`
	Median float64 `json:"median"`
	P99    float64 `json:"p99"`
	Max    float64 `json:"max"`
}

// summarise sums up sorted waits.
func summarise(sorted []wait) Waits {
	if len(sorted) == 0 {
		return Waits{}
	}
	before := make([]time.Duration, len(sorted))
	for i, w := range sorted {
		before[i] = w.before
	}
	slices.Sort(before)
	return Waits{
		N: len(sorted), Median: quantile(sorted, 0.5).beyond.Seconds(), P99: quantile(sorted, 0.99).beyond.Seconds(), Max: sorted[len(sorted)-1].beyond.Seconds(),
		Before: quantile(before, 0.5).Seconds(),
	}
}

// quantile is the smallest value that at least the share q is not above.
func quantile[T any](sorted []T, q float64) T {
	return sorted[max(int(math.Ceil(q*float64(len(sorted))))-1, 0)]
}

// mark is the state of counters at an instant.
type mark struct {
	at    time.Time
	aws   map[string]int
	usage usage
}

// assess works a result out of what was seen: marks are the instants between phases, one
// more than there are phases.
func assess(r *Result, phases []Phase, marks []mark, all []machine, calls []kubeCall, seen *observer) {
	for i, p := range phases {
		from, to := marks[i], marks[i+1]
		waited, unbound := seen.waits(all, from.at, to.at)
		out := PhaseResult{Phase: p, Wait: summarise(waited), Unbound: unbound, USD: usd(bill(all, from.at, to.at))}
		n, hourly := standing(all, to.at)
		out.Nodes, out.Hourly = n, usd(hourly)
		var last time.Time
		out.Launched, out.Ended, last = changes(all, from.at, to.at)
		out.Moved = last.Sub(from.at).Seconds()
		out.AWS, out.EC2Writes, out.Throttled = awsTotals(added(from.aws, to.aws))
		for _, c := range between(calls, from.at, to.at) {
			out.Kubernetes++
			if c.writes() {
				out.KubeWrites++
			}
			if c.eviction() {
				out.Evictions++
			}
		}
		out.CPUSeconds = (to.usage.cpu - from.usage.cpu).Seconds()
		r.Phases = append(r.Phases, out)
	}
	first, end := marks[0].at, marks[len(marks)-1]
	r.Kubernetes = map[string]int{}
	for _, c := range between(calls, time.Time{}, end.at) {
		r.Kubernetes[c.verb+" "+c.what]++
		if c.eviction() {
			r.Evictions++
		}
		if c.refused {
			r.Refused++
		}
	}
	r.AWS, r.USD, r.Launched = end.aws, usd(bill(all, first, end.at)), len(all)
	r.Left, _ = standing(all, end.at)
	r.CPUSeconds, r.PeakMiB = end.usage.cpu.Seconds(), float64(end.usage.peak)/(1<<20)
}

func usd(m cluster.Money) float64 { return float64(m) / 1e6 }

// median of figures, which it sorts.
func median(figures []float64) float64 {
	slices.Sort(figures)
	n := len(figures)
	if n == 0 {
		return math.NaN()
	}
	return (figures[(n-1)/2] + figures[n/2]) / 2
}

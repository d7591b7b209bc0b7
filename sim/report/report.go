// Package report writes what came of a simulation for people, as text, and for programs,
// as JSON; of several side by side also as a page. It refuses to compute anything that is
// not in the result.
package report

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim"
)

// Text is the result for people.
func Text(r *sim.Result) string {
	var b strings.Builder
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-14s", name)
		fmt.Fprintf(&b, format, args...)
		b.WriteByte('\n')
	}
	hours := float64(r.Length) / float64(cluster.Hour)
	row("simulated", "%s, seed %d, digest %s", r.Length, r.Seed, r.Digest)
	row("cost", "%s in all, %s per hour on average", r.Cost, r.Cost*cluster.Money(cluster.Hour/cluster.Second)/max(cluster.Money(r.Length/cluster.Second), 1))
	row("nodes", "%.1f on average, %d at the most; %d launched, %d ended", float64(r.NodeTime)/float64(r.Length), r.NodesMost, r.Launched, r.Ended)
	row("pods", "%d at the most; %d started, %d finished", r.PodsMost, r.PodsStarted, r.Finished)
	row("pods waited", "%d pod-seconds; half of %d pods up to %s, 99 of 100 up to %s, the longest %s", r.Waits.Sum, r.Waits.Pods, r.Waits.P50, r.Waits.P99, r.Waits.Most)
	row("evictions", "%d, %.1f per hour", r.Evictions, float64(r.Evictions)/max(hours, 1e-9))
	row("requested", "%s of the CPU and %s of the memory that was paid for", percent(r.Used.CPU), percent(r.Used.Memory))
	row("operator", "%d plans, %d writes, %d failed calls, %d faults", r.Plans, r.Writes, r.Failures, r.Faults)
	b.WriteByte('\n')
	table(&b, r.Series)
	for _, v := range r.Violations {
		fmt.Fprintf(&b, "BROKEN %s at %s: %s: %s\n", v.Rule, v.At.RFC3339(), v.About, v.Why)
	}
	return b.String()
}

func percent(ppm int64) string { return fmt.Sprintf("%.1f %%", float64(ppm)/10_000) }

// rows is how many points of a series people are shown.
const rows = 24

// table writes points of a series, evenly spaced.
func table(b *strings.Builder, series []sim.Point) {
	if len(series) == 0 {
		return
	}
	fmt.Fprintf(b, "%8s %6s %7s %8s %12s %6s %6s\n", "AFTER", "NODES", "PODS", "WAITING", "PER HOUR", "CPU", "MEM")
	step := max((len(series)+rows-1)/rows, 1)
	for i := 0; i < len(series); i += step {
		p := series[i]
		fmt.Fprintf(b, "%8s %6d %7d %8d %12s %6s %6s\n", p.At, p.Nodes, p.Pods, p.Pending, p.Rate, part(p.CPU, p.CPUPaid), part(p.Memory, p.MemoryPaid))
	}
}

// part is a share for people.
func part(used, paid int64) string {
	if paid == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f%%", 100*float64(used)/float64(paid))
}

// document is the JSON form. Money is in dollars, times in seconds.
type document struct {
	Seed        uint64  `json:"seed"`
	Digest      string  `json:"digest"`
	Seconds     int64   `json:"seconds"`
	Cost        float64 `json:"costUSD"`
	NodeHours   float64 `json:"nodeHours"`
	NodesMost   int     `json:"nodesMost"`
	Launched    int     `json:"launched"`
	Ended       int     `json:"ended"`
	PodsMost    int     `json:"podsMost"`
	PodsStarted int     `json:"podsStarted"`
	Finished    int     `json:"podsFinished"`
	Evictions   int     `json:"evictions"`
	PodSeconds  int64   `json:"pendingPodSeconds"`
	WaitP50     float64 `json:"pendingP50"`
	WaitP99     float64 `json:"pendingP99"`
	WaitMost    float64 `json:"pendingMost"`
	CPU         float64 `json:"cpuRequestedOfPaid"`
	Memory      float64 `json:"memoryRequestedOfPaid"`
	Plans       int     `json:"plans"`
	Writes      int     `json:"writes"`
	Failures    int     `json:"failedCalls"`
	Faults      int     `json:"faults"`

	Violations []violation `json:"violations"`
	Series     []point     `json:"series"`
}

type violation struct {
	Rule  string `json:"rule"`
	At    string `json:"at"`
	About string `json:"about"`
	Why   string `json:"why"`
}

type point struct {
	After      int64   `json:"after"`
	Nodes      int     `json:"nodes"`
	Pods       int     `json:"pods"`
	Pending    int     `json:"pending"`
	Rate       float64 `json:"usdPerHour"`
	Cost       float64 `json:"costUSD"`
	CPU        float64 `json:"cpuRequested"` // cores
	CPUPaid    float64 `json:"cpuPaid"`
	Memory     int64   `json:"memoryRequested"` // bytes
	MemoryPaid int64   `json:"memoryPaid"`
}

func usd(m cluster.Money) float64 { return float64(m) / float64(cluster.USD) }

func seconds(d cluster.Duration) float64 { return float64(d/cluster.Millisecond) / 1000 }

// JSON is the result for programs, with a line feed at its end.
func JSON(r *sim.Result) ([]byte, error) {
	d := document{
		Seed: r.Seed, Digest: r.Digest, Seconds: r.Length.Seconds(), Cost: usd(r.Cost), NodeHours: seconds(r.NodeTime) / 3600,
		NodesMost: r.NodesMost, Launched: r.Launched, Ended: r.Ended, PodsMost: r.PodsMost, PodsStarted: r.PodsStarted, Finished: r.Finished,
		Evictions: r.Evictions, PodSeconds: r.Waits.Sum, WaitP50: seconds(r.Waits.P50), WaitP99: seconds(r.Waits.P99), WaitMost: seconds(r.Waits.Most),
		CPU: float64(r.Used.CPU) / 1e6, Memory: float64(r.Used.Memory) / 1e6, Plans: r.Plans, Writes: r.Writes, Failures: r.Failures, Faults: r.Faults,
		Violations: []violation{}, Series: make([]point, 0, len(r.Series)),
	}
	for _, v := range r.Violations {
		d.Violations = append(d.Violations, violation{string(v.Rule), v.At.RFC3339(), v.About, v.Why})
	}
	for _, p := range r.Series {
		d.Series = append(d.Series, point{
			After: p.At.Seconds(), Nodes: p.Nodes, Pods: p.Pods, Pending: p.Pending, Rate: usd(p.Rate), Cost: usd(p.Cost),
			CPU: float64(p.CPU) / 1000, CPUPaid: float64(p.CPUPaid) / 1000, Memory: p.Memory, MemoryPaid: p.MemoryPaid,
		})
	}
	text, err := json.MarshalIndent(d, "", "  ")
	return append(text, '\n'), err
}

package sim

import (
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/ullage-sh/ullage/cluster"
)

// chance is where everything random comes from: each concern has a stream of its own,
// named, so that one draw more somewhere does not change all others.
type chance struct{ seed uint64 }

func (c chance) stream(name string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // a hash does not fail
	return rand.New(rand.NewPCG(c.seed, h.Sum64()))
}

// Delay is a span that varies: its median and its 99th percentile, log-normal
// between and beyond. The zero value is no delay.
type Delay struct{ P50, P99 cluster.Duration }

// z99 is the 99th percentile of the standard normal distribution.
const z99 = 2.3263478740408408

// draw returns one such span, in whole microseconds.
func (d Delay) draw(r *rand.Rand) cluster.Duration {
	if d.P50 <= 0 {
		return 0
	}
	if d.P99 <= d.P50 {
		return d.P50
	}
	sigma := math.Log(float64(d.P99)/float64(d.P50)) / z99
	ns := float64(d.P50) * math.Exp(sigma*r.NormFloat64())
	const micro = cluster.Millisecond / 1000
	return cluster.Duration(min(ns, float64(cluster.Hour))) / micro * micro
}

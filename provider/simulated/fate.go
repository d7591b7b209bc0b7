package simulated

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/ullage-sh/ullage/cluster"
)

// fates draws what is random. Each draw has its own generator, seeded by the
// cloud's seed, a purpose and the name of what the draw is about: draws neither
// see each other nor the order of calls.
type fates struct {
	seed   uint64
	delays Delays // already divided by the speed
}

func (f fates) draw(purpose, subject string) *rand.Rand {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%s\x00%s", purpose, subject) // a hash does not fail
	return rand.New(rand.NewPCG(f.seed, h.Sum64()))
}

// between draws evenly from [low, high].
func (f fates) between(purpose, subject string, low, high cluster.Duration) cluster.Duration {
	return low + cluster.Duration(f.draw(purpose, subject).Int64N(int64(high-low)+1))
}

// instanceID is i- and 17 hexadecimal digits, like EC2's.
func (f fates) instanceID(token string, slot, attempt int) string {
	r := f.draw("id", fmt.Sprintf("%s\x00%d\x00%d", token, slot, attempt))
	return fmt.Sprintf("i-%016x%01x", r.Uint64(), r.Uint64()&0xf)
}

// address draws 24 bits of a private address; the caller sorts out collisions.
func (f fates) address(id string) uint32 { return uint32(f.draw("address", id).Uint64() & 0xffffff) }

// z99 is the 99th percentile of the standard normal distribution.
const z99 = 2.3263478740408408

// boot draws the time from launch to registration: log-normal, with the two
// quantiles of Delays. It is rounded to milliseconds, so that the last bit of a
// floating-point function cannot make two machines disagree.
func (f fates) boot(id string) cluster.Duration {
	p50, p99 := float64(f.delays.BootP50), float64(f.delays.BootP99)
	sigma := math.Log(p99/p50) / z99
	ns := p50 * math.Exp(sigma*f.draw("boot", id).NormFloat64())
	return cluster.Duration(math.Round(ns/float64(cluster.Millisecond))) * cluster.Millisecond
}

// birth draws the timeline of an instance that nothing will ever stop. The
// machine is running, as EC2 has it, after 10–25 % of its boot time.
func (f fates) birth(id string, now cluster.Instant) timeline {
	boot := f.boot(id)
	return timeline{
		Launched: now,
		Visible:  now.Add(f.between("visible", id, 0, f.delays.LagMax)),
		Running:  now.Add(f.between("running", id, boot/10, boot/4)),
		Booted:   now.Add(boot),
		Warned:   cluster.Never, Stopping: cluster.Never, StopSeen: cluster.Never, Terminated: cluster.Never, GoneSeen: cluster.Never,
	}
}

// stop is the timeline t with a stop at the given time in it.
func (f fates) stop(t timeline, id string, at cluster.Instant) timeline {
	t.cut(at)
	t.Stopping = at
	t.StopSeen = at.Add(f.between("stop seen", id, 0, f.delays.LagMax))
	t.Terminated = at.Add(f.between("shutdown", id, f.delays.ShutdownMin, f.delays.ShutdownMax))
	t.GoneSeen = t.Terminated.Add(f.between("gone seen", id, 0, f.delays.LagMax))
	return t
}

// reclaim is t with a warning at the given time and the stop that follows it.
func (f fates) reclaim(t timeline, id string, warned cluster.Instant) timeline {
	t = f.stop(t, id, warned.Add(f.delays.Warning))
	t.Warned = warned
	return t
}

// vanish is t with the machine gone at once, without a shutdown.
func (f fates) vanish(t timeline, id string, at cluster.Instant) timeline {
	if t.Stopping > at {
		t = f.stop(t, id, at)
	}
	t.Terminated = at
	t.GoneSeen = max(t.StopSeen, at.Add(f.between("gone seen", id, 0, f.delays.LagMax)))
	return t
}

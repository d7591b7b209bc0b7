package sim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider/simulated"
)

// Fault is something that goes wrong.
type Fault struct {
	Kind FaultKind
	At   cluster.Duration // since the beginning
	For  cluster.Duration // how long it lasts, 0 for what happens at once
	// Where selects offerings, in the cloud's pattern: "m5.*/*/spot"; "" for all.
	Where string
	// Percent of what it could concern: calls, instances.
	Percent int
	// Amount says how many or how much, see the kinds.
	Amount int
}

// FaultKind tells faults apart.
type FaultKind string

// The kinds of fault.
const (
	// Shortage: the offerings are sold out; Amount is what each may still hold.
	Shortage FaultKind = "shortage"
	// Reclaim: Spot instances are taken back, with two minutes' notice.
	Reclaim FaultKind = "reclaim"
	// Kill: Amount instances vanish.
	Kill FaultKind = "kill"
	// Throttle: calls to the cloud are refused; LaunchError: launches alone.
	Throttle    FaultKind = "throttle"
	LaunchError FaultKind = "launch-error"
	// NoBoot: instances launched meanwhile never register. LessMemory: they have Amount
	// percent less memory than the catalogue says.
	NoBoot     FaultKind = "no-boot"
	LessMemory FaultKind = "less-memory"
	// Silence: the kubelets of Amount nodes do not answer for a while.
	Silence FaultKind = "silence"
	// APIError: writes to the API server fail. LostAnswer: they happen, and so do calls
	// to the cloud, but the operator is told that they failed.
	APIError   FaultKind = "api-error"
	LostAnswer FaultKind = "lost-answer"
	// SlowAPI: everything takes Amount times as long. WatchOutage: no watch delivers
	// anything; all of it comes afterwards.
	SlowAPI     FaultKind = "slow-api"
	WatchOutage FaultKind = "watch-outage"
	// Crash: the operator ends before or after the Amount-th effect from now. What is
	// on the wire may still land.
	Crash FaultKind = "crash"
	// LeaderChange: another operator takes over; the last writes of the old one land up
	// to half a minute late.
	LeaderChange FaultKind = "leader-change"
	// ClockJump: the operator's clock is Amount seconds ahead for a while, or behind if
	// that is negative.
	ClockJump FaultKind = "clock-jump"
	// NodeDeleted, ClaimDeleted: somebody deletes Amount of them by hand.
	NodeDeleted  FaultKind = "node-deleted"
	ClaimDeleted FaultKind = "claim-deleted"
	// ClassEdited: somebody picks another image, which all nodes drift from. PoolEdited:
	// somebody changes the template of a pool, of which its nodes drift.
	ClassEdited FaultKind = "class-edited"
	PoolEdited  FaultKind = "pool-edited"
)

// Kinds lists the kinds of fault.
func Kinds() []FaultKind {
	return []FaultKind{
		Shortage, Reclaim, Kill, Throttle, LaunchError, NoBoot, LessMemory, Silence, APIError, LostAnswer, SlowAPI, WatchOutage,
		Crash, LeaderChange, ClockJump, NodeDeleted, ClaimDeleted, ClassEdited, PoolEdited,
	}
}

func (f *Fault) check() error {
	if !slices.Contains(Kinds(), f.Kind) {
		names := make([]string, 0, len(Kinds()))
		for _, k := range Kinds() {
			names = append(names, string(k))
		}
		return fmt.Errorf("there is no kind %q: there are %s", f.Kind, strings.Join(names, ", "))
	}
	if _, err := simulated.ParsePattern(f.Where); err != nil {
		return err
	}
	if f.At < 0 || f.For < 0 || f.Percent < 0 || f.Percent > 100 {
		return fmt.Errorf("%s: at and for must not be negative, percent is 0 to 100", f.Kind)
	}
	return nil
}

// begin lets a fault happen.
func (w *world) begin(f Fault) {
	w.record("fault", string(f.Kind), f.Where)
	w.result.Faults++
	w.trouble.begin(w.now)
	w.outside()
	if f.For > 0 {
		w.after(f.For, func() { w.end(f) })
	} else {
		defer w.trouble.end(w.now)
	}
	pattern, _ := simulated.ParsePattern(f.Where) // checked before
	switch f.Kind {
	case Shortage:
		w.cloud.limit(pattern, f.Amount)
	case Reclaim:
		w.cloud.reclaim(pattern)
	case Kill:
		w.cloud.kill(f.Amount)
	case Silence:
		w.cloud.silence(f.Amount, f.For)
	case NodeDeleted:
		for _, n := range pick(w, "node-deleted", f.Amount, w.store.Nodes.All()) {
			_ = w.store.Nodes.Delete(n.Key, n.Now.UID, w.now) // it was there a moment ago
		}
	case ClaimDeleted:
		for _, c := range pick(w, "claim-deleted", f.Amount, w.store.Claims.All()) {
			_ = w.store.Claims.Delete(c.Key, c.Now.UID, w.now) // it was there a moment ago
		}
	case ClassEdited:
		for _, c := range w.store.Classes.All() {
			x := *c.Now
			x.Generation++
			x.Spec = fmt.Sprintf(`{"image":"al2023@v2026%02d01"}`, x.Generation%9+1)
			w.store.Classes.Set(c, &x)
		}
	case PoolEdited:
		for _, o := range pick(w, "pool-edited", 1, w.store.Pools.All()) {
			x := *o.Now
			x.Generation++
			x.Hash = fmt.Sprintf("edit-%d", x.Generation)
			x.Annotations = merged(x.Annotations, map[string]string{"edited": x.Hash}, nil)
			w.store.Pools.Set(o, &x)
		}
	case Crash:
		w.operator.crashAfter(f.Amount)
	case LeaderChange:
		w.operator.deposed()
	case ClockJump:
		w.operator.jump(cluster.Duration(f.Amount) * cluster.Second)
	case WatchOutage:
		w.operator.deafUntil(w.now.Add(f.For))
	default:
		w.active[f.Kind] = append(w.active[f.Kind], f)
	}
}

func (w *world) end(f Fault) {
	w.record("fault over", string(f.Kind), f.Where)
	w.trouble.end(w.now)
	w.outside()
	switch f.Kind {
	case Shortage:
		pattern, _ := simulated.ParsePattern(f.Where) // checked before
		w.cloud.limit(pattern, simulated.Unlimited)
	case ClockJump:
		w.operator.jump(-cluster.Duration(f.Amount) * cluster.Second)
	}
	if list := w.active[f.Kind]; len(list) > 0 {
		w.active[f.Kind] = slices.Delete(list, slices.Index(list, f), slices.Index(list, f)+1)
	}
}

// strikes tells whether a fault that lasts strikes now.
func (w *world) strikes(kind FaultKind) bool {
	for _, f := range w.active[kind] {
		if w.chance[string(kind)].IntN(100) < f.Percent {
			return true
		}
	}
	return false
}

// pick draws n of a list.
func pick[T any](w *world, concern string, n int, list []T) []T {
	rng := w.seed.stream("pick " + concern + w.now.RFC3339())
	rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:min(n, len(list))]
}

// trouble is when something was wrong: what is bounded in quiet times is not judged
// before they have lasted.
type trouble struct {
	running int
	last    cluster.Instant // when the last fault began or ended
}

func (t *trouble) begin(now cluster.Instant) { t.running, t.last = t.running+1, now }
func (t *trouble) end(now cluster.Instant)   { t.running, t.last = t.running-1, now }

// quietSince is when the last fault ended, Never while one lasts.
func (t *trouble) quietSince() cluster.Instant {
	if t.running > 0 {
		return cluster.Never
	}
	return t.last
}

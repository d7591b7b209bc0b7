package sim

import (
	"math/rand/v2"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// operator is the operator's processes, one after the other: the engine, what is on
// its way to it, and its effects on their way to the API server and the cloud.
type operator struct {
	w     *world
	brain Brain
	box   *inbox // nil while no process runs
	// term counts processes; what an earlier one has sent knows which.
	term int
	skew cluster.Duration // of its clock
	// No watch delivers anything between these.
	deafSince, deaf cluster.Instant
	tardy           []delivery // those that take longer than usual, until they have arrived
	// graves are objects that are gone, by kind and key, and when the operator hears so.
	graves map[grave]cluster.Instant
	wake   cluster.Instant

	watch, send, reply, wire, restart *rand.Rand
	// fuse is how many effects are left until a crash, −1 for none.
	fuse int
	// paused: the last process was deposed, not killed; what it has sent arrives late.
	paused map[int]bool
}

func newOperator(w *world) *operator {
	return &operator{
		w: w, fuse: -1, paused: map[int]bool{}, graves: map[grave]cluster.Instant{}, watch: w.seed.stream("watch"), send: w.seed.stream("send"), reply: w.seed.stream("reply"),
		wire: w.seed.stream("wire"), restart: w.seed.stream("restart"),
	}
}

// grave names an object that is gone.
type grave struct{ kind, key string }

// start begins a process: it lists everything, and then watches.
func (o *operator) start() {
	o.term++
	o.box, o.wake = newInbox(), cluster.Never
	options := o.w.Options
	for _, k := range o.w.cloud.desk.Kinds() {
		options.Kinds = append(options.Kinds, k.Group+"/"+k.Kind)
	}
	o.brain = o.w.Brain(options)
	o.w.record("operator started", "", "")
	o.step(o.list())
	o.w.after(noticeLag, o.w.cloud.tell)
}

// stop ends the process and begins another after a while.
func (o *operator) stop(why string) {
	if o.box == nil {
		return
	}
	o.w.record("operator ended", why, "")
	o.w.trouble.begin(o.w.now)
	o.box.closed = true
	o.box, o.brain, o.fuse = nil, nil, -1
	o.w.after(o.w.Pace.Restart.draw(o.restart), func() {
		o.w.trouble.end(o.w.now)
		o.start()
	})
}

// crashAfter ends the process around the n-th effect from now, or after a minute
// without one.
func (o *operator) crashAfter(n int) {
	o.fuse = n
	term := o.term
	o.w.after(cluster.Minute, func() {
		if o.term == term && o.fuse >= 0 {
			o.stop("crash")
		}
	})
}

// burnt counts an effect, before and after it happens, and tells whether the process
// ended there.
func (o *operator) burnt() bool {
	if o.fuse < 0 {
		return false
	}
	if o.fuse--; o.fuse >= 0 {
		return false
	}
	o.stop("crash")
	return true
}

// deposed ends the process because another has become the leader.
func (o *operator) deposed() {
	o.paused[o.term] = true
	o.stop("deposed")
}

// jump sets the clock forward, or back.
func (o *operator) jump(d cluster.Duration) { o.skew += d }

// clock is what the operator takes the time to be.
func (o *operator) clock() cluster.Instant { return o.w.now.Add(o.skew) }

func (o *operator) deafUntil(t cluster.Instant) {
	if o.deaf < o.w.now {
		o.deafSince = o.w.now
	}
	o.deaf = max(o.deaf, t)
}

// usualLag is how long it takes until the operator has been told of a change, unless its watch
// is interrupted or the API server slow.
const usualLag = 5 * cluster.Second

// sees returns the time before which everything that happened has been told to the
// operator.
func (o *operator) sees() cluster.Instant {
	seen := o.w.now.Add(-usualLag)
	if o.deaf.Add(usualLag) > o.w.now {
		seen = min(seen, o.deafSince)
	}
	o.tardy = slices.DeleteFunc(o.tardy, func(d delivery) bool { return d.arrives.Add(o.w.Pace.Gather) < o.w.now })
	for _, d := range o.tardy {
		seen = min(seen, d.sent)
	}
	return seen
}

// delivery is a change that takes longer than usual to be told.
type delivery struct{ sent, arrives cluster.Instant }

// step makes one step of the engine and sends its effects off.
func (o *operator) step(events []engine.Event) {
	w := o.w
	w.result.Steps++
	now := o.clock()
	effects, wake := o.brain.Step(now, events)
	if w.judge != nil {
		w.judge.Stepped(len(events) == 0 && len(effects) == 0 && wake <= now)
	}
	term := o.term
	for _, f := range effects {
		w.result.Effects++
		o.issue(f)
		if o.term != term || o.box == nil {
			return
		}
	}
	if wake == cluster.Never {
		return
	}
	at := max(wake.Add(-o.skew), w.now.Add(cluster.Millisecond))
	if at >= o.wake && o.wake > w.now {
		return // woken before that anyway
	}
	o.wake = at
	box := o.box
	w.at(at, func() {
		if o.box == box && o.wake == w.now {
			o.step(nil)
		}
	})
}

// issue sends an effect off.
func (o *operator) issue(f engine.Effect) {
	w := o.w
	switch f := f.(type) {
	case engine.Note:
		w.record("note "+f.Reason, f.About.Name, f.Message)
		return
	case engine.Planned:
		w.result.Plans++
		return
	case engine.Repacked:
		w.result.Passes++
		return
	}
	if w.judge != nil {
		w.judge.Issued(f, o.clock())
	}
	term := o.term
	w.after(o.slow(w.Pace.Send.draw(o.send)), func() { o.arrive(term, f) })
}

// slow is a delay as it is while the API server is slow.
func (o *operator) slow(d cluster.Duration) cluster.Duration {
	for _, f := range o.w.active[SlowAPI] {
		d *= cluster.Duration(max(f.Amount, 1))
	}
	return d
}

// late bounds how late the last writes of a deposed leader land.
const late = 30 * cluster.Second

// arrive carries out an effect where it was sent, and sends the outcome back.
func (o *operator) arrive(term int, f engine.Effect) {
	if term != o.term || o.box == nil {
		o.orphaned(term, f)
		return
	}
	if o.burnt() {
		return // nothing was sent yet
	}
	done, took := o.w.carryOut(f)
	if o.burnt() {
		return
	}
	box := o.box
	o.w.after(took+o.slow(o.w.Pace.Reply.draw(o.reply)), func() {
		if o.box == box {
			o.deliver(o.w.now, done)
		}
	})
}

// orphaned decides about an effect of a process that has ended: one that crashed may
// have sent it; one that was deposed has, and it lands late.
func (o *operator) orphaned(term int, f engine.Effect) {
	switch {
	case !o.paused[term]:
		if o.wire.IntN(2) == 0 {
			_, _ = o.w.carryOut(f) // nobody waits for the answer
		}
	default:
		o.w.after(cluster.Duration(o.wire.Int64N(int64(late))), func() { _, _ = o.w.carryOut(f) }) // nobody waits for the answer
	}
}

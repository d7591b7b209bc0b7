package engine

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/repack"
	"github.com/ullage-sh/ullage/solve"
)

// Options are the engine's settings. The zero value is not usable; start from
// DefaultOptions.
type Options struct {
	// Kinds of node classes that are ours, "group/Kind". Pools that refer to any
	// other are left alone.
	Kinds []string
	// Speed divides every wait of the engine below, BatchIdle and BatchMax
	// excepted: those follow the pace of the control plane, which nobody scales.
	Speed int64

	// A plan is made when the scheduler has looked at all pods and none has come for
	// BatchIdle, and at the latest BatchMax after the first. While a burst goes on
	// both double from plan to plan, up to BatchIdleLimit and BatchLimit.
	BatchIdle, BatchIdleLimit, BatchMax, BatchLimit cluster.Duration

	LaunchTimeout       cluster.Duration // claim without an instance
	RegistrationTimeout cluster.Duration // instance without a node
	CollectEvery        cluster.Duration // listing of instances
	// OrphanGrace is how long an instance may be without a claim; longer than the
	// cloud's describe lag.
	OrphanGrace  cluster.Duration
	ResolveEvery cluster.Duration // prices and node classes
	MinDrain     cluster.Duration // between the taint and the instance's end
	StuckPod     cluster.Duration // past its deletion, a pod no longer holds up a drain

	// ReserveNodes keeps new nodes for the pods that they were bought for until these had
	// their turn; it takes a write for each pod that waits among different ones.
	ReserveNodes bool

	Solve solve.Options
	// A pass over all nodes, to give back those that do not earn their price, is made
	// PassEvery at the most.
	PassEvery cluster.Duration
	// BoundEvery is how often a pass also bounds the cost of what is there from below, at
	// the most: that takes longer than the pass, and decides nothing. 0 is each time,
	// Forever never.
	BoundEvery cluster.Duration
	// Repack steers it; the charge for a node is that of Solve.
	Repack repack.Options

	// Policy decides in place of Solve and Repack.
	Policy Policy
}

// NodeCharge is what a node costs beside its price, per hour: a root volume of 20
// GiB gp3 at 0.0912 USD per GiB-month (Seoul). It decides between plans of nearly
// the same price, for fewer nodes.
const NodeCharge cluster.Money = 2_500

// PreferencePrice is what a preference of weight 100 may cost per node and hour: a
// cent, about a tenth of a node of two cores. So preferences choose between what
// costs nearly the same, and do not keep nine nodes for nine pods.
const PreferencePrice cluster.Money = 10_000

// DefaultOptions are Karpenter's figures where it has one.
func DefaultOptions() Options {
	return Options{
		Speed:     1,
		BatchIdle: 50 * cluster.Millisecond, BatchIdleLimit: cluster.Second, BatchMax: 2 * cluster.Second, BatchLimit: 10 * cluster.Second,
		LaunchTimeout: 5 * cluster.Minute, RegistrationTimeout: 15 * cluster.Minute,
		CollectEvery: 2 * cluster.Minute, OrphanGrace: 30 * cluster.Second,
		ResolveEvery: 5 * cluster.Minute, MinDrain: 5 * cluster.Second, StuckPod: cluster.Minute,
		ReserveNodes: true,
		Solve:        solve.Options{NodeCharge: NodeCharge, PreferencePrice: PreferencePrice},
		PassEvery:    10 * cluster.Second, BoundEvery: cluster.Minute,
	}
}

func (o Options) scaled(d cluster.Duration) cluster.Duration {
	if d == cluster.Forever {
		return d
	}
	return d / cluster.Duration(max(o.Speed, 1))
}

// Engine is the state between steps. It is not safe for concurrent use.
type Engine struct {
	opts Options
	now  cluster.Instant
	world
	census   census
	agenda   *agenda
	expected expectations
	retry    map[string]backoff
	blocked  map[string]bool // pods whose eviction a budget has refused, by namespace/name

	synced    bool
	began     cluster.Instant // when it knew the cluster
	suspended string          // why the engine stands still, "" when it does not

	resolved  map[cluster.ClassRef]resolved
	instances inventory
	batches   map[string]launched // by token
	provision provisioning
	answered  answers
	reserved  reservations
	footing   footing
	podEvents map[string]cluster.Instant
	presumed  map[string]cluster.Instant // like podEvents, of the time before this engine
	idle      map[string]*idle           // claims (idle.go)
	unsaid    map[string]cluster.Instant // claim → since when its status says less than it could (patience.go)
	closed    map[string]cluster.Instant // node → since when it is known to take no pods, as it goes
	sighted   map[string]sighting        // by node that is new
	dated     map[string]dated           // claims with pod events that are not written yet
	disruptor disruptor
	podNotes  podNotes
	fixed     map[string]*fixed // by pool
	headroom  headroom
	stuck     map[string]bool            // what was told not to end, by UID
	going     map[string]cluster.Instant // pods whose end has been asked for, since when that is known, by UID
	notices   map[string]cluster.Notice  // of each claim, what has to be done something about
	endlessly map[string]bool            // claims that wait for pods without end
	nodeGone  map[string]cluster.Instant // claim → since when its node is missing
	// poolWrites is when the status of a pool was last written.
	poolWrites map[string]cluster.Instant
	ending     map[string]bool // instances to terminate, by id, collected within a step

	// held is when the first of what the job at hand found busy may be tried again.
	held cluster.Instant

	out []Effect
}

// New returns an engine that has observed nothing yet.
func New(opts Options) *Engine {
	return &Engine{
		opts: opts, world: newWorld(), census: newCensus(), footing: newFooting(), agenda: newAgenda(),
		expected: newExpectations(), retry: map[string]backoff{}, blocked: map[string]bool{},
		resolved: map[cluster.ClassRef]resolved{}, batches: map[string]launched{},
		instances: newInventory(), disruptor: newDisruptor(), podNotes: newPodNotes(), notices: map[string]cluster.Notice{}, answered: newAnswers(), reserved: newReservations(), poolWrites: map[string]cluster.Instant{},
		podEvents: map[string]cluster.Instant{}, presumed: map[string]cluster.Instant{}, idle: map[string]*idle{}, unsaid: map[string]cluster.Instant{}, closed: map[string]cluster.Instant{}, sighted: map[string]sighting{}, dated: map[string]dated{}, nodeGone: map[string]cluster.Instant{},
		ending: map[string]bool{}, fixed: map[string]*fixed{}, headroom: newHeadroom(), provision: provisioning{crowded: map[string]bool{}}, stuck: map[string]bool{}, going: map[string]cluster.Instant{}, endlessly: map[string]bool{},
	}
}

// rounds bounds how often jobs may call for each other within one step.
const rounds = 8

// Step takes what was observed since the last step, does all work that is due
// and returns the effects to carry out, in the order in which they were decided,
// and the time of the next step at the latest. now never runs backwards; if it
// does, it stands still.
func (e *Engine) Step(now cluster.Instant, events []Event) (effects []Effect, wake cluster.Instant) {
	e.now = max(e.now, now)
	for _, ev := range events {
		if !e.onlyWaits(ev) {
			e.footing.ground = nil
		}
		ev.apply(e)
	}
	if !e.synced || e.suspended != "" {
		return e.flush(), cluster.Never
	}
	for range rounds {
		due := e.due()
		if len(due) == 0 {
			break
		}
		for _, j := range due {
			e.held = cluster.Never
			again := e.run(j)
			e.agenda.by(j, min(again, e.held))
		}
	}
	return e.flush(), e.agenda.next()
}

func (e *Engine) flush() []Effect {
	out := e.out
	e.out = nil
	return out
}

func (e *Engine) due() []job {
	var due []job
	for {
		j, ok := e.agenda.take(e.now)
		if !ok {
			slices.SortFunc(due, job.compare)
			return due
		}
		due = append(due, j)
	}
}

// run does one job and returns when it wants to be done again.
func (e *Engine) run(j job) cluster.Instant {
	switch j.kind {
	case jobClass:
		return e.doClass(j.name)
	case jobPool:
		return min(e.doPool(j.name), e.keepReplicas(j.name))
	case jobBuffer:
		return e.doBuffer(j.name)
	case jobClaim:
		return e.doClaim(j.name)
	case jobLaunch:
		return e.doLaunch(j.name)
	case jobCollect:
		return e.doCollect()
	case jobRelease:
		return e.doRelease()
	case jobHeadroom:
		return e.doHeadroom()
	case jobDisrupt:
		return e.doDisrupt()
	case jobProvision:
		return e.doProvision()
	case jobReserve:
		return e.doReserve()
	case jobTerminate:
		return e.doTerminate()
	}
	return cluster.Never
}

// outcome hands a reported outcome to the job that waits for it.
func (e *Engine) outcome(d Done, again cluster.Instant) {
	switch f := d.Effect.(type) {
	case CreateClaim:
		e.claimCreated(f, d, again)
	case PatchClaim:
		e.claimWritten(f.Name, again)
	case PatchClaimStatus:
		e.claimWritten(f.Name, again)
	case DeleteClaim:
		e.claimWritten(f.Name, again)
	case PatchNode:
		e.nodeWritten(f.Name, again)
	case DeleteNode:
		e.nodeWritten(f.Name, again)
	case EvictPod:
		e.evicted(f, d, again)
	case DeletePod:
		e.podWritten(f.Namespace+"/"+f.Name, again)
	case Tolerate:
		e.tolerated(f, d, again)
	case PatchPoolStatus:
		e.agenda.by(job{jobPool, f.Name}, again)
	case PatchOverlayStatus: // the next plan looks again
	case PatchBufferStatus:
		e.agenda.by(job{jobBuffer, f.Namespace + "/" + f.Name}, again)
	case PatchClassStatus:
		e.classWritten(f, d, again)
	case Resolve:
		e.classResolved(f, d, again)
	case Launch:
		e.launchAnswered(f, d, again)
	case Terminate:
		e.terminated(f, d, again)
	case Acknowledge: // what is not heard is said again
	case List:
		e.listed(d, again)
	}
}

// claimWritten wakes the jobs that may have found the claim busy.
func (e *Engine) claimWritten(name string, again cluster.Instant) {
	e.agenda.by(job{jobClaim, name}, again)
	e.passIn()
	if c := e.claims[name]; c != nil && c.Launch != nil {
		e.agenda.by(job{jobLaunch, c.Launch.Token}, again)
	}
}

func (e *Engine) nodeWritten(name string, again cluster.Instant) {
	if n := e.nodes[name]; n != nil {
		if c := e.claimOfNode(n); c != nil {
			e.agenda.by(job{jobClaim, c.Name}, again)
		}
	}
	e.passIn()
	e.agenda.by(job{jobReserve, ""}, again)
}

func (e *Engine) podWritten(id string, again cluster.Instant) {
	if p := e.pods[id]; p != nil && p.Node != "" {
		e.nodeWritten(p.Node, again)
	}
}

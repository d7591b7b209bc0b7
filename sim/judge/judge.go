package judge

import (
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/sim/store"
)

// Rule is what must hold.
type Rule string

// The rules.
const (
	// LeakedInstance: an instance that no claim has runs for longer than the grace.
	LeakedInstance Rule = "leaked-instance"
	// DoubleClaim: two claims have one instance.
	DoubleClaim Rule = "double-claim"
	// PodKilled: an instance was ended while a pod that should have been drained ran.
	PodKilled Rule = "pod-killed"
	// PDB: a pod was deleted past its PodDisruptionBudget, without a
	// terminationGracePeriod that says so.
	PDB Rule = "pdb"
	// DoNotDisrupt: a pod or a node that says so was disrupted of free will.
	DoNotDisrupt Rule = "do-not-disrupt"
	// Budget: more nodes of a pool are disrupted of free will than its budgets allow.
	Budget Rule = "budget"
	// Limit: a pool has more than its limits.
	Limit Rule = "limit"
	// StarvedPod: a pod that could be placed waits.
	StarvedPod Rule = "starved-pod"
	// KeptEmpty: an empty node is not given back.
	KeptEmpty Rule = "kept-empty"
	// StuckDeletion: a claim that is being deleted does not go.
	StuckDeletion Rule = "stuck-deletion"
	// Restless: something is written although nothing has happened for long and nothing is
	// under way, or the operator looks again and again at once at what has not changed.
	Restless Rule = "restless"
	// PointlessMove: nodes were disrupted of free will to save money, nothing else has
	// happened, and what is there costs no less than before.
	PointlessMove Rule = "pointless-move"
	// Wasteful: long after the last event much of what is paid could be saved by moving pods
	// that may be moved.
	Wasteful Rule = "wasteful"
	// Missing: a pool with a fixed number of nodes has not got them.
	Missing Rule = "nodes-missing"
	// Surplus: it has more.
	Surplus Rule = "nodes-surplus"
	// Headroom: there is no room for the chunks of a CapacityBuffer.
	Headroom Rule = "headroom"
	// Needless: a node was bought for nobody.
	Needless Rule = "needless"
	// Attached: an instance was ended while a volume hung on it.
	Attached Rule = "volume-attached"
	// Unsettled: long after the last event claims, nodes, instances and workloads do
	// not agree.
	Unsettled Rule = "unsettled"
)

// Violation is a rule that was broken.
type Violation struct {
	At    cluster.Instant
	Rule  Rule
	About string // the object
	Why   string
}

// Clock is what a judge knows of time.
type Clock struct {
	Now func() cluster.Instant
	// Operator is what the operator's clock says.
	Operator func() cluster.Instant
	// At calls back at a time.
	At func(cluster.Instant, func())
	// QuietSince is when the last fault ended, Never while one lasts.
	QuietSince func() cluster.Instant
	// Seen: what happened before that the operator has been told.
	Seen func() cluster.Instant
}

// Judge watches a run.
type Judge struct {
	clock  Clock
	store  *store.Store
	opts   engine.Options
	report func(Violation)

	instances map[string]*instance // that run, by provider id
	claimOf   map[string]string    // provider id → claim
	reclaimed map[string]bool      // instances that the cloud takes back, by provider id
	// chosen are the claims whose end the operator has asked for of free will, and when.
	chosen map[string]cluster.Instant
	// leaving are the claims that are on their way out, or about to be.
	leaving map[*store.Claim]bool
	fleet   fleet
	// left are the claims that went within the last minutes, by pool.
	left    map[string][]cluster.Instant
	bound   map[*store.Pod]cluster.Instant
	empty   map[string]cluster.Instant // node → since when it holds no pod that counts
	told    map[string]bool            // what was reported once is enough
	outside cluster.Instant            // when something last happened from outside
	moves   moves
	// surplus are claims that were bought for an action that was taken back or is over, to which
	// nobody has come, and until when they may stay.
	surplus map[string]cluster.Instant
	// vain is how often something was bought to replace a claim, and the claim kept, since
	// something last happened from outside.
	vain  map[string]int
	rest  rest
	idle  int               // steps in a row, see [Judge.Stepped]
	marks map[string]marked // claims that are about to be given back
	// drained is when a pod last left the nodes of claims that go together ([together]).
	drained map[string]cluster.Instant
	fixed   map[string]*fixed   // pools with a fixed number of nodes
	rooms   map[string]*lasting // buffers whose chunks have no room; nil without any
	// excused is when a move was last excused that took such room.
	excused cluster.Instant
	waiting waiting
	hung    map[string]cluster.Instant // VolumeAttachments, since when
}

// clocksDiffer bounds how far the clock of an operator is off.
const clocksDiffer = 5 * cluster.Minute

// instance is a machine that runs.
type instance struct {
	cluster.Instance
	node  string
	price cluster.Money // per hour
}

// New returns a judge of a run that begins. Changes of the store are told to it, and so
// is what the methods below say.
func New(s *store.Store, clock Clock, opts engine.Options, report func(Violation)) *Judge {
	return &Judge{
		clock: clock, store: s, opts: opts, report: report, instances: map[string]*instance{}, claimOf: map[string]string{}, reclaimed: map[string]bool{},
		chosen: map[string]cluster.Instant{}, left: map[string][]cluster.Instant{}, bound: map[*store.Pod]cluster.Instant{},
		empty: map[string]cluster.Instant{}, told: map[string]bool{}, outside: clock.Now(), surplus: map[string]cluster.Instant{}, vain: map[string]int{},
		marks: map[string]marked{}, drained: map[string]cluster.Instant{}, rest: rest{since: clock.Now()},
		leaving: map[*store.Claim]bool{}, fleet: newFleet(), fixed: map[string]*fixed{}, hung: map[string]cluster.Instant{},
	}
}

// Outside is told whenever something happens that is nobody's answer to something
// else: a workload changes, a fault begins or ends.
func (j *Judge) Outside() {
	j.outside = j.clock.Now()
	j.moves.known = false
	clear(j.vain)
}

func (j *Judge) broken(rule Rule, about, why string) {
	key := string(rule) + " " + about
	if j.told[key] {
		return
	}
	j.told[key] = true
	j.report(Violation{At: j.clock.Now(), Rule: rule, About: about, Why: why})
}

// nodeOf returns the node of an instance, nil without one.
func (j *Judge) nodeOf(c *cluster.Claim) *cluster.Node {
	if c.NodeName == "" {
		return nil
	}
	if o := j.store.Nodes.Get(c.NodeName); o != nil {
		return o.Now
	}
	return nil
}

// claimOn returns the claim of a node, nil without one.
func (j *Judge) claimOn(n *cluster.Node) *cluster.Claim {
	if o := j.store.Claims.Get(j.claimOf[n.ProviderID]); o != nil {
		return o.Now
	}
	return nil
}

// PodChanged is told every change of a pod.
func (j *Judge) PodChanged(o *store.Pod, old *cluster.Pod) {
	defer j.settle()
	j.moves.pod(o.Now, old)
	j.waiting.pod(o.Now, old, j.clock.Now())
	j.lie()
	switch {
	case o.Now == nil:
		delete(j.bound, o)
	case o.Now.Node != "" && (old == nil || old.Node == ""):
		j.bound[o] = j.clock.Now()
		j.putToUse(o.Now)
	}
	if o.Now != nil && o.Now.UnschedulableSince != 0 && old != nil && old.UnschedulableSince == 0 {
		j.awaitPlace(o)
	}
	if o.Now == nil && old.Node != "" && !old.Daemon() {
		j.leftNode(old.Node)
	}
	j.leavesOrComes(o.Now, old)
}

// leavesOrComes looks at the nodes that a pod makes empty, or not empty any longer.
func (j *Judge) leavesOrComes(now, old *cluster.Pod) {
	if now != nil && old != nil && now.Node == old.Node && now.Occupies() == old.Occupies() {
		return
	}
	for _, p := range []*cluster.Pod{old, now} {
		if p != nil && p.Node != "" && !p.Daemon() {
			j.lookEmpty(p.Node)
		}
	}
}

// NodeChanged is told every change of a node.
func (j *Judge) NodeChanged(o *store.Node, old *cluster.Node) {
	j.fleet.nodeChanged(j, o.Key)
	if o.Now == nil {
		delete(j.empty, o.Key)
		return
	}
	if i := j.instances[o.Now.ProviderID]; i != nil {
		i.node = o.Key
	}
	if old == nil || old.Labels[cluster.LabelInitialized] != o.Now.Labels[cluster.LabelInitialized] {
		j.lookEmpty(o.Key)
	}
}

// ClaimChanged is told every change of a claim.
func (j *Judge) ClaimChanged(o *store.Claim, old *cluster.Claim) {
	defer j.settle()
	j.moves.claim(o.Now, old)
	j.lie()
	j.mark(o.Key, o.Now)
	j.countFixed(o.Now, old)
	c := o.Now
	if c != nil && (c.Deleting() || c.Annotations[doomReason] != "" || c.Annotations[doomReplacedBy] != "") {
		j.leaving[o] = true
	} else {
		delete(j.leaving, o)
	}
	j.fleet.claimChanged(j, o, old)
	j.takenBack(c, old)
	if old != nil && old.ProviderID != "" && (c == nil || c.ProviderID != old.ProviderID) && j.claimOf[old.ProviderID] == o.Key {
		delete(j.claimOf, old.ProviderID)
		j.watchOrphan(old.ProviderID)
	}
	if c == nil {
		delete(j.chosen, o.Key)
		delete(j.surplus, o.Key)
		if p := j.store.Pools.Get(old.Pool); p != nil && p.Now.ConsolidateAfter != cluster.Forever {
			j.leftOver(old, p.Now.ConsolidateAfter)
		}
		if old.Is(cluster.Initialized) {
			j.left[old.Pool] = append(j.left[old.Pool], j.clock.Now())
		}
		return
	}
	if c.ProviderID != "" && (old == nil || old.ProviderID != c.ProviderID) {
		if other := j.claimOf[c.ProviderID]; other != "" && other != o.Key {
			j.broken(DoubleClaim, c.ProviderID, "claims "+other+" and "+o.Key+" both have it")
		}
		j.claimOf[c.ProviderID] = o.Key
	}
	if old == nil {
		j.checkNeeded(c)
	}
	if old == nil && j.rooms != nil {
		j.boughtForRoom(c)
	}
	if c.Deleting() && (old == nil || !old.Deleting()) {
		if c.ExpireAfter != cluster.Forever && c.Created.Add(c.ExpireAfter-clocksDiffer) <= j.clock.Now() {
			j.Outside() // nobody has chosen when
		}
		boughtInVain := j.unused(c.Name) || j.replaces(c.Name) && !j.store.Occupied(c.NodeName)
		switch _, chosen := j.chosen[c.Name]; {
		case !chosen || c.Is(cluster.Drifted):
			j.moves.known = false // not to save money
		case !boughtInVain:
			j.moves.made, j.moves.last = true, c.Name
		}
		j.awaitEnd(o)
	}
}

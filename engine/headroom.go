package engine

import (
	"maps"
	"slices"
	"strconv"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// CapacityBuffers are room that is kept free: each chunk of one is a pod that exists here
// only (docs/decisions/0015). Pods that wait are planned for as if there were no chunks, and
// take their room; then chunks that have none are planned for, beside the pods that have
// been promised a place. Passes over all nodes see chunks as pods on the nodes that have
// room for them: what they need is not given back, and where they are costs as little as
// for pods.

// headroomEvery bounds how often chunks are planned for.
const headroomEvery = 2 * cluster.Second

// headroomPatience is how long chunks that have lost their room wait for others while pods
// are on their way from one node to another: where these go is up to the scheduler, and it
// has been made sure that there will be room in the end.
const headroomPatience = 3 * cluster.Minute

// noRoomElsewhere is why nodes stay that chunks need.
const noRoomElsewhere = "room that is to be kept free is nowhere else"

// headroom is the chunks of all buffers and where there is room for them. All of it can be
// lost: the next plan finds room anew.
type headroom struct {
	chunks  map[string][]*cluster.Pod // by buffer
	on      map[string]string         // claim, or node of none, by UID of a chunk
	hosts   map[string]int            // chunks by those
	why     map[string]string         // of each buffer, why one of its chunks fits nowhere
	changed bool                      // since the last plan, in a way that may matter to some
	planned cluster.Instant
	lacking cluster.Instant // since when chunks have had no room, 0 if all have
}

func newHeadroom() headroom {
	return headroom{chunks: map[string][]*cluster.Pod{}, on: map[string]string{}, hosts: map[string]int{}, why: map[string]string{}}
}

// put notes that there is room for a chunk on a host, "" for nowhere.
func (h *headroom) put(chunk *cluster.Pod, host string) {
	if was := h.on[chunk.UID]; was != "" {
		if h.hosts[was]--; h.hosts[was] == 0 {
			delete(h.hosts, was)
		}
	}
	delete(h.on, chunk.UID)
	if host != "" {
		h.on[chunk.UID] = host
		h.hosts[host]++
	}
}

// drop forgets the chunks of a buffer, but not where there is room for those that it will
// have again.
func (h *headroom) drop(b *cluster.CapacityBuffer) {
	delete(h.chunks, b.ID())
	delete(h.why, b.ID())
}

// all are the chunks of all buffers, in order.
func (h *headroom) all() []*cluster.Pod { return slices.Concat(sorted(h.chunks)...) }

// hostOf is the claim of a host that is named by its claim or its node, or the node if it
// has none.
func (e *Engine) hostOf(name string) string {
	if c := e.claimAt(name); c != nil {
		return c.Name
	}
	return name
}

// headroomChanged notes that chunks may have lost their room, or may find some.
func (e *Engine) headroomChanged() {
	if len(e.buffers) == 0 && len(e.headroom.on) == 0 {
		return
	}
	e.headroom.changed = true
	e.agenda.by(job{jobHeadroom, ""}, e.now)
}

// roomChanged notes that pods came to a node or left it, which is called as [Engine.hostOf] does.
func (e *Engine) roomChanged(host string) {
	h := &e.headroom
	if h.hosts[host] > 0 || len(h.why) > 0 {
		e.headroomChanged()
	}
}

// headroomDue is when the next plan for chunks will be made; 0 if none has to be.
func (e *Engine) headroomDue() cluster.Instant {
	if !e.headroom.changed {
		return 0
	}
	return e.headroom.planned.Add(e.opts.scaled(headroomEvery))
}

// doHeadroom finds room for the chunks of all buffers, and buys nodes for those that have
// none.
func (e *Engine) doHeadroom() cluster.Instant {
	h := &e.headroom
	switch next := e.headroomDue(); {
	case !h.changed:
		return cluster.Never
	case e.now < next:
		return next
	case e.unanswered() > 0 || !e.ready():
		return e.now.Add(cluster.Second) // pods come first
	}
	h.changed, h.planned = false, e.now
	defer e.wakeEmptied()
	before := maps.Clone(h.on)
	if chunks := h.all(); len(chunks) > 0 {
		e.findRoom(chunks, before)
	} else {
		clear(h.on)
		clear(h.hosts)
	}
	if !maps.Equal(before, h.on) {
		e.passIn()
	}
	for id := range e.buffers {
		e.agenda.by(job{jobBuffer, id}, e.now)
	}
	return e.headroomDueOr(cluster.Never)
}

// headroomDueOr is when the next plan for chunks will be made, or another time if none has
// to be.
func (e *Engine) headroomDueOr(other cluster.Instant) cluster.Instant {
	if e.headroom.changed {
		return e.headroomDue()
	}
	return other
}

// podsMove tells whether pods are on their way from nodes that are given back to save money,
// or about to be: chunks whose room they take may have other room when all have come.
func (e *Engine) podsMove() bool {
	if t := &e.disruptor.turns; len(t.landing) > 0 && e.now < t.until.Add(orderlyWithin) {
		return true
	}
	for _, c := range e.onTheWay() {
		x, marking := e.disruptor.vacating[c.Name], e.disruptor.actions[c.Name] != nil
		if marking || e.vacates(c) && (x == nil || x.kept == "" && x.left > 0) {
			return true
		}
	}
	return false
}

// headroomHolds tells whether a node that has been empty since an instant is not to go yet:
// chunks have lost their room, and may have to have it there.
func (e *Engine) headroomHolds(since cluster.Instant) bool {
	h := &e.headroom
	return h.changed && len(h.chunks) > 0 && e.now < since.Add(e.opts.scaled(headroomPatience))
}

// wakeEmptied makes the claims whose nodes are empty by now go on.
func (e *Engine) wakeEmptied() {
	for _, c := range e.emptying() {
		e.agenda.by(job{jobClaim, c.Name}, e.now)
	}
}

// findRoom keeps the places that chunks have, or are to have when their nodes have gone, and
// finds others for those that have none or have lost theirs. Those to which it matters where
// others are have theirs as long as they would get them again.
func (e *Engine) findRoom(chunks []*cluster.Pod, before map[string]string) {
	h, room := &e.headroom, e.promises()
	var waiting []*cluster.Pod
	for _, p := range e.unbound {
		if room[p.UID] != "" {
			waiting = append(waiting, p)
		}
	}
	for _, c := range chunks {
		if c.DependsOnOthers() {
			delete(room, c.UID) // who has come since counts
		} else if room[c.UID] == "" && before[c.UID] != "" {
			room[c.UID] = before[c.UID]
		}
		e.disruptor.moved.drop(c.UID)
	}
	snapshot := func() *cluster.Snapshot { return e.withAbsent(slices.Concat(waiting, chunks), room) }
	s := snapshot()
	clear(h.on)
	clear(h.hosts)
	clear(h.why)
	for i := range s.Hosts {
		e.answerChunks(s.Hosts[i].Promised, s.Hosts[i].Name)
	}
	if len(h.on) == len(chunks) {
		h.lacking = 0
		return
	}
	result := e.plan(s, e.opts.Solve)
	if len(result.Creates) == 0 {
		h.lacking = 0
	} else if h.lacking == 0 {
		h.lacking = e.now
	}
	if e.podsMove() && e.now < h.lacking.Add(e.opts.scaled(headroomPatience)) {
		e.placeRoom(result)
		h.changed = true // look again
		return
	}
	e.buyHeadroom(e.yields(result, snapshot, noRoomElsewhere))
}

// placeRoom notes where a plan has found room for chunks.
func (e *Engine) placeRoom(p *plan.Plan) {
	for _, x := range p.Placements {
		e.answerChunks(x.Pods, x.Host)
	}
}

// chunksMove tells whether the chunks that have room on the node of a claim have some
// elsewhere, and notes where.
func (e *Engine) chunksMove(c *cluster.Claim, n *cluster.Node) bool {
	if e.headroom.hosts[c.Name] == 0 {
		return true
	}
	in := e.placed()
	in.Emptied = maps.Clone(in.Emptied)
	in.Emptied[n.Name] = true
	for name := range e.disruptor.empties { // their taints will say so
		if x := e.claims[name]; x != nil && x.NodeName != "" {
			in.Emptied[x.NodeName] = true
		}
	}
	opt := e.opts.Solve
	opt.Steps, opt.Unproven = -1, true
	p := e.plan(e.snapshot(in), opt)
	left := e.headroom.hosts[c.Name]
	for _, x := range p.Placements {
		for _, pod := range x.Pods {
			if pod.Virtual() && pod.Node == n.Name {
				left--
			}
		}
	}
	if left > 0 {
		return false
	}
	for _, x := range p.Placements {
		e.answerChunks(slices.DeleteFunc(slices.Clone(x.Pods), func(pod *cluster.Pod) bool { return pod.Node != n.Name }), x.Host)
	}
	return true
}

// answerChunks notes where there is room for the chunks among pods.
func (e *Engine) answerChunks(pods []*cluster.Pod, host string) {
	for _, p := range pods {
		if p.Virtual() {
			e.headroom.put(p, e.hostOf(host))
		}
	}
}

// buyHeadroom finds or buys room for chunks as a plan says.
func (e *Engine) buyHeadroom(result *plan.Plan) {
	e.placeRoom(result)
	if len(result.Creates) > 0 {
		e.regretAll()
	}
	e.create(result.Creates)
	e.queueEntries() // pods whose places were gone have others by this plan, too
	unplaced := 0
	for _, u := range result.Unplaced {
		for _, p := range u.Pods {
			if p.Virtual() {
				unplaced++
				e.headroom.why[p.Namespace+"/"+p.Owner.Name] = plan.Explain(e.withPools(u.Reasons))
			}
		}
	}
	if len(result.Creates) > 0 {
		e.out = append(e.out, Planned{Plan: result, Waiting: unplaced + len(e.waiting.pods)})
	}
}

// placeChunks adds the chunks that have room to what is there: on their nodes, or promised
// a place on those that are on their way.
func (e *Engine) placeChunks(in *cluster.Input) {
	for _, p := range e.headroom.all() {
		host := e.headroom.on[p.UID]
		if host == "" {
			continue
		}
		node := e.nodes[host]
		if c := e.claims[host]; c != nil {
			node = e.nodeOfClaim(c)
		}
		if node == nil {
			in.Promised[p.UID] = host
		} else {
			there := *p
			there.Node = node.Name
			p = &there
		}
		in.Pods = append(in.Pods, p)
	}
}

// provisioned says in the status of a buffer whether there is room for all of its chunks.
func (e *Engine) provisioned(b *cluster.CapacityBuffer, want *conditions) {
	h := &e.headroom
	switch {
	case b.Problem.Reason != "":
		want.set(cluster.Provisioning, "False", "NotReadyForProvisioning", "it is not known what a chunk is")
		return
	case b.Chunks == 0:
		want.set(cluster.Provisioning, "False", "BufferEmpty", "it is to have no chunks")
		return
	case h.changed || !e.synced:
		return // the next plan says
	}
	ready, coming := e.chunksOf(b)
	if ready == int(b.Chunks) {
		want.set(cluster.Provisioning, "True", "FitsExistingCapacity", "there is room for "+chunkCount(ready))
		return
	}
	text := "there is room for " + strconv.Itoa(ready) + " of " + chunkCount(int(b.Chunks))
	if coming > 0 {
		text += ", nodes for " + strconv.Itoa(coming) + " are on their way"
	}
	if why := h.why[b.ID()]; why != "" {
		text += "; others fit nowhere: " + why
	}
	want.set(cluster.Provisioning, "False", "RequiresNewCapacity", text)
}

// chunksOf counts the chunks of a buffer that have room on nodes that are ready, and on
// those that are on their way.
func (e *Engine) chunksOf(b *cluster.CapacityBuffer) (ready, coming int) {
	for _, p := range e.headroom.chunks[b.ID()] {
		host := e.headroom.on[p.UID]
		switch since, there := e.readySince(host); {
		case host == "" || !there:
		case since == cluster.Never:
			coming++
		default:
			ready++
		}
	}
	return ready, coming
}

func chunkCount(n int) string {
	if n == 1 {
		return "1 chunk"
	}
	return strconv.Itoa(n) + " chunks"
}

package sim

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim/store"
)

// meter adds up what a run costs and what it is used for.
type meter struct {
	w     *world
	point Point
	// Areas under the curves: millicores and MiB times milliseconds.
	last                       cluster.Instant
	cpu, cpuPaid, mem, memPaid int64
	owed                       int64 // micro-USD times seconds per hour of bills that are closed
	waits                      []int32
}

func newMeter(w *world) *meter {
	return &meter{w: w, last: w.now}
}

func (m *meter) begin() {
	m.sample()
}

// sample takes a point now and again later.
func (m *meter) sample() {
	m.flow()
	p := m.point
	p.At = m.w.now.Sub(m.w.Start)
	p.Cost = m.cost()
	r := m.w.result
	p.Evicted, p.Launched, p.Ended = r.Evictions, r.Launched, r.Ended
	r.Series = append(r.Series, p)
	m.point.PendingMost = p.Pending
	if m.w.Look != nil {
		m.w.Look(m.moment(p))
	}
	m.w.after(m.w.Sample, m.sample)
}

func (m *meter) moment(p Point) Moment {
	x := Moment{Point: p, Daemons: now(m.w.store.Daemons)}
	for _, o := range m.w.store.Pods.All() {
		if holds(o.Now) {
			x.Pods = append(x.Pods, o.Now)
		}
	}
	for _, b := range m.w.cloud.bills {
		x.Bought = append(x.Bought, b.offering)
	}
	slices.SortFunc(x.Bought, cluster.OfferingID.Compare)
	return x
}

const mebi = 1 << 20

// flow lets time pass in the areas.
func (m *meter) flow() {
	ms := int64(m.w.now-m.last) / int64(cluster.Millisecond)
	m.last += cluster.Instant(ms * int64(cluster.Millisecond))
	p := &m.point
	m.cpu += p.CPU * ms
	m.cpuPaid += p.CPUPaid * ms
	m.mem += p.Memory / mebi * ms
	m.memPaid += p.MemoryPaid / mebi * ms
}

func (m *meter) launched(b *bill, capacity cluster.Resources) {
	m.flow()
	p := &m.point
	p.Nodes++
	p.Rate += b.price
	p.CPUPaid += capacity.Get(cluster.CPU)
	p.MemoryPaid += capacity.Get(cluster.Memory)
	m.w.result.Launched++
	m.w.result.NodesMost = max(m.w.result.NodesMost, p.Nodes)
}

func (m *meter) stopped(b *bill, capacity cluster.Resources, at cluster.Instant) {
	m.flow()
	p := &m.point
	p.Nodes--
	p.Rate -= b.price
	p.CPUPaid -= capacity.Get(cluster.CPU)
	p.MemoryPaid -= capacity.Get(cluster.Memory)
	m.owed += int64(b.price) * billed(b, at)
	m.w.result.NodeTime += at.Sub(b.since)
	m.w.result.Ended++
}

// billed is for how many seconds an instance is paid for if it ends at a time.
func billed(b *bill, at cluster.Instant) int64 { return max(at.Sub(b.since).Seconds(), 60) }

// cost is what is owed up to now.
func (m *meter) cost() cluster.Money {
	owed := m.owed
	for _, b := range m.w.cloud.bills {
		owed += int64(b.price) * billed(b, m.w.now)
	}
	return cluster.Money(owed / 3600)
}

func (m *meter) podChanged(o *store.Pod, old *cluster.Pod) {
	p := &m.point
	if old == nil {
		p.Pending++
		p.PendingMost = max(p.PendingMost, p.Pending)
	}
	if (old == nil || old.Node == "") && (o.Now == nil || o.Now.Node != "") {
		p.Pending--
		if o.Now != nil && !o.Now.Daemon() {
			m.waits = append(m.waits, m.wait(o.Now))
		}
	}
	if o.Now != nil && o.Now.Phase == cluster.Running && old.Phase != cluster.Running {
		m.w.result.PodsStarted++
	}
	had, has := holds(old), holds(o.Now)
	if had == has {
		return
	}
	m.flow()
	by, of := int64(1), o.Now
	if had {
		by, of = -1, old
	}
	p.Pods += int(by)
	p.CPU += by * of.Demand.Requests.Get(cluster.CPU)
	p.Memory += by * of.Demand.Requests.Get(cluster.Memory)
	m.w.result.PodsMost = max(m.w.result.PodsMost, p.Pods)
}

// wait is how long a pod has waited, in milliseconds.
func (m *meter) wait(p *cluster.Pod) int32 {
	return int32(m.w.now.Sub(p.Created) / cluster.Millisecond)
}

// holds tells whether a pod takes something of a node.
func holds(p *cluster.Pod) bool { return p != nil && p.Node != "" && !p.Terminal() }

func (m *meter) finish() {
	m.flow()
	r := m.w.result
	r.Cost = m.cost()
	for _, b := range m.w.cloud.bills {
		r.NodeTime += m.w.now.Sub(b.since)
	}
	for o := range m.w.store.Pods.Each {
		if o.Now.Node == "" && !o.Now.Daemon() {
			m.waits = append(m.waits, m.wait(o.Now))
		}
	}
	r.Waits = summarize(m.waits)
	r.Used = Usage{CPU: share(m.cpu, m.cpuPaid), Memory: share(m.mem, m.memPaid)}
}

// share is a part of a whole in millionths.
func share(part, whole int64) int64 {
	if whole == 0 {
		return 0
	}
	if part > (1<<62)/1_000_000 {
		return part / (whole / 1_000_000)
	}
	return part * 1_000_000 / whole
}

// summarize sums up waits in milliseconds.
func summarize(ms []int32) Waits {
	if len(ms) == 0 {
		return Waits{}
	}
	slices.Sort(ms)
	w := Waits{Pods: len(ms)}
	sum := int64(0)
	for _, x := range ms {
		sum += int64(x)
	}
	of := func(percent int) cluster.Duration {
		return cluster.Duration(ms[(len(ms)-1)*percent/100]) * cluster.Millisecond
	}
	w.Sum, w.P50, w.P99, w.Most = sum/1000, of(50), of(99), of(100)
	return w
}

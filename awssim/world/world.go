package world

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"time"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider/simulated"
)

// Config is what a World is made of.
type Config struct {
	// Catalog of what EC2 sells; nil means the built-in one.
	Catalog *catalog.Catalog
	// Region; "" means us-west-2.
	Region string
	// Account is a number of twelve digits; "" means 000000000000.
	Account string
	// Cluster is the name of the EKS cluster that the network is tagged for; "" means
	// ullage.
	Cluster string
	// Endpoint of that cluster's API server, and the certificate of its authority (PEM).
	Endpoint, Authority string
	// Kubernetes is the cluster's version; "" means 1.36.
	Kubernetes string
	Seed       uint64
	// Speed, Delays and Hazard are the machine room's, see simulated.Config. Speed also
	// divides how long AWS itself takes for what is above machines; it does not touch
	// what clients say how long it takes.
	Speed  float64
	Delays simulated.Delays
	Hazard bool
	// Cloud is a machine room that is there already, of that speed and seed; nil makes
	// one. What others launch in it is seen through AWS too, and what was launched there
	// through the AWS of an earlier process is what it was.
	Cloud *simulated.Cloud
	// Others are machines that run elsewhere and that nobody here can end: they are shown.
	Others []simulated.Machine
	// Quotas by class (standard, g, p …; see [QuotaClass]) and capacity type, in vCPUs.
	// What is not listed has no bound.
	Quotas map[Quota]int64
}

// World is an AWS account in one region.
type World struct {
	cfg   Config
	cloud *simulated.Cloud
	now   cluster.Instant
	born  cluster.Instant
	seen  simulated.Cursor // events of the cloud that were taken in

	types        map[string]*cluster.InstanceType
	subnets      []Subnet
	groups       []SecurityGroup
	images       []*Image
	parameters   map[string]Parameter
	instances    map[string]*Instance
	order        []*Instance // as launched
	templates    []*Template
	tags         map[string]map[string]string // by resource id
	queues       []*Queue
	profiles     []*Profile
	sessions     map[string]*Session // by access key
	tokens       map[string]Token
	reservations []*Reservation
	reclaims     []reclaim
	retired      []retirement // to come, by time
	processes    []Process
	limit        *limit // on launches, nil for none
	serial       int    // of what gets an id from the seed
	earlier      int    // launches in the machine room before this world was made
	log          []Event
	forgotten    int // lines of the log
}

// Process is something above machines that goes on by itself, such as the groups of Auto
// Scaling.
type Process interface {
	// Next is when it wants to do something, Never while it does not.
	Next() cluster.Instant
	// Step does what is due; Next is later than now after that.
	Step()
}

// Event is a line of the log: something that changed.
type Event struct {
	At   cluster.Instant
	Text string
}

// New makes an account with a network, images and an EKS cluster, and nothing running.
func New(cfg Config, now cluster.Instant) (*World, error) {
	if cfg.Cloud != nil {
		cfg.Region = cfg.Cloud.Region()
	}
	cfg.Region = cmp.Or(cfg.Region, "us-west-2")
	if cfg.Speed == 0 {
		cfg.Speed = 1
	}
	cfg.Account = cmp.Or(cfg.Account, "000000000000")
	cfg.Cluster = cmp.Or(cfg.Cluster, "ullage")
	cfg.Kubernetes = cmp.Or(cfg.Kubernetes, "1.36")
	if len(cfg.Account) != 12 {
		return nil, fmt.Errorf("simulated AWS: account is %q, want twelve digits", cfg.Account)
	}
	if cfg.Catalog == nil {
		var err error
		if cfg.Catalog, err = catalog.Embedded(); err != nil {
			return nil, err
		}
	}
	cloud, err := machineRoom(cfg, now)
	if err != nil {
		return nil, err
	}
	w := &World{
		cfg: cfg, cloud: cloud, now: now, born: now,
		types: map[string]*cluster.InstanceType{}, parameters: map[string]Parameter{}, instances: map[string]*Instance{},
		tags: map[string]map[string]string{}, tokens: map[string]Token{}, sessions: map[string]*Session{},
		earlier: cloud.Launches(),
	}
	for _, t := range cloud.Types() {
		w.types[t.Name] = &t
	}
	w.layNetwork()
	for _, release := range []string{"v20261015", "v20261101"} {
		if err := w.ReleaseImages(release); err != nil {
			return nil, err
		}
	}
	for i := range cfg.Others {
		w.adopt(&cfg.Others[i], now).Elsewhere = true
	}
	machines, seen := cloud.Machines(now) // what runs already is no news
	for i := range machines {
		if here := w.adopt(&machines[i], now); machines[i].BootAt <= now {
			here.Ran, here.Booted = machines[i].BootAt, machines[i].BootAt
		}
	}
	for _, n := range cloud.Warnings(now) {
		if i := w.instances[n.InstanceID]; i != nil {
			i.Warned, i.Rebalance = now, true
		}
	}
	w.seen = seen
	w.CreateQueue(cfg.Cluster, QueueDefaults())
	w.profiles = append(w.profiles, &Profile{Name: w.NodeProfile(), ID: w.NewID("AIPA"), Path: "/", Created: now, Role: "KarpenterNodeRole-" + cfg.Cluster})
	return w, nil
}

// machineRoom makes the machine room, unless there is one.
func machineRoom(cfg Config, now cluster.Instant) (*simulated.Cloud, error) {
	if cfg.Cloud != nil {
		return cfg.Cloud, nil
	}
	types, _, err := cfg.Catalog.InstanceTypes(cfg.Region, catalog.DefaultSizing(), cfg.Seed)
	if err != nil {
		return nil, fmt.Errorf("simulated AWS: %w", err)
	}
	return simulated.New(simulated.Config{
		Region: cfg.Region, Types: types, Seed: cfg.Seed, Speed: cfg.Speed, Delays: cfg.Delays, Hazard: cfg.Hazard,
	}, now)
}

// Config is what it was made of, with what was left out filled in.
func (w *World) Config() Config { return w.cfg }

// Now is the latest instant that it was told of.
func (w *World) Now() cluster.Instant { return w.now }

// Born is when it was made.
func (w *World) Born() cluster.Instant { return w.born }

// Cloud is the machine room: for who simulates kubelets, and for scripts that drain
// pools.
func (w *World) Cloud() *simulated.Cloud { return w.cloud }

// Attach adds a process. They take their turns in the order in which they were added.
func (w *World) Attach(p Process) { w.processes = append(w.processes, p) }

// Advance lets time pass until now: instances change state, reclaims begin, processes go
// on, and what happens is said on the queues. Time does not run backwards.
func (w *World) Advance(now cluster.Instant) {
	for next := w.Next(); next < now; next = w.Next() {
		w.pass(next)
	}
	w.pass(now)
}

// pass lets everything happen that is due at an instant, which nothing comes before.
func (w *World) pass(at cluster.Instant) {
	w.takeIn(at)
	for len(w.reclaims) > 0 && w.reclaims[0].at <= w.now {
		r := w.reclaims[0]
		w.reclaims = w.reclaims[1:]
		ids, err := w.cloud.Reclaim(w.now, r.pattern)
		if err != nil {
			panic(err) // only a journal can fail, and then the machine room is lost
		}
		w.Note("reclaim %s: %d instances", r.pattern, len(ids))
		w.takeIn(w.now)
	}
	w.retire()
	w.expire()
	for _, p := range w.processes {
		if p.Next() <= w.now {
			p.Step()
		}
	}
}

// takeIn lets time pass in the machine room and takes in what happened there.
func (w *World) takeIn(now cluster.Instant) {
	now = max(now, w.now)
	events, cursor := w.cloud.Events(now, w.seen)
	w.seen = cursor
	for _, e := range events {
		w.now = max(w.now, e.At)
		w.happened(e)
	}
	w.now = now
}

// Next is the first instant after now at which something changes by itself.
func (w *World) Next() cluster.Instant {
	next := w.cloud.Next(w.now)
	if len(w.reclaims) > 0 {
		next = min(next, w.reclaims[0].at)
	}
	if len(w.retired) > 0 {
		next = min(next, w.retired[0].at)
	}
	for _, r := range w.reservations {
		if r.Active() {
			next = min(next, r.Ends)
		}
	}
	for _, p := range w.processes {
		next = min(next, p.Next())
	}
	return next
}

// maxLog is how many lines of the log are kept at least; twice as many are at most.
const maxLog = 100_000

// Note writes a line of the log.
func (w *World) Note(format string, args ...any) {
	w.log = append(w.log, Event{w.now, fmt.Sprintf(format, args...)})
	if len(w.log) >= 2*maxLog {
		w.log = slices.Clone(w.log[maxLog:])
		w.forgotten += maxLog
	}
}

// Log is what has changed so far, in order, from the line since on, as far as it is kept:
// its last line is number LogEnd - 1.
func (w *World) Log(since int) []Event {
	return slices.Clone(w.log[min(max(since-w.forgotten, 0), len(w.log)):])
}

// LogEnd is the number of the next line of the log; the first is 0.
func (w *World) LogEnd() int { return w.forgotten + len(w.log) }

// reclaim is a reclaim of Spot pools that has been announced.
type reclaim struct {
	at      cluster.Instant
	pattern simulated.Pattern
}

// Reclaimable are the Spot instances in pools that match and of which nobody has said yet
// that they will be taken back, as launched.
func (w *World) Reclaimable(pattern simulated.Pattern) []*Instance {
	var out []*Instance
	for _, i := range w.order {
		if i.Spot && !i.Rebalance && i.Terminated == 0 && pattern.Matches(i.Offering()) {
			out = append(out, i)
		}
	}
	return out
}

// Reclaim takes the Spot instances of whole pools back: a rebalance recommendation now,
// the two-minute warning after the lead, and the end after that. It returns the
// instances that are recommended to be rebalanced, sorted.
func (w *World) Reclaim(pattern simulated.Pattern, lead cluster.Duration) []string {
	var ids []string
	for _, i := range w.Reclaimable(pattern) {
		i.Rebalance = true
		ids = append(ids, i.ID)
		w.publish(w.rebalanceEvent(i.ID))
	}
	slices.Sort(ids)
	w.reclaims = append(w.reclaims, reclaim{w.now.Add(lead), pattern})
	slices.SortStableFunc(w.reclaims, func(a, b reclaim) int { return cmp.Compare(a.at, b.at) })
	w.Advance(w.now)
	return ids
}

// NewID makes an identifier of 17 hexadecimal digits, as EC2 has them, from the seed.
func (w *World) NewID(prefix string) string { return prefix + digits(w.cfg.Seed, prefix, w.fresh()) }

// fresh is a name that nothing else has, nor had before this world was made.
func (w *World) fresh() string {
	w.serial++
	return w.latest()
}

// latest is the fresh name that was made last.
func (w *World) latest() string {
	if w.earlier > 0 {
		return fmt.Sprintf("%d.%d", w.earlier, w.serial)
	}
	return fmt.Sprint(w.serial)
}

// fixedID is the identifier of what is there from the beginning: it follows from seed and
// name alone.
func (w *World) fixedID(prefix, name string) string { return prefix + digits(w.cfg.Seed, prefix, name) }

// digits are 17 hexadecimal digits that follow from the seed and two names.
func digits(seed uint64, purpose, subject string) string {
	h := fnv.New128a()
	_, _ = fmt.Fprintf(h, "%d\x00%s\x00%s", seed, purpose, subject) // a hash does not fail
	return fmt.Sprintf("%x", h.Sum(nil))[:17]
}

// ARN is the name of a resource.
func (w *World) ARN(service, region, resource string) string {
	return "arn:aws:" + service + ":" + region + ":" + w.cfg.Account + ":" + resource
}

// Time is an instant as the SDK has it.
func Time(i cluster.Instant) time.Time { return time.Unix(0, int64(i)).UTC() }

// Instant is a time of the SDK as an instant; for times that are too early or too late
// to be one, the first or the last that there is.
func Instant(t time.Time) cluster.Instant {
	switch {
	case t.Before(Time(math.MinInt64)):
		return math.MinInt64
	case t.After(Time(math.MaxInt64)):
		return math.MaxInt64
	}
	return cluster.Instant(t.UnixNano())
}

// errNone is returned for what does not exist.
var errNone = errors.New("there is none")

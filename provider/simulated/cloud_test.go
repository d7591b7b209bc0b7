package simulated

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
)

const (
	region = "ap-northeast-2"
	start  = cluster.Instant(1_800_000_000) * cluster.Instant(cluster.Second)
)

// seoul is what the catalogue sells in Seoul, read once.
var seoul = func() []cluster.InstanceType {
	c, err := catalog.Embedded()
	if err != nil {
		panic(err)
	}
	types, _, err := c.InstanceTypes(region, catalog.DefaultSizing(), 1)
	if err != nil {
		panic(err)
	}
	return types
}()

func config() Config { return Config{Region: region, Types: seoul, Seed: 7} }

func newCloud(t testing.TB, cfg Config) *Cloud {
	t.Helper()
	c, err := New(cfg, start)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func offering(text string) cluster.OfferingID {
	p := strings.Split(text, "/")
	return cluster.OfferingID{InstanceType: p[0], Zone: region + p[1], CapacityType: p[2]}
}

func offerings(texts ...string) []cluster.OfferingID {
	var out []cluster.OfferingID
	for _, t := range texts {
		out = append(out, offering(t))
	}
	return out
}

func order(token string, count int, from ...string) Order {
	return Order{
		Token: token, Class: cluster.ClassRef{Group: ClassKind.Group, Kind: ClassKind.Kind, Name: "default"}, Pool: "general",
		Count: count, Offerings: offerings(from...), Labels: cluster.Labels{"team": "blue"},
		Taints: []cluster.Taint{cluster.UnregisteredTaint}, ImageID: "al2023@v20261101", Hash: "h",
	}
}

func launch(t testing.TB, c *Cloud, now cluster.Instant, o Order) []provider.Instance {
	t.Helper()
	r, err := c.Launch(now, o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Takes < 1*cluster.Second || r.Takes > 2*cluster.Second {
		t.Errorf("launch takes %v", r.Takes)
	}
	return r.Instances
}

func after(d cluster.Duration) cluster.Instant { return start.Add(d) }

// history is the events of a cloud up to an instant, as text.
func history(c *Cloud, now cluster.Instant) []string {
	events, _ := c.Events(now, 0)
	var out []string
	for _, e := range events {
		out = append(out, fmt.Sprintf("%v %v %s", e.At.Sub(start), e.Kind, e.Machine.InstanceID))
	}
	return out
}

func kinds(events []Event) string {
	var out []string
	for _, e := range events {
		out = append(out, e.Kind.String())
	}
	return strings.Join(out, " ")
}

func TestLifeOfAnInstance(t *testing.T) {
	c := newCloud(t, config())
	got := launch(t, c, start, order("a", 1, "m5.large/a/on-demand"))
	if len(got) != 1 {
		t.Fatalf("%d instances", len(got))
	}
	i := got[0]
	m5, _, _ := cluster.Price(c.Types(), i.Offering)
	if m5 == 0 || i.State != provider.Pending || i.Launched != start || i.Token != "a" || i.Pool != "general" || i.Hash != "h" || i.ImageID != "al2023@v20261101" {
		t.Errorf("launched %+v", i)
	}
	if i.Labels[cluster.LabelArch] != "amd64" || i.Labels[cluster.LabelInstanceType] != "m5.large" || i.Labels[catalog.LabelCategory] != "m" ||
		i.Labels[cluster.LabelZone] != region+"a" || i.Labels[cluster.LabelCapacityType] != cluster.OnDemand {
		t.Errorf("labels %v", i.Labels)
	}
	if i.Allocatable.Get(cluster.Pods) != 29 {
		t.Errorf("allocatable %v", i.Allocatable)
	}

	machines, cursor := c.Machines(start)
	if len(machines) != 1 {
		t.Fatalf("%d machines", len(machines))
	}
	m := machines[0]
	if m.ProviderID != i.ProviderID || m.ProviderID != "aws:///ap-northeast-2a/"+i.ID || len(i.ID) != 19 || !strings.HasPrefix(i.ID, "i-") {
		t.Errorf("machine %+v of %+v", m, i)
	}
	if want := "ip-" + strings.ReplaceAll(m.InternalIP, ".", "-") + "." + region + ".compute.internal"; m.Name != want {
		t.Errorf("node %s, want %s", m.Name, want)
	}
	wantLabels := cluster.Labels{
		"team": "blue", cluster.LabelArch: "amd64", cluster.LabelOS: "linux", cluster.LabelHostname: m.Name, cluster.LabelRegion: region,
		cluster.LabelZone: region + "a", cluster.LabelInstanceType: "m5.large", cluster.LabelCapacityType: cluster.OnDemand,
		"beta.kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux", "beta.kubernetes.io/instance-type": "m5.large",
		"failure-domain.beta.kubernetes.io/region": region, "failure-domain.beta.kubernetes.io/zone": region + "a",
	}
	if !reflect.DeepEqual(m.Labels, wantLabels) {
		t.Errorf("registers with %v\nwant %v", m.Labels, wantLabels)
	}
	if !slices.Equal(m.Taints, []cluster.Taint{cluster.UnregisteredTaint}) || m.StopAt != cluster.Never {
		t.Errorf("machine %+v", m)
	}

	// Every change of truth and of description is announced by Next.
	at := start
	var states []provider.State
	for at = c.Next(at); at < m.BootAt; at = c.Next(at) {
		if x, err := c.Get(at, i.ID); err == nil {
			states = append(states, x.State)
		}
	}
	if at != m.BootAt || states[len(states)-1] != provider.Running {
		t.Errorf("states %v before boot at %v (next is %v)", states, m.BootAt.Sub(start), at.Sub(start))
	}
	events, cursor := c.Events(at, cursor)
	if got := kinds(events); got != "running booted" {
		t.Errorf("events %s", got)
	}
	if n := c.Next(at); n != cluster.Never {
		t.Errorf("a booted machine has something coming at %v", n.Sub(start))
	}

	stop := at.Add(cluster.Hour)
	s, err := c.Terminate(stop, []string{i.ID, "i-00000000000000000"})
	if err != nil || s[i.ID] != provider.ShuttingDown || s["i-00000000000000000"] != provider.Terminated {
		t.Errorf("terminate: %v, %v", s, err)
	}
	if machines, _ := c.Machines(stop); len(machines) != 0 {
		t.Errorf("a machine that goes down is still there: %+v", machines)
	}
	lagged := stop.Add(c.Delays().LagMax)
	if x, err := c.Get(lagged, i.ID); err != nil || x.State != provider.ShuttingDown {
		t.Errorf("after the lag: %+v, %v", x, err)
	}
	gone := stop.Add(c.Delays().ShutdownMax + c.Delays().LagMax)
	var missing *provider.NotFoundError
	if _, err := c.Get(gone, i.ID); !errors.As(err, &missing) || missing.ID != i.ID {
		t.Errorf("when gone: %v", err)
	}
	if l := c.List(gone); len(l) != 0 {
		t.Errorf("list when gone: %v", l)
	}
	events, _ = c.Events(gone, cursor)
	if got := kinds(events); got != "stopping terminated" {
		t.Errorf("events %s", got)
	}
	if n := c.Next(gone); n != cluster.Never {
		t.Errorf("an empty cloud has something coming at %v", n.Sub(start))
	}
}

func TestDescriptionsLag(t *testing.T) {
	c := newCloud(t, config())
	ids := launch(t, c, start, order("a", 50, "m5.large/a/on-demand"))
	if n := len(c.Inventory(start)); n != 50 {
		t.Errorf("%d instances exist, want 50", n)
	}
	first, half, all := len(c.List(start)), len(c.List(after(cluster.Second))), len(c.List(after(2*cluster.Second)))
	if first > 2 || half <= first || half >= all || all != 50 {
		t.Errorf("visible: %d at once, %d after 1 s, %d after 2 s", first, half, all)
	}
	var some []string
	for _, i := range ids {
		some = append(some, i.ID)
	}
	stop := after(10 * cluster.Minute)
	if _, err := c.Terminate(stop, some); err != nil {
		t.Fatal(err)
	}
	count := func(at cluster.Instant) map[provider.State]int {
		m := map[provider.State]int{}
		for _, i := range c.List(at) {
			m[i.State]++
		}
		return m
	}
	if n := count(stop); n[provider.Running] < 48 {
		t.Errorf("at the deletion descriptions show %v", n)
	}
	if n := count(stop.Add(2 * cluster.Second)); n[provider.ShuttingDown] != 50 {
		t.Errorf("after the lag descriptions show %v", n)
	}
}

// TestBootTimes measures both quantiles over many seeds and instances, at two
// speeds.
func TestBootTimes(t *testing.T) {
	for _, speed := range []float64{1, 20} {
		var seconds []float64
		for seed := range uint64(200) {
			f := fates{seed, DefaultDelays().faster(speed)}
			for n := range 100 {
				seconds = append(seconds, float64(f.boot(f.instanceID("t", n, 0)))/float64(cluster.Second)*speed)
			}
		}
		slices.Sort(seconds)
		p50, p99 := seconds[len(seconds)/2], seconds[len(seconds)*99/100]
		t.Logf("speed %v: p50 %.2f s, p99 %.2f s, max %.1f s of %d", speed, p50, p99, seconds[len(seconds)-1], len(seconds))
		if math.Abs(p50-40) > 0.4 || math.Abs(p99-75) > 1.5 {
			t.Errorf("speed %v: p50 %.2f s, p99 %.2f s, want 40 and 75", speed, p50, p99)
		}
	}
}

func TestSpeedDividesDelays(t *testing.T) {
	cfg := config()
	slow := newCloud(t, cfg)
	cfg.Speed = 10
	fast := newCloud(t, cfg)
	r, err := fast.Launch(start, order("a", 1, "m5.large/a/on-demand"))
	if err != nil {
		t.Fatal(err)
	}
	launch(t, slow, start, order("a", 1, "m5.large/a/on-demand"))
	if r.Takes < cluster.Second/10 || r.Takes > cluster.Second/5 {
		t.Errorf("takes %v", r.Takes)
	}
	a, _ := slow.Machines(start)
	b, _ := fast.Machines(start)
	ratio := float64(a[0].BootAt-start) / float64(b[0].BootAt-start)
	if a[0].InstanceID != b[0].InstanceID || math.Abs(ratio-10) > 0.01 {
		t.Errorf("boot after %v and %v: ratio %.3f", a[0].BootAt.Sub(start), b[0].BootAt.Sub(start), ratio)
	}
	if d := fast.Delays(); d.Warning != 12*cluster.Second || d.LagMax != cluster.Second/5 || d.SoldOut != 18*cluster.Second {
		t.Errorf("delays %+v", d)
	}
}

// TestTokens is about the repetition of a call.
func TestTokens(t *testing.T) {
	c := newCloud(t, config())
	o := order("a", 3, "m5.large/a/on-demand", "m5.large/b/on-demand")
	first := launch(t, c, start, o)
	again := o
	again.Hash, again.ImageID, again.Tags = "other", "other", map[string]string{"a": "b"}
	if got := launch(t, c, start, again); !reflect.DeepEqual(got, first) {
		t.Errorf("the same token gave %v, then %v", first, got)
	}
	if _, err := c.Terminate(after(cluster.Minute), []string{first[0].ID, first[1].ID, first[2].ID}); err != nil {
		t.Fatal(err)
	}
	late := launch(t, c, after(cluster.Hour), o)
	for k := range late {
		if late[k].ID != first[k].ID || late[k].State != provider.Terminated {
			t.Errorf("after deletion: %s %s", late[k].ID, late[k].State)
		}
	}
	if n := len(c.Inventory(after(cluster.Hour))); n != 0 {
		t.Errorf("%d instances were launched anew", n)
	}
	for name, change := range map[string]func(*Order){
		"count":      func(o *Order) { o.Count = 2 },
		"pool":       func(o *Order) { o.Pool = "other" },
		"node class": func(o *Order) { o.Class.Name = "other" },
		"offerings":  func(o *Order) { o.Offerings = o.Offerings[:1] },
		"labels":     func(o *Order) { o.Labels = nil },
		"taints":     func(o *Order) { o.Taints = nil },
	} {
		other := o
		change(&other)
		var rejected *provider.RejectedError
		if _, err := c.Launch(start, other); !errors.As(err, &rejected) || !strings.Contains(err.Error(), name) {
			t.Errorf("other %s: %v", name, err)
		}
	}
}

func TestOrdersThatNeverSucceed(t *testing.T) {
	c := newCloud(t, config())
	tests := map[string]Order{
		"token is empty":  order("", 1, "m5.large/a/on-demand"),
		"count is 0":      order("a", 0, "m5.large/a/on-demand"),
		"count is -1":     order("a", -1, "m5.large/a/on-demand"),
		"no offerings":    order("a", 1),
		"does not sell m": order("a", 1, "m5.large/a/on-demand", "m99.large/a/on-demand"),
		"does not sell c": order("a", 1, "c4.2xlarge/b/on-demand"), // sold in a and c
		"does not sell t": order("a", 1, "t2.nano/a/spot"),         // sold on demand only
	}
	for want, o := range tests {
		var rejected *provider.RejectedError
		if _, err := c.Launch(start, o); !errors.As(err, &rejected) || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	if n := len(c.Inventory(start)); n != 0 {
		t.Errorf("%d instances were launched", n)
	}
}

// TestFatesAreIndependent: what else is asked of the cloud, and in which order,
// does not change an instance's fate.
func TestFatesAreIndependent(t *testing.T) {
	fate := func(seed uint64, tokens ...string) map[string]Machine {
		cfg := config()
		cfg.Seed, cfg.Hazard = seed, true
		c := newCloud(t, cfg)
		for _, token := range tokens {
			launch(t, c, start, order(token, 20, "m5.large/a/spot"))
		}
		out := map[string]Machine{}
		for _, m := range machinesOf(c, start) {
			out[m.InstanceID] = m
		}
		return out
	}
	one, two := fate(1, "a", "b"), fate(1, "x", "b", "c", "a")
	if len(one) != 40 {
		t.Fatalf("%d machines", len(one))
	}
	for id, m := range one {
		if !reflect.DeepEqual(two[id], m) {
			t.Errorf("%s: %+v in one cloud, %+v in the other", id, m, two[id])
		}
	}
	for id := range fate(2, "a", "b") {
		if _, ok := one[id]; ok {
			t.Errorf("%s exists under two seeds", id)
		}
	}
}

// TestSameCallsSameHistory runs one script twice, the second time looking at the
// cloud at every instant: the events are the same to the byte.
func TestSameCallsSameHistory(t *testing.T) {
	run := func(step bool) []string {
		cfg := config()
		cfg.Hazard = true
		c := newCloud(t, cfg)
		to := func(at cluster.Instant) {
			for n := c.Next(0); step && n < at; n = c.Next(n) {
				c.List(n)
			}
		}
		launch(t, c, start, order("a", 30, "m5.large/a/spot", "m5.large/b/spot"))
		to(after(20 * cluster.Second))
		is := launch(t, c, after(20*cluster.Second), order("b", 30, "m5.large/b/on-demand"))
		if _, err := c.Terminate(after(25*cluster.Second), []string{is[3].ID, is[1].ID}); err != nil {
			t.Fatal(err)
		}
		to(after(cluster.Minute))
		if _, err := c.Reclaim(after(cluster.Minute), Pattern{Zone: region + "a"}); err != nil {
			t.Fatal(err)
		}
		to(after(cluster.Hour))
		return history(c, after(cluster.Hour))
	}
	a, b := run(false), run(true)
	if !slices.Equal(a, b) {
		t.Errorf("histories differ:\n%s\n\n%s", strings.Join(a, "\n"), strings.Join(b, "\n"))
	}
	if len(a) < 60*3 {
		t.Errorf("only %d events", len(a))
	}
}

// TestOrderOfLaunchesIsInvisible: what happens at the same instant to instances
// of different launches has one order, whoever was launched first. Boot times are
// in whole milliseconds, so of 4,000 machines many boot together.
func TestOrderOfLaunchesIsInvisible(t *testing.T) {
	run := func(tokens ...string) []string {
		c := newCloud(t, config())
		for _, token := range tokens {
			launch(t, c, start, order(token, 2000, "m5.large/a/on-demand"))
		}
		return history(c, after(cluster.Hour))[4000:] // without "launched"
	}
	if !slices.Equal(run("a", "b"), run("b", "a")) {
		t.Error("the order of launches shows in later events")
	}
}

// TestAddresses: 5,000 machines in three zones, every name and address once.
func TestAddresses(t *testing.T) {
	c := newCloud(t, config())
	for n := range 10 {
		launch(t, c, start, order(fmt.Sprint(n), 500, fmt.Sprintf("m5.large/%c/on-demand", 'a'+n%4)))
	}
	names := map[string]bool{}
	second := map[string]string{} // second byte → zone
	for _, m := range machinesOf(c, start) {
		names[m.Name] = true
		b := strings.Split(m.InternalIP, ".")
		zone := m.Labels[cluster.LabelZone]
		if b[0] != "10" || (second[b[1]] != "" && second[b[1]] != zone) || b[3] == "0" || b[3] == "255" {
			t.Errorf("%s in %s", m.InternalIP, zone)
		}
		second[b[1]] = zone
	}
	if len(names) != 5000 {
		t.Errorf("%d names for 5000 machines", len(names))
	}
}

func TestNodeNameInVirginia(t *testing.T) {
	i := &instance{Address: 10<<24 | 12<<8 | 34}
	if got := i.nodeName("us-east-1"); got != "ip-10-0-12-34.ec2.internal" {
		t.Error(got)
	}
	if got := i.nodeName("us-west-2"); got != "ip-10-0-12-34.us-west-2.compute.internal" {
		t.Error(got)
	}
}

func TestTimeDoesNotRunBackwards(t *testing.T) {
	c := newCloud(t, config())
	launch(t, c, after(cluster.Hour), order("a", 1, "m5.large/a/on-demand"))
	late := launch(t, c, start, order("b", 1, "m5.large/a/on-demand"))
	if late[0].Launched != after(cluster.Hour) {
		t.Errorf("launched %v after the start", late[0].Launched.Sub(start))
	}
}

func TestChanged(t *testing.T) {
	cfg := config()
	calls := 0
	var c *Cloud
	cfg.Changed = func() { calls++; c.Next(0) } // may call back
	c = newCloud(t, cfg)
	c.List(start)
	launch(t, c, start, order("a", 1, "m5.large/a/on-demand"))
	launch(t, c, start, order("a", 1, "m5.large/a/on-demand"))
	if calls != 1 {
		t.Errorf("%d calls for one change", calls)
	}
}

func TestBadConfig(t *testing.T) {
	bad := map[string]func(*Config){
		"speed is -1":  func(c *Config) { c.Speed = -1 },
		"speed is NaN": func(c *Config) { c.Speed = math.NaN() },
		"region":       func(c *Config) { c.Region = "" },
		"sold in 0":    func(c *Config) { c.Types = nil },
		"listed twice": func(c *Config) { c.Types = append(slices.Clone(c.Types), c.Types[0]) },
		"LaunchMin":    func(c *Config) { c.Delays = DefaultDelays(); c.Delays.LaunchMax = 0 },
		"BootP50":      func(c *Config) { c.Delays = DefaultDelays(); c.Delays.BootP50 = 0 },
	}
	for want, change := range bad {
		cfg := config()
		change(&cfg)
		if _, err := New(cfg, start); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

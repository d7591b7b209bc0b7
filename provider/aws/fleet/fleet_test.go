package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/awssim"
	"github.com/ullage-sh/ullage/awssim/simtest"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
	"github.com/ullage-sh/ullage/provider/simulated"
)

// desk is a fleet in a simulated account.
type desk struct {
	*Fleet
	*simtest.AWS
	template *Template
	subnets  map[string]string // by zone
}

func newDesk(t *testing.T, change func(*awssim.Config)) *desk {
	t.Helper()
	return deskIn(t, world.Config{Seed: 5}, change)
}

func deskIn(t *testing.T, where world.Config, change func(*awssim.Config)) *desk {
	t.Helper()
	a := simtest.New(t, where, change)
	d := &desk{AWS: a, subnets: map[string]string{}}
	d.Fleet = d.another()
	a.Do(func(w *world.World) {
		d.template = &Template{types.RequestLaunchTemplateData{SecurityGroupIds: []string{w.SecurityGroups()[0].ID}}}
		for _, i := range w.Images() {
			if i.Arch == "x86_64" && strings.Contains(i.Name, "al2023") {
				d.template.Data.ImageId = aws.String(i.ID)
			}
		}
		for _, s := range w.Subnets() {
			d.subnets[s.Zone] = s.ID
		}
	})
	return d
}

// another is a fleet of a process that knows nothing of the first one's.
func (d *desk) another() *Fleet {
	return New(Config{Client: ec2.NewFromConfig(d.Config()), Cluster: "ullage", Lag: 5 * cluster.Second, Now: d.Clock.Now, Sleep: d.Clock.Sleep})
}

// order asks for instances of "m5.large/us-west-2a/on-demand $0.10" and the like, in order.
func (d *desk) order(token string, count int, from ...string) Order {
	o := Order{Token: token, Request: "r-" + token, Count: count, Tags: map[string]string{TagPool: "general", TagClass: "default"}}
	for _, text := range from {
		text, price, _ := strings.Cut(text, " $")
		parts := strings.Split(text, "/")
		a := Alternative{
			OfferingID: cluster.OfferingID{InstanceType: parts[0], Zone: parts[1], CapacityType: parts[2]},
			SubnetID:   d.subnets[parts[1]], ImageID: *d.template.Data.ImageId, Template: d.template,
		}
		if price != "" {
			dollars := 0.0
			if _, err := fmt.Sscan(price, &dollars); err != nil {
				panic(err)
			}
			a.Price = cluster.Money(dollars * float64(cluster.USD))
		}
		o.Alternatives = append(o.Alternatives, a)
	}
	return o
}

// launch does what the provider does: it recalls, and launches what is missing.
func (d *desk) launch(t *testing.T, f *Fleet, o Order) Receipt {
	t.Helper()
	r, err := launch(f, o)
	if err != nil {
		t.Fatalf("%s: %v", o.Token, err)
	}
	return r
}

func launch(f *Fleet, o Order) (Receipt, error) {
	before, err := f.Recall(context.Background(), o)
	if err != nil {
		return Receipt{}, err
	}
	return f.Launch(context.Background(), o, before)
}

func (d *desk) setRoom(t *testing.T, pattern string, n int) {
	t.Helper()
	p, err := simulated.ParsePattern(pattern)
	if err != nil {
		t.Fatal(err)
	}
	d.Do(func(w *world.World) {
		if _, err := w.Cloud().SetCapacity(w.Now(), p, n); err != nil {
			t.Fatal(err)
		}
	})
}

// alive are the machines that there really are, by pool.
func (d *desk) alive() string {
	count := map[string]int{}
	d.Do(func(w *world.World) {
		for _, i := range w.Launches() {
			if i.Stopping == 0 && i.Terminated == 0 {
				count[i.Offering().String()]++
			}
		}
	})
	var out []string
	for k, n := range count {
		out = append(out, fmt.Sprintf("%d %s", n, k))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func ids(all []Record) []string {
	var out []string
	for _, r := range all {
		out = append(out, r.ID)
	}
	return out
}

// TestParts: one call for all that may be tried at once.
func TestParts(t *testing.T) {
	d := newDesk(t, nil)
	for _, tt := range []struct {
		from []string
		want []int
	}{
		{[]string{"a/z/on-demand"}, []int{1}},
		{[]string{"a/z/on-demand $1", "b/z/on-demand $9"}, []int{2}},
		{[]string{"a/z/spot $1.00", "b/z/spot $1.20", "c/z/spot $1.21", "d/z/spot $1.22", "e/z/on-demand $3"}, []int{2, 2, 1}},
		{[]string{"a/z/spot $1", "b/z/on-demand $1", "c/z/spot $1"}, []int{1, 1, 1}},
		{slices.Repeat([]string{"a/z/on-demand"}, 2*maxPart+1), []int{maxPart, maxPart, 1}},
	} {
		o := d.order("t", 1, tt.from...)
		var got []int
		for _, p := range o.parts() {
			got = append(got, len(p))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%v: parts of %v, want %v", tt.from, got, tt.want)
		}
	}
}

// TestPartsOfTemplates: a call takes fifty launch templates, each with all that is launched by it.
func TestPartsOfTemplates(t *testing.T) {
	d := newDesk(t, nil)
	o := d.order("t", 1, slices.Repeat([]string{"a/z/on-demand"}, 4*maxTemplates)...)
	templates := make([]Template, maxTemplates+1)
	for k := range o.Alternatives {
		o.Alternatives[k].Template = &templates[k/2%len(templates)]
	}
	for n, p := range o.parts() {
		used := map[*Template]bool{}
		for _, a := range p {
			used[a.Template] = true
		}
		if len(used) > maxTemplates || n == 0 && len(p) != 2*maxTemplates {
			t.Errorf("part %d has %d launch templates for %d alternatives", n, len(used), len(p))
		}
	}
}

// TestLaunch: one call, the order of alternatives, tags at once, what is short named and
// remembered.
func TestLaunch(t *testing.T) {
	d := newDesk(t, nil)
	d.setRoom(t, "m5.large/us-west-2a/on-demand", 0)
	d.setRoom(t, "m5.large/us-west-2b/on-demand", 3)
	o := d.order("one", 40, "m5.large/us-west-2a/on-demand", "m5.large/us-west-2b/on-demand", "m6i.large/us-west-2a/on-demand", "c5.large/us-west-2a/on-demand")
	r := d.launch(t, d.Fleet, o)
	if got := d.alive(); got != "3 m5.large/us-west-2b/on-demand, 37 m6i.large/us-west-2a/on-demand" {
		t.Errorf("there are %s", got)
	}
	if c := d.Counts(); c["ec2:CreateFleet"] != 1 || c["ec2:CreateLaunchTemplate"] != 1 || c["ec2:CreateTags"] != 0 {
		t.Errorf("calls: %v", c)
	}
	short := []cluster.OfferingID{o.Alternatives[0].OfferingID, o.Alternatives[1].OfferingID}
	if !slices.Equal(r.SoldOut, short) {
		t.Errorf("sold out: %v, want %v", r.SoldOut, short)
	}
	for k, want := range []bool{true, true, false, false} {
		if got := d.Shortages.Short(d.Clock.Now(), o.Alternatives[k].OfferingID); got != want {
			t.Errorf("%s counts as sold out: %t", o.Alternatives[k].OfferingID, got)
		}
	}
	d.Clock.Advance(ShortFor)
	if d.Shortages.Short(d.Clock.Now(), short[0]) {
		t.Errorf("%s counts as sold out after %v", short[0], ShortFor)
	}
	listed, err := d.List(context.Background())
	if err != nil || !slices.Equal(ids(listed), ids(r.Instances)) {
		t.Fatalf("list: %v %v, want %v", ids(listed), err, ids(r.Instances))
	}
	for k, got := range listed {
		want := r.Instances[k]
		if got.Offering != want.Offering || got.Token != "one" || got.Request != "r-one" || got.Pool != "general" || got.Class != "default" || got.ImageID != want.ImageID ||
			got.SubnetID != want.SubnetID || !slices.Equal(got.Groups, want.Groups) || got.Step != (Step{}) {
			t.Errorf("%s is described as %+v, want %+v", got.ID, got, want)
		}
	}
}

// TestBands: a dearer Spot pool is asked only when the cheap ones are short, however deep
// it is; on demand comes last.
func TestBands(t *testing.T) {
	d := newDesk(t, nil)
	d.setRoom(t, "m5.large/us-west-2a/spot", 2)
	d.setRoom(t, "m5.large/us-west-2b/spot", 2)
	d.setRoom(t, "m5.large/us-west-2c/spot", 3)
	o := d.order("bands", 10, "m5.large/us-west-2a/spot $0.030", "m5.large/us-west-2b/spot $0.031", "m5.large/us-west-2c/spot $0.050", "m5.large/us-west-2a/on-demand $0.096")
	r := d.launch(t, d.Fleet, o)
	want := "2 m5.large/us-west-2a/spot, 2 m5.large/us-west-2b/spot, 3 m5.large/us-west-2a/on-demand, 3 m5.large/us-west-2c/spot"
	if got := d.alive(); got != want {
		t.Errorf("there are %s, want %s", got, want)
	}
	if len(r.SoldOut) != 3 || d.Counts()["ec2:CreateFleet"] != 3 {
		t.Errorf("sold out: %v; calls %v", r.SoldOut, d.Counts())
	}
	// The order again, also by another process, changes nothing.
	for k, f := range []*Fleet{d.Fleet, d.another()} {
		if again := d.launch(t, f, o); !slices.Equal(ids(again.Instances), ids(r.Instances)) || d.alive() != want {
			t.Errorf("again (%d): %v, want %v", k, ids(again.Instances), ids(r.Instances))
		}
	}
}

// TestResume: a process that died between two calls is continued by the next one, also
// when what the class means has changed in between; for one that died long ago it is too
// late.
func TestResume(t *testing.T) {
	for _, late := range []cluster.Duration{0, 20 * cluster.Minute} {
		d := newDesk(t, nil)
		d.setRoom(t, "m5.large/us-west-2a/spot", 2)
		o := d.order("resume", 5, "m5.large/us-west-2a/spot $0.030", "m5.large/us-west-2a/on-demand $0.096")
		first := o
		first.Alternatives = o.Alternatives[:1] // it dies before the second call
		if r := d.launch(t, d.Fleet, first); len(r.Instances) != 2 {
			t.Fatalf("%d instances before the crash", len(r.Instances))
		}
		d.Clock.Advance(late)
		o.Alternatives[0].SubnetID = d.subnets["us-west-2b"] // as the class is now
		r := d.launch(t, d.another(), o)
		want := 5
		if late > 0 {
			want = 2
		}
		if len(r.Instances) != want {
			t.Errorf("after %v: %d instances, want %d: %s", late, len(r.Instances), want, d.alive())
		}
	}
}

// TestChangedInBetween: the call was made, its answer lost, and the class edited before it
// is made again. EC2 refuses the token; the instances are found by their tags.
func TestChangedInBetween(t *testing.T) {
	d := newDesk(t, nil)
	o := d.order("edited", 6, "m5.large/us-west-2a/on-demand")
	before, err := d.Launch(context.Background(), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	edited := *d.template
	edited.Data.EbsOptimized = aws.Bool(true)
	o.Alternatives[0].Template = &edited
	// No recall: as if descriptions did not show any of them yet.
	after, err := d.another().Launch(context.Background(), o, nil)
	if err != nil || !slices.Equal(ids(after.Instances), ids(before.Instances)) {
		t.Errorf("%v, %v; want %v", ids(after.Instances), err, ids(before.Instances))
	}
	// A token that stands for something else is refused in the same way.
	o.Request = "r-other"
	var rejected *provider.RejectedError
	if _, err := d.another().Launch(context.Background(), o, nil); !errors.As(err, &rejected) {
		t.Errorf("another request with the token: %v", err)
	}
	// One that launched nothing then launches nothing now.
	d.setRoom(t, "c5.large//", 0)
	none := d.order("none", 2, "c5.large/us-west-2a/on-demand")
	if r := d.launch(t, d.Fleet, none); len(r.Instances) != 0 || len(r.SoldOut) != 1 {
		t.Fatalf("launched from an empty pool: %+v", r)
	}
	none.Alternatives[0].Template = &edited
	if r := d.launch(t, d.another(), none); len(r.Instances) != 0 || len(r.SoldOut) != 1 {
		t.Errorf("again, edited: %+v", r)
	}
}

// TestSpentToken: a token was spent on a call that EC2 held back, and the class was edited
// before the next process asks. That says nothing of the offering: it is asked for again, and
// counts as sold out only if EC2 says so.
func TestSpentToken(t *testing.T) {
	for _, short := range []bool{false, true} {
		d := newDesk(t, func(c *awssim.Config) {
			rates := awssim.DefaultRates()
			rates.Launched = awssim.Rate{Burst: 1, PerSecond: 0.01}
			c.Rates = &rates
		})
		d.launch(t, d.Fleet, d.order("first", 1, "m5.large/us-west-2a/on-demand"))
		o := d.order("later", 1, "m5.large/us-west-2a/on-demand", "m6i.large/us-west-2a/on-demand")
		if r := d.launch(t, d.Fleet, o); len(r.Instances) != 0 || len(r.SoldOut) != 0 || len(r.Refused) != 1 {
			t.Fatalf("beyond the limit: %+v", r)
		}
		d.Clock.Advance(5 * cluster.Minute)
		if short {
			d.setRoom(t, "m5.large//", 0)
		}
		edited := *d.template
		edited.Data.EbsOptimized = aws.Bool(true)
		for k := range o.Alternatives {
			o.Alternatives[k].Template = &edited
		}
		next := d.another()
		r := Receipt{}
		for range 3 { // each goes through six of the tokens at the most
			if r = d.launch(t, next, o); len(r.Instances) > 0 {
				break
			}
		}
		want := o.Alternatives[0].OfferingID
		if short {
			want = o.Alternatives[1].OfferingID
		}
		if len(r.Instances) != 1 || r.Instances[0].Offering != want || len(r.SoldOut) > 0 != short {
			t.Errorf("sold out %t: %+v; there are %s", short, r, d.alive())
		}
		for k, sold := range []bool{short, false} {
			if got := next.Shortages.Short(d.Clock.Now(), o.Alternatives[k].OfferingID); got != sold {
				t.Errorf("sold out %t: %s counts as sold out: %t", short, o.Alternatives[k].OfferingID, got)
			}
		}
	}
}

// TestRefused: what cannot be launched for other reasons than stock is said.
func TestRefused(t *testing.T) {
	d := newDesk(t, nil)
	r := d.launch(t, d.Fleet, d.order("refused", 1, "m6g.large/us-west-2a/on-demand")) // an x86 image on arm64
	if len(r.Instances) != 0 || len(r.SoldOut) != 0 || len(r.Refused) != 1 || !strings.Contains(r.Refused[0], "architecture") {
		t.Errorf("%+v, want a refusal that speaks of the architecture", r)
	}
}

package providertest

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
)

// createDescribes: instances say what they are and whose they are, in the answer
// and in descriptions alike.
func createDescribes(t testing.TB, f Fixture) {
	o := begin(t, f)
	from := o.offerings(1)
	r := o.resolve(f.Usable)
	typ := cluster.FindType(r.Types, from[0].InstanceType)
	created := o.create(o.request("describe", 2, from...), 2)
	if len(created.SoldOut) != 0 {
		t.Errorf("sold out: %v, want none", created.SoldOut)
	}
	f.Advance(f.Provider.DescribeLag())
	for _, i := range created.Instances {
		if i.ID == "" || !strings.Contains(i.ProviderID, i.ID) || i.Launched.IsZero() {
			t.Errorf("id %q, provider id %q, launched %d", i.ID, i.ProviderID, i.Launched)
		}
		if i.Token != "describe" || i.Pool != "pool-a" || i.Hash != r.Hash || i.ImageID != r.Image(from[0].InstanceType) || i.Offering != from[0] {
			t.Errorf("%s: token %q, pool %q, hash %q, image %q, offering %s: not what was asked for", i.ID, i.Token, i.Pool, i.Hash, i.ImageID, i.Offering)
		}
		want := map[string]string{
			cluster.LabelInstanceType: from[0].InstanceType, cluster.LabelZone: from[0].Zone, cluster.LabelCapacityType: from[0].CapacityType,
			cluster.LabelArch: typ.Labels[cluster.LabelArch], cluster.LabelOS: typ.Labels[cluster.LabelOS],
		}
		for k, v := range want {
			if i.Labels[k] != v {
				t.Errorf("%s: label %s is %q, want %q", i.ID, k, i.Labels[k], v)
			}
		}
		if !reflect.DeepEqual(i.Capacity, typ.Capacity) || !reflect.DeepEqual(i.Allocatable, typ.Allocatable) {
			t.Errorf("%s: capacity %v, allocatable %v, want those of %s", i.ID, i.Capacity, i.Allocatable, typ.Name)
		}
		got, err := f.Provider.Get(o.ctx, i.ID)
		got.State = i.State // that may have changed by now
		if d := got.Launched.Sub(i.Launched); d > cluster.Minute || d < -cluster.Minute {
			t.Errorf("%s was launched %v after create said", i.ID, d)
		}
		got.Launched = i.Launched // who creates knows it only about
		if err != nil || !reflect.DeepEqual(got, i) {
			t.Errorf("get %s: %+v, %v; create said %+v", i.ID, got, err, i)
		}
	}
	if ids := idsOf(created.Instances); !slices.IsSorted(ids) || ids[0] == ids[1] {
		t.Errorf("instances %v are not sorted by id, or not distinct", ids)
	}
}

// createOrder: the first offering with capacity is taken, whatever it costs.
func createOrder(t testing.TB, f Fixture) {
	o := begin(t, f)
	from := o.offerings(3)
	for n, order := range [][]cluster.OfferingID{{from[0], from[1], from[2]}, {from[2], from[1], from[0]}, {from[1], from[2]}} {
		for _, i := range o.create(o.request("order-"+string(rune('a'+n)), 2, order...), 2).Instances {
			if i.Offering != order[0] {
				t.Errorf("asked for %v, got %s although all have capacity", order, i.Offering)
			}
		}
	}
}

// createNamesSoldOut: alternatives step in, and what was short is named.
func createNamesSoldOut(t testing.TB, f Fixture) {
	o := begin(t, f)
	from := o.offerings(3)
	f.SetRoom(from[0], 0)
	f.SetRoom(from[1], 1)
	r := o.create(o.request("alternatives", 3, from...), 3)
	count := map[cluster.OfferingID]int{}
	for _, i := range r.Instances {
		count[i.Offering]++
	}
	if count[from[0]] != 0 || count[from[1]] != 1 || count[from[2]] != 2 {
		t.Errorf("got %v, want 1 of %s and 2 of %s", count, from[1], from[2])
	}
	if !slices.Contains(r.SoldOut, from[0]) || slices.Contains(r.SoldOut, from[2]) {
		t.Errorf("sold out: %v, want %s and not %s", r.SoldOut, from[0], from[2])
	}
}

// createPartial: fewer than asked for is success.
func createPartial(t testing.TB, f Fixture) {
	o := begin(t, f)
	from := o.offerings(2)
	f.SetRoom(from[0], 2)
	f.SetRoom(from[1], 0)
	req := o.request("partial", 5, from...)
	r := o.create(req, 2)
	for _, x := range from {
		if !slices.Contains(r.SoldOut, x) {
			t.Errorf("sold out: %v, want %s among them", r.SoldOut, x)
		}
	}
	// The call is over with that: repeated, it does not launch the rest.
	f.SetRoom(from[0], 10)
	if again := o.create(req, 2); !slices.Equal(idsOf(again.Instances), idsOf(r.Instances)) {
		t.Errorf("repeated: %v, want %v", idsOf(again.Instances), idsOf(r.Instances))
	}
	if n := o.alive(); n != 2 {
		t.Errorf("%d instances exist, want 2", n)
	}
}

// createInsufficient: only with no instance at all is it an error, which names
// everything that was tried.
func createInsufficient(t testing.TB, f Fixture) {
	o := begin(t, f)
	from := o.offerings(2)
	f.SetRoom(from[0], 0)
	f.SetRoom(from[1], 0)
	r, err := f.Provider.Create(o.ctx, o.request("none", 2, from...))
	var short *provider.InsufficientCapacityError
	if !errors.As(err, &short) {
		t.Fatalf("create: %+v, %v; want *InsufficientCapacityError", r, err)
	}
	for _, x := range from {
		if !slices.Contains(short.SoldOut, x) {
			t.Errorf("the error names %v, want %s among them", short.SoldOut, x)
		}
	}
	if n := o.alive(); n != 0 {
		t.Errorf("%d instances exist after a failure", n)
	}
}

// rejected checks that a request is refused for good and leaves nothing.
func (o observer) rejected(what string, req provider.CreateRequest) {
	o.Helper()
	r, err := o.Provider.Create(o.ctx, req)
	var rejected *provider.RejectedError
	if !errors.As(err, &rejected) {
		o.Errorf("%s: %d instances, %v; want *RejectedError", what, len(r.Instances), err)
	} else if rejected.Reason == "" {
		o.Errorf("%s: rejected without a reason", what)
	}
}

// createInvalid: what can never succeed is rejected.
func createInvalid(t testing.TB, f Fixture) {
	o := begin(t, f)
	from := o.offerings(1)
	o.rejected("no token", o.request("", 1, from...))
	o.rejected("count 0", o.request("count-0", 0, from...))
	o.rejected("count -3", o.request("count-neg", -3, from...))
	o.rejected("no offerings", o.request("no-offerings", 1))
	unknown := from[0]
	unknown.InstanceType = "no-such.type"
	o.rejected("unknown type", o.request("no-type", 1, unknown))
	unknown = from[0]
	unknown.Zone = "no-such-zone"
	o.rejected("unknown zone", o.request("no-zone", 1, unknown))
	foreign := o.request("foreign", 1, from...)
	foreign.Class.Ref.Kind = "SomebodyElsesNodeClass"
	o.rejected("a class of a kind that is not served", foreign)
	if n := o.alive(); n != 0 {
		t.Errorf("%d instances exist, want none", n)
	}
}

// createUnusable: a class that is not ready launches nothing.
func createUnusable(t testing.TB, f Fixture) {
	o := begin(t, f)
	req := o.request("unusable", 1, o.offerings(1)...)
	req.Class = f.Unusable
	o.rejected("an unusable class", req)
	if n := o.alive(); n != 0 {
		t.Errorf("%d instances exist, want none", n)
	}
}

// tokenRepeated: the same request gives the same instances, other tokens give
// others.
func tokenRepeated(t testing.TB, f Fixture) {
	o := begin(t, f)
	from := o.offerings(2)
	first := o.create(o.request("repeated", 3, from...), 3)
	other := o.create(o.request("other", 3, from...), 3)
	again := o.create(o.request("repeated", 3, from...), 3)
	if !slices.Equal(idsOf(again.Instances), idsOf(first.Instances)) {
		t.Errorf("the same token gave %v, then %v", idsOf(first.Instances), idsOf(again.Instances))
	}
	for _, id := range idsOf(other.Instances) {
		if slices.Contains(idsOf(first.Instances), id) {
			t.Errorf("%s was given for two tokens", id)
		}
	}
	if n := o.alive(); n != 6 {
		t.Errorf("%d instances exist, want 6", n)
	}
}

// tokenConcurrent: so does the same request made many times at once.
func tokenConcurrent(t testing.TB, f Fixture) {
	o := begin(t, f)
	from := o.offerings(2)
	const callers = 8
	var results [callers]provider.CreateResult
	var errs [callers]error
	var wg sync.WaitGroup
	gate := make(chan struct{})
	for n := range callers {
		wg.Go(func() {
			<-gate
			results[n], errs[n] = f.Provider.Create(o.ctx, o.request("at-once", 2, from...))
		})
	}
	close(gate)
	wg.Wait()
	for n := range callers {
		if errs[n] != nil || len(results[n].Instances) != 2 || !slices.Equal(idsOf(results[n].Instances), idsOf(results[0].Instances)) {
			t.Errorf("caller %d got %v, %v; caller 0 got %v", n, idsOf(results[n].Instances), errs[n], idsOf(results[0].Instances))
		}
	}
	if n := o.alive(); n != 2 {
		t.Errorf("%d instances exist, want 2", n)
	}
}

// tokenAfterDeletion: a token is good for one launch, also when its instances
// are gone.
func tokenAfterDeletion(t testing.TB, f Fixture) {
	o := begin(t, f)
	req := o.request("deleted", 2, o.offerings(1)...)
	first := o.create(req, 2)
	o.remove(idsOf(first.Instances)...)
	for _, wait := range []cluster.Duration{0, f.Settle} {
		f.Advance(wait)
		again := o.create(req, 2)
		if !slices.Equal(idsOf(again.Instances), idsOf(first.Instances)) {
			t.Errorf("after deletion the token gave %v, want %v", idsOf(again.Instances), idsOf(first.Instances))
		}
	}
	if n := o.alive(); n != 0 {
		t.Errorf("%d instances exist, want none", n)
	}
}

// tokenAfterClassChanged: whoever repeats a request after a crash may find that
// the class was edited meanwhile. The first request's instances come back.
func tokenAfterClassChanged(t testing.TB, f Fixture) {
	o := begin(t, f)
	req := o.request("edited", 2, o.offerings(1)...)
	first := o.create(req, 2)
	req.Class.Spec = f.Unusable.Spec
	req.Class.Generation++
	again := o.create(req, 2)
	if !slices.Equal(idsOf(again.Instances), idsOf(first.Instances)) {
		t.Errorf("with the class edited the token gave %v, want %v", idsOf(again.Instances), idsOf(first.Instances))
	}
}

// tokenOtherParameters: a token that stands for another request is refused.
func tokenOtherParameters(t testing.TB, f Fixture) {
	o := begin(t, f)
	from := o.offerings(2)
	base := o.request("taken", 2, from[0])
	o.create(base, 2)
	change := func(what string, edit func(*provider.CreateRequest)) {
		t.Helper()
		req := base
		edit(&req)
		o.rejected("the same token with another "+what, req)
	}
	change("count", func(r *provider.CreateRequest) { r.Count = 3 })
	change("pool", func(r *provider.CreateRequest) { r.Pool = "pool-b" })
	change("offering", func(r *provider.CreateRequest) { r.Offerings = from })
	change("label", func(r *provider.CreateRequest) { r.Labels = cluster.Labels{"example.com/team": "red"} })
	change("taint", func(r *provider.CreateRequest) { r.Taints = nil })
	if n := o.alive(); n != 2 {
		t.Errorf("%d instances exist, want 2", n)
	}
}

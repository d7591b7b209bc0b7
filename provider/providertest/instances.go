package providertest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/ullage-sh/ullage/provider"
)

// unknownID has the form of an id and belongs to nobody.
const unknownID = "i-00000000000000000"

// notFound checks that Get finds nothing, and says so in the way it should.
func (o observer) notFound(what, id string) {
	o.Helper()
	i, err := o.Provider.Get(o.ctx, id)
	var missing *provider.NotFoundError
	if !errors.As(err, &missing) || missing.ID != id {
		o.Errorf("get %s: %s: %+v, %v; want *NotFoundError with the id", what, id, i, err)
	}
}

// getUnknown: an instance that never was is not found.
func getUnknown(t testing.TB, f Fixture) { begin(t, f).notFound("an unknown instance", unknownID) }

// describeLag: a new instance is described at the latest after the lag, and until
// then it is either described or not found.
func describeLag(t testing.TB, f Fixture) {
	o := begin(t, f)
	if f.Provider.DescribeLag() < 0 {
		t.Fatalf("describe lag is %v", f.Provider.DescribeLag())
	}
	// Many instances, so that one with an unusually long lag is among them.
	created := idsOf(o.create(o.request("lag", 40, o.offerings(1)...), 40).Instances)
	for _, id := range created {
		if i, err := f.Provider.Get(o.ctx, id); err != nil {
			o.notFound("an instance that is not described yet", id)
		} else if i.ID != id {
			t.Errorf("get %s: %+v", id, i)
		}
	}
	f.Advance(f.Provider.DescribeLag())
	listed := idsOf(o.list())
	for _, id := range created {
		if _, err := f.Provider.Get(o.ctx, id); err != nil {
			t.Errorf("get %s after the lag: %v", id, err)
		}
		if !slices.Contains(listed, id) {
			t.Errorf("list lacks %s after the lag", id)
		}
	}
}

// listSorted: by id, each once.
func listSorted(t testing.TB, f Fixture) {
	o := begin(t, f)
	from := o.offerings(2)
	o.create(o.request("sorted-a", 5, from[0]), 5)
	o.create(o.request("sorted-b", 5, from[1]), 5)
	f.Advance(f.Provider.DescribeLag())
	ids := idsOf(o.list())
	if len(ids) != 10 || !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != len(ids) {
		t.Errorf("list: %v, want 10 different ids, sorted", ids)
	}
}

// listShuttingDown: an instance stays in the list until it is gone.
func listShuttingDown(t testing.TB, f Fixture) {
	o := begin(t, f)
	ids := idsOf(o.create(o.request("stopping", 2, o.offerings(1)...), 2).Instances)
	f.Advance(f.Provider.DescribeLag())
	o.remove(ids[0])
	f.Advance(f.Provider.DescribeLag())
	list := o.list()
	for _, id := range ids {
		got, err := f.Provider.Get(o.ctx, id)
		if err != nil {
			if id == ids[0] {
				continue // it may be gone already; then both must say so
			}
			t.Errorf("get %s: %v", id, err)
		}
		i := slices.IndexFunc(list, func(i provider.Instance) bool { return i.ID == id })
		switch {
		case i < 0:
			t.Errorf("list lacks %s, which get describes as %s", id, got.State)
		case list[i].State != got.State:
			t.Errorf("%s is %s by get and %s by list", id, got.State, list[i].State)
		case id == ids[0] && got.State != provider.ShuttingDown:
			t.Errorf("%s is %s after it was deleted and the lag is over", id, got.State)
		}
	}
}

// deleteBatch: all that are named are stopped, and no other.
func deleteBatch(t testing.TB, f Fixture) {
	o := begin(t, f)
	ids := idsOf(o.create(o.request("batch", 4, o.offerings(1)...), 4).Instances)
	states := o.remove(ids[0], ids[1], ids[2], unknownID)
	if len(states) != 4 {
		t.Errorf("states %v of 4 ids", states)
	}
	for _, id := range append(slices.Clone(ids[:3]), unknownID) {
		if s := states[id]; s != provider.ShuttingDown && s != provider.Terminated {
			t.Errorf("%s is %q after its deletion", id, s)
		}
	}
	if n := o.alive(); n != 1 {
		t.Errorf("%d instances are left, want 1", n)
	}
	if s := o.remove(); len(s) != 0 {
		t.Errorf("deleting nothing gives %v", s)
	}
}

// deleteTwice: asking again is harmless, at any time.
func deleteTwice(t testing.TB, f Fixture) {
	o := begin(t, f)
	id := o.create(o.request("twice", 1, o.offerings(1)...), 1).Instances[0].ID
	for range 3 {
		if s := o.remove(id, id)[id]; s != provider.ShuttingDown && s != provider.Terminated {
			t.Errorf("%s is %q after its deletion", id, s)
		}
	}
	f.Advance(f.Settle)
	if s := o.remove(id)[id]; s != provider.Terminated {
		t.Errorf("%s is %q long after its deletion, want terminated", id, s)
	}
}

// deleteUnknown: what does not exist is terminated.
func deleteUnknown(t testing.TB, f Fixture) {
	o := begin(t, f)
	if s := o.remove(unknownID)[unknownID]; s != provider.Terminated {
		t.Errorf("an unknown instance is %q, want terminated", s)
	}
}

// deleteEnds: in the end a deleted instance is in no description.
func deleteEnds(t testing.TB, f Fixture) {
	o := begin(t, f)
	id := o.create(o.request("ends", 1, o.offerings(1)...), 1).Instances[0].ID
	f.Advance(f.Provider.DescribeLag())
	o.remove(id)
	f.Advance(f.Settle)
	o.notFound("a deleted instance", id)
	if list := o.list(); len(list) != 0 {
		t.Errorf("list: %v, want nothing", idsOf(list))
	}
}

// cancelled: a context that has ended ends the call, and nothing is launched or
// deleted.
func cancelled(t testing.TB, f Fixture) {
	o := begin(t, f)
	from := o.offerings(1)
	id := o.create(o.request("before", 1, from...), 1).Instances[0].ID
	f.Advance(f.Provider.DescribeLag())
	ctx, cancel := context.WithCancel(o.ctx)
	cancel()
	calls := map[string]func() error{
		"resolve": func() error { _, err := f.Provider.Resolve(ctx, f.Usable); return err },
		"create":  func() error { _, err := f.Provider.Create(ctx, o.request("cancelled", 1, from...)); return err },
		"list":    func() error { _, err := f.Provider.List(ctx); return err },
		"get":     func() error { _, err := f.Provider.Get(ctx, id); return err },
		"delete":  func() error { _, err := f.Provider.Delete(ctx, []string{id}); return err },
	}
	for _, name := range []string{"resolve", "create", "list", "get", "delete"} {
		if err := calls[name](); !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a cancelled context: %v, want context.Canceled", name, err)
		}
	}
	if n := o.alive(); n != 1 {
		t.Errorf("%d instances exist, want 1", n)
	}
}

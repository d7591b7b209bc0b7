package aws

import (
	"context"
	"slices"
	"testing"

	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
)

// reserve reserves m5.large in us-west-2a, for who names it, so many times.
func (a *account) reserve(t *testing.T, counts ...int) (ids []string) {
	t.Helper()
	a.Do(func(w *world.World) {
		for _, n := range counts {
			r := w.Reserve("m5.large", "us-west-2a", n, true, cluster.Never)
			if r == nil {
				t.Fatalf("%d cannot be reserved", n)
			}
			ids = append(ids, r.ID)
		}
	})
	return ids
}

// selecting is the usual class with terms for reservations.
func selecting(ids ...string) cluster.NodeClass {
	return class(func(spec map[string]any) {
		var terms []any
		for _, id := range ids {
			terms = append(terms, map[string]any{"id": id})
		}
		spec["capacityReservationSelectorTerms"] = terms
	})
}

var (
	reserved = cluster.OfferingID{InstanceType: "m5.large", Zone: "us-west-2a", CapacityType: cluster.Reserved}
	onDemand = cluster.OfferingID{InstanceType: "m5.large", Zone: "us-west-2a", CapacityType: cluster.OnDemand}
)

// offered is the reserved offering of a class, and what is left of its stock.
func offered(t *testing.T, p *Provider, nc cluster.NodeClass) (x cluster.Offering, left int64) {
	t.Helper()
	res, err := p.Resolve(context.Background(), nc)
	if err != nil {
		t.Fatal(err)
	}
	typ := cluster.FindType(res.Types, reserved.InstanceType)
	at := slices.IndexFunc(typ.Offerings, func(x cluster.Offering) bool {
		return x.Zone == reserved.Zone && x.CapacityType == cluster.Reserved
	})
	if at < 0 || len(res.Stocks) != 1 || len(typ.Offerings[at].Draws) != 1 || typ.Offerings[at].Draws[0] != (cluster.Draw{Stock: res.Stocks[0].Name, Amount: 1}) {
		t.Fatalf("offerings %+v, stocks %+v", typ.Offerings, res.Stocks)
	}
	return typ.Offerings[at], res.Stocks[0].Left
}

// kinds counts instances by offering and reservation.
func kinds(all []provider.Instance) map[string]int {
	out := map[string]int{}
	for _, i := range all {
		out[i.Labels[cluster.LabelCapacityType]+" "+i.Labels[labelReservation]]++
	}
	return out
}

// TestReserved: reserved capacity costs nearly nothing, is counted down, and what it does
// not have comes on demand. Nodes say which reservation they are in.
func TestReserved(t *testing.T) {
	a := small(t, nil)
	p := a.provider(t, nil)
	ctx := context.Background()
	cr := a.reserve(t, 3)[0]
	nc := selecting(cr)
	if x, left := offered(t, p, nc); left != 3 || !x.Available || x.Price < 1 || x.Price > 100 {
		t.Fatalf("at first: %+v, %d left", x, left)
	}
	req := request("reserved", 5, reserved.String(), onDemand.String())
	req.Class = nc
	r, err := p.Create(ctx, req)
	if err != nil || len(r.Instances) != 5 || !slices.Equal(r.SoldOut, []cluster.OfferingID{reserved}) {
		t.Fatalf("%v, sold out %v, %v", idsOf(r), r.SoldOut, err)
	}
	a.Clock.Advance(p.DescribeLag())
	listed, err := a.provider(t, nil).List(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for what, got := range map[string][]provider.Instance{"answered": r.Instances, "listed": listed} {
		if k := kinds(got); k["reserved "+cr] != 3 || k["on-demand "] != 2 {
			t.Errorf("%s: %v", what, k)
		}
		for _, i := range got {
			if i.Offering.CapacityType != i.Labels[cluster.LabelCapacityType] {
				t.Errorf("%s: %s is %s and says %s", what, i.ID, i.Offering, i.Labels[cluster.LabelCapacityType])
			}
		}
	}
	if again, err := a.provider(t, nil).Create(ctx, req); err != nil || !slices.Equal(idsOf(again), idsOf(r)) || len(a.alive()) != 5 {
		t.Errorf("the same again: %v, %v; there are %v", idsOf(again), err, a.alive())
	}
	if x, left := offered(t, p, nc); left != 0 || x.Available {
		t.Errorf("used up: %+v, %d left", x, left)
	}
	// What is given back can be had again.
	k := slices.IndexFunc(r.Instances, func(i provider.Instance) bool { return i.Offering == reserved })
	if _, err := p.Delete(ctx, []string{r.Instances[k].ID}); err != nil {
		t.Fatal(err)
	}
	a.Clock.Advance(10 * cluster.Minute)
	if x, left := offered(t, p, nc); left != 1 || !x.Available {
		t.Errorf("given back: %+v, %d left", x, left)
	}
}

// TestSeveralReservations of a kind are one offering, and used one after the other.
func TestSeveralReservations(t *testing.T) {
	a := small(t, nil)
	p := a.provider(t, nil)
	ids := a.reserve(t, 2, 2)
	req := request("several", 3, reserved.String(), onDemand.String())
	req.Class = selecting(ids...)
	if _, left := offered(t, p, req.Class); left != 4 {
		t.Errorf("%d left, want 4", left)
	}
	r, err := p.Create(context.Background(), req)
	if err != nil || len(r.SoldOut) != 0 {
		t.Fatalf("sold out %v, %v", r.SoldOut, err)
	}
	if k := kinds(r.Instances); k["reserved "+ids[0]]+k["reserved "+ids[1]] != 3 || len(k) != 2 {
		t.Errorf("%v", k)
	}
	if x, left := offered(t, p, req.Class); left != 1 || !x.Available {
		t.Errorf("%+v, %d left, want 1", x, left)
	}
}

// TestReservationEnds: one that was cancelled between plan and launch is sold out, and
// whoever is in it goes on.
func TestReservationEnds(t *testing.T) {
	a := small(t, nil)
	p := a.provider(t, nil)
	ctx := context.Background()
	cr := a.reserve(t, 3)[0]
	req := request("first", 1, reserved.String())
	req.Class = selecting(cr)
	if r, err := p.Create(ctx, req); err != nil || kinds(r.Instances)["reserved "+cr] != 1 {
		t.Fatalf("%v, %v", r, err)
	}
	if _, left := offered(t, p, req.Class); left != 2 {
		t.Errorf("%d left, want 2", left)
	}
	a.Do(func(w *world.World) { w.Release(w.Reservation(cr), "cancelled") })
	req.Token = "second"
	req.Offerings = append(req.Offerings, onDemand)
	r, err := p.Create(ctx, req)
	if err != nil || kinds(r.Instances)["on-demand "] != 1 || len(a.alive()) != 2 {
		t.Errorf("%v, %v; there are %v", kinds(r.Instances), err, a.alive())
	}
}

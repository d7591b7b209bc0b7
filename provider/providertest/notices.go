package providertest

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
)

// notices: that an instance will be taken back is said while there is time, again until
// it is acknowledged, and then no more; and nothing is said when there is nothing to say.
func notices(t testing.TB, f Fixture) {
	o := begin(t, f)
	if n := o.hear("before anything was launched"); len(n) > 0 {
		t.Fatalf("a silent cloud says %+v", n)
	}
	spot := o.spot()
	made := o.create(o.request("taken-back", 2, spot), 2).Instances
	f.Advance(f.Provider.DescribeLag())
	f.TakeBack(spot)
	for _, when := range []string{"when instances are taken back", "when nothing was acknowledged"} {
		n := o.hear(when)
		if len(n) != 2 {
			t.Fatalf("%s: %d notices, want 2: %+v", when, len(n), n)
		}
		for i, x := range n {
			if x.InstanceID != made[i].ID || x.Kind != cluster.Interruption || x.Receipt == "" || x.Ends.IsZero() {
				t.Errorf("%s: notice %+v, want an interruption of %s with a receipt and an end", when, x, made[i].ID)
			}
		}
	}
	n := o.hear("before one is acknowledged")
	for range 2 {
		if err := f.Provider.Acknowledge(o.ctx, []string{n[0].Receipt, "nobody-knows-this"}); err != nil {
			t.Fatalf("acknowledge: %v", err)
		}
	}
	if rest := o.hear("after one was acknowledged"); len(rest) != 1 || rest[0].InstanceID != n[1].InstanceID {
		t.Errorf("after one was acknowledged: %+v, want the other one alone", rest)
	}
}

// hear returns what the cloud says.
func (o observer) hear(when string) []cluster.Notice {
	o.Helper()
	n, err := o.Provider.Notices(o.ctx)
	if err != nil {
		o.Fatalf("notices %s: %v", when, err)
	}
	return n
}

// spot returns an available Spot offering of the usable class.
func (o observer) spot() cluster.OfferingID {
	o.Helper()
	r, err := o.Provider.Resolve(o.ctx, o.Usable)
	if err != nil {
		o.Fatalf("resolve the usable class: %v", err)
	}
	for _, t := range r.Types {
		for _, x := range t.Offerings {
			if x.Available && x.CapacityType == cluster.Spot {
				return cluster.OfferingID{InstanceType: t.Name, Zone: x.Zone, CapacityType: x.CapacityType}
			}
		}
	}
	o.Fatalf("the usable class has no Spot offering")
	return cluster.OfferingID{}
}

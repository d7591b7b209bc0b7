package providertest

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
)

// kinds: there is a kind, complete, and the fixture's class is of one.
func kinds(t testing.TB, f Fixture) {
	served := false
	for _, k := range f.Provider.Kinds() {
		if k.Group == "" || k.Version == "" || k.Kind == "" || k.Plural == "" {
			t.Errorf("kind %+v is not complete", k)
		}
		served = served || (k.Group == f.Usable.Ref.Group && k.Kind == f.Usable.Ref.Kind)
	}
	if !served {
		t.Errorf("kinds %v do not have that of the usable class, %+v", f.Provider.Kinds(), f.Usable.Ref)
	}
}

func ready(r provider.Resolution) cluster.Condition {
	i := slices.IndexFunc(r.Conditions, func(c cluster.Condition) bool { return c.Type == cluster.ReadyCondition })
	if i < 0 {
		return cluster.Condition{}
	}
	return r.Conditions[i]
}

func (o observer) resolve(nc cluster.NodeClass) provider.Resolution {
	o.Helper()
	r, err := o.Provider.Resolve(o.ctx, nc)
	if err != nil {
		o.Fatalf("resolve %s: %v", nc.Ref, err)
	}
	return r
}

// resolveUsable: Ready, with hash, image and a status that is a JSON object.
func resolveUsable(t testing.TB, f Fixture) {
	r := begin(t, f).resolve(f.Usable)
	if c := ready(r); c.Status != "True" {
		t.Errorf("condition Ready is %+v, want True", c)
	}
	if r.Hash == "" || r.ImageID == "" || len(r.Types) == 0 {
		t.Errorf("hash %q, image %q, %d types: want all of them", r.Hash, r.ImageID, len(r.Types))
	}
	var object map[string]any
	if r.Status != "" && json.Unmarshal([]byte(r.Status), &object) != nil {
		t.Errorf("status %q is not a JSON object", r.Status)
	}
}

// resolveTypes: sorted, without doubles, sized, priced.
func resolveTypes(t testing.TB, f Fixture) {
	r := begin(t, f).resolve(f.Usable)
	for i, typ := range r.Types {
		if i > 0 && typ.Name <= r.Types[i-1].Name {
			t.Errorf("types are not sorted by name: %s after %s", typ.Name, r.Types[i-1].Name)
		}
		if typ.Labels[cluster.LabelArch] == "" || typ.Labels[cluster.LabelOS] == "" {
			t.Errorf("%s has no os and arch: %v", typ.Name, typ.Labels)
		}
		for _, name := range []string{cluster.CPU, cluster.Memory, cluster.Pods, cluster.EphemeralStorage} {
			if a, c := typ.Allocatable.Get(name), typ.Capacity.Get(name); a <= 0 || a > c {
				t.Errorf("%s: %s: allocatable %d of capacity %d", typ.Name, name, a, c)
			}
		}
		if len(typ.Offerings) == 0 {
			t.Errorf("%s has no offerings", typ.Name)
		}
		for k, o := range typ.Offerings {
			if o.Price <= 0 {
				t.Errorf("%s in %s, %s: price %v", typ.Name, o.Zone, o.CapacityType, o.Price)
			}
			if k > 0 && strings.Compare(o.Zone+"/"+o.CapacityType, typ.Offerings[k-1].Zone+"/"+typ.Offerings[k-1].CapacityType) <= 0 {
				t.Errorf("%s: offerings are not sorted by zone and capacity type, or doubled: %+v", typ.Name, typ.Offerings)
			}
		}
	}
}

// resolveStable: asked again, the answer is the same.
func resolveStable(t testing.TB, f Fixture) {
	o := begin(t, f)
	one := o.resolve(f.Usable)
	two := o.resolve(f.Usable)
	if one.Hash != two.Hash || one.ImageID != two.ImageID || one.Status != two.Status || !reflect.DeepEqual(one.Types, two.Types) {
		t.Error("the same class resolved twice gives different answers")
	}
	again := f.Usable
	again.Conditions = one.Conditions
	f.Advance(cluster.Minute)
	for _, c := range o.resolve(again).Conditions {
		if i := slices.IndexFunc(one.Conditions, func(x cluster.Condition) bool { return x.Type == c.Type }); i < 0 || one.Conditions[i] != c {
			t.Errorf("condition %s changes although nothing has: %+v", c.Type, c)
		}
	}
}

// resolveUnusable: a class with mistakes is no error; it says what is wrong.
func resolveUnusable(t testing.TB, f Fixture) {
	r := begin(t, f).resolve(f.Unusable)
	if c := ready(r); c.Status != "False" || c.Reason == "" || c.Message == "" {
		t.Errorf("condition Ready is %+v, want False with reason and message", c)
	}
}

// resolveKnowsSoldOut: what a create found short is not available, at least for
// the moment.
func resolveKnowsSoldOut(t testing.TB, f Fixture) {
	o := begin(t, f)
	from := o.offerings(2)
	f.SetRoom(from[0], 0)
	o.create(o.request("sold-out", 1, from...), 1)
	for _, typ := range o.resolve(f.Usable).Types {
		for _, x := range typ.Offerings {
			id := cluster.OfferingID{InstanceType: typ.Name, Zone: x.Zone, CapacityType: x.CapacityType}
			if id == from[0] && x.Available {
				t.Errorf("%s is available after a create found it short", id)
			}
			if id == from[1] && !x.Available {
				t.Errorf("%s is unavailable after a create got an instance of it", id)
			}
		}
	}
}

package topology_test

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/cluster/clustertest"
	"github.com/ullage-sh/ullage/pack"
	"github.com/ullage-sh/ullage/topology"
)

// parse reads a cluster in the language of package clustertest.
func parse(t interface{ Fatalf(string, ...any) }, script string) *cluster.Snapshot {
	in, err := clustertest.Parse(script)
	if err != nil {
		t.Fatalf("%v in\n%s", err, script)
	}
	return cluster.NewSnapshot(in)
}

// classesOf says of each class where labels and taints let it go, place by place.
func classesOf(snap *cluster.Snapshot, price cluster.Money) []topology.Class {
	out := make([]topology.Class, len(snap.Classes))
	for i := range snap.Classes {
		c, x := &snap.Classes[i], &out[i]
		x.Places = topology.Places{Hosts: pack.NewSet(len(snap.Hosts)), Offerings: pack.NewSet(len(snap.Offerings))}
		x.Looks = &topology.Looks{Selected: pack.NewSet(len(snap.Hosts)), Tolerated: pack.NewSet(len(snap.Hosts))}
		x.PreferencePrice = int64(price)
		if len(c.Refused) > 0 {
			continue
		}
		for h := range snap.Hosts {
			host := &snap.Hosts[h]
			_, taint := cluster.Untolerated(host.Taints, c.Demand.Tolerations)
			if c.Demand.Selects(host.Label) {
				x.Selected.Add(h)
			}
			if !taint {
				x.Tolerated.Add(h)
			}
			if host.Closed == "" && c.Demand.Admits(host.Label, host.Taints) && hasKeys(c.Demand, host.Label) {
				x.Places.Hosts.Add(h)
			}
		}
		for o := range snap.Offerings {
			offer := &snap.Offerings[o]
			if c.Demand.Admits(offer.Label, snap.Pools[offer.Pool].Taints) && hasKeys(c.Demand, named(offer.Label)) {
				x.Places.Offerings.Add(o)
			}
		}
	}
	return out
}

// named adds the host name that whatever is bought will have.
func named(label cluster.Lookup) cluster.Lookup {
	return func(key string) (string, bool) {
		if key == cluster.LabelHostname {
			return "new", true
		}
		return label(key)
	}
}

// hasKeys tells whether a node has the labels that hard spreads and affinity name.
func hasKeys(d *cluster.Demand, label cluster.Lookup) bool {
	for _, s := range d.Spreads {
		if _, ok := label(s.Key); !ok && !s.Soft {
			return false
		}
	}
	for _, t := range d.PodAffinity {
		if _, ok := label(t.Key); !ok {
			return false
		}
	}
	return true
}

// split splits the classes of a cluster.
func split(snap *cluster.Snapshot, price cluster.Money) *topology.Split {
	return topology.New(snap, classesOf(snap, price), nil)
}

func TestClassesOf(t *testing.T) {
	snap := parse(t, `
type m cpu=4 mem=16Gi pods=20 price.on-demand=0.10 zones=a,b
pool default taint=x:NoSchedule
node n1 type=m zone=a
node n2 type=m zone=b taint=x:NoSchedule
pods web 1 cpu=1 selector=zone=b
pods all 1 cpu=1 tolerate=x
`)
	for i, c := range classesOf(snap, 0) {
		hosts := [2]bool{c.Places.Hosts.Has(0), c.Places.Hosts.Has(1)}
		if name := snap.Classes[i].Pods[0].Owner.Name; name == "web" && (hosts[0] || hosts[1] || c.Places.Offerings.Has(1) || !c.Selected.Has(1) || c.Tolerated.Has(1)) ||
			name == "all" && (!hosts[0] || !hosts[1] || !c.Places.Offerings.Has(0) || !c.Places.Offerings.Has(1)) {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

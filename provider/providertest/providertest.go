// Package providertest is the provider contract as an executable suite: [Run]
// checks a provider.Provider against what package provider promises.
//
// It owns the checks and nothing that is specific to one cloud; what it needs of
// the cloud behind the provider (that time passes, that an offering runs short)
// comes with the [Fixture]. Each check is itself checked: the tests of this
// package run it against a provider that breaks just that promise.
package providertest

import (
	"context"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
)

// Fixture is a provider in a known state: no instances, nothing sold out.
type Fixture struct {
	Provider provider.Provider
	// Usable is a node class that resolves to Ready, with at least three
	// offerings that the fixture can make short.
	Usable cluster.NodeClass
	// Unusable is a node class of the same kind that does not.
	Unusable cluster.NodeClass
	// Advance lets time pass: at least so much.
	Advance func(cluster.Duration)
	// SetRoom says how many instances of an offering can be launched from now on.
	SetRoom func(cluster.OfferingID, int)
	// TakeBack makes the cloud take the instances of a Spot offering back, in the time that
	// it gives them.
	TakeBack func(cluster.OfferingID)
	// Settle is how long it takes until a deleted instance is gone and nobody
	// describes it any more.
	Settle cluster.Duration
}

// Check is one promise of the contract.
type Check struct {
	Name string
	Run  func(t testing.TB, f Fixture)
}

// Run runs every check against a fixture of its own.
func Run(t *testing.T, fixture func(t testing.TB) Fixture) {
	t.Helper()
	for _, c := range Checks() {
		t.Run(c.Name, func(t *testing.T) { c.Run(t, fixture(t)) })
	}
}

// Checks lists the checks in the order in which they are best read.
func Checks() []Check {
	return []Check{
		{"Kinds", kinds},
		{"ResolveUsable", resolveUsable},
		{"ResolveTypes", resolveTypes},
		{"ResolveStable", resolveStable},
		{"ResolveUnusable", resolveUnusable},
		{"CreateDescribes", createDescribes},
		{"CreateOrderOfAlternatives", createOrder},
		{"CreateNamesSoldOut", createNamesSoldOut},
		{"CreatePartialSuccess", createPartial},
		{"CreateInsufficientCapacity", createInsufficient},
		{"ResolveKnowsSoldOut", resolveKnowsSoldOut},
		{"CreateInvalidRequests", createInvalid},
		{"CreateUnusableClass", createUnusable},
		{"TokenRepeated", tokenRepeated},
		{"TokenConcurrent", tokenConcurrent},
		{"TokenAfterDeletion", tokenAfterDeletion},
		{"TokenAfterClassChanged", tokenAfterClassChanged},
		{"TokenOtherParameters", tokenOtherParameters},
		{"GetUnknown", getUnknown},
		{"DescribeLag", describeLag},
		{"ListSorted", listSorted},
		{"ListShuttingDown", listShuttingDown},
		{"DeleteBatch", deleteBatch},
		{"DeleteTwice", deleteTwice},
		{"DeleteUnknown", deleteUnknown},
		{"DeleteEnds", deleteEnds},
		{"Notices", notices},
		{"Cancelled", cancelled},
	}
}

// observer is a fixture in the hands of one check.
type observer struct {
	testing.TB
	Fixture
	ctx context.Context
}

func begin(t testing.TB, f Fixture) observer { return observer{t, f, context.Background()} }

// offerings returns n different available on-demand offerings of the usable
// class.
func (o observer) offerings(n int) []cluster.OfferingID {
	o.Helper()
	r, err := o.Provider.Resolve(o.ctx, o.Usable)
	if err != nil {
		o.Fatalf("resolve the usable class: %v", err)
	}
	var out []cluster.OfferingID
	for _, t := range r.Types {
		for _, x := range t.Offerings {
			if len(out) < n && x.Available && x.CapacityType == cluster.OnDemand {
				out = append(out, cluster.OfferingID{InstanceType: t.Name, Zone: x.Zone, CapacityType: x.CapacityType})
			}
		}
	}
	if len(out) < n {
		o.Fatalf("the usable class has %d available on-demand offerings, the check needs %d", len(out), n)
	}
	return out
}

// request is a valid request.
func (o observer) request(token string, count int, from ...cluster.OfferingID) provider.CreateRequest {
	return provider.CreateRequest{
		Token: token, Class: o.Usable, Pool: "pool-a", Count: count, Offerings: from,
		Labels: cluster.Labels{"example.com/team": "blue"},
		Taints: []cluster.Taint{cluster.UnregisteredTaint},
	}
}

// create makes a request that must succeed with so many instances.
func (o observer) create(req provider.CreateRequest, want int) provider.CreateResult {
	o.Helper()
	r, err := o.Provider.Create(o.ctx, req)
	if err != nil {
		o.Fatalf("create %s: %v", req.Token, err)
	}
	if len(r.Instances) != want {
		o.Fatalf("create %s: %d instances, want %d", req.Token, len(r.Instances), want)
	}
	return r
}

// list returns all instances that are described.
func (o observer) list() []provider.Instance {
	o.Helper()
	is, err := o.Provider.List(o.ctx)
	if err != nil {
		o.Fatalf("list: %v", err)
	}
	return is
}

// alive counts what is described and not on its way out, once descriptions have
// caught up.
func (o observer) alive() int {
	o.Helper()
	o.Advance(o.Provider.DescribeLag())
	n := 0
	for _, i := range o.list() {
		if i.State == provider.Pending || i.State == provider.Running {
			n++
		}
	}
	return n
}

// remove deletes instances and returns their states.
func (o observer) remove(ids ...string) map[string]provider.State {
	o.Helper()
	s, err := o.Provider.Delete(o.ctx, ids)
	if err != nil {
		o.Fatalf("delete %v: %v", ids, err)
	}
	return s
}

func idsOf(is []provider.Instance) []string {
	out := make([]string, 0, len(is))
	for _, i := range is {
		out = append(out, i.ID)
	}
	return out
}

package aws

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ullage-sh/ullage/awssim"
	"github.com/ullage-sh/ullage/awssim/simtest"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider/aws/nodeclass"
	"github.com/ullage-sh/ullage/provider/providertest"
	"github.com/ullage-sh/ullage/provider/simulated"
)

// account is a simulated account with a cluster, and providers that take it for AWS.
type account struct {
	*simtest.AWS
	calls *Calls // of all providers
}

func newAccount(t testing.TB, cfg world.Config, change func(*awssim.Config)) *account {
	t.Helper()
	return &account{simtest.New(t, cfg, change), &Calls{}}
}

// patience waits by the account's clock.
func (a *account) patience() Patience {
	return Patience{Sleep: a.Clock.Sleep, Jitter: func() float64 { return 0.5 }}
}

// provider is one of a process that knows nothing of any other. What it asks goes through
// carrier, nil for the SDK's own client.
func (a *account) provider(t testing.TB, carrier http.RoundTripper) *Provider {
	t.Helper()
	return a.providerAs(t, simtest.Credentials, carrier)
}

// providerAs is one with credentials of its own.
func (a *account) providerAs(t testing.TB, credentials aws.CredentialsProvider, carrier http.RoundTripper) *Provider {
	t.Helper()
	connection := Connection{Region: simtest.Region, Endpoint: a.URL, Credentials: credentials, Patience: a.patience(), Calls: a.calls}
	if carrier != nil {
		connection.HTTP = &http.Client{Transport: carrier}
	}
	clients, err := Connect(context.Background(), connection)
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	return New(Config{
		Cluster: nodeclass.Config{Cluster: "ullage", Region: simtest.Region}, Clients: clients, Queue: "ullage", Catalog: c, VMOverheadPPM: 75_000,
		Now: a.Clock.Now, Sleep: a.Clock.Sleep,
	})
}

// class is a node class with a spec, the usual one changed by change.
func class(change func(spec map[string]any)) cluster.NodeClass {
	discovered := []any{map[string]any{"tags": map[string]any{"karpenter.sh/discovery": "ullage"}}}
	spec := map[string]any{
		"amiSelectorTerms": []any{map[string]any{"alias": "al2023@latest"}}, "role": "KarpenterNodeRole-ullage",
		"subnetSelectorTerms": discovered, "securityGroupSelectorTerms": discovered,
	}
	if change != nil {
		change(spec)
	}
	text, err := json.Marshal(spec)
	if err != nil {
		panic(err)
	}
	return cluster.NodeClass{Ref: cluster.ClassRef{Group: ClassKind.Group, Kind: ClassKind.Kind, Name: "default"}, UID: "u-1", Generation: 1, Spec: string(text)}
}

func (a *account) setRoom(t testing.TB, p simulated.Pattern, n int) {
	t.Helper()
	a.Do(func(w *world.World) {
		if _, err := w.Cloud().SetCapacity(w.Now(), p, n); err != nil {
			t.Fatal(err)
		}
	})
}

func exactly(id cluster.OfferingID) simulated.Pattern { return simulated.Pattern(id) }

// TestContract: what every provider promises, through the SDK.
func TestContract(t *testing.T) {
	all, err := catalog.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	// A few families, so that each of the accounts is quickly read.
	few := all.Only(func(t catalog.Type) bool { return regexp.MustCompile(`^(c5|c7g|m5|m6g|r6i)\.`).MatchString(t.Name) })
	lost := class(func(spec map[string]any) {
		spec["subnetSelectorTerms"] = []any{map[string]any{"id": "subnet-0123456789abcdef0"}}
	})
	for kind, classes := range map[string][2]cluster.NodeClass{
		ClassKind.Kind: {class(nil), lost}, LegacyClassKind.Kind: {nodeTemplate(""), nodeTemplate(`, "amiFamily": "Ubuntu"`)},
	} {
		t.Run(kind, func(t *testing.T) {
			providertest.Run(t, func(t testing.TB) providertest.Fixture {
				a := newAccount(t, world.Config{Seed: 7, Catalog: few}, nil)
				return providertest.Fixture{
					Provider: a.provider(t, nil),
					Usable:   classes[0],
					Unusable: classes[1],
					Advance:  a.Clock.Advance,
					SetRoom:  func(id cluster.OfferingID, n int) { a.setRoom(t, exactly(id), n) },
					TakeBack: func(id cluster.OfferingID) { a.Do(func(w *world.World) { w.Reclaim(exactly(id), 0) }) },
					Settle:   2 * cluster.Hour,
				}
			})
		})
	}
}

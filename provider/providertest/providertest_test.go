package providertest_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
	"github.com/ullage-sh/ullage/provider/providertest"
	"github.com/ullage-sh/ullage/provider/simulated"
)

const region = "ap-northeast-2"

// types are a few families of what the catalogue sells: enough to choose from,
// few enough to be resolved hundreds of times.
var types = func() []cluster.InstanceType {
	c, err := catalog.Embedded()
	if err != nil {
		panic(err)
	}
	all, _, err := c.InstanceTypes(region, catalog.DefaultSizing(), 1)
	if err != nil {
		panic(err)
	}
	return slices.DeleteFunc(all, func(t cluster.InstanceType) bool {
		return !slices.Contains([]string{"m5", "c6g", "g4dn"}, t.Labels[catalog.LabelFamily])
	})
}()

// virtual is a clock that sleeping moves.
type virtual struct {
	mu  sync.Mutex
	now cluster.Instant
}

func (v *virtual) Now() cluster.Instant {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now
}

func (v *virtual) Advance(d cluster.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.now = v.now.Add(d)
}

// fixture is a simulated provider at a speed.
func fixture(t testing.TB, speed float64) providertest.Fixture {
	t.Helper()
	clock := &virtual{now: cluster.Instant(1_800_000_000 * cluster.Second)}
	cloud, err := simulated.New(simulated.Config{Region: region, Types: types, Seed: 3, Speed: speed}, clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	class := func(name, spec string) cluster.NodeClass {
		return cluster.NodeClass{Ref: cluster.ClassRef{Group: "ullage.sh", Kind: "SimulatedNodeClass", Name: name}, Spec: spec}
	}
	return providertest.Fixture{
		Provider: simulated.NewProvider(cloud, clock.Now, func(ctx context.Context, d cluster.Duration) error {
			clock.Advance(d)
			return ctx.Err()
		}),
		Usable:   class("default", `{"zones":["ap-northeast-2a","ap-northeast-2b"]}`),
		Unusable: class("broken", `{"zones":["mars-1a"]}`),
		Advance:  clock.Advance,
		SetRoom: func(id cluster.OfferingID, n int) {
			held := 0
			for _, i := range cloud.Inventory(clock.Now()) {
				if i.Offering == id {
					held++
				}
			}
			if _, err := cloud.SetCapacity(clock.Now(), simulated.Pattern(id), held+n); err != nil {
				t.Fatal(err)
			}
		},
		TakeBack: func(id cluster.OfferingID) {
			if _, err := cloud.Reclaim(clock.Now(), simulated.Pattern(id)); err != nil {
				t.Fatal(err)
			}
		},
		Settle: cloud.Delays().ShutdownMax + cloud.Delays().LagMax,
	}
}

// TestSimulated: the simulated provider keeps the contract, at any speed.
func TestSimulated(t *testing.T) {
	for _, speed := range []float64{1, 50} {
		t.Run(fmt.Sprintf("speed %v", speed), func(t *testing.T) {
			providertest.Run(t, func(t testing.TB) providertest.Fixture { return fixture(t, speed) })
		})
	}
}

// recorder takes a check's complaints instead of failing the test.
type recorder struct {
	testing.TB
	mu       sync.Mutex
	messages []string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.messages = append(r.messages, fmt.Sprintf(format, args...))
}

func (r *recorder) Error(args ...any) { r.Errorf("%s", fmt.Sprintln(args...)) }

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Fatal(args ...any) {
	r.Error(args...)
	runtime.Goexit()
}

// complaints runs one check against a provider that breaks its promise.
func complaints(t *testing.T, c providertest.Check, m mutant) []string {
	f := fixture(t, 1)
	f.Provider = m.wrap(f.Provider, f.Advance)
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() { // Goexit must not end the test
		defer close(done)
		c.Run(r, f)
	}()
	<-done
	return r.messages
}

// TestEveryCheckCanFail runs each check against the mutants that it is there to
// catch. A check without a mutant fails the test, and so does a mutant that no
// check is named for.
func TestEveryCheckCanFail(t *testing.T) {
	all := mutants()
	caught := map[string]bool{}
	for _, m := range all {
		t.Run(m.name, func(t *testing.T) {
			if len(m.breaks) == 0 {
				t.Fatal("no check is named")
			}
			for _, name := range m.breaks {
				i := slices.IndexFunc(providertest.Checks(), func(c providertest.Check) bool { return c.Name == name })
				if i < 0 {
					t.Fatalf("there is no check %s", name)
				}
				messages := complaints(t, providertest.Checks()[i], m)
				if len(messages) == 0 {
					t.Errorf("%s did not notice", name)
					continue
				}
				caught[name] = true
				t.Logf("%s: %s", name, messages[0])
			}
		})
	}
	for _, c := range providertest.Checks() {
		if !caught[c.Name] {
			t.Errorf("nothing shows that %s can fail", c.Name)
		}
	}
	// The recorder is not what fails: without a mutation nobody complains.
	for _, c := range providertest.Checks() {
		plain := mutant{wrap: func(p provider.Provider, _ func(cluster.Duration)) provider.Provider { return p }}
		if messages := complaints(t, c, plain); len(messages) > 0 {
			t.Errorf("%s complains about a sound provider: %s", c.Name, strings.Join(messages, "; "))
		}
	}
}

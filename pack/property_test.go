package pack_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ullage-sh/ullage/pack"
	"github.com/ullage-sh/ullage/pack/verify"
)

// packer is what properties are about, so that each can also be shown to catch
// one that is broken.
type packer func(*pack.Problem) *pack.Packing

func packed(p *pack.Problem) *pack.Packing     { return pack.Pack(p, pack.Options{Steps: 2000}) }
func packedOnce(p *pack.Problem) *pack.Packing { return pack.Pack(p, pack.Options{}) }

// property says what is wrong with a packer on one problem.
type property func(packer, *pack.Problem) error

// right: the packing is right in every respect that checkPacking knows.
func right(k packer, p *pack.Problem) error { return checkPacking(p, k(p)) }

// optimal: the packing is as good as the best.
func optimal(k packer, p *pack.Problem) error {
	if got, want := resultOf(p, k(p)), best(p); got != want {
		return fmt.Errorf("the packing is %+v, the best is %+v", got, want)
	}
	return nil
}

// proven: the proof shows the bound, and nothing above what the packing costs.
func proven(k packer, p *pack.Problem) error {
	out := k(p)
	if err := verify.Check(p, out.Proof); err != nil {
		return fmt.Errorf("the proof is refused: %w", err)
	}
	if out.Bound != out.Proof.Bound {
		return fmt.Errorf("bound %d, proof of %d", out.Bound, out.Proof.Bound)
	}
	if len(out.Proof.Parts) == 0 {
		return nil
	}
	// A micro-dollar above the optimum, which the packing is no better than.
	boast := *out.Proof
	boast.Parts = append([]pack.Part{}, boast.Parts...)
	boast.Parts[0].Bound += out.Objective - out.Bound + 1
	boast.Bound = out.Objective + 1
	if verify.Check(p, &boast) == nil {
		return fmt.Errorf("a bound of %d is accepted, the packing costs %d", boast.Bound, out.Objective)
	}
	return nil
}

// steady: the same problem gives the same packing.
func steady(k packer, p *pack.Problem) error {
	if a, b := k(p), k(p); !reflect.DeepEqual(a, b) {
		return fmt.Errorf("two packings differ:\n%+v\n%+v", a, b)
	}
	return nil
}

var properties = []struct {
	name   string
	scale  scale
	holds  property
	packer packer
	mutant packer
}{
	{"right", small, right, packed, overcommitting},
	{"right/tiny", tiny, right, packed, forgettingOne},
	{"right/first", small, right, packedOnce, ignoringRules},
	{"optimal", tiny, optimal, packed, overpaying},
	{"proven", small, proven, packed, boasting},
	{"proven/tiny", tiny, proven, packedOnce, boasting},
	{"steady", small, steady, packed, restless()},
}

func TestProperties(t *testing.T) {
	for _, x := range properties {
		t.Run(x.name, rapid.MakeCheck(func(t *rapid.T) {
			p := drawProblem(t, x.scale)
			if err := x.holds(x.packer, p); err != nil {
				t.Fatalf("%v\n%+v", err, p)
			}
		}))
	}
}

// TestPropertiesCatchMutants shows that each property fails on a packer that is
// broken in the way it is there to find.
func TestPropertiesCatchMutants(t *testing.T) {
	for _, x := range properties {
		p := mutantProblem()
		if err := x.holds(x.packer, p); err != nil {
			t.Errorf("%s: the real packer: %v", x.name, err)
		}
		if err := x.holds(x.mutant, p); err == nil {
			t.Errorf("%s: the broken packer passes", x.name)
		} else {
			t.Logf("%s: caught: %s", x.name, strings.SplitN(err.Error(), "\n", 2)[0])
		}
	}
}

// mutantProblem is one in which every mutant has something to spoil.
func mutantProblem() *pack.Problem {
	size := func(a, b int64) []pack.Amount { return []pack.Amount{{Dim: 0, Value: a}, {Dim: 1, Value: b}} }
	all := pack.NewSet(1)
	all.Add(0)
	p := &pack.Problem{
		Room: []int64{0, 0}, Admits: []pack.Set{all}, NodeCharge: 1,
		Items:  []pack.Item{{Size: size(3, 1), Count: 3}, {Size: size(1, 3), Count: 2}},
		Hosts:  []pack.Host{{Room: size(3, 1)}},
		Shapes: []pack.Shape{{Room: size(4, 4), Price: 10}, {Room: size(8, 8), Price: 19}, {Room: size(4, 4), Price: 30}},
		Rules:  []pack.Rule{{Holders: pack.NewSet(2), Members: pack.NewSet(2), Cap: 1}},
	}
	p.Rules[0].Holders.Add(1)
	p.Rules[0].Members.Add(1)
	return p
}

// overcommitting puts one more onto the first node.
func overcommitting(p *pack.Problem) *pack.Packing {
	out := packed(p)
	out.Bought[0].Takes[0].Count += 4
	return out
}

// forgettingOne loses a thing.
func forgettingOne(p *pack.Problem) *pack.Packing {
	out := packed(p)
	out.Bought = out.Bought[1:]
	return out
}

// ignoringRules packs as if there were no rules.
func ignoringRules(p *pack.Problem) *pack.Packing {
	q := *p
	q.Rules = nil
	return packed(&q)
}

// overpaying never buys the cheapest shape.
func overpaying(p *pack.Problem) *pack.Packing {
	q := *p
	q.Shapes = append([]pack.Shape{}, p.Shapes...)
	q.Shapes[0].Price, q.Shapes[1].Price = 1000, 1000
	out := packed(&q)
	return out
}

// boasting claims that nothing cheaper than its own cost exists.
func boasting(p *pack.Problem) *pack.Packing {
	out := packed(p)
	out.Bound = out.Objective + 1
	out.Proof.Bound = out.Bound
	return out
}

// restless packs in another way each time.
func restless() packer {
	n := 0
	return func(p *pack.Problem) *pack.Packing {
		out := packed(p)
		n++
		out.Steps = n
		return out
	}
}

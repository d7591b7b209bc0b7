package pack

import (
	"reflect"
	"strings"
	"testing"
)

// TestEveryNumberCounts: problems that differ in one number have two digests, and so has what they
// leave, unless it is a number of hosts or one that only names something.
func TestEveryNumberCounts(t *testing.T) {
	p := &Problem{
		Room: []int64{1, 2}, NodeCharge: 3, Quotas: []int64{4},
		Items:  []Item{{Size: []Amount{{0, 5}}, Count: 6}},
		Admits: []Set{{1}, {1}},
		Hosts:  []Host{{Room: []Amount{{0, 7}}, Holds: []Held{{Rule: 0, Members: 8}}}},
		Shapes: []Shape{{Room: []Amount{{0, 9}}, Price: 10, Uses: []Use{{0, 11}}}},
		Rules:  []Rule{{Holders: Set{1}, Members: Set{1}, Cap: 12}},
	}
	opt := Options{Steps: 13}
	var k known
	all := func() digest { return k.problem(p, opt, k.market(p, opt)) }
	left := func() digest { return k.left(newState(newLayout(p, opt)), k.market(p, opt)) }
	problem, rest := all(), left()
	numbers := 0
	each(reflect.ValueOf(p).Elem(), "", func(what string) {
		numbers++
		if all() == problem {
			t.Errorf("with another %s a problem is taken for the same", what)
		}
		names := what == ".Admits[][]" || strings.HasSuffix(what, ".Kind") || strings.HasSuffix(what, ".Profile")
		if !names && !strings.HasPrefix(what, ".Hosts") && left() == rest {
			t.Errorf("with another %s what is left is taken for the same", what)
		}
	})
	if numbers < 25 {
		t.Errorf("only %d numbers were found", numbers)
	}
	opt.Hosts = true
	if all() == problem {
		t.Error("with other care of hosts a problem is taken for the same")
	}
	opt.Steps++
	if all() == problem || left() == rest {
		t.Error("with more steps a problem, or what is left, is taken for the same")
	}
	opt.Steps--
	p.Items[0].Profile, p.Admits[0] = 1, Set{2}
	if left() != rest {
		t.Error("what is left is another when profiles have other numbers")
	}
	p.Admits[0] = Set{1}
	if left() == rest {
		t.Error("what is left is taken for the same when an item is not admitted")
	}
}

// each changes every number in v, one after the other, and calls f.
func each(v reflect.Value, name string, f func(what string)) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			each(v.Field(i), name+"."+v.Type().Field(i).Name, f)
		}
	case reflect.Slice:
		for i := range v.Len() {
			each(v.Index(i), name+"[]", f)
		}
	case reflect.Bool:
		v.SetBool(!v.Bool())
		f(name)
		v.SetBool(!v.Bool())
	case reflect.Int32, reflect.Int64:
		v.SetInt(v.Int() + 1)
		f(name)
		v.SetInt(v.Int() - 1)
	case reflect.Uint64:
		v.SetUint(v.Uint() + 1)
		f(name)
		v.SetUint(v.Uint() - 1)
	}
}

package pack

import (
	"reflect"
	"testing"
)

// TestEveryNumberCounts: problems that differ in one number have two digests.
func TestEveryNumberCounts(t *testing.T) {
	p := &Problem{
		Room: []int64{1, 2}, NodeCharge: 3, Quotas: []int64{4},
		Items:  []Item{{Size: []Amount{{0, 5}}, Count: 6}},
		Admits: []Set{{1}},
		Hosts:  []Host{{Room: []Amount{{1, 7}}, Holds: []Held{{Rule: 0, Members: 8}}}},
		Shapes: []Shape{{Room: []Amount{{0, 9}}, Price: 10, Uses: []Use{{0, 11}}}},
		Rules:  []Rule{{Holders: Set{1}, Members: Set{1}, Cap: 12}},
	}
	opt := Options{Steps: 13}
	var k known
	was, _ := k.digest(p, opt)
	numbers := 0
	differs := func(what string) {
		t.Helper()
		numbers++
		if d, ok := k.digest(p, opt); !ok || d == was {
			t.Errorf("with another %s it is taken for the same", what)
		}
	}
	each(reflect.ValueOf(p).Elem(), "problem", differs)
	if numbers < 25 {
		t.Errorf("only %d numbers were found", numbers)
	}
	opt.Steps++
	differs("number of steps")
	opt.Steps, opt.Hosts = 13, true
	differs("care of hosts")
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

package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	kjson "sigs.k8s.io/json"
)

// culprit is the field that keeps an object from being decoded.
type culprit struct {
	path string // spec.containers[0].resources.limits[memory]
	err  error  // what is wrong with it, for people; nil if nothing was found
}

// blame finds the deepest field of text that does not decode into its type.
// Decoders tell the field for some mistakes only, and never for a bad quantity.
func blame(text []byte, t reflect.Type) culprit {
	if t.Kind() == reflect.Pointer {
		if string(text) == "null" {
			return culprit{}
		}
		return blame(text, t.Elem())
	}
	err := kjson.UnmarshalCaseSensitivePreserveInts(text, reflect.New(t).Interface())
	if err == nil {
		return culprit{}
	}
	if !reflect.PointerTo(t).Implements(unmarshaler) {
		if c := blameParts(text, t); c.err != nil {
			return c
		}
	}
	return culprit{err: explain(text, t, err)}
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// blameParts looks at what text is made of; its culprit has no error if none of
// the parts is to blame.
func blameParts(text []byte, t reflect.Type) culprit {
	switch t.Kind() {
	case reflect.Struct:
		var fields map[string]json.RawMessage
		if json.Unmarshal(text, &fields) != nil {
			return culprit{}
		}
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			f, ok := fieldOf(t, name)
			if !ok {
				continue
			}
			if c := blame(fields[name], f); c.err != nil {
				return c.in(name)
			}
		}
	case reflect.Map:
		var entries map[string]json.RawMessage
		if json.Unmarshal(text, &entries) != nil {
			return culprit{}
		}
		for _, key := range slices.Sorted(maps.Keys(entries)) {
			if c := blame(entries[key], t.Elem()); c.err != nil {
				return c.in("[" + key + "]")
			}
		}
	case reflect.Slice:
		var items []json.RawMessage
		if json.Unmarshal(text, &items) != nil {
			return culprit{}
		}
		for i, item := range items {
			if c := blame(item, t.Elem()); c.err != nil {
				return c.in("[" + strconv.Itoa(i) + "]")
			}
		}
	}
	return culprit{}
}

func (c culprit) in(outer string) culprit {
	if c.path != "" && !strings.HasPrefix(c.path, "[") {
		outer += "."
	}
	c.path = outer + c.path
	return c
}

// fieldOf finds the field that has a name in JSON, in embedded structs too.
func fieldOf(t reflect.Type, name string) (reflect.Type, bool) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if tag == name {
			return f.Type, true
		}
		if f.Anonymous && (tag == "" || strings.Contains(options, "inline")) && f.Type.Kind() == reflect.Struct {
			if inner, ok := fieldOf(f.Type, name); ok {
				return inner, true
			}
		}
	}
	return nil, false
}

// expected says what some types are written like.
var expected = map[reflect.Type]string{
	reflect.TypeFor[resource.Quantity]():  `a quantity like 500m, 2, 1.5 or 1536Mi`,
	reflect.TypeFor[metav1.Time]():        `an instant like 2026-11-21T09:30:00Z`,
	reflect.TypeFor[metav1.Duration]():    `a duration like 1h30m`,
	reflect.TypeFor[intstr.IntOrString](): `a number or a text like 25%`,
}

// explain says what is wrong with a value in the words of YAML rather than Go.
func explain(text []byte, t reflect.Type, err error) error {
	const most = 60
	value := string(text)
	if len(value) > most {
		value = value[:most] + "…"
	}
	want, ok := expected[t]
	if !ok {
		switch t.Kind() {
		case reflect.String:
			want = "a text (put numbers and yes, no, true, false in quotes)"
		case reflect.Bool:
			want = "true or false"
		case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint32, reflect.Uint64:
			want = "a whole number"
		case reflect.Struct, reflect.Map:
			want = "a mapping"
		case reflect.Slice:
			want = "a list"
		default:
			return errors.New(strings.TrimPrefix(err.Error(), "json: "))
		}
	}
	return fmt.Errorf("%s is not %s", value, want)
}

package wire

import (
	"encoding/base64"
	"fmt"
	"maps"
	"math"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxDepth bounds how deep names of parameters may be nested. The deepest of EC2's have
// ten parts.
const maxDepth = 24

// node is a parameter of a form with those that are below it: "Filter.1.Name" is
// Filter, 1, Name.
type node struct {
	value string
	set   bool
	below map[string]*node
}

// parseForm reads a form into a tree.
func parseForm(text string) (*node, error) {
	root := &node{}
	for text != "" {
		var pair string
		pair, text, _ = strings.Cut(text, "&")
		if pair == "" {
			continue
		}
		key, value, _ := strings.Cut(pair, "=")
		key, err := url.QueryUnescape(key)
		if err != nil {
			return nil, Errorf("MalformedQueryString", "The query string contains a syntax error: %v", err)
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return nil, Errorf("MalformedQueryString", "The value of %s contains a syntax error: %v", key, err)
		}
		if err := root.put(key, value); err != nil {
			return nil, err
		}
	}
	return root, nil
}

func (n *node) put(key, value string) error {
	if strings.Count(key, ".") >= maxDepth {
		return Errorf("MalformedQueryString", "A parameter is nested more than %d levels deep", maxDepth)
	}
	for part := range strings.SplitSeq(key, ".") {
		if n.below == nil {
			n.below = map[string]*node{}
		}
		next := n.below[part]
		if next == nil {
			next = &node{}
			n.below[part] = next
		}
		n = next
	}
	if n.set {
		return Errorf("MalformedQueryString", "The parameter %s is there twice", key)
	}
	n.value, n.set = value, true
	return nil
}

// decode fills in v, which is the parameter path, the member m of a struct.
func (n *node) decode(names *names, v reflect.Value, path string, m member) error {
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		t, err := time.Parse(time.RFC3339Nano, n.value)
		t = t.UTC() // which may lead to a year that has no four digits and cannot be written
		if err != nil || t.Year() < 0 || t.Year() > 9999 {
			return malformed(path, n.value, "a time like 2006-01-02T15:04:05Z")
		}
		v.Set(reflect.ValueOf(t))
		return nil
	case v.Type() == reflect.TypeFor[[]byte]():
		b, err := base64.StdEncoding.DecodeString(n.value)
		if err != nil {
			return malformed(path, "", "base64")
		}
		v.SetBytes(b)
		return nil
	case v.Kind() == reflect.Struct:
		return n.decodeStruct(names, v, path)
	case v.Kind() == reflect.Slice:
		return n.decodeList(names, v, path, m.item)
	case v.Kind() == reflect.Map && m.key != "":
		return n.decodeMap(names, v, path, m)
	}
	if len(n.below) > 0 {
		return Errorf("UnknownParameter", "The parameter %s has no members", path)
	}
	return scalar(v, path, n.value)
}

// decodeStruct fills in the members of a struct; a member that it does not have is an
// error, as with EC2.
func (n *node) decodeStruct(names *names, v reflect.Value, path string) error {
	shape := names.shape(v.Type(), false)
	for _, name := range slices.Sorted(maps.Keys(n.below)) {
		i, ok := shape.byName[name]
		full := strings.TrimPrefix(path+"."+name, ".")
		if !ok {
			return Errorf("UnknownParameter", "The parameter %s is not recognized", full)
		}
		m := shape.members[i]
		if err := n.below[name].decode(names, v.Field(m.field), full, m); err != nil {
			return err
		}
	}
	return nil
}

// decodeList fills in a list in the order of its numbers, which need not be without
// gaps.
func (n *node) decodeList(names *names, v reflect.Value, path, item string) error {
	if below := n.below[item]; item != "" && below != nil {
		n, path = below, path+"."+item
	}
	order, err := n.numbers(path)
	if err != nil {
		return err
	}
	v.Set(reflect.MakeSlice(v.Type(), len(order), len(order)))
	for at, i := range order {
		key := strconv.Itoa(i)
		if err := n.below[key].decode(names, v.Index(at), path+"."+key, member{}); err != nil {
			return err
		}
	}
	return nil
}

// decodeMap fills in a map of texts from entries that are numbered: key and value have
// names.
func (n *node) decodeMap(names *names, v reflect.Value, path string, m member) error {
	order, err := n.numbers(path)
	if err != nil {
		return err
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(order)))
	for _, i := range order {
		entry := n.below[strconv.Itoa(i)]
		key, value := entry.below[m.key], entry.below[m.value]
		if key == nil || value == nil {
			return Errorf("MissingParameter", "The parameter %s.%d has not both %s and %s", path, i, m.key, m.value)
		}
		into := reflect.New(v.Type().Elem()).Elem()
		if err := value.decode(names, into, fmt.Sprintf("%s.%d.%s", path, i, m.value), member{}); err != nil {
			return err
		}
		v.SetMapIndex(reflect.ValueOf(key.value).Convert(v.Type().Key()), into)
	}
	return nil
}

// numbers are those of the parameters below, in order.
func (n *node) numbers(path string) ([]int, error) {
	order := make([]int, 0, len(n.below))
	for key := range n.below {
		i, err := strconv.Atoi(key)
		if err != nil || i < 0 || strconv.Itoa(i) != key {
			return nil, Errorf("UnknownParameter", "The parameter %s.%s is not recognized: want a number", path, key)
		}
		order = append(order, i)
	}
	slices.Sort(order)
	return order, nil
}

// scalar fills in a single value from its text.
func scalar(v reflect.Value, path, text string) error {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return malformed(path, text, "true or false")
		}
		v.SetBool(b)
	case reflect.Int32, reflect.Int64:
		i, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			return malformed(path, text, "a whole number")
		}
		v.SetInt(i)
	case reflect.Float32, reflect.Float64:
		f, err := strconv.ParseFloat(text, v.Type().Bits())
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return malformed(path, text, "a number")
		}
		v.SetFloat(f)
	default:
		return Errorf("UnsupportedOperation", "The parameter %s is of a kind that is not simulated (%s)", path, v.Type())
	}
	return nil
}

// malformed is the error for a value that cannot be read. What was sent is quoted in
// part only: it may be long.
func malformed(path, value, want string) *Error {
	if len(value) > 100 {
		value = value[:100] + "…"
	}
	return Errorf("InvalidParameterValue", "Value (%s) for parameter %s is invalid. Want %s", value, path, want)
}

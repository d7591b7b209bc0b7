package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Timestamp is how times are written: UTC to the millisecond, as EC2 does.
const Timestamp = "2006-01-02T15:04:05.000Z"

// writer writes XML without indentation.
type writer struct {
	bytes.Buffer
	names *names
}

func (w *writer) element(name, text string) {
	w.open(name)
	_ = xml.EscapeText(w, []byte(text)) // a buffer takes everything
	w.close(name)
}

func (w *writer) open(name string)  { _, _ = fmt.Fprintf(w, "<%s>", name) }
func (w *writer) close(name string) { _, _ = fmt.Fprintf(w, "</%s>", name) }

// members writes the members of a struct; what is nil is left out.
func (w *writer) members(v reflect.Value) error {
	for _, m := range w.names.shape(v.Type(), true).members {
		if err := w.value(m, v.Field(m.field)); err != nil {
			return err
		}
	}
	return nil
}

// value writes one element, or with a list without a level of its own several.
func (w *writer) value(m member, v reflect.Value) error {
	name := m.name
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		w.element(name, v.Interface().(time.Time).UTC().Format(Timestamp))
	case v.Type() == reflect.TypeFor[[]byte]():
		if !v.IsNil() {
			w.element(name, base64.StdEncoding.EncodeToString(v.Bytes()))
		}
	case v.Kind() == reflect.Struct:
		w.open(name)
		if err := w.members(v); err != nil {
			return err
		}
		w.close(name)
	case v.Kind() == reflect.Slice:
		return w.list(name, m.item, v)
	case v.Kind() == reflect.Map && m.key != "":
		return w.entries(m, v)
	default:
		return w.scalar(name, v)
	}
	return nil
}

func (w *writer) list(name, item string, v reflect.Value) error {
	if v.IsNil() {
		return nil
	}
	each := item
	if item == "" {
		each = name
	} else {
		w.open(name)
	}
	for i := range v.Len() {
		if err := w.value(member{name: each, item: w.names.item(true)}, v.Index(i)); err != nil {
			return err
		}
	}
	if item != "" {
		w.close(name)
	}
	return nil
}

// entries writes a map, an element for each entry, sorted by key.
func (w *writer) entries(m member, v reflect.Value) error {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	for _, key := range keys {
		w.open(m.name)
		w.element(m.key, key.String())
		if err := w.value(member{name: m.value}, v.MapIndex(key)); err != nil {
			return err
		}
		w.close(m.name)
	}
	return nil
}

func (w *writer) scalar(name string, v reflect.Value) error {
	switch v.Kind() {
	case reflect.String:
		// The value "" of an enumeration is one that was not set.
		if v.Type() != reflect.TypeFor[string]() && v.String() == "" {
			return nil
		}
		w.element(name, v.String())
	case reflect.Bool:
		w.element(name, strconv.FormatBool(v.Bool()))
	case reflect.Int32, reflect.Int64:
		w.element(name, strconv.FormatInt(v.Int(), 10))
	case reflect.Float32, reflect.Float64:
		w.element(name, strconv.FormatFloat(v.Float(), 'g', -1, v.Type().Bits()))
	default:
		return fmt.Errorf("wire: %s is a %s, which the query protocols do not write yet", name, v.Type())
	}
	return nil
}

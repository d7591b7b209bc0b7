package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"
)

// parseJSON reads the body of a request, an object; none at all counts as an empty one.
func parseJSON(body []byte) (map[string]any, error) {
	object := map[string]any{}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	err := d.Decode(&object)
	if errors.Is(err, io.EOF) {
		return object, nil
	}
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("something follows the object")
		}
	}
	if err != nil || object == nil {
		return nil, Errorf("SerializationException", "The body is not one JSON object: %v", err)
	}
	return object, nil
}

// assign fills in v, which is called path, from what encoding/json made of it. The SDK's
// fields are called as the members are, but for the case of the first letter. Members
// that are not known are passed over, as AWS does it with JSON.
func assign(v reflect.Value, value any, path string) error {
	if value == nil {
		return nil
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		return assignTime(v, value, path)
	case v.Type() == reflect.TypeFor[[]byte]():
		text, ok := value.(string)
		b, err := base64.StdEncoding.DecodeString(text)
		if !ok || err != nil {
			return mistyped(path, "base64")
		}
		v.SetBytes(b)
		return nil
	}
	switch v.Kind() {
	case reflect.Struct:
		object, ok := value.(map[string]any)
		if !ok {
			return mistyped(path, "an object")
		}
		return assignStruct(v, object, path)
	case reflect.Slice:
		list, ok := value.([]any)
		if !ok {
			return mistyped(path, "a list")
		}
		v.Set(reflect.MakeSlice(v.Type(), len(list), len(list)))
		for i := range list {
			if err := assign(v.Index(i), list[i], path+"[]"); err != nil {
				return err
			}
		}
		return nil
	case reflect.Map:
		object, ok := value.(map[string]any)
		if !ok {
			return mistyped(path, "an object")
		}
		return assignMap(v, object, path)
	}
	return assignScalar(v, value, path)
}

func assignStruct(v reflect.Value, object map[string]any, path string) error {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if name == "" {
			continue
		}
		f, ok := v.Type().FieldByName(strings.ToUpper(name[:1]) + name[1:])
		if !ok || !f.IsExported() || f.Type == metadata {
			continue
		}
		if err := assign(v.FieldByIndex(f.Index), object[name], strings.TrimPrefix(path+"."+name, ".")); err != nil {
			return err
		}
	}
	return nil
}

func assignMap(v reflect.Value, object map[string]any, path string) error {
	v.Set(reflect.MakeMapWithSize(v.Type(), len(object)))
	for _, key := range slices.Sorted(maps.Keys(object)) {
		element := reflect.New(v.Type().Elem()).Elem()
		if err := assign(element, object[key], path+"."+key); err != nil {
			return err
		}
		v.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), element)
	}
	return nil
}

func assignScalar(v reflect.Value, value any, path string) error {
	switch v.Kind() {
	case reflect.String:
		text, ok := value.(string)
		if !ok {
			return mistyped(path, "a string")
		}
		v.SetString(text)
		return nil
	case reflect.Bool:
		b, ok := value.(bool)
		if !ok {
			return mistyped(path, "true or false")
		}
		v.SetBool(b)
		return nil
	case reflect.Int32, reflect.Int64, reflect.Float32, reflect.Float64:
		number, ok := value.(json.Number)
		if !ok {
			return mistyped(path, "a number")
		}
		return scalar(v, path, number.String())
	}
	return Errorf("UnsupportedOperation", "%s is of a kind that is not simulated (%s)", path, v.Type())
}

// assignTime reads seconds since 1970.
func assignTime(v reflect.Value, value any, path string) error {
	number, ok := value.(json.Number)
	if !ok {
		return mistyped(path, "seconds since 1970")
	}
	seconds, err := number.Float64()
	if err != nil || math.Abs(seconds) > 1e11 {
		return mistyped(path, "seconds since 1970")
	}
	whole, part := math.Modf(seconds)
	v.Set(reflect.ValueOf(time.Unix(int64(whole), int64(math.Round(part*1e3))*1e6).UTC()))
	return nil
}

func mistyped(path, want string) *Error {
	return Errorf("SerializationException", "%s: want %s", path, want)
}

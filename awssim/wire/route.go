package wire

import (
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/traits"
)

// route is how an operation of REST-JSON is asked for.
type route struct {
	operation string
	method    string
	path      []string          // "{member}" stands for the value of one
	query     map[string]string // parameter → member
}

func newRoute(op *smithy.OperationSchema) route {
	r := route{operation: op.ID().Name, query: map[string]string{}}
	if http, ok := smithy.SchemaTrait[*traits.HTTP](op.Schema); ok {
		r.method = http.Method
		path, _, _ := strings.Cut(http.URI, "?")
		r.path = strings.Split(strings.Trim(path, "/"), "/")
	}
	for name, member := range op.Input.Members() {
		if q, ok := smithy.SchemaTrait[*traits.HTTPQuery](member); ok {
			r.query[q.Name] = name
		}
	}
	return r
}

// match returns the members that a path gives values to; false if it is another's.
func (r *route) match(method string, path []string) (labels map[string]string, ok bool) {
	if method != r.method || len(path) != len(r.path) {
		return nil, false
	}
	labels = map[string]string{}
	for i, want := range r.path {
		name, isLabel := strings.CutPrefix(want, "{")
		if !isLabel {
			if path[i] != want {
				return nil, false
			}
			continue
		}
		value, err := url.PathUnescape(path[i])
		if err != nil || value == "" {
			return nil, false
		}
		labels[strings.TrimSuffix(name, "}")] = value
	}
	return labels, true
}

// fixed counts the parts of the path that are no members: of two routes that match, the
// one with more is meant.
func (r *route) fixed() int {
	n := 0
	for _, part := range r.path {
		if !strings.HasPrefix(part, "{") {
			n++
		}
	}
	return n
}

// Read finds out the operation from method and path.
func (p *restJSON) Read(r *http.Request, body []byte) (Request, error) {
	path := strings.Split(strings.Trim(r.URL.EscapedPath(), "/"), "/")
	var best *route
	var labels map[string]string
	for i := range p.routes {
		if found, ok := p.routes[i].match(r.Method, path); ok && (best == nil || p.routes[i].fixed() > best.fixed()) {
			best, labels = &p.routes[i], found
		}
	}
	if best == nil {
		return Request{}, &Error{Code: "UnknownOperationException", Message: "No operation has this method and path", Status: http.StatusNotFound}
	}
	object, err := parseJSON(body)
	if err != nil {
		return Request{}, err
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return Request{}, Errorf("SerializationException", "The query string contains a syntax error: %v", err)
	}
	return Request{best.operation, func(in any) error {
		v := reflect.ValueOf(in).Elem()
		if err := assign(v, object, ""); err != nil {
			return err
		}
		for _, member := range slices.Sorted(maps.Keys(labels)) {
			if err := best.bind(v, member, []string{labels[member]}); err != nil {
				return err
			}
		}
		for _, name := range slices.Sorted(maps.Keys(query)) {
			if member, known := best.query[name]; known {
				if err := best.bind(v, member, query[name]); err != nil {
					return err
				}
			}
		}
		return nil
	}}, nil
}

// bind gives a member of the input the value that the path or the query has.
func (r *route) bind(v reflect.Value, member string, values []string) error {
	f := v.FieldByName(strings.ToUpper(member[:1]) + member[1:])
	if !f.IsValid() {
		return Errorf("SerializationException", "%s has no member %s", r.operation, member)
	}
	if f.Kind() == reflect.Pointer {
		f.Set(reflect.New(f.Type().Elem()))
		f = f.Elem()
	}
	if f.Kind() != reflect.Slice {
		return scalar(f, member, values[0])
	}
	f.Set(reflect.MakeSlice(f.Type(), len(values), len(values)))
	for i, value := range values {
		if err := scalar(f.Index(i), member, value); err != nil {
			return err
		}
	}
	return nil
}

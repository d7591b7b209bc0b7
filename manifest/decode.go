package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// typeMeta is what tells what an object is.
type typeMeta struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
}

// String is "Deployment (apps/v1)".
func (t typeMeta) String() string {
	if t.APIVersion == "" {
		return t.Kind
	}
	return t.Kind + " (" + t.APIVersion + ")"
}

// typeOf reads the type of a piece, whatever else it holds.
func typeOf(p piece) (typeMeta, error) {
	var t typeMeta
	text, err := p.toJSON()
	if err != nil {
		return t, err
	}
	err = kjson.UnmarshalCaseSensitivePreserveInts(text, &t)
	return t, err
}

// toJSON returns the text of a piece as JSON. Keys that are given twice are an
// error, as they are for kubectl.
func (p piece) toJSON() ([]byte, error) {
	if p.json {
		return p.text, nil
	}
	text, err := yaml.YAMLToJSONStrict(p.text)
	if err != nil {
		return nil, p.yamlError(err)
	}
	return text, nil
}

var lineInError = regexp.MustCompile(`\bline ([0-9]+): (did not find expected)?`)

// yamlError makes the lines in an error of the YAML parser those of the file. They
// count from the beginning of the piece: from 1 where the parser could not make out
// the text, and from 0 where the structure is wrong.
func (p piece) yamlError(err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	text = strings.TrimPrefix(text, "unmarshal errors:\n  ")
	text = strings.ReplaceAll(text, "\n  ", "; ")
	lines := bytes.Count(bytes.TrimRight(p.text, "\n"), []byte{'\n'}) + 1
	text = lineInError.ReplaceAllStringFunc(text, func(s string) string {
		m := lineInError.FindStringSubmatch(s)
		n, err := strconv.Atoi(m[1])
		if err != nil {
			return s
		}
		if m[2] != "" {
			n = min(n+1, lines)
		}
		if p.gapLines > 0 && n > p.gapAfter {
			n += p.gapLines
		}
		return "line " + strconv.Itoa(p.at.Line+n-1) + ": " + m[2]
	})
	if strings.HasPrefix(text, "invalid map key: ") { // what follows is Go's
		text = "a key is a map"
	}
	return errors.New("this is not valid YAML: " + text + p.hint(text))
}

var tabIndent = regexp.MustCompile(`(?m)^ *\t`)

// hint is what people mostly have done where the parser says this.
func (p piece) hint(complaint string) string {
	switch {
	case bytes.Contains(p.text, []byte("{{")):
		return " (a template? render it first, as helm template does)"
	case tabIndent.Match(p.text):
		return " (YAML is indented by spaces, not by tabs)"
	case strings.Contains(complaint, "did not find expected"):
		return " (is the indentation right?)"
	}
	return ""
}

// decoded is one object with what was noticed about it.
type decoded struct {
	at     Position
	object Object
	// unknown are the fields that this version does not know, without indexes.
	unknown []string
}

// decode reads the object of a piece, or the objects if it is a whole List.
// Objects of kinds that are not read are told to skip.
func (r *reader) decode(p piece) {
	text, err := p.toJSON()
	if err != nil {
		r.fail(&Error{At: p.at, Err: err})
		return
	}
	if trimmed := bytes.TrimSpace(text); len(trimmed) == 0 || bytes.Equal(trimmed, []byte("null")) {
		if p.stripped {
			r.fail(&Error{At: p.at, Err: errors.New("has items but neither apiVersion nor kind")})
		}
		return // a document of comments
	}
	var head struct {
		typeMeta
		Metadata struct {
			Namespace    string `json:"namespace"`
			Name         string `json:"name"`
			GenerateName string `json:"generateName"`
		} `json:"metadata"`
	}
	if err := kjson.UnmarshalCaseSensitivePreserveInts(text, &head); err != nil {
		b := blame(text, reflect.TypeOf(head))
		if b.path == "" {
			b.err = errors.New("this is not a Kubernetes object: it must have apiVersion, kind and metadata")
		}
		r.fail(&Error{At: p.at, Field: b.path, Err: b.err})
		return
	}
	if kind, ok := strings.CutSuffix(p.listKind, "List"); ok && head.Kind == "" && kind != "" {
		head.Kind, head.APIVersion = kind, p.listVersion
	}
	name := head.Metadata.Name
	if name == "" {
		name = head.Metadata.GenerateName
	}
	whose := strings.TrimSpace(head.Kind + " " + strings.TrimPrefix(head.Metadata.Namespace+"/"+name, "/"))
	switch {
	case head.Kind == "" && p.at.Item > 0:
		r.fail(&Error{At: p.at, Object: whose, Field: "kind", Err: errors.New("is missing, and the kind of the List does not come before its items")})
	case head.Kind == "":
		r.fail(&Error{At: p.at, Object: whose, Field: "kind", Err: errors.New("is missing: this is not a Kubernetes object")})
	case strings.HasSuffix(head.Kind, "List"):
		r.list(p, text, head.typeMeta)
	case p.stripped:
		r.fail(&Error{At: p.at, Object: whose, Field: "items", Err: fmt.Errorf("only a List has items, and this is %s", head.typeMeta)})
	default:
		r.object(p.at, text, head.typeMeta, whose)
	}
}

// list reads the items that are still in the text of a List.
func (r *reader) list(p piece, text []byte, t typeMeta) {
	if p.stripped {
		return
	}
	var list struct {
		Items []rawJSON `json:"items"`
	}
	if err := kjson.UnmarshalCaseSensitivePreserveInts(text, &list); err != nil {
		r.fail(&Error{At: p.at, Object: t.Kind, Field: "items", Err: errors.New("must be a list of objects")})
		return
	}
	for i, item := range list.Items {
		at := p.at
		at.Item = i + 1
		r.decode(piece{at: at, text: item, json: true, listKind: t.Kind, listVersion: t.APIVersion})
	}
}

// rawJSON is JSON that is decoded later.
type rawJSON []byte

// UnmarshalJSON keeps a copy of the text.
func (r *rawJSON) UnmarshalJSON(text []byte) error {
	*r = bytes.Clone(text)
	return nil
}

// object decodes one object that is no List.
func (r *reader) object(at Position, text []byte, t typeMeta, whose string) {
	gv, err := schema.ParseGroupVersion(t.APIVersion)
	if err != nil {
		r.fail(&Error{At: at, Object: whose, Field: "apiVersion", Err: fmt.Errorf("%q is not group/version", t.APIVersion)})
		return
	}
	if t.APIVersion == "" {
		r.fail(&Error{At: at, Object: whose, Field: "apiVersion", Err: errors.New("is missing")})
		return
	}
	gvk := gv.WithKind(t.Kind)
	o := newObject(gvk)
	if o == nil {
		r.skip(gvk)
		return
	}
	var strict []error
	if u, ok := o.(*unstructured.Unstructured); ok {
		err = u.UnmarshalJSON(text)
	} else {
		strict, err = kjson.UnmarshalStrict(text, o)
	}
	if err != nil {
		b := blame(text, reflect.TypeOf(o).Elem())
		if b.err != nil {
			err = b.err
		}
		r.fail(&Error{At: at, Object: whose, Field: b.path, Err: err})
		return
	}
	o.GetObjectKind().SetGroupVersionKind(gvk) // items of a PodList do not say what they are
	d := decoded{at: at, object: o}
	for _, e := range strict {
		var f kjson.FieldError
		if !errors.As(e, &f) {
			continue
		}
		if strings.HasPrefix(e.Error(), "duplicate field") {
			r.fail(&Error{At: at, Object: whose, Field: f.FieldPath(), Err: errors.New("is given twice")})
			return
		}
		d.unknown = append(d.unknown, indexes.ReplaceAllString(f.FieldPath(), "[]"))
	}
	r.add(d)
}

var indexes = regexp.MustCompile(`\[[0-9]+\]`)

package awsv1

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// schema is as much of an OpenAPI schema as it takes to name the fields.
type schema struct {
	Properties map[string]schema `json:"properties"`
	Items      *schema           `json:"items"`
}

// fields are the paths of all that a schema has.
func (s schema) fields(prefix string, into map[string]bool) {
	for name, p := range s.Properties {
		into[prefix+name] = true
		p.fields(prefix+name+".", into)
	}
	if s.Items != nil {
		s.Items.fields(prefix, into)
	}
}

// fieldsOf are the paths of all that a Go type has, by the names in its JSON.
func fieldsOf(t reflect.Type, prefix string, into map[string]bool) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return
	}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		into[prefix+name] = true
		fieldsOf(f.Type, prefix+name+".", into)
	}
}

// TestTypesAreTheDefinition: the types have each field of the definition's spec, and no
// other.
func TestTypesAreTheDefinition(t *testing.T) {
	text, err := CRDs.ReadFile("crds/karpenter.k8s.aws_ec2nodeclasses.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var crd struct {
		Spec struct {
			Group    string
			Names    struct{ Kind, Plural string }
			Versions []struct {
				Name   string
				Schema struct{ OpenAPIV3Schema schema }
			}
		}
	}
	if err := yaml.Unmarshal(text, &crd); err != nil {
		t.Fatal(err)
	}
	v := crd.Spec.Versions[0]
	if crd.Spec.Group != Group || crd.Spec.Names.Kind != Kind || crd.Spec.Names.Plural != Plural || v.Name != Version || len(crd.Spec.Versions) != 1 {
		t.Fatalf("the definition is of %s/%s %s (%s)", crd.Spec.Group, v.Name, crd.Spec.Names.Kind, crd.Spec.Names.Plural)
	}
	want, have := map[string]bool{}, map[string]bool{}
	v.Schema.OpenAPIV3Schema.Properties["spec"].fields("", want)
	fieldsOf(reflect.TypeFor[EC2NodeClassSpec](), "", have)
	if len(want) < 60 {
		t.Fatalf("only %d fields were read of the definition", len(want))
	}
	for _, f := range slices.Sorted(maps.Keys(want)) {
		if !have[f] {
			t.Errorf("no field for spec.%s", f)
		}
	}
	for _, f := range slices.Sorted(maps.Keys(have)) {
		if !want[f] {
			t.Errorf("the definition has no spec.%s", f)
		}
	}
}

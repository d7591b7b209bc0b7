package v1alpha1

import (
	"io/fs"
	"path"
	"reflect"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// definitions reads the embedded CRDs by kind.
func definitions(t *testing.T) map[string]*apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	files, err := fs.Glob(CRDs, "crds/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*apiextensionsv1.CustomResourceDefinition{}
	for _, name := range files {
		text, err := fs.ReadFile(CRDs, name)
		if err != nil {
			t.Fatal(err)
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(text, crd); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if want := Group + "_" + crd.Spec.Names.Plural + ".yaml"; path.Base(name) != want {
			t.Errorf("%s defines %s: want it in %s", name, crd.Name, want)
		}
		out[crd.Spec.Names.Kind] = crd
	}
	return out
}

// TestEachKindIsDefined: what the scheme knows has a CRD and the other way
// around, so that a new kind cannot be forgotten in either.
func TestEachKindIsDefined(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	crds := definitions(t)
	lists := map[string]bool{}
	for kind, typ := range scheme.KnownTypes(SchemeGroupVersion) {
		if typ.PkgPath() != reflect.TypeFor[SimulatedNodeClass]().PkgPath() {
			continue // ListOptions and the like, known in every group
		}
		if strings.HasSuffix(kind, "List") {
			lists[kind] = true
			continue
		}
		if crds[kind] == nil {
			t.Errorf("%s is registered but has no CRD: run \"make gen\"", kind)
		}
	}
	for kind, crd := range crds {
		if !scheme.Recognizes(SchemeGroupVersion.WithKind(kind)) {
			t.Errorf("%s has a CRD but is not registered", kind)
		}
		if !lists[crd.Spec.Names.ListKind] {
			t.Errorf("%s is not registered", crd.Spec.Names.ListKind)
		}
	}
}

// TestSimulatedNodeClass pins what people and other packages rely on by name.
func TestSimulatedNodeClass(t *testing.T) {
	crd := definitions(t)["SimulatedNodeClass"]
	if crd == nil {
		t.Fatal("SimulatedNodeClass has no CRD")
	}
	if got := crd.Name; got != "simulatednodeclasses.ullage.sh" {
		t.Errorf("name is %s", got)
	}
	if crd.Spec.Scope != apiextensionsv1.ClusterScoped {
		t.Errorf("scope is %s", crd.Spec.Scope)
	}
	if got := strings.Join(crd.Spec.Names.ShortNames, " "); got != "simnc" {
		t.Errorf("short names are %q", got)
	}
	version := crd.Spec.Versions[0]
	if version.Name != "v1alpha1" || !version.Served || !version.Storage {
		t.Errorf("version is %+v", version)
	}
	if version.Subresources == nil || version.Subresources.Status == nil {
		t.Error("there is no status subresource: writing the status would write the spec too")
	}
	columns := ""
	for _, c := range version.AdditionalPrinterColumns {
		columns += " " + c.Name
	}
	if columns != " Ready Image Age Zones" {
		t.Errorf("columns are%s", columns)
	}
	spec := version.Schema.OpenAPIV3Schema.Properties["spec"]
	if len(spec.Required) > 0 {
		t.Errorf("an empty spec must do, but %v is required", spec.Required)
	}
	for name, field := range spec.Properties {
		for _, rule := range field.XValidations {
			if rule.Message == "" {
				t.Errorf("spec.%s: rule %s has no message for people", name, rule.Rule)
			}
		}
	}
}

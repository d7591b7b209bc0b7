package nodeclass

import (
	"embed"
	"encoding/json"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/util/diff"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"

	"github.com/ullage-sh/ullage/api/awsv1"
	"github.com/ullage-sh/ullage/api/legacy"
	"github.com/ullage-sh/ullage/cluster"
)

// definition is the schema of a kind of class, as an API server has it.
func definition(t *testing.T, from embed.FS, file string) *apiextensions.JSONSchemaProps {
	t.Helper()
	text, err := from.ReadFile("crds/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(text, &crd); err != nil {
		t.Fatal(err)
	}
	var out apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(crd.Spec.Versions[0].Schema.OpenAPIV3Schema, &out, nil); err != nil {
		t.Fatal(err)
	}
	return &out
}

// TestStatusFitsTheDefinition: an API server takes what is written into the status, all of
// it, whether a class is ready or not.
func TestStatusFitsTheDefinition(t *testing.T) {
	a := newAccount(t)
	ready := a.resolve(t, spec(nil))
	ready.Reservations = []Reservation{
		{ID: "cr-1", InstanceType: "m5.large", Zone: "us-west-2a", OwnerID: "111122223333", Criteria: "open", Type: "default"},
		{ID: "cr-2", InstanceType: "p5.48xlarge", Zone: "us-west-2a", OwnerID: "111122223333", Criteria: "targeted", Type: "capacity-block", Ends: a.now(), Expiring: true},
	}
	nothing := a.resolve(t, cluster.NodeClass{Ref: ref("empty")})
	fits(t, definition(t, awsv1.CRDs, "karpenter.k8s.aws_ec2nodeclasses.yaml"), ready, nothing)
	fits(t, definition(t, legacy.CRDs, "karpenter.k8s.aws_awsnodetemplates.yaml"), a.resolve(t, template("")), a.resolve(t, cluster.NodeClass{Ref: template("").Ref}))
}

// fits holds the status of classes against their definition.
func fits(t *testing.T, schema *apiextensions.JSONSchemaProps, classes ...*Class) {
	t.Helper()
	validator, _, err := validation.NewSchemaValidator(schema)
	if err != nil {
		t.Fatal(err)
	}
	shape, err := structural.NewStructural(schema)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range classes {
		status := map[string]any{}
		if err := json.Unmarshal([]byte(c.Status()), &status); err != nil {
			t.Fatal(err)
		}
		var conditions []any
		for _, x := range c.Conditions {
			conditions = append(conditions, map[string]any{"type": x.Type, "status": x.Status, "reason": x.Reason, "message": x.Message, "lastTransitionTime": x.Since.RFC3339()})
		}
		status["conditions"] = conditions
		object := map[string]any{"apiVersion": "v1", "kind": c.Ref.Kind, "metadata": map[string]any{"name": c.Ref.Name}, "status": status}
		for _, e := range validation.ValidateCustomResource(field.NewPath(c.Ref.Name), object, validator) {
			t.Error(e)
		}
		before, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		pruning.Prune(object, shape, true)
		if after, err := json.Marshal(object); err != nil || string(after) != string(before) {
			t.Errorf("the API server would drop something: %s (%v)", diff.Diff(string(before), string(after)), err)
		}
	}
}

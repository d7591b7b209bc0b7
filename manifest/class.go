package manifest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/ullage-sh/ullage/cluster"
)

// classOf converts a node class. What its spec means only a provider knows; the
// zones of its subnets stand in its status, where the controller of the class has
// written them.
func classOf(u *unstructured.Unstructured) (Class, error) {
	var body struct {
		Spec   json.RawMessage `json:"spec"`
		Status struct {
			Subnets []struct {
				Zone string `json:"zone"`
			} `json:"subnets"`
		} `json:"status"`
	}
	text, err := u.MarshalJSON()
	if err == nil {
		err = json.Unmarshal(text, &body)
	}
	if err != nil {
		return Class{}, fmt.Errorf("cannot be read: %w", err)
	}
	gvk := u.GroupVersionKind()
	c := Class{NodeClass: cluster.NodeClass{
		Ref: cluster.ClassRef{Group: gvk.Group, Kind: gvk.Kind, Name: u.GetName()}, UID: string(u.GetUID()),
		Revision: u.GetResourceVersion(), Generation: u.GetGeneration(), Spec: string(body.Spec),
	}}
	zones := map[string]bool{}
	for _, s := range body.Status.Subnets {
		if s.Zone != "" {
			zones[s.Zone] = true
		}
	}
	c.Zones = slices.Sorted(maps.Keys(zones))
	return c, nil
}

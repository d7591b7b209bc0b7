package kube

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"

	"github.com/ullage-sh/ullage/cluster"
)

// TestDeviceSelectors: selectors mean what they mean to the scheduler.
func TestDeviceSelectors(t *testing.T) {
	s := ResourceSlice(read[resourcev1.ResourceSlice](t, `
metadata: {name: n1-gpu}
spec:
  driver: gpu.example.com
  nodeName: n1
  pool: {name: n1, generation: 3, resourceSliceCount: 1}
  devices:
  - name: a
    attributes: {model: {string: a100}, other.example.com/index: {int: 3}, driverVersion: {version: 1.2.3}}
    capacity: {memory: {value: 80Gi}}
  - name: part
    consumesCounters: [{counterSet: x, counters: {memory: {value: 1Gi}}}]
  - name: tainted
    taints: [{key: broken, effect: NoSchedule}]
  - name: shared
    allowMultipleAllocations: true
`))
	if s.Node != "n1" || s.Generation != 3 || s.Slices != 1 || len(s.Devices) != 4 || s.Devices[0].Unusable != "" {
		t.Fatalf("%+v", s)
	}
	for _, d := range s.Devices[1:] {
		if d.Unusable == "" && !d.Tainted {
			t.Errorf("%s could be planned with", d.Name)
		}
	}
	for expression, want := range map[string]string{
		`device.driver == "gpu.example.com"`:                                                               "yes",
		`device.attributes["gpu.example.com"].model == "a100"`:                                             "yes",
		`device.attributes["gpu.example.com"].model in ["t4", "h100"]`:                                     "no",
		`device.attributes["other.example.com"].index >= 3`:                                                "yes",
		`device.capacity["gpu.example.com"].memory.compareTo(quantity("40Gi")) >= 0`:                       "yes",
		`device.attributes["gpu.example.com"].driverVersion.isLessThan(semver("1.0.0"))`:                   "no",
		`"model" in device.attributes["nobody.example.com"]`:                                               "no",
		`device.attributes["nobody.example.com"].model == "a100"`:                                          "no such key",
		`device.attributes["gpu.example.com"].model == `:                                                   "compilation failed",
		`device.nothing == "a100"`:                                                                         "compilation failed",
		`cel.bind(gpu, device.attributes["gpu.example.com"], has(gpu.model) && gpu.model.startsWith("a"))`: "yes",
	} {
		x := deviceSelectors([]resourcev1.DeviceSelector{{CEL: &resourcev1.CELDeviceSelector{Expression: expression}}})[0]
		yes, err := x.Matches(s.Driver, &s.Devices[0])
		got := map[bool]string{true: "yes", false: "no"}[yes]
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", expression, got, want)
		}
	}
}

func TestResourceClaim(t *testing.T) {
	c := ResourceClaim(read[resourcev1.ResourceClaim](t, `
metadata: {namespace: team, name: gpu, ownerReferences: [{apiVersion: v1, kind: Pod, name: train, uid: u1, controller: true}]}
spec:
  devices:
    requests:
    - {name: one, exactly: {deviceClassName: gpu, count: 2, selectors: [{cel: {expression: "true"}}]}}
    - {name: two, exactly: {deviceClassName: gpu, allocationMode: All}}
status:
  allocation:
    devices:
      results:
      - {request: one, driver: gpu.example.com, pool: n1, device: a}
      - {request: one, driver: gpu.example.com, pool: n1, device: b, adminAccess: true}
    nodeSelector: {nodeSelectorTerms: [{matchFields: [{key: metadata.name, operator: In, values: [n1]}]}]}
  reservedFor: [{resource: pods, name: train, uid: u1}]
`))
	on := func(name string) bool {
		return slices.ContainsFunc(c.Nodes, func(t cluster.Term) bool {
			return t.Matches(func(key string) (string, bool) { return name, key == cluster.FieldName })
		})
	}
	if c.MadeFor != "u1" || !c.Allocated || len(c.Devices) != 1 || !on("n1") || on("n2") || len(c.Users) != 1 ||
		len(c.Requests) != 2 || c.Requests[0].Count != 2 || c.Requests[1].Count != 0 || len(c.Refused) != 0 {
		t.Errorf("%+v", c)
	}
	for want, spec := range map[string]string{
		"request r: firstAvailable: ":                    `requests: [{name: r, firstAvailable: [{name: x, deviceClassName: gpu}]}]`,
		"request r: adminAccess: ":                       `requests: [{name: r, exactly: {deviceClassName: gpu, adminAccess: true}}]`,
		"request r: tolerations: ":                       `requests: [{name: r, exactly: {deviceClassName: gpu, tolerations: [{operator: Exists}]}}]`,
		"request r: capacity: ":                          `requests: [{name: r, exactly: {deviceClassName: gpu, capacity: {requests: {memory: 1Gi}}}}]`,
		"request r: allocationMode: ":                    `requests: [{name: r, exactly: {deviceClassName: gpu, allocationMode: Some}}]`,
		"constraints: matchAttribute example.com/numa: ": `{requests: [{name: r, exactly: {deviceClassName: gpu}}], constraints: [{matchAttribute: example.com/numa}]}`,
	} {
		c := resourcev1.ResourceClaim{Spec: resourcev1.ResourceClaimSpec{Devices: *read[resourcev1.DeviceClaim](t, spec)}}
		if got := ResourceClaim(&c).Refused; len(got) != 1 || !strings.HasPrefix(got[0], want) {
			t.Errorf("%s is refused with %q", want, got)
		}
	}
}

// TestClaimsOf: names come from the pod, or from its status where a claim is made
// from a template.
func TestClaimsOf(t *testing.T) {
	p := read[corev1.Pod](t, `
spec:
  containers: []
  resourceClaims:
  - {name: own, resourceClaimName: gpu}
  - {name: made, resourceClaimTemplateName: gpus}
  - {name: later, resourceClaimTemplateName: gpus}
  - {name: none, resourceClaimTemplateName: gpus}
status:
  resourceClaimStatuses: [{name: made, resourceClaimName: gpus-x7}, {name: none}]
`)
	if got := new(Converter).Pod(p).Claims; !slices.Equal(got, []string{"gpu", "gpus-x7", cluster.NotMade, ""}) {
		t.Errorf("%q", got)
	}
}

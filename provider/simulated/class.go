package simulated

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
)

// ClassKind is the node class kind of the simulated cloud.
var ClassKind = provider.Kind{Group: "ullage.sh", Version: "v1alpha1", Kind: "SimulatedNodeClass", Plural: "simulatednodeclasses"}

// Condition types of a SimulatedNodeClass beside Ready, after Karpenter's.
const (
	ZonesReady          = "ZonesReady"
	ImageReady          = "ImageReady"
	ValidationSucceeded = "ValidationSucceeded"
)

const (
	imageFamily = "al2023"
	// latestImage is what "latest" resolves to.
	latestImage = "v20261101"
)

// spec is the spec of a SimulatedNodeClass. All of it is optional.
type spec struct {
	// Zones that nodes may be in; none for all.
	Zones []string `json:"zones,omitempty"`
	// Image is family@version: al2023@latest (the default) or al2023@v20261101.
	Image string `json:"image,omitempty"`
	// Families of instance types that may be used, m7i or c6g; none for all.
	Families []string `json:"families,omitempty"`
	// Tags of the instances.
	Tags map[string]string `json:"tags,omitempty"`
}

// class is a node class as this cloud understands it.
type class struct {
	spec
	zones    []string // sorted, those the cloud has
	families []string // sorted, those the cloud sells
	image    string   // family@version, "" if it does not resolve
	launch   string   // what else a template of 2023 launches nodes with: JSON, "" for nothing
	problems []problem
}

// problem is why a condition is False.
type problem struct{ condition, reason, message string }

var imageForm = regexp.MustCompile(`^([a-z0-9-]+)@(latest|v[0-9]{8})$`)

// read makes sense of a node class; what does not make sense becomes a problem.
func (c *Cloud) read(nc cluster.NodeClass) class {
	var problems []problem
	fail := func(condition, reason, format string, args ...any) {
		problems = append(problems, problem{condition, reason, fmt.Sprintf(format, args...)})
	}
	read := c.readSpec
	if nc.Ref.Kind == LegacyClassKind.Kind {
		read = c.readLegacy
	}
	k := read(nc.Spec, fail)
	if nc.DeletingAt != 0 {
		fail(cluster.ReadyCondition, "NodeClassTerminating", "the node class is being deleted")
	}
	k.problems = problems
	return k
}

// readSpec makes sense of the spec of a SimulatedNodeClass.
func (c *Cloud) readSpec(text string, fail func(condition, reason, format string, args ...any)) class {
	var k class
	if text != "" {
		if err := strict([]byte(text), &k.spec); err != nil {
			fail(ValidationSucceeded, "InvalidSpec", "spec: %v; it may have zones, image, families and tags", err)
			k.spec = spec{}
		}
	}
	var unknown []string
	k.zones, unknown = among(k.Zones, c.zones)
	if len(unknown) > 0 {
		fail(ZonesReady, "ZonesNotFound", "spec.zones: no zone %s in %s; there is %s",
			strings.Join(unknown, ", "), c.cfg.Region, strings.Join(c.zones, ", "))
	}
	k.families, unknown = among(k.Families, c.families())
	if len(unknown) > 0 {
		fail(ValidationSucceeded, "UnknownFamily", "spec.families: %s sells no %s", c.cfg.Region, strings.Join(unknown, ", "))
	}
	image := k.Image
	if image == "" {
		image = imageFamily + "@latest"
	}
	switch m := imageForm.FindStringSubmatch(image); {
	case m == nil:
		fail(ImageReady, "ImageNotFound", "spec.image: %q is not family@version, like %s@latest or %s@%s", image, imageFamily, imageFamily, latestImage)
	case m[1] != imageFamily:
		fail(ImageReady, "ImageNotFound", "spec.image: no image family %q; there is %s", m[1], imageFamily)
	case m[2] == "latest":
		k.image = imageFamily + "@" + latestImage
	default:
		k.image = image
	}
	return k
}

// among splits what is wanted into what exists and what does not, both sorted
// and without doubles; wanting nothing means wanting everything.
func among(wanted, existing []string) (found, unknown []string) {
	if len(wanted) == 0 {
		return existing, nil
	}
	wanted = slices.Compact(slices.Sorted(slices.Values(wanted)))
	for _, w := range wanted {
		if slices.Contains(existing, w) {
			found = append(found, w)
		} else {
			unknown = append(unknown, w)
		}
	}
	return found, unknown
}

// families lists the instance families that are sold, sorted.
func (c *Cloud) families() []string {
	seen := map[string]bool{}
	for i := range c.cfg.Types {
		seen[c.cfg.Types[i].Labels[catalog.LabelFamily]] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// hash identifies what instances are launched with: image and tags. Zones and
// families decide where they may be bought, not what they are.
func (k class) hash() string {
	text, err := json.Marshal(struct {
		Image  string
		Tags   map[string]string `json:",omitempty"`
		Launch string            `json:",omitempty"`
	}{k.image, k.Tags, k.launch})
	if err != nil {
		panic(err) // strings and maps of strings always marshal
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// status is what the class's status shows beside conditions.
func (k class) status() string {
	zones := k.zones
	if zones == nil {
		zones = []string{}
	}
	text, err := json.Marshal(struct {
		Zones []string `json:"zones"`
		Image string   `json:"image,omitempty"`
	}{zones, k.image})
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(text)
}

// conditions says for each aspect whether it is in order. The time of a
// condition that already had this status is kept.
func (k class) conditions(before []cluster.Condition, now cluster.Instant) []cluster.Condition {
	var out []cluster.Condition
	for _, kind := range []string{ImageReady, ValidationSucceeded, ZonesReady, cluster.ReadyCondition} {
		c := cluster.Condition{Type: kind, Status: "True", Reason: kind, Since: now}
		for _, p := range k.problems {
			if p.condition == kind || kind == cluster.ReadyCondition {
				if c.Status == "True" {
					c.Status, c.Reason, c.Message = "False", p.reason, p.message
				} else {
					c.Message += "; " + p.message
				}
			}
		}
		for _, old := range before {
			if old.Type == kind && old.Status == c.Status {
				c.Since = old.Since
			}
		}
		out = append(out, c)
	}
	return out
}

// sells tells whether nodes of the class can be of a type: the image boots on
// Linux platforms only, so Macs are out.
func (k class) sells(t *cluster.InstanceType) bool {
	return t.Labels[cluster.LabelOS] == "linux" && slices.Contains(k.families, t.Labels[catalog.LabelFamily])
}

// types lists what the class offers, sorted by name: the cloud's types that it
// can use with the offerings in its zones, those in short marked unavailable.
func (k class) types(all []cluster.InstanceType, short func(cluster.OfferingID) bool) []cluster.InstanceType {
	var out []cluster.InstanceType
	for i := range all {
		t := all[i]
		if !k.sells(&t) {
			continue
		}
		offerings := make([]cluster.Offering, 0, len(t.Offerings))
		for _, o := range t.Offerings {
			if slices.Contains(k.zones, o.Zone) {
				o.Available = o.Available && !short(cluster.OfferingID{InstanceType: t.Name, Zone: o.Zone, CapacityType: o.CapacityType})
				offerings = append(offerings, o)
			}
		}
		if len(offerings) > 0 {
			t.Offerings = offerings
			out = append(out, t)
		}
	}
	return out
}

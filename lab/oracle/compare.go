package oracle

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/fit"
	"github.com/ullage-sh/ullage/plan"
)

// Rule pairs constraints of ours with the plugins that mean the same.
type Rule struct {
	Name   string
	Ours   []plan.Constraint
	Theirs []string
}

// Rules in the order in which package fit checks constraints.
var Rules = []Rule{
	{"taints", []plan.Constraint{plan.Taints}, []string{"NodeUnschedulable", "TaintToleration"}},
	{"node affinity", []plan.Constraint{plan.NodeSelector, plan.NodeAffinity}, []string{"NodeAffinity"}},
	{"host ports", []plan.Constraint{plan.HostPorts}, []string{"NodePorts"}},
	{"resources", []plan.Constraint{plan.Resources}, []string{"NodeResourcesFit"}},
	{"volume limit", []plan.Constraint{plan.VolumeLimit}, []string{"NodeVolumeLimits"}},
	{"volumes", []plan.Constraint{plan.VolumeNode}, []string{"VolumeRestrictions", "VolumeBinding", "VolumeZone"}},
	{"topology spread", []plan.Constraint{plan.TopologySpread}, []string{"PodTopologySpread"}},
	{"pod affinity", []plan.Constraint{plan.PodAffinity, plan.PodAntiAffinity}, []string{"InterPodAffinity"}},
	{"devices", []plan.Constraint{plan.Devices}, []string{"DynamicResources"}},
}

// refusedOnly are plugins that look at what we refuse as a whole.
var refusedOnly = []string{"NodeDeclaredFeatures"}

// unconstrained are plugins that say nothing about a pod that waits: NodeName reads
// spec.nodeName, which it does not have, and what gates it is known before.
var unconstrained = []string{"NodeName", "SchedulingGates"}

// Unpaired returns those of the scheduler's plugins that no rule speaks of.
func Unpaired(plugins []string) []string {
	return slices.DeleteFunc(slices.Clone(plugins), func(p string) bool {
		return slices.Contains(refusedOnly, p) || slices.Contains(unconstrained, p) ||
			slices.ContainsFunc(Rules, func(r Rule) bool { return slices.Contains(r.Theirs, p) })
	})
}

// known are the fields that we refuse although the scheduler may accept them.
var known = []string{"spec.hostUsers:", "spec.volumes.awsElasticBlockStore:"}

// Disagreement is a pod and a node about which the two sides differ.
type Disagreement struct {
	Rule, Pod, Node string
	Ours, Theirs    string // why not; "accepts"
}

func (d Disagreement) String() string {
	return fmt.Sprintf("%s of pod %s on %s: we say %q, the scheduler says %q", d.Rule, d.Pod, d.Node, d.Ours, d.Theirs)
}

// comparison of one pod on all nodes.
type comparison struct {
	pod      string
	class    *cluster.Class
	view     *fit.View
	verdicts []Verdict
	out      []Disagreement
}

func (c *comparison) differ(rule, node, ours, theirs string) {
	c.out = append(c.out, Disagreement{rule, c.pod, node, ours, theirs})
}

// theirs tells whether one of the plugins of a rule rejects the i-th node.
func (c *comparison) theirs(plugins []string, i int) string {
	for j := range c.verdicts {
		if v := &c.verdicts[j]; slices.Contains(plugins, v.Plugin) {
			if why, bad := v.Rejects(i); bad {
				return v.Plugin + ": " + why
			}
		}
	}
	return accepts
}

const accepts = "accepts"

// volumes is why the pod's claims to volumes cannot be used at all, devices why those
// to devices cannot.
func (c *comparison) volumes() string { return c.unusable(false) }
func (c *comparison) devices() string { return c.unusable(true) }

func (c *comparison) unusable(devices bool) string {
	var why []string
	for _, text := range c.class.Refused[len(c.class.Demand.Refused):] {
		if strings.Contains(text, "ResourceClaim") == devices {
			why = append(why, text)
		}
	}
	if len(why) == 0 {
		return accepts
	}
	return strings.Join(why, "; ")
}

// refusal checks what we do not honour: it may be refused only if that is known,
// and what the scheduler's rarer plugins reject must be refused.
func (c *comparison) refusal(nodes []string) (refused bool) {
	own := c.class.Demand.Refused
	for _, why := range own {
		if !slices.ContainsFunc(known, func(k string) bool { return strings.HasPrefix(why, k) }) {
			c.differ("refusal", "any", why, "is a pod that an API server would take")
		}
	}
	for i, n := range nodes {
		if why := c.theirs(refusedOnly, i); why != accepts && len(own) == 0 {
			c.differ("refusal", n, accepts, why)
		}
	}
	return len(own) > 0
}

// applies tells whether a rule can be compared. What a refused disk does to the
// others is not looked at; how many volumes are attached does not matter while a
// claim cannot be used.
func (c *comparison) applies(r *Rule, refused bool) bool {
	switch r.Name {
	case "volumes":
		return !refused
	case "volume limit":
		return !refused && c.volumes() == accepts
	}
	return true
}

// node compares all rules on a node: number i of the verdicts, index of the world.
func (c *comparison) node(name string, i, index int, refused bool) {
	c.rules(name, i, refused, func(k plan.Constraint) bool { return c.view.Forbids(k, index) })
}

// rules compares all rules on the node that is number i of the verdicts.
func (c *comparison) rules(name string, i int, refused bool, forbids func(plan.Constraint) bool) {
	for j := range Rules {
		r := &Rules[j]
		if !c.applies(r, refused) {
			continue
		}
		ours := accepts
		for _, k := range r.Ours {
			if ours == accepts && forbids(k) {
				ours = k.String()
			}
		}
		if r.Name == "volumes" && ours == accepts {
			ours = c.volumes()
		}
		if r.Name == "devices" && ours == accepts {
			ours = c.devices()
		}
		theirs := c.theirs(r.Theirs, i)
		switch {
		case (ours == accepts) != (theirs == accepts):
			c.differ(r.Name, name, ours, theirs)
		case r.Name == "pod affinity" && ours != accepts && (ours == plan.PodAffinity.String()) != strings.HasSuffix(theirs, "didn't match pod affinity rules"):
			c.differ(r.Name, name, ours, theirs)
		}
	}
}

// first checks that the answer of a view as a whole is the first constraint that
// forbids.
func (c *comparison) first(name string, index int) {
	want := plan.Constraint(0)
	switch {
	case c.view.Forbids(plan.Closed, index):
		want = plan.Closed
	case len(c.class.Refused) > 0:
		want = plan.Refused
	default:
		for _, r := range Rules {
			for _, k := range r.Ours {
				if want == 0 && c.view.Forbids(k, index) {
					want = k
				}
			}
		}
	}
	if got := c.view.Node(index); got != want {
		c.differ("view", name, fmt.Sprintf("%v as a whole", got), fmt.Sprintf("%v, constraint by constraint", want))
	}
}

// offering compares the answers for an offering as a new node with the verdicts on
// that node.
func (c *comparison) offering(name string, offering int, refused bool) {
	want := plan.Constraint(0)
	if len(c.class.Refused) > 0 {
		want = plan.Refused
	}
	c.rules(name, 0, refused, func(k plan.Constraint) bool {
		bad := c.view.OfferingForbids(k, offering)
		if bad && want == 0 {
			want = k
		}
		return bad
	})
	if got := c.view.Offering(offering); got != want && (want == 0 || got == 0) {
		c.differ("view", name, fmt.Sprintf("%v as a whole", got), fmt.Sprintf("%v, constraint by constraint", want))
	}
}

package aws

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ullage-sh/ullage/awssim"
	"github.com/ullage-sh/ullage/awssim/simtest"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
	"github.com/ullage-sh/ullage/provider/aws/iam"
	"github.com/ullage-sh/ullage/provider/simulated"
)

// guard carries requests to AWS and asks a policy about each of them as IAM would: about
// every resource that it is on, with the keys that conditions are about.
type guard struct {
	account *account
	policy  iam.Document

	mu        sync.Mutex
	templates map[string]map[string]string // tags of network interfaces, by launch template
	refused   []string
	decided   int
}

// number is the simulated account's.
const number = "000000000000"

func arn(service, region, account, resource string) string {
	return "arn:aws:" + service + ":" + region + ":" + account + ":" + resource
}

func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	scope := strings.Split(r.Header.Get("Authorization"), "/") // access key, day, region, service
	g.mu.Lock()
	for _, q := range g.requests(scope[3], r, body) {
		g.decided++
		if !g.policy.Allows(q) {
			g.refused = append(g.refused, fmt.Sprintf("%s on %s with %v", q.Action, q.Resource, q.Context))
		}
	}
	g.mu.Unlock()
	return http.DefaultTransport.RoundTrip(r)
}

// requests are what IAM decides about before a call is carried out, after the Service
// Authorization Reference.
func (g *guard) requests(service string, r *http.Request, body []byte) []iam.Request {
	switch service {
	case "eks":
		return []iam.Request{{Action: "eks:DescribeCluster", Resource: arn("eks", simtest.Region, number, "cluster/"+r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:])}}
	case "ec2", "iam":
		form, err := url.ParseQuery(string(body))
		if err != nil {
			panic(err)
		}
		if service == "iam" {
			return g.profile(form)
		}
		return g.compute(form)
	}
	var in struct {
		Names     []string
		QueueUrl  string
		QueueName string
	}
	if err := json.Unmarshal(body, &in); err != nil {
		panic(err)
	}
	target := r.Header.Get("X-Amz-Target")
	name := target[strings.LastIndexByte(target, '.')+1:]
	switch service {
	case "sqs":
		queue := in.QueueName + in.QueueUrl[strings.LastIndexByte(in.QueueUrl, '/')+1:]
		return []iam.Request{{Action: "sqs:" + strings.TrimSuffix(name, "Batch"), Resource: arn("sqs", simtest.Region, number, queue)}}
	case "ssm":
		var out []iam.Request
		for _, n := range in.Names {
			owner := number
			if strings.HasPrefix(n, "/aws/") {
				owner = ""
			}
			out = append(out, iam.Request{Action: "ssm:" + name, Resource: arn("ssm", simtest.Region, owner, "parameter"+n)})
		}
		return out
	}
	return []iam.Request{{Action: service + ":" + name, Resource: "*"}}
}

// keyed are tags as keys of conditions.
func keyed(prefix string, tags map[string]string) map[string]string {
	out := map[string]string{}
	for k, v := range tags {
		out["aws:"+prefix+"Tag/"+k] = v
	}
	return out
}

func (g *guard) profile(form url.Values) []iam.Request {
	name, path := form.Get("InstanceProfileName"), form.Get("Path")
	tags := map[string]string{}
	for i := 1; form.Has(fmt.Sprintf("Tags.member.%d.Key", i)); i++ {
		tags[form.Get(fmt.Sprintf("Tags.member.%d.Key", i))] = form.Get(fmt.Sprintf("Tags.member.%d.Value", i))
	}
	g.account.Do(func(w *world.World) {
		if p := w.Profile(name); p != nil {
			path = p.Path
		}
	})
	if path == "" {
		path = "/" // there is none by that name
	}
	on := arn("iam", "", number, "instance-profile"+path+form.Get("PathPrefix")+name)
	out := []iam.Request{{Action: "iam:" + form.Get("Action"), Resource: on, Context: keyed("Request", tags)}}
	if len(tags) > 0 {
		out = append(out, iam.Request{Action: "iam:TagInstanceProfile", Resource: on, Context: keyed("Request", tags)})
	}
	if form.Get("Action") == "AddRoleToInstanceProfile" {
		out = append(out, iam.Request{Action: "iam:PassRole", Resource: arn("iam", "", number, "role/"+form.Get("RoleName")), Context: map[string]string{"iam:PassedToService": "ec2.amazonaws.com"}})
	}
	return out
}

// specified are the tags of a request, by type of resource.
func specified(form url.Values, prefix string) map[string]map[string]string {
	out := map[string]map[string]string{}
	for i := 1; form.Has(fmt.Sprintf("%s.%d.ResourceType", prefix, i)); i++ {
		tags := map[string]string{}
		for k := 1; form.Has(fmt.Sprintf("%s.%d.Tag.%d.Key", prefix, i, k)); k++ {
			tags[form.Get(fmt.Sprintf("%s.%d.Tag.%d.Key", prefix, i, k))] = form.Get(fmt.Sprintf("%s.%d.Tag.%d.Value", prefix, i, k))
		}
		out[form.Get(fmt.Sprintf("%s.%d.ResourceType", prefix, i))] = tags
	}
	return out
}

// tagsOf are the tags of what there is.
func (g *guard) tagsOf(id string) map[string]string {
	out := map[string]string{}
	g.account.Do(func(w *world.World) {
		for _, t := range w.Tags(id) {
			out[t.Key] = t.Value
		}
	})
	return out
}

// launchedWith are requests on what instances are launched with, whatever it is in
// particular, and on their role.
func (g *guard) launchedWith(actions []string) []iam.Request {
	out := []iam.Request{{
		Action: "iam:PassRole", Resource: arn("iam", "", number, "role/KarpenterNodeRole-ullage"), Context: map[string]string{"iam:PassedToService": "ec2.amazonaws.com"},
	}}
	for _, a := range actions {
		for _, on := range []string{"security-group/sg-1", "spot-instances-request/*", "subnet/subnet-1", "placement-group/near"} {
			out = append(out, iam.Request{Action: a, Resource: arn("ec2", simtest.Region, number, on)})
		}
		for _, on := range []string{"image/ami-1", "snapshot/snap-1"} {
			out = append(out, iam.Request{Action: a, Resource: arn("ec2", simtest.Region, "", on)})
		}
	}
	return out
}

func (g *guard) compute(form url.Values) []iam.Request {
	action := form.Get("Action")
	on := func(resource string) string { return arn("ec2", simtest.Region, number, resource) }
	// made is what it takes to make things of a type: the action, and tagging them.
	made := func(actions []string, kind string, tags map[string]string) []iam.Request {
		var out []iam.Request
		for _, a := range actions {
			out = append(out, iam.Request{Action: a, Resource: on(kind + "/*"), Context: keyed("Request", tags)})
		}
		with := keyed("Request", tags)
		with["ec2:CreateAction"] = action
		if len(tags) > 0 {
			out = append(out, iam.Request{Action: "ec2:CreateTags", Resource: on(kind + "/*"), Context: with})
		}
		return out
	}
	template := func(name string) (id string) {
		g.account.Do(func(w *world.World) {
			for _, t := range w.Templates() {
				if t.Name == name {
					id = t.ID
				}
			}
		})
		return id
	}
	switch action {
	case "TerminateInstances":
		var out []iam.Request
		for i := 1; form.Has(fmt.Sprintf("InstanceId.%d", i)); i++ {
			id := form.Get(fmt.Sprintf("InstanceId.%d", i))
			out = append(out, iam.Request{Action: "ec2:" + action, Resource: on("instance/" + id), Context: keyed("Resource", g.tagsOf(id))})
		}
		return out
	case "CreateLaunchTemplate":
		g.templates[form.Get("LaunchTemplateName")] = specified(form, "LaunchTemplateData.TagSpecification")["network-interface"]
		return made([]string{"ec2:" + action}, "launch-template", specified(form, "TagSpecification")["launch-template"])
	case "DeleteLaunchTemplate":
		id := template(form.Get("LaunchTemplateName"))
		return []iam.Request{{Action: "ec2:" + action, Resource: on("launch-template/" + id), Context: keyed("Resource", g.tagsOf(id))}}
	case "RunInstances":
		var out []iam.Request
		tags, run := specified(form, "TagSpecification"), []string{"ec2:" + action}
		for _, kind := range []string{"instance", "network-interface", "volume"} {
			out = append(out, made(run, kind, tags[kind])...)
		}
		return append(out, g.launchedWith(run)...)
	case "CreateFleet":
		both := []string{"ec2:CreateFleet", "ec2:RunInstances"}
		tags := specified(form, "TagSpecification")
		out := slices.Concat(made(both, "fleet", tags["fleet"]), made(both, "instance", tags["instance"]), made(both, "volume", tags["volume"]))
		for i := 1; form.Has(fmt.Sprintf("LaunchTemplateConfigs.%d.LaunchTemplateSpecification.LaunchTemplateName", i)); i++ {
			config := fmt.Sprintf("LaunchTemplateConfigs.%d.", i)
			name := form.Get(config + "LaunchTemplateSpecification.LaunchTemplateName")
			id := template(name)
			out = append(out, made(both, "network-interface", g.templates[name])...)
			for _, a := range both {
				out = append(out, iam.Request{Action: a, Resource: on("launch-template/" + id), Context: keyed("Resource", g.tagsOf(id))})
				for k := 1; form.Has(fmt.Sprintf(config+"Overrides.%d.SubnetId", k)); k++ {
					out = append(out, iam.Request{Action: a, Resource: on("subnet/" + form.Get(fmt.Sprintf(config+"Overrides.%d.SubnetId", k)))})
				}
			}
		}
		return append(out, g.launchedWith(both)...)
	}
	return []iam.Request{{Action: "ec2:" + action, Resource: "*", Context: map[string]string{"aws:RequestedRegion": simtest.Region}}}
}

// live makes a provider do all that it does in its life.
func live(t *testing.T, a *account, p *Provider) {
	t.Helper()
	ctx := context.Background()
	usual := class(nil)
	r, err := p.Resolve(ctx, usual)
	if err != nil {
		t.Fatal(err)
	}
	from := map[string]cluster.OfferingID{}
	for _, typ := range r.Types {
		for _, o := range typ.Offerings {
			from[o.CapacityType] = cluster.OfferingID{InstanceType: typ.Name, Zone: o.Zone, CapacityType: o.CapacityType}
		}
	}
	var ids []string
	for _, kind := range []string{cluster.OnDemand, cluster.Spot} {
		out, err := p.Create(ctx, provider.CreateRequest{Token: "live-" + kind, Class: usual, Pool: "default", Count: 2, Offerings: []cluster.OfferingID{from[kind]},
			Labels: cluster.Labels{"karpenter.sh/nodepool": "default"}, Taints: []cluster.Taint{cluster.UnregisteredTaint}})
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range out.Instances {
			ids = append(ids, i.ID)
		}
	}
	a.Clock.Advance(p.DescribeLag())
	a.Do(func(w *world.World) { w.Reclaim(simulated.Pattern(from[cluster.Spot]), 0) })
	notices, err := p.Notices(ctx)
	if err != nil || len(notices) != 2 {
		t.Fatalf("notices %v, %v", notices, err)
	}
	if err := p.Acknowledge(ctx, []string{notices[0].Receipt, notices[1].Receipt}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Get(ctx, ids[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Delete(ctx, ids); err != nil {
		t.Fatal(err)
	}
	// Another class, which has what the usual one has not; nobody wants the usual one any
	// more, and one day what was made for it goes.
	other := class(func(spec map[string]any) {
		spec["role"], spec["amiSelectorTerms"] = "another", []any{map[string]any{"alias": "bottlerocket@latest"}}
		spec["placementGroupSelector"] = map[string]any{"name": "near"}
		spec["capacityReservationSelectorTerms"] = []any{map[string]any{"id": "cr-1"}}
	})
	for range 3 {
		if _, err := p.Resolve(ctx, other); err != nil {
			t.Fatal(err)
		}
		if _, err := p.List(ctx); err != nil {
			t.Fatal(err)
		}
		a.Clock.Advance(25 * cluster.Hour)
	}
}

// TestPolicy holds the life of a provider against the policy: every request that it makes
// is allowed, and all that is allowed is called for; and against the simulated AWS with
// the right to nothing else.
func TestPolicy(t *testing.T) {
	all, err := catalog.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	few := all.Only(func(t catalog.Type) bool {
		return strings.HasPrefix(t.Name, "m5.") || strings.HasPrefix(t.Name, "m6g.")
	})
	var denied []string
	for _, name := range awssim.Operations() {
		if !slices.Contains(iam.Calls(), name) {
			denied = append(denied, name)
		}
	}
	a := newAccount(t, world.Config{Seed: 7, Catalog: few}, func(c *awssim.Config) { c.Denied = denied })
	policy, err := iam.Scope{Region: simtest.Region, Account: number, Cluster: "ullage", Queue: "ullage", Roles: []string{"KarpenterNodeRole-ullage", "another"}}.Policy()
	if err != nil {
		t.Fatal(err)
	}
	g := &guard{account: a, policy: policy, templates: map[string]map[string]string{}}
	live(t, a, a.provider(t, g))
	for _, x := range g.refused {
		t.Errorf("not allowed: %s", x)
	}
	if called := slices.Sorted(maps.Keys(a.calls.Counts())); !slices.Equal(called, iam.Calls()) {
		t.Errorf("called were\n%v, the table of calls has\n%v", called, iam.Calls())
	}
	if g.decided < 100 {
		t.Errorf("only %d requests were decided about", g.decided)
	}
	// Another cluster's operator may do nothing to what is this one's.
	foreign := &guard{account: a, templates: g.templates}
	if foreign.policy, err = (iam.Scope{Region: simtest.Region, Account: number, Cluster: "other", Queue: "other", Roles: []string{"other"}}).Policy(); err != nil {
		t.Fatal(err)
	}
	b := newAccount(t, world.Config{Seed: 8, Catalog: few}, nil)
	foreign.account = b
	live(t, b, b.provider(t, foreign))
	for _, action := range []string{
		"ec2:CreateFleet", "ec2:RunInstances", "ec2:CreateTags", "ec2:CreateLaunchTemplate", "ec2:DeleteLaunchTemplate", "ec2:TerminateInstances", "iam:PassRole",
		"iam:CreateInstanceProfile", "iam:DeleteInstanceProfile", "iam:RemoveRoleFromInstanceProfile", "eks:DescribeCluster", "sqs:ReceiveMessage", "sqs:DeleteMessage",
	} {
		if !slices.ContainsFunc(foreign.refused, func(x string) bool { return strings.HasPrefix(x, action+" ") }) {
			t.Errorf("%s is allowed to another cluster's operator", action)
		}
	}
}

package simulated

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
)

// clock is a virtual clock; sleeping moves it.
type clock struct {
	mu  sync.Mutex
	now cluster.Instant
}

func (c *clock) Now() cluster.Instant {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d cluster.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *clock) Sleep(ctx context.Context, d cluster.Duration) error {
	c.Advance(d)
	return ctx.Err()
}

func desk(t testing.TB, cfg Config) (*Provider, *Cloud, *clock) {
	t.Helper()
	c, k := newCloud(t, cfg), &clock{now: start}
	return NewProvider(c, k.Now, k.Sleep), c, k
}

func nodeClass(spec string) cluster.NodeClass {
	return cluster.NodeClass{Ref: cluster.ClassRef{Group: ClassKind.Group, Kind: ClassKind.Kind, Name: "default"}, Spec: spec}
}

func resolve(t testing.TB, p *Provider, nc cluster.NodeClass) provider.Resolution {
	t.Helper()
	r, err := p.Resolve(context.Background(), nc)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func request(token string, count int, from ...string) provider.CreateRequest {
	return provider.CreateRequest{Token: token, Class: nodeClass(""), Pool: "general", Count: count, Offerings: offerings(from...)}
}

func conditions(cs []cluster.Condition) string {
	var out []string
	for _, c := range cs {
		out = append(out, c.Type+"="+c.Status)
	}
	return strings.Join(out, " ")
}

const allTrue = "ImageReady=True ValidationSucceeded=True ZonesReady=True Ready=True"

func TestResolve(t *testing.T) {
	tests := []struct {
		spec       string
		conditions string
		message    string // part of Ready's
		status     string
	}{
		{"", allTrue, "", `{"zones":["ap-northeast-2a","ap-northeast-2b","ap-northeast-2c","ap-northeast-2d"],"image":"al2023@v20261101"}`},
		{`{}`, allTrue, "", `{"zones":["ap-northeast-2a","ap-northeast-2b","ap-northeast-2c","ap-northeast-2d"],"image":"al2023@v20261101"}`},
		{`{"zones":["ap-northeast-2c","ap-northeast-2a","ap-northeast-2c"],"image":"al2023@v20260801","families":["m7i","c6g"],"tags":{"a":"b"}}`,
			allTrue, "", `{"zones":["ap-northeast-2a","ap-northeast-2c"],"image":"al2023@v20260801"}`},
		{`{"zones":["ap-northeast-2a","us-east-1a"]}`, "ImageReady=True ValidationSucceeded=True ZonesReady=False Ready=False",
			"no zone us-east-1a in ap-northeast-2; there is ap-northeast-2a, ap-northeast-2b", `{"zones":["ap-northeast-2a"],"image":"al2023@v20261101"}`},
		{`{"image":"al2023"}`, "ImageReady=False ValidationSucceeded=True ZonesReady=True Ready=False", `"al2023" is not family@version`,
			`{"zones":["ap-northeast-2a","ap-northeast-2b","ap-northeast-2c","ap-northeast-2d"]}`},
		{`{"image":"ubuntu@latest","zones":["x"]}`, "ImageReady=False ValidationSucceeded=True ZonesReady=False Ready=False", `no image family "ubuntu"`, `{"zones":[]}`},
		{`{"families":["m7i","m77"]}`, "ImageReady=True ValidationSucceeded=False ZonesReady=True Ready=False", "sells no m77",
			`{"zones":["ap-northeast-2a","ap-northeast-2b","ap-northeast-2c","ap-northeast-2d"],"image":"al2023@v20261101"}`},
		{`{"zone":["a"]}`, "ImageReady=True ValidationSucceeded=False ZonesReady=True Ready=False", `unknown field "zone"`,
			`{"zones":["ap-northeast-2a","ap-northeast-2b","ap-northeast-2c","ap-northeast-2d"],"image":"al2023@v20261101"}`},
		{`{"zones":`, "ImageReady=True ValidationSucceeded=False ZonesReady=True Ready=False", "spec:",
			`{"zones":["ap-northeast-2a","ap-northeast-2b","ap-northeast-2c","ap-northeast-2d"],"image":"al2023@v20261101"}`},
	}
	p, _, _ := desk(t, config())
	for _, tt := range tests {
		r := resolve(t, p, nodeClass(tt.spec))
		if got := conditions(r.Conditions); got != tt.conditions {
			t.Errorf("%s: %s, want %s", tt.spec, got, tt.conditions)
		}
		if ready := r.Conditions[len(r.Conditions)-1]; !strings.Contains(ready.Message, tt.message) || (tt.message == "") != (ready.Message == "") || ready.Reason == "" {
			t.Errorf("%s: Ready says %+v, want %q", tt.spec, ready, tt.message)
		}
		if r.Status != tt.status {
			t.Errorf("%s: status %s, want %s", tt.spec, r.Status, tt.status)
		}
	}
}

func TestResolveLegacyTemplates(t *testing.T) {
	const selects = `"subnetSelector":{"a":"b"},"securityGroupSelector":{"a":"b"}`
	p, _, _ := desk(t, config())
	template := func(spec string) cluster.NodeClass {
		nc := nodeClass(spec)
		nc.Ref = cluster.ClassRef{Group: LegacyClassKind.Group, Kind: LegacyClassKind.Kind, Name: "default"}
		return nc
	}
	for _, tt := range []struct{ spec, conditions, message string }{
		{`{` + selects + `}`, allTrue, ""},
		{`{` + selects + `,"amiFamily":"Bottlerocket","userData":"x","instanceProfile":"y"}`, allTrue, ""},
		{`{"securityGroupSelector":{"a":"b"}}`, "ImageReady=True ValidationSucceeded=True ZonesReady=False Ready=False", "spec.subnetSelector is empty"},
		{`{"subnetSelector":{"a":"b"}}`, "ImageReady=True ValidationSucceeded=False ZonesReady=True Ready=False", "spec.securityGroupSelector is empty"},
		{`{` + selects + `,"amiFamily":"Windows2022"}`, "ImageReady=False ValidationSucceeded=True ZonesReady=True Ready=False", "no image for Windows2022"},
		{`{` + selects + `,"amiSelector":{"aws-ids":"ami-1"}}`, "ImageReady=False ValidationSucceeded=True ZonesReady=True Ready=False", "no images but those of spec.amiFamily"},
		{`{"subnetSelector":3}`, "ImageReady=True ValidationSucceeded=False ZonesReady=True Ready=False", "spec:"},
		{`null`, "ImageReady=True ValidationSucceeded=False ZonesReady=False Ready=False", "is empty"},
	} {
		r := resolve(t, p, template(tt.spec))
		if ready := r.Conditions[len(r.Conditions)-1]; conditions(r.Conditions) != tt.conditions || !strings.Contains(ready.Message, tt.message) {
			t.Errorf("%s: %s, Ready says %q", tt.spec, conditions(r.Conditions), ready.Message)
		}
	}
	// What nodes are launched with makes them drift, where they may be does not.
	first := resolve(t, p, template(`{`+selects+`}`))
	for spec, same := range map[string]bool{
		`{"securityGroupSelector":{"c":"d"},"subnetSelector":{"x":"y"}}`: true,
		`{` + selects + `,"tags":{"a":"b"}}`:                             false,
		`{` + selects + `,"userData":"x"}`:                               false,
		`{` + selects + `,"amiFamily":"Ubuntu"}`:                         false,
	} {
		if got := resolve(t, p, template(spec)); (got.Hash == first.Hash) != same {
			t.Errorf("%s: nodes drift: %t", spec, !same)
		}
	}
	if len(first.Types) == 0 {
		t.Error("nothing is sold to a template")
	}
}

func TestResolveChoosesTypes(t *testing.T) {
	p, _, _ := desk(t, config())
	r := resolve(t, p, nodeClass(`{"zones":["ap-northeast-2b","ap-northeast-2d"],"families":["c4","m5"]}`))
	if cluster.FindType(r.Types, "c4.2xlarge") != nil {
		t.Error("c4.2xlarge is sold in zones a and c only")
	}
	m5 := cluster.FindType(r.Types, "m5.large")
	if m5 == nil || len(m5.Offerings) != 4 || cluster.FindType(r.Types, "m5d.large") != nil {
		t.Fatalf("m5.large: %+v of %d types", m5, len(r.Types))
	}
	for _, typ := range r.Types {
		for _, o := range typ.Offerings {
			if o.Zone != region+"b" && o.Zone != region+"d" {
				t.Errorf("%s is offered in %s", typ.Name, o.Zone)
			}
		}
	}
	if all := resolve(t, p, nodeClass("")); len(all.Types) < 700 {
		t.Errorf("an empty class offers %d types", len(all.Types))
	}
}

// TestMacsAreOut: a Linux image does not boot on a Mac, so neither is one
// offered nor launched.
func TestMacsAreOut(t *testing.T) {
	cfg := config()
	mac := *cluster.FindType(cfg.Types, "m5.large")
	mac.Name = "mac9.metal"
	mac.Labels = cluster.Labels{cluster.LabelOS: "darwin", cluster.LabelArch: "arm64"}
	cfg.Types = append(slices.Clone(cfg.Types), mac)
	p, _, _ := desk(t, cfg)
	if cluster.FindType(resolve(t, p, nodeClass("")).Types, "mac9.metal") != nil {
		t.Error("a Mac is offered")
	}
	var rejected *provider.RejectedError
	if _, err := p.Create(context.Background(), request("a", 1, "mac9.metal/a/on-demand")); !errors.As(err, &rejected) {
		t.Errorf("a Mac was launched: %v", err)
	}
}

func TestHashAndImage(t *testing.T) {
	p, _, _ := desk(t, config())
	base := resolve(t, p, nodeClass(""))
	same := []string{`{}`, `{"image":"al2023@latest"}`, `{"image":"al2023@v20261101"}`, `{"zones":["ap-northeast-2a"]}`, `{"families":["m5"]}`, `{"tags":{}}`}
	for _, spec := range same {
		if r := resolve(t, p, nodeClass(spec)); r.Hash != base.Hash || r.ImageID != base.ImageID {
			t.Errorf("%s: hash %s image %s, want %s %s", spec, r.Hash, r.ImageID, base.Hash, base.ImageID)
		}
	}
	seen := map[string]string{base.Hash: ""}
	for _, spec := range []string{`{"image":"al2023@v20260101"}`, `{"tags":{"a":"b"}}`, `{"tags":{"a":"c"}}`, `{"tags":{"a":"b"},"image":"al2023@v20260101"}`} {
		r := resolve(t, p, nodeClass(spec))
		if other, ok := seen[r.Hash]; ok {
			t.Errorf("%s and %s have the same hash", spec, other)
		}
		seen[r.Hash] = spec
	}
	got, err := p.Create(context.Background(), request("a", 1, "m5.large/a/on-demand"))
	if err != nil || got.Instances[0].Hash != base.Hash || got.Instances[0].ImageID != "al2023@v20261101" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestConditionsKeepTheirTime(t *testing.T) {
	p, _, k := desk(t, config())
	nc := nodeClass("")
	nc.Conditions = resolve(t, p, nc).Conditions
	k.Advance(cluster.Hour)
	nc.Spec = `{"zones":["x"]}`
	for _, c := range resolve(t, p, nc).Conditions {
		want := start
		if c.Type == ZonesReady || c.Type == cluster.ReadyCondition {
			want = after(cluster.Hour)
		}
		if c.Since != want {
			t.Errorf("%s=%s since %v", c.Type, c.Status, c.Since.Sub(start))
		}
	}
	nc.DeletingAt = start
	r := resolve(t, p, nc)
	if ready := r.Conditions[len(r.Conditions)-1]; ready.Status != "False" || !strings.Contains(ready.Message, "being deleted") {
		t.Errorf("a class that is being deleted: %+v", ready)
	}
}

func TestForeignClass(t *testing.T) {
	p, _, _ := desk(t, config())
	nc := nodeClass("")
	nc.Ref = cluster.ClassRef{Group: "karpenter.k8s.aws", Kind: "EC2NodeClass", Name: "default"}
	var rejected *provider.RejectedError
	if _, err := p.Resolve(context.Background(), nc); !errors.As(err, &rejected) || !strings.Contains(err.Error(), "EC2NodeClass") {
		t.Errorf("resolve: %v", err)
	}
	req := request("a", 1, "m5.large/a/on-demand")
	req.Class = nc
	if _, err := p.Create(context.Background(), req); !errors.As(err, &rejected) {
		t.Errorf("create: %v", err)
	}
}

func TestOutsideTheClass(t *testing.T) {
	p, c, _ := desk(t, config())
	for _, spec := range []string{`{"zones":["ap-northeast-2b"]}`, `{"families":["c6g"]}`} {
		req := request("a", 1, "m5.large/a/on-demand")
		req.Class = nodeClass(spec)
		var rejected *provider.RejectedError
		if _, err := p.Create(context.Background(), req); !errors.As(err, &rejected) || !strings.Contains(err.Error(), "does not offer m5.large") {
			t.Errorf("%s: %v", spec, err)
		}
	}
	if n := len(c.Inventory(start)); n != 0 {
		t.Errorf("%d instances were launched", n)
	}
}

// TestTokenOutlivesClass: the crash between launch and answer may be followed by
// an edit of the class. The instances are there all the same.
func TestTokenOutlivesClass(t *testing.T) {
	p, c, k := desk(t, config())
	ctx, cancel := context.WithCancel(context.Background())
	p.sleep = func(ctx context.Context, d cluster.Duration) error {
		cancel() // the caller dies while the cloud takes its time
		return k.Sleep(ctx, d)
	}
	req := request("a", 2, "m5.large/a/on-demand")
	if _, err := p.Create(ctx, req); !errors.Is(err, context.Canceled) {
		t.Fatalf("create: %v", err)
	}
	if n := len(c.Inventory(k.Now())); n != 2 {
		t.Fatalf("%d instances exist, want 2", n)
	}
	if n := p.DescribeLag(); n != 2*cluster.Second {
		t.Errorf("describe lag %v", n)
	}
	for _, spec := range []string{`{"tags":{"new":"tag"}}`, `{"zones":["nowhere"]}`} {
		req.Class = nodeClass(spec)
		r, err := p.Create(context.Background(), req)
		if err != nil || len(r.Instances) != 2 {
			t.Errorf("with the class now %s: %+v, %v", spec, r, err)
		}
	}
	if n := len(c.Inventory(k.Now())); n != 2 {
		t.Errorf("%d instances exist, want 2", n)
	}
}

func TestSoldOutIsRememberedForAWhile(t *testing.T) {
	cfg := config()
	cfg.Speed = 10 // 3 minutes become 18 s
	p, c, k := desk(t, cfg)
	if _, err := c.SetCapacity(start, Pattern{InstanceType: "m5.large", Zone: "*a"}, 0); err != nil {
		t.Fatal(err)
	}
	available := func() bool {
		t.Helper()
		for _, o := range cluster.FindType(resolve(t, p, nodeClass("")).Types, "m5.large").Offerings {
			if o.Zone == region+"a" && o.CapacityType == cluster.OnDemand {
				return o.Available
			}
		}
		t.Fatal("the offering is gone")
		return false
	}
	if !available() {
		t.Error("unavailable before anybody tried")
	}
	req := request("a", 1, "m5.large/a/on-demand", "m5.large/b/on-demand")
	if _, err := p.Create(context.Background(), req); err != nil {
		t.Fatal(err)
	}
	if available() {
		t.Error("available after a create found it short")
	}
	k.Advance(17 * cluster.Second)
	if available() {
		t.Error("available after 17 s")
	}
	k.Advance(1 * cluster.Second)
	if !available() {
		t.Error("unavailable after 18 s")
	}
	// The repetition of a call learns nothing new.
	if _, err := p.Create(context.Background(), req); err != nil || !available() {
		t.Errorf("after the same call again: %v", err)
	}
	var short *provider.InsufficientCapacityError
	if _, err := p.Create(context.Background(), request("b", 1, "m5.large/a/on-demand")); !errors.As(err, &short) || available() {
		t.Errorf("a failure is not remembered: %v", err)
	}
}

// TestProviderConcurrently is for the race detector, and checks that tokens hold
// when everybody calls at once.
func TestProviderConcurrently(t *testing.T) {
	cfg := config()
	cfg.Hazard = true
	p, c, k := desk(t, cfg)
	if _, err := c.SetCapacity(start, Pattern{CapacityType: cluster.Spot}, 5); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	var wg sync.WaitGroup
	var mu sync.Mutex
	byToken := map[string]string{}
	for worker := range 16 {
		wg.Go(func() {
			for n := range 20 {
				token := fmt.Sprint("t", n) // the same for all workers
				r, err := p.Create(ctx, request(token, 3, "m5.large/a/spot", "m5.large/b/on-demand"))
				if err != nil {
					t.Errorf("create: %v", err)
					return
				}
				var ids []string
				for _, i := range r.Instances {
					ids = append(ids, i.ID)
				}
				mu.Lock()
				if old, ok := byToken[token]; ok && old != strings.Join(ids, " ") {
					t.Errorf("token %s gave %s, then %v", token, old, ids)
				}
				byToken[token] = strings.Join(ids, " ")
				mu.Unlock()
				if _, err := p.Resolve(ctx, nodeClass("")); err != nil {
					t.Errorf("resolve: %v", err)
				}
				if _, err := p.List(ctx); err != nil {
					t.Errorf("list: %v", err)
				}
				if worker%4 == 0 {
					if _, err := p.Delete(ctx, ids[:1]); err != nil {
						t.Errorf("delete: %v", err)
					}
					_, _ = p.Get(ctx, ids[1]) // visible or not, both are fine
					c.Events(k.Now(), 0)
					c.Machines(k.Now())
					c.Next(k.Now())
				}
			}
		})
	}
	wg.Wait()
	k.Advance(cluster.Hour)
	if n := len(c.Inventory(k.Now())); n != 20*2 {
		t.Errorf("%d instances are left, want 40: 20 launches of 3, one of each deleted", n)
	}
}

// TestListOthers: what somebody else has launched in the machine room is not the
// cluster's.
func TestListOthers(t *testing.T) {
	p, c, k := desk(t, config())
	own, err := p.Create(context.Background(), request("own", 1, "m5.large/a/on-demand"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := c.Launch(k.Now(), Order{Token: "other", Count: 1, Offerings: offerings("m5.large/a/on-demand")})
	if err != nil {
		t.Fatal(err)
	}
	k.Advance(cluster.Minute)
	listed, err := p.List(context.Background())
	if err != nil || len(listed) != 1 || listed[0].ID != own.Instances[0].ID {
		t.Errorf("got %+v, %v, want %s alone", listed, err, own.Instances[0].ID)
	}
	if all := c.List(k.Now()); len(all) != 2 {
		t.Errorf("the machine room has %+v, want %s too", all, other.Instances[0].ID)
	}
}

package nodeclass

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/ullage-sh/ullage/api/awsv1"
	"github.com/ullage-sh/ullage/awssim"
	"github.com/ullage-sh/ullage/awssim/simtest"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
)

// account is a simulated AWS with a resolver, in virtual time.
type account struct {
	*Resolver
	sim *simtest.AWS

	mu    sync.Mutex
	calls []string // operations that were asked for since the last look
	fault func(operation string) int
}

func (a *account) pass(d cluster.Duration) { a.sim.Clock.Advance(d) }

// asked are the operations that AWS was asked for since the last look, sorted.
func (a *account) asked() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := a.calls
	a.calls = nil
	slices.Sort(out)
	return out
}

// RoundTrip notes what is asked, answers with a status that the test wants, or lets the
// simulated AWS answer.
func (a *account) RoundTrip(r *http.Request) (*http.Response, error) {
	op := r.Header.Get("X-Amz-Target")
	op = op[strings.LastIndexByte(op, '.')+1:]
	if op == "" {
		op = strings.Trim(r.URL.Path, "/") // EKS
	}
	if op == "" {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		form, err := url.ParseQuery(string(text))
		if err != nil {
			return nil, err
		}
		op, r.Body = form.Get("Action"), io.NopCloser(bytes.NewReader(text))
	}
	a.mu.Lock()
	a.calls = append(a.calls, op)
	status := 0
	if a.fault != nil {
		status = a.fault(op)
	}
	a.mu.Unlock()
	if status != 0 {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	}
	return http.DefaultTransport.RoundTrip(r)
}

func str(text string) *string { return aws.String(text) }
func ref(n string) cluster.ClassRef {
	return cluster.ClassRef{Group: awsv1.Group, Kind: awsv1.Kind, Name: n}
}

// few are the types that are sold: what a class means does not depend on them, and an
// account that sells all of EC2's takes a while to set up.
var few = sync.OnceValues(func() (*catalog.Catalog, error) {
	all, err := catalog.Embedded()
	if err != nil {
		return nil, err
	}
	return all.Only(func(t catalog.Type) bool {
		return strings.HasPrefix(t.Name, "m5.") || strings.HasPrefix(t.Name, "m6g.")
	}), nil
})

func newAccount(t *testing.T, denied ...string) *account {
	t.Helper()
	sold, err := few()
	if err != nil {
		t.Fatal(err)
	}
	a := &account{sim: simtest.New(t, world.Config{Catalog: sold, Cluster: "shop", Endpoint: "https://shop.example", Authority: "CA", Seed: 7}, func(c *awssim.Config) { c.Denied = denied })}
	cfg := a.sim.Config()
	cfg.HTTPClient = &http.Client{Transport: a}
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	a.Resolver = New(Config{Cluster: "shop", Region: simtest.Region}, Clients{ec2.NewFromConfig(cfg), ssm.NewFromConfig(cfg), iam.NewFromConfig(cfg), eks.NewFromConfig(cfg)}, a.sim.Clock.Now)
	return a
}

// spec is that of Karpenter's getting started, with changes.
func spec(change func(*awsv1.EC2NodeClassSpec)) cluster.NodeClass {
	s := awsv1.EC2NodeClassSpec{
		Role:                       "KarpenterNodeRole-shop",
		AMISelectorTerms:           []awsv1.AMITerm{{Alias: "al2023@latest"}},
		SubnetSelectorTerms:        []awsv1.SubnetTerm{{Tags: map[string]string{"karpenter.sh/discovery": "shop"}}},
		SecurityGroupSelectorTerms: []awsv1.SecurityGroupTerm{{Tags: map[string]string{"karpenter.sh/discovery": "shop"}}},
	}
	if change != nil {
		change(&s)
	}
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings
	}
	return cluster.NodeClass{Ref: ref("default"), UID: "1", Spec: string(text)}
}

func (a *account) resolve(t *testing.T, nc cluster.NodeClass) *Class {
	t.Helper()
	c, err := a.Resolve(context.Background(), nc)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// state is a condition as "Type=Status Reason".
func state(c *Class, kind string) string {
	for _, x := range c.Conditions {
		if x.Type == kind {
			return x.Type + "=" + x.Status + " " + x.Reason
		}
	}
	return ""
}

func message(c *Class) string {
	_, m := c.Ready()
	return m
}

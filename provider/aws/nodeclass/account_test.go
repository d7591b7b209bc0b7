package nodeclass

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/ullage-sh/ullage/api/awsv1"
	"github.com/ullage-sh/ullage/awssim"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
)

// account is a simulated AWS with a resolver, in virtual time.
type account struct {
	*Resolver
	sim *awssim.Server

	mu    sync.Mutex
	at    cluster.Instant
	calls []string // operations that were asked for since the last look
	fault func(operation string) int
}

func (a *account) now() cluster.Instant {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.at
}

func (a *account) pass(d cluster.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at = a.at.Add(d)
}

// asked are the operations that AWS was asked for since the last look, sorted.
func (a *account) asked() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := a.calls
	a.calls = nil
	slices.Sort(out)
	return out
}

// ServeHTTP notes what is asked, answers with a status that the test wants, or lets the
// simulated AWS answer.
func (a *account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	op := r.Header.Get("X-Amz-Target")
	op = op[strings.LastIndexByte(op, '.')+1:]
	if op == "" {
		op = strings.Trim(r.URL.Path, "/") // EKS
	}
	if op == "" {
		r.ParseForm() //nolint:errcheck // the server below reads it again and says what is wrong
		op = r.PostForm.Get("Action")
		r.Body = body(r.PostForm.Encode())
	}
	a.mu.Lock()
	a.calls = append(a.calls, op)
	status := 0
	if a.fault != nil {
		status = a.fault(op)
	}
	a.mu.Unlock()
	if status != 0 {
		w.WriteHeader(status)
		return
	}
	a.sim.ServeHTTP(w, r)
}

type reader struct{ *strings.Reader }

func (reader) Close() error   { return nil }
func body(text string) reader { return reader{strings.NewReader(text)} }
func str(text string) *string { return aws.String(text) }
func ref(n string) cluster.ClassRef {
	return cluster.ClassRef{Group: awsv1.Group, Kind: awsv1.Kind, Name: n}
}

func newAccount(t *testing.T, denied ...string) *account {
	t.Helper()
	a := &account{at: cluster.Instant(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC).UnixNano())}
	w, err := world.New(world.Config{Cluster: "shop", Endpoint: "https://shop.example", Authority: "CA", Seed: 7}, a.at)
	if err != nil {
		t.Fatal(err)
	}
	a.sim = awssim.New(awssim.Config{World: w, Now: a.now, Sleep: func(ctx context.Context, d cluster.Duration) error { a.pass(d); return ctx.Err() }, Denied: denied})
	listener := httptest.NewServer(a)
	t.Cleanup(listener.Close)
	who := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
	})
	cfg := aws.Config{Region: "us-west-2", Credentials: who, BaseEndpoint: &listener.URL, Retryer: func() aws.Retryer { return aws.NopRetryer{} }}
	a.Resolver = New(Config{Cluster: "shop", Region: "us-west-2"}, Clients{ec2.NewFromConfig(cfg), ssm.NewFromConfig(cfg), iam.NewFromConfig(cfg), eks.NewFromConfig(cfg)}, a.now)
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

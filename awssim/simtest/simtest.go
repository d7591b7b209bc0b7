// Package simtest gives tests a simulated AWS that answers over HTTP, with a clock that
// moves only when somebody waits.
package simtest

import (
	"context"
	"errors"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"github.com/ullage-sh/ullage/awssim"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
)

// Clock is virtual: sleeping moves it.
type Clock struct {
	mu  sync.Mutex
	now cluster.Instant
}

// Now is what it shows.
func (c *Clock) Now() cluster.Instant {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Sleep lets time pass.
func (c *Clock) Sleep(ctx context.Context, d cluster.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.Advance(d)
	return nil
}

// Advance lets time pass.
func (c *Clock) Advance(d cluster.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// AWS is a simulated account with its server.
type AWS struct {
	*awssim.Server
	Clock *Clock
	URL   string
}

// Region is where the account is unless the world's configuration says otherwise.
const Region = "us-west-2"

// Credentials sign for nobody in particular.
var Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
})

// New starts one, for as long as the test runs. change may be nil.
func New(t testing.TB, cfg world.Config, change func(*awssim.Config)) *AWS {
	t.Helper()
	c := &Clock{now: cluster.Instant(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC).UnixNano())}
	w, err := world.New(cfg, c.Now())
	if err != nil {
		t.Fatal(err)
	}
	config := awssim.Config{World: w, Now: c.Now, Sleep: c.Sleep}
	if change != nil {
		change(&config)
	}
	s := awssim.New(config)
	listener := httptest.NewServer(s)
	t.Cleanup(listener.Close)
	return &AWS{s, c, listener.URL}
}

// Config is what clients of the SDK are made from. They try three times, at once.
func (a *AWS) Config() aws.Config {
	return aws.Config{Region: Region, Credentials: Credentials, BaseEndpoint: aws.String(a.URL), Retryer: func() aws.Retryer { return thrice{} }}
}

// thrice tries what failed at the network again: see awssim.Server on its latency.
type thrice struct{ aws.NopRetryer }

// MaxAttempts is three.
func (thrice) MaxAttempts() int { return 3 }

// IsErrorRetryable holds for what is no answer of the server's.
func (thrice) IsErrorRetryable(err error) bool {
	var said smithy.APIError
	return !errors.As(err, &said)
}

// RetryDelay is none.
func (thrice) RetryDelay(int, error) (time.Duration, error) { return 0, nil }

package aws

import (
	"context"
	"errors"
	"maps"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"github.com/ullage-sh/ullage/cluster"
)

// Patience is how a call that failed is made again. The SDK's own way sleeps by the
// clock of the machine and draws from the machine's chance; here both are arguments.
type Patience struct {
	// Sleep waits for a span or until ctx ends, and then returns its error.
	Sleep func(context.Context, cluster.Duration) error
	// Jitter is a number from 0 up to 1, another one each time.
	Jitter func() float64
}

// Bounds on trying again. What is throttled is tried for longer and with longer pauses:
// the account's buckets fill at a few requests a second, whoever empties them.
const (
	tries         = 5
	firstPause    = 200 * cluster.Millisecond
	longestPause  = 5 * cluster.Second
	throttleTries = 10
	throttlePause = cluster.Second
	throttleMost  = 20 * cluster.Second
)

// middleware makes a call again, from its parameters on, and counts each time. All that
// the provider asks for may be asked twice: launches have client tokens, templates names.
func (p Patience) middleware(calls *Calls) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Patience",
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (out middleware.InitializeOutput, meta middleware.Metadata, err error) {
				name := operation(ctx)
				for try := 1; ; try++ {
					calls.add(name)
					out, meta, err = next.HandleInitialize(ctx, in)
					if err == nil || ctx.Err() != nil {
						return out, meta, err
					}
					pause, again := p.pause(err, try)
					if !again {
						return out, meta, err
					}
					if err := p.Sleep(ctx, pause); err != nil {
						return out, meta, err
					}
				}
			}), middleware.After)
	}
}

// operation is a call's name as IAM knows it: "ec2:CreateFleet".
func operation(ctx context.Context) string {
	return strings.ToLower(awsmiddleware.GetServiceID(ctx)) + ":" + awsmiddleware.GetOperationName(ctx)
}

var (
	throttled = retry.IsErrorThrottles(retry.DefaultThrottles)
	transient = retry.IsErrorRetryables(retry.DefaultRetryables)
)

// pause says how long to wait after the try-th failure of a call, and whether to make it
// again at all. Pauses double, and each is drawn from its upper half so that many who were
// turned away at once do not come back at once.
func (p Patience) pause(err error, try int) (cluster.Duration, bool) {
	first, longest, most := firstPause, longestPause, tries
	switch {
	case throttled.IsErrorThrottle(err) == aws.TrueTernary:
		first, longest, most = throttlePause, throttleMost, throttleTries
	case outOfTime(err):
		most = 2 // the answer has told the SDK what time it is
	case transient.IsErrorRetryable(err) != aws.TrueTernary:
		return 0, false
	}
	if try >= most {
		return 0, false
	}
	full := min(first<<(try-1), longest)
	return full/2 + cluster.Duration(p.Jitter()*float64(full/2)), true
}

// outOfTime tells whether AWS found that a request was signed at another time than it has.
// The SDK then signs by the time that the answer said, but does not take these codes, which
// EC2 documents, for a reason to try again. RequestExpired is said of sessions that are over
// too: then asking once more is in vain.
func outOfTime(err error) bool {
	var e smithy.APIError
	return errors.As(err, &e) && (e.ErrorCode() == "RequestExpired" || e.ErrorCode() == "RequestInTheFuture")
}

// Calls counts requests to AWS by name ("ec2:CreateFleet"), each attempt by itself. Its
// methods may be called concurrently; a nil one counts nothing.
type Calls struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *Calls) add(name string) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = map[string]int{}
	}
	c.counts[name]++
}

// Counts returns how often each was made.
func (c *Calls) Counts() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.counts)
}

package interruption

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/ullage-sh/ullage/cluster"
)

// Queue is a queue of SQS. Its methods may be called concurrently.
type Queue struct {
	sqs   *sqs.Client
	name  string
	sleep func(context.Context, cluster.Duration) error
	// Tell, if set, is told of messages that nobody understands; they are dropped.
	Tell func(problem string)
	// Speed divides the time that is left after a warning, where AWS is simulated and runs
	// faster than the clock; 0 means 1.
	Speed int64

	mu   sync.Mutex
	url  *string
	open map[string]*message // by id
}

// message is one that was received and not deleted.
type message struct {
	handle string          // of the last receive, which SQS wants for deleting it
	rest   map[string]bool // instances whose notice was not acknowledged
}

// New listens to the queue of that name, or to none if it is "". sleep waits for a span
// or until its context ends, and then returns its error.
func New(client *sqs.Client, name string, sleep func(context.Context, cluster.Duration) error) *Queue {
	return &Queue{sqs: client, name: name, sleep: sleep, open: map[string]*message{}}
}

// Bounds of a receive. SQS hands out ten messages at a time; when whole pools are taken
// back there are hundreds.
const (
	atOnce     = 10
	mostRounds = 50
	mostOpen   = 10_000 // some are never seen again: another process has deleted them
	longPoll   = 20 * cluster.Second
)

// Receive waits for news and returns them, sorted by instance: of an instance the
// gravest alone. While there is none it returns nothing after a while.
func (q *Queue) Receive(ctx context.Context) ([]cluster.Notice, error) {
	if q.name == "" {
		return nil, q.sleep(ctx, longPoll)
	}
	var out []cluster.Notice
	var drop []types.Message
	for round, wait := 0, longPoll; round < mostRounds; round, wait = round+1, 0 {
		received, err := q.receive(ctx, wait)
		if err != nil {
			if len(out) > 0 {
				break // these first; the error comes again if it stays
			}
			return nil, err
		}
		for _, m := range received {
			notices, useless := q.take(m)
			if useless {
				drop = append(drop, m)
			}
			out = append(out, notices...)
		}
		if len(received) < atOnce {
			break
		}
	}
	kept, lesser := gravest(out)
	// What cannot be deleted now is received again, and dropped then.
	err := errors.Join(q.delete(ctx, drop), q.Acknowledge(ctx, lesser))
	if len(kept) > 0 {
		err = nil
	}
	return kept, err
}

// receive asks SQS once.
func (q *Queue) receive(ctx context.Context, wait cluster.Duration) ([]types.Message, error) {
	url, err := q.find(ctx)
	if err != nil {
		return nil, err
	}
	out, err := q.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: url, MaxNumberOfMessages: atOnce, WaitTimeSeconds: int32(wait.Seconds()), VisibilityTimeout: int32(hiddenFor.Seconds()),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameApproximateReceiveCount},
	})
	if err != nil {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.url = nil // it may have been made anew
		return nil, fmt.Errorf("receiving from queue %s: %w", q.name, err)
	}
	return out.Messages, nil
}

// find is where the queue is.
func (q *Queue) find(ctx context.Context) (*string, error) {
	q.mu.Lock()
	url := q.url
	q.mu.Unlock()
	if url != nil {
		return url, nil
	}
	out, err := q.sqs.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &q.name})
	if err != nil {
		return nil, fmt.Errorf("looking for queue %s, to which EventBridge is to deliver interruptions: %w", q.name, err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.url = out.QueueUrl
	return q.url, nil
}

// take reads a message into notices. It is useless if there is nothing to say of it, or
// not any more.
func (q *Queue) take(m types.Message) (notices []cluster.Notice, useless bool) {
	id := aws.ToString(m.MessageId)
	a, err := read(aws.ToString(m.Body), spotWarning/cluster.Duration(max(q.Speed, 1)))
	if err != nil && q.Tell != nil {
		q.Tell(fmt.Sprintf("message %s on queue %s: %v", id, q.name, err))
	}
	count, _ := strconv.Atoi(m.Attributes[string(types.MessageSystemAttributeNameApproximateReceiveCount)]) // 0 if it is not told: then it is new
	if err != nil || len(a.instances) == 0 || count > a.patience {
		q.mu.Lock()
		defer q.mu.Unlock()
		delete(q.open, id)
		return nil, true
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	known := q.open[id]
	if known == nil {
		if len(q.open) >= mostOpen {
			clear(q.open) // what was not acknowledged is received again
		}
		known = &message{rest: map[string]bool{}}
		for _, i := range a.instances {
			known.rest[i] = true
		}
		q.open[id] = known
	}
	known.handle = aws.ToString(m.ReceiptHandle)
	for _, i := range a.instances {
		if known.rest[i] {
			notices = append(notices, cluster.Notice{Receipt: id + "/" + i, InstanceID: i, Kind: a.kind, Ends: a.ends, Message: a.message})
		}
	}
	return notices, len(known.rest) == 0 // acknowledged, and could not be deleted then
}

// gravest leaves one notice of each instance: an interruption before a risk, then what
// ends first. The receipts of the others are returned beside it: there is nothing to do
// about them.
func gravest(all []cluster.Notice) (kept []cluster.Notice, lesser []string) {
	slices.SortStableFunc(all, func(a, b cluster.Notice) int {
		if c := strings.Compare(a.InstanceID, b.InstanceID); c != 0 {
			return c
		}
		if a.Kind != b.Kind {
			if a.Kind == cluster.Interruption {
				return -1
			}
			return 1
		}
		if a.Ends != b.Ends {
			return int(min(max(a.Ends.Sub(b.Ends), -1), 1))
		}
		return strings.Compare(a.Receipt, b.Receipt)
	})
	for _, n := range all {
		if len(kept) > 0 && kept[len(kept)-1].InstanceID == n.InstanceID {
			lesser = append(lesser, n.Receipt)
			continue
		}
		kept = append(kept, n)
	}
	return kept, lesser
}

// Acknowledge says that notices need not be said again. A receipt of another process is
// one that nobody knows: its message is received again, under a new one.
func (q *Queue) Acknowledge(ctx context.Context, receipts []string) error {
	var done []types.Message
	q.mu.Lock()
	for _, r := range receipts {
		id, instance, _ := strings.Cut(r, "/")
		m := q.open[id]
		if m == nil {
			continue
		}
		if delete(m.rest, instance); len(m.rest) == 0 {
			done = append(done, types.Message{MessageId: aws.String(id), ReceiptHandle: aws.String(m.handle)})
		}
	}
	q.mu.Unlock()
	return q.delete(ctx, done)
}

// delete removes messages from the queue.
func (q *Queue) delete(ctx context.Context, all []types.Message) error {
	slices.SortFunc(all, func(a, b types.Message) int {
		return strings.Compare(aws.ToString(a.MessageId), aws.ToString(b.MessageId))
	})
	all = slices.CompactFunc(all, func(a, b types.Message) bool { return aws.ToString(a.MessageId) == aws.ToString(b.MessageId) })
	for batch := range slices.Chunk(all, atOnce) {
		url, err := q.find(ctx)
		if err != nil {
			return err
		}
		in := &sqs.DeleteMessageBatchInput{QueueUrl: url}
		for i, m := range batch {
			in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: m.ReceiptHandle})
		}
		out, err := q.sqs.DeleteMessageBatch(ctx, in)
		if err != nil {
			return fmt.Errorf("deleting from queue %s: %w", q.name, err)
		}
		for _, f := range out.Failed { // it stays known as acknowledged, and is deleted when it comes again
			if i, err := strconv.Atoi(aws.ToString(f.Id)); err == nil && i < len(batch) {
				batch[i].MessageId = nil
			}
		}
		q.mu.Lock()
		for _, m := range batch {
			delete(q.open, aws.ToString(m.MessageId))
		}
		q.mu.Unlock()
	}
	return nil
}

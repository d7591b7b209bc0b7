// Package sqs is the SQS API on a [world.World]: standard queues, as much of them as it
// takes to receive what EventBridge delivers.
//
// It owns what SQS's parameters mean. Queues themselves are the world's; waiting for a
// message is the server's, which asks again when something has changed.
package sqs

import (
	"crypto/md5" // SQS's checksum of a body, which clients compare; it protects nothing
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/ullage-sh/ullage/awssim/wire"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
)

// noQueue is the error for a queue that does not exist.
func noQueue() error {
	return &wire.Error{
		Code: "QueueDoesNotExist", QueryCode: "AWS.SimpleQueueService.NonExistentQueue", Message: "The specified queue does not exist.",
	}
}

// url is where a client finds a queue.
func url(w *world.World, call *world.Call, q *world.Queue) *string {
	return aws.String(call.Endpoint + "/" + w.Config().Account + "/" + q.Name)
}

// find returns the queue that a URL names: by its last part.
func find(w *world.World, url *string) (*world.Queue, error) {
	text := aws.ToString(url)
	if text == "" {
		return nil, wire.Errorf("MissingParameter", "The request must contain the parameter QueueUrl.")
	}
	if q := w.Queue(text[strings.LastIndexByte(text, '/')+1:]); q != nil {
		return q, nil
	}
	return nil, noQueue()
}

// CreateQueue makes a queue, or finds the one of that name.
func CreateQueue(w *world.World, call *world.Call, in *sqs.CreateQueueInput) (*sqs.CreateQueueOutput, error) {
	name := aws.ToString(in.QueueName)
	if name == "" || len(name) > 80 || strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	}) {
		return nil, wire.Errorf("InvalidParameterValue", "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	settings := world.QueueDefaults()
	for _, a := range []struct {
		name string
		into *cluster.Duration
		most int
	}{
		{"VisibilityTimeout", &settings.Visibility, 43200}, {"MessageRetentionPeriod", &settings.Retention, 1209600},
		{"ReceiveMessageWaitTimeSeconds", &settings.Wait, 20},
	} {
		text, ok := in.Attributes[a.name]
		if !ok {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > a.most {
			return nil, &wire.Error{Code: "InvalidAttributeValue", Message: fmt.Sprintf("Invalid value for the parameter %s: want 0 to %d.", a.name, a.most)}
		}
		*a.into = cluster.Duration(n) * cluster.Second
	}
	return &sqs.CreateQueueOutput{QueueUrl: url(w, call, w.CreateQueue(name, settings))}, nil
}

// GetQueueUrl finds a queue by name.
func GetQueueUrl(w *world.World, call *world.Call, in *sqs.GetQueueUrlInput) (*sqs.GetQueueUrlOutput, error) {
	q := w.Queue(aws.ToString(in.QueueName))
	if q == nil {
		return nil, noQueue()
	}
	return &sqs.GetQueueUrlOutput{QueueUrl: url(w, call, q)}, nil
}

// ListQueues lists the queues by name.
func ListQueues(w *world.World, call *world.Call, in *sqs.ListQueuesInput) (*sqs.ListQueuesOutput, error) {
	out := &sqs.ListQueuesOutput{}
	for _, q := range w.Queues() {
		if strings.HasPrefix(q.Name, aws.ToString(in.QueueNamePrefix)) {
			out.QueueUrls = append(out.QueueUrls, *url(w, call, q))
		}
	}
	slices.Sort(out.QueueUrls)
	return out, nil
}

// GetQueueAttributes tells of a queue and how many messages it has.
func GetQueueAttributes(w *world.World, _ *world.Call, in *sqs.GetQueueAttributesInput) (*sqs.GetQueueAttributesOutput, error) {
	q, err := find(w, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	seconds := func(d cluster.Duration) string { return strconv.FormatInt(int64(d/cluster.Second), 10) }
	all, hidden := w.Count(q)
	has := map[string]string{
		"QueueArn": w.ARN("sqs", w.Config().Region, q.Name), "ApproximateNumberOfMessages": strconv.Itoa(all - hidden),
		"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(hidden), "VisibilityTimeout": seconds(q.Settings.Visibility),
		"MessageRetentionPeriod": seconds(q.Settings.Retention), "ReceiveMessageWaitTimeSeconds": seconds(q.Settings.Wait),
		"CreatedTimestamp": strconv.FormatInt(int64(q.Created/cluster.Instant(cluster.Second)), 10),
	}
	out := &sqs.GetQueueAttributesOutput{Attributes: map[string]string{}}
	for _, name := range in.AttributeNames {
		if name == types.QueueAttributeNameAll {
			out.Attributes = has
			break
		}
		if value, ok := has[string(name)]; ok {
			out.Attributes[string(name)] = value
		}
	}
	return out, nil
}

// SendMessage puts a message on a queue.
func SendMessage(w *world.World, _ *world.Call, in *sqs.SendMessageInput) (*sqs.SendMessageOutput, error) {
	q, err := find(w, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if len(in.MessageAttributes) > 0 || in.DelaySeconds > 0 {
		return nil, wire.Errorf("UnsupportedOperation", "message attributes and delays are not simulated")
	}
	if body := aws.ToString(in.MessageBody); body == "" || len(body) > 1<<20 {
		return nil, wire.Errorf("InvalidMessageContents", "A message has 1 to %d bytes", 1<<20)
	}
	m := w.Send(q, *in.MessageBody)
	return &sqs.SendMessageOutput{MessageId: aws.String(m.ID), MD5OfMessageBody: checksum(m.Body)}, nil
}

// checksum is what clients check a body with.
func checksum(body string) *string {
	sum := md5.Sum([]byte(body))
	return aws.String(hex.EncodeToString(sum[:]))
}

// ReceiveMessage takes messages and hides them from others for a while. When there are
// none it asks to be asked again, for as long as the request is willing to wait.
func ReceiveMessage(w *world.World, call *world.Call, in *sqs.ReceiveMessageInput) (*sqs.ReceiveMessageOutput, error) {
	q, err := find(w, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	most := int(in.MaxNumberOfMessages)
	if most == 0 {
		most = 1
	}
	visibility := q.Settings.Visibility
	if in.VisibilityTimeout > 0 {
		visibility = cluster.Duration(in.VisibilityTimeout) * cluster.Second
	}
	wait := q.Settings.Wait
	if in.WaitTimeSeconds > 0 {
		wait = cluster.Duration(in.WaitTimeSeconds) * cluster.Second
	}
	if most < 1 || most > 10 || in.VisibilityTimeout < 0 || in.VisibilityTimeout > 43200 || in.WaitTimeSeconds < 0 || in.WaitTimeSeconds > 20 {
		return nil, wire.Errorf("InvalidParameterValue", "Want 1 to 10 messages, a visibility timeout of 0 to 43200 s, a wait of 0 to 20 s")
	}
	received := w.Receive(q, most, visibility)
	if len(received) == 0 && w.Now() < call.Asked.Add(wait) {
		call.AskAgain = min(call.Asked.Add(wait), max(w.Visible(q), w.Now()+1))
	}
	out := &sqs.ReceiveMessageOutput{}
	for _, m := range received {
		out.Messages = append(out.Messages, describe(m, wanted(in)))
	}
	return out, nil
}

// wanted are the attributes that a request asks for, under the name of the parameter of
// today or of the one of before, which older clients send.
func wanted(in *sqs.ReceiveMessageInput) []string {
	var out []string
	for _, n := range in.MessageSystemAttributeNames {
		out = append(out, string(n))
	}
	//nolint:staticcheck // deprecated for those who send it
	for _, n := range in.AttributeNames {
		out = append(out, string(n))
	}
	return out
}

func describe(m world.Message, wanted []string) types.Message {
	out := types.Message{MessageId: aws.String(m.ID), Body: aws.String(m.Body), ReceiptHandle: aws.String(m.Receipt), MD5OfBody: checksum(m.Body)}
	millis := func(at cluster.Instant) string { return strconv.FormatInt(world.Time(at).UnixMilli(), 10) }
	has := map[string]string{
		"SentTimestamp": millis(m.Sent), "ApproximateFirstReceiveTimestamp": millis(m.First), "ApproximateReceiveCount": strconv.Itoa(m.Count),
	}
	for name, value := range has {
		if slices.Contains(wanted, "All") || slices.Contains(wanted, name) {
			if out.Attributes == nil {
				out.Attributes = map[string]string{}
			}
			out.Attributes[name] = value
		}
	}
	return out
}

// DeleteMessage removes a message. A receipt that is not the last one is no error, as
// with SQS: the message just comes again.
func DeleteMessage(w *world.World, _ *world.Call, in *sqs.DeleteMessageInput) (*sqs.DeleteMessageOutput, error) {
	q, err := find(w, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if aws.ToString(in.ReceiptHandle) == "" {
		return nil, wire.Errorf("MissingParameter", "The request must contain the parameter ReceiptHandle.")
	}
	w.Delete(q, *in.ReceiptHandle)
	return &sqs.DeleteMessageOutput{}, nil
}

// DeleteMessageBatch removes up to ten messages.
func DeleteMessageBatch(w *world.World, _ *world.Call, in *sqs.DeleteMessageBatchInput) (*sqs.DeleteMessageBatchOutput, error) {
	q, err := find(w, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if n := len(in.Entries); n < 1 || n > 10 {
		return nil, wire.Errorf("TooManyEntriesInBatchRequest", "A batch has 1 to 10 entries, not %d", n)
	}
	out := &sqs.DeleteMessageBatchOutput{Successful: []types.DeleteMessageBatchResultEntry{}, Failed: []types.BatchResultErrorEntry{}}
	for _, e := range in.Entries {
		w.Delete(q, aws.ToString(e.ReceiptHandle))
		out.Successful = append(out.Successful, types.DeleteMessageBatchResultEntry{Id: e.Id})
	}
	return out, nil
}

// ChangeMessageVisibility sets anew for how long a message is hidden.
func ChangeMessageVisibility(w *world.World, _ *world.Call, in *sqs.ChangeMessageVisibilityInput) (*sqs.ChangeMessageVisibilityOutput, error) {
	q, err := find(w, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if in.VisibilityTimeout < 0 || in.VisibilityTimeout > 43200 {
		return nil, wire.Errorf("InvalidParameterValue", "Want a visibility timeout of 0 to 43200 s")
	}
	if !w.Hide(q, aws.ToString(in.ReceiptHandle), cluster.Duration(in.VisibilityTimeout)*cluster.Second) {
		return nil, wire.Errorf("ReceiptHandleIsInvalid", "The receipt handle is not that of a message's last receive.")
	}
	return &sqs.ChangeMessageVisibilityOutput{}, nil
}

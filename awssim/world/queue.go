package world

import (
	"fmt"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// Queue is a standard queue of SQS: messages come at least once, in roughly their order.
type Queue struct {
	Name     string
	Created  cluster.Instant
	Settings QueueSettings
	messages []*Message // by arrival
}

// QueueSettings are those of a queue that can be set.
type QueueSettings struct {
	// Visibility is how long a message that was received is hidden from others.
	Visibility cluster.Duration
	// Retention is how long a message is kept that nobody deletes.
	Retention cluster.Duration
	// Wait is how long a receive waits for the first message unless it says so itself.
	Wait cluster.Duration
}

// QueueDefaults are SQS's: hidden for half a minute, kept for four days, no wait.
func QueueDefaults() QueueSettings {
	return QueueSettings{Visibility: 30 * cluster.Second, Retention: 96 * cluster.Hour}
}

// Message is a message on a queue.
type Message struct {
	ID, Body string
	Sent     cluster.Instant
	First    cluster.Instant // received first, 0 if never
	Count    int             // receives
	Receipt  string          // of the last receive
	hidden   cluster.Instant // until then
}

// CreateQueue makes a queue, or returns the one of that name.
func (w *World) CreateQueue(name string, s QueueSettings) *Queue {
	if q := w.Queue(name); q != nil {
		return q
	}
	q := &Queue{Name: name, Created: w.now, Settings: s}
	w.queues = append(w.queues, q)
	w.Note("queue %s", name)
	return q
}

// Queue finds a queue by name, nil if there is none.
func (w *World) Queue(name string) *Queue {
	i := slices.IndexFunc(w.queues, func(q *Queue) bool { return q.Name == name })
	if i < 0 {
		return nil
	}
	return w.queues[i]
}

// Queues lists the queues in the order in which they were made.
func (w *World) Queues() []*Queue { return slices.Clone(w.queues) }

// Send puts a message on a queue. Those at its head that are too old go, so that a queue
// that nobody reads has a bound.
func (w *World) Send(q *Queue, body string) *Message {
	for len(q.messages) > 0 && w.now >= q.messages[0].Sent.Add(q.Settings.Retention) {
		q.messages = q.messages[1:]
	}
	m := &Message{ID: w.UUID("message"), Body: body, Sent: w.now}
	q.messages = append(q.messages, m)
	return m
}

// Receive takes up to most messages and hides them for a while. Who does not delete them
// by then gets them again.
func (w *World) Receive(q *Queue, most int, visibility cluster.Duration) []Message {
	q.messages = slices.DeleteFunc(q.messages, func(m *Message) bool { return w.now >= m.Sent.Add(q.Settings.Retention) })
	var out []Message
	for _, m := range q.messages {
		if len(out) == most {
			break
		}
		if w.now < m.hidden {
			continue
		}
		m.Count++
		m.Receipt = w.UUID("receipt")
		m.hidden = w.now.Add(visibility)
		if m.First == 0 {
			m.First = w.now
		}
		out = append(out, *m)
	}
	return out
}

// Delete removes a message by the receipt of its last receive; false for a receipt that
// names none, or no longer.
func (w *World) Delete(q *Queue, receipt string) bool {
	before := len(q.messages)
	q.messages = slices.DeleteFunc(q.messages, func(m *Message) bool { return receipt != "" && m.Receipt == receipt })
	return len(q.messages) < before
}

// Hide sets anew for how long a message that was received is hidden.
func (w *World) Hide(q *Queue, receipt string, visibility cluster.Duration) bool {
	for _, m := range q.messages {
		if receipt != "" && m.Receipt == receipt {
			m.hidden = w.now.Add(visibility)
			return true
		}
	}
	return false
}

// Count is how many messages are on a queue, and how many of them are hidden.
func (w *World) Count(q *Queue) (all, hidden int) {
	for _, m := range q.messages {
		if w.now < m.hidden {
			hidden++
		}
	}
	return len(q.messages), hidden
}

// Visible is the first instant from now on at which a message of a queue is to be had,
// Never while none is there.
func (w *World) Visible(q *Queue) cluster.Instant {
	first := cluster.Never
	for _, m := range q.messages {
		first = min(first, max(m.hidden, w.now))
	}
	return first
}

// UUID makes an identifier in the form of a UUID, from the seed.
func (w *World) UUID(purpose string) string {
	name := w.fresh()
	a, b := digits(w.cfg.Seed, purpose, name), digits(w.cfg.Seed, purpose+"2", name)
	return fmt.Sprintf("%s-%s-%s-%s-%s", a[:8], a[8:12], a[12:16], b[:4], b[4:16])
}

// RequestID makes the identifier of the next request.
func (w *World) RequestID() string { return w.UUID("request") }

package nodeclass

import (
	"encoding/json"
	"sync"

	"github.com/ullage-sh/ullage/cluster"
)

// memory keeps answers for a while, so that resolving often does not ask AWS often.
type memory struct {
	mu   sync.Mutex
	kept map[string]answer
}

// answer is a value of the type that its question has, and until when it counts.
type answer struct {
	value any
	until cluster.Instant
}

// remembered is the answer to a question: the one given within the last span, or a new
// one. Errors are not remembered. Two who ask at the same time may both ask AWS.
func remembered[T any](r *Resolver, question string, span cluster.Duration, ask func() (T, error)) (T, error) {
	m, now := &r.memory, r.now()
	m.mu.Lock()
	for q, a := range m.kept {
		if a.until <= now {
			delete(m.kept, q)
		}
	}
	a, ok := m.kept[question]
	m.mu.Unlock()
	if ok {
		return a.value.(T), nil
	}
	value, err := ask()
	if err != nil {
		return value, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept[question] = answer{value, now.Add(span / cluster.Duration(max(r.cfg.Speed, 1)))}
	return value, nil
}

// forget makes the next one who has the question ask AWS.
func (m *memory) forget(question string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.kept, question)
}

// until sets anew for how long an answer counts.
func (m *memory) until(question string, at cluster.Instant) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if a, ok := m.kept[question]; ok && a.until > at {
		a.until = at
		m.kept[question] = a
	}
}

// asText writes what was asked for, for questions and for people.
func asText(x any) string {
	text, err := json.Marshal(x)
	if err != nil {
		panic(err) // strings and maps of strings always marshal
	}
	return string(text)
}

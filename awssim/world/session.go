package world

import (
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// Session is a role that somebody has assumed: credentials for a while.
type Session struct {
	Key, Secret, Token string
	Role, Name         string // of the role, and what the caller calls the session
	Expires            cluster.Instant
}

// Expired tells whether the session is over.
func (s *Session) Expired(now cluster.Instant) bool { return now >= s.Expires }

// sessionMemory is for how long a session is remembered after its end: it is then said
// that it has expired, and not that nobody knows it.
const sessionMemory = 24 * cluster.Hour

// Assume begins a session.
func (w *World) Assume(role, name string, lasts cluster.Duration) *Session {
	for key, s := range w.sessions {
		if s.Expired(w.now.Add(-sessionMemory)) {
			delete(w.sessions, key)
		}
	}
	id := strings.ToUpper(w.NewID(""))
	s := &Session{Key: "ASIA" + id[:16], Secret: w.NewID("") + w.NewID(""), Token: w.NewID("") + w.NewID("") + w.NewID(""), Role: role, Name: name, Expires: w.now.Add(lasts)}
	w.sessions[s.Key] = s
	w.Note("session %s of %s", s.Key, role)
	return s
}

// Session finds a session by its access key, nil if there is none.
func (w *World) Session(key string) *Session { return w.sessions[key] }

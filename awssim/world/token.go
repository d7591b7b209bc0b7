package world

import (
	"maps"

	"github.com/ullage-sh/ullage/cluster"
)

// Token is what a client token has been used for.
type Token struct {
	// Request identifies the parameters of the call that it was used for.
	Request string
	// Answer is what that call returned; it is never changed.
	Answer any
	At     cluster.Instant
}

// tokenLife is how long a token is remembered. EC2 keeps those of RunInstances for as
// long as the instances are to be seen.
const tokenLife = 48 * cluster.Hour

// Recall returns what a token has been used for.
func (w *World) Recall(token string) (Token, bool) {
	t, ok := w.tokens[token]
	if ok && w.now >= t.At.Add(tokenLife) {
		delete(w.tokens, token)
		return Token{}, false
	}
	return t, ok
}

// sweepEvery is how many tokens come between two looks for old ones.
const sweepEvery = 1000

// Remember writes down what a token has been used for.
func (w *World) Remember(token, request string, answer any) {
	w.tokens[token] = Token{request, answer, w.now}
	if len(w.tokens)%sweepEvery == 0 {
		maps.DeleteFunc(w.tokens, func(_ string, t Token) bool { return w.now >= t.At.Add(tokenLife) })
	}
}

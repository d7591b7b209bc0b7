package world

import "github.com/ullage-sh/ullage/cluster"

// Call is what an operation is told of a request beside its input, and what it says of
// the answer beside the output.
type Call struct {
	// Endpoint is how the client reached the server: http://127.0.0.1:8081.
	Endpoint string
	// Principal is the access key that signed the request, "" for none.
	Principal string
	// Asked is when the request came in.
	Asked cluster.Instant

	// Takes is how long AWS would take to answer: what was done is done at once.
	Takes cluster.Duration
	// AskAgain is set by an operation that has nothing to say yet: until then it wants to be
	// asked again whenever something has changed.
	AskAgain cluster.Instant
}

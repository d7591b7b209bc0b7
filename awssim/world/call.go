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

	// Launches is how many instances EC2's limit on launching lets the account have now, nil
	// for no limit. An operation takes from it what it launches.
	Launches *int

	// Takes is how long AWS would take to answer: what was done is done at once.
	Takes cluster.Duration
	// AskAgain is set by an operation that has nothing to say yet: until then it wants to be
	// asked again whenever something has changed.
	AskAgain cluster.Instant
}

// MayLaunch is how many of the instances that are wanted may be launched now.
func (c *Call) MayLaunch(want int) int {
	if c.Launches == nil {
		return want
	}
	return min(want, *c.Launches)
}

// Launched says that instances were.
func (c *Call) Launched(n int) {
	if c.Launches != nil {
		*c.Launches -= n
	}
}

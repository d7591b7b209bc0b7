package engine

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// expectations are the effects whose results are not seen yet, by key, with what many jobs
// ask of them: it is kept here whenever one comes or goes.
type expectations struct {
	by map[string]expectation
	// creating are the claims that are being written, and ending those whose deletion has
	// been asked for, by name.
	creating map[string]*cluster.Claim
	ending   map[string]bool
	// launching counts by token the claims that are being made part of a launch.
	launching map[string]int
	// tainting are the nodes that are being given the taint of what goes.
	tainting map[string]bool
	// written are the claims of which has been expected, or is no longer, that they are
	// created, since somebody took note of it (ground.go).
	written map[string]bool
}

func newExpectations() expectations {
	return expectations{
		by: map[string]expectation{}, creating: map[string]*cluster.Claim{}, ending: map[string]bool{},
		launching: map[string]int{}, tainting: map[string]bool{}, written: map[string]bool{},
	}
}

// put expects something, in the place of what was expected under the same key.
func (x *expectations) put(key string, e expectation) {
	x.drop(key)
	x.by[key] = e
	switch f := e.effect.(type) {
	case CreateClaim:
		x.creating[f.Claim.Name], x.written[f.Claim.Name] = f.Claim, true
		x.launching[f.Claim.Launch.Token]++
	case PatchClaim:
		if f.Launch != nil {
			x.launching[f.Launch.Token]++
		}
	case DeleteClaim:
		x.ending[f.Name] = true
	case PatchNode:
		if slices.Contains(f.Taints, cluster.DisruptedTaint) {
			x.tainting[f.Name] = true
		}
	}
}

// drop ends what is expected under a key, if anything is.
func (x *expectations) drop(key string) {
	e, known := x.by[key]
	if !known {
		return
	}
	delete(x.by, key)
	switch f := e.effect.(type) {
	case CreateClaim:
		delete(x.creating, f.Claim.Name)
		x.written[f.Claim.Name] = true
		x.launches(f.Claim.Launch.Token)
	case PatchClaim:
		if f.Launch != nil {
			x.launches(f.Launch.Token)
		}
	case DeleteClaim:
		delete(x.ending, f.Name)
	case PatchNode:
		delete(x.tainting, f.Name)
	}
}

// launches counts one claim less that is being made part of a launch.
func (x *expectations) launches(token string) {
	if x.launching[token]--; x.launching[token] == 0 {
		delete(x.launching, token)
	}
}

package ullage

import (
	"github.com/ullage-sh/ullage/bench/record"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/solve"
)

// Effort is how far a plan is improved.
type Effort int

// The efforts that are measured.
const (
	// First is the first plan, as soon as there is one.
	First Effort = iota
	// Improved is the plan after the solver's default budget of steps.
	Improved
)

// Efforts lists them in the order in which they are shown.
var Efforts = [...]Effort{First, Improved}

// String is what is added to a case's name: "/first", or nothing.
func (e Effort) String() string {
	if e == First {
		return "/first"
	}
	return ""
}

// options is the only place where an effort and what to do with preferences
// become options of the solver.
func options(e Effort, p record.Preferences, charge record.USD) solve.Options {
	o := solve.Options{NodeCharge: cluster.Money(charge)}
	if p == record.Respect {
		o.PreferencePrice = solve.Respect
	}
	if e == First {
		o.Steps = -1 // 0 would be the default
	}
	return o
}

package duel

import (
	"maps"
	"strings"
	"time"

	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"

	"github.com/ullage-sh/ullage/lab/controlplane"
)

// kubeCall is a request to the API server that has been answered.
type kubeCall struct {
	at      time.Time
	verb    string
	what    string // resource, or resource/subresource; the path if it is neither
	refused bool
}

// kubeCalls reads what a user has asked the API server of a lab on dir.
func kubeCalls(dir, user string) ([]kubeCall, error) {
	var out []kubeCall
	err := controlplane.ReadAudit(dir, func(e auditv1.Event) error {
		if e.User.Username != user {
			return nil
		}
		c := kubeCall{at: e.StageTimestamp.Time, verb: e.Verb, what: e.RequestURI}
		if o := e.ObjectRef; o != nil {
			c.what = o.Resource
			if o.Subresource != "" {
				c.what += "/" + o.Subresource
			}
		}
		c.refused = e.ResponseStatus != nil && e.ResponseStatus.Code >= 400
		out = append(out, c)
		return nil
	})
	return out, err
}

// eviction tells whether a call evicted a pod.
func (c kubeCall) eviction() bool {
	return c.verb == "create" && c.what == "pods/eviction" && !c.refused
}

// writes tells whether a call was meant to change something.
func (c kubeCall) writes() bool {
	return c.verb == "create" || c.verb == "update" || c.verb == "patch" || strings.HasPrefix(c.verb, "delete")
}

// between are the calls in [from, to).
func between(all []kubeCall, from, to time.Time) []kubeCall {
	var out []kubeCall
	for _, c := range all {
		if !c.at.Before(from) && c.at.Before(to) {
			out = append(out, c)
		}
	}
	return out
}

// added is what has been counted since before.
func added(before, after map[string]int) map[string]int {
	out := maps.Clone(after)
	for name, n := range before {
		if out[name] -= n; out[name] == 0 {
			delete(out, name)
		}
	}
	return out
}

// awsTotals sums up counts of operations ("ec2:CreateFleet"): all calls; of them, those to
// EC2 that write, and those that were throttled.
func awsTotals(counts map[string]int) (calls, writes, throttled int) {
	for name, n := range counts {
		if strings.HasSuffix(name, " throttled") {
			throttled += n
			continue
		}
		calls += n
		if strings.HasPrefix(name, "ec2:") && !strings.HasPrefix(name, "ec2:Describe") {
			writes += n
		}
	}
	return calls, writes, throttled
}
